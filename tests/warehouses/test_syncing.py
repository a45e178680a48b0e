"""A sync into a real second database: what lands there, once, whatever happens on the way."""

import psycopg
import pytest

from auditapp.lib.secret_box import seal
from auditapp.pipeline.warehouses import loading, syncing
from auditapp.pipeline.warehouses.models import WarehouseFeed
from auditapp.pipeline.warehouses.services import delete_warehouse
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.models import SeenEvent
from auditapp.tasks.models import Task
from auditapp.tasks.running import run_due_task
from tests.factories import acting_as, events_of, make_cast
from tests.warehouses.conftest import PASSWORD, Killed, World


def told(world, beginning="warehouse."):
    return [row.event.type for row in reversed(events_of(world.cast.workspace)) if row.event.type.startswith(beginning)]


def test_each_kind_of_call_has_its_table_and_each_event_one_of_its_own(world):
    world.send(
        {"event": "Order Completed", "messageId": "a", "properties": {"orderId": "o1", "total": 9.5}},
        {"type": "identify", "messageId": "b", "traits": {"email": "ada@example.com", "plan": "free"}},
        {"type": "identify", "messageId": "c", "traits": {"plan": "pro"}},
        {"type": "page", "messageId": "d", "name": "Home", "properties": {"name": "Home", "url": "/"}},
        {"type": "screen", "messageId": "e", "name": "Start"},
        {"type": "group", "messageId": "f", "groupId": "g1", "traits": {"seats": 3}},
        {"type": "alias", "messageId": "g", "previousId": "anon"},
    )
    assert world.sync().state == "done"
    ask = world.store.ask
    assert ask("SELECT id, event, event_text, user_id, context_library_name FROM web_shop.tracks") == [
        ("a", "order_completed", "Order Completed", "u1", "unknown")
    ]
    assert ask("SELECT id, order_id, total FROM web_shop.order_completed") == [("a", "o1", 9.5)]
    assert ask("SELECT id, email, plan FROM web_shop.identifies ORDER BY id") == [
        ("b", "ada@example.com", "free"),
        ("c", None, "pro"),
    ]
    assert ask("SELECT id, email, plan FROM web_shop.users") == [("u1", "ada@example.com", "pro")]
    assert ask("SELECT id, name, url FROM web_shop.pages") == [("d", "Home", "/")]
    assert ask("SELECT id, name FROM web_shop.screens") == [("e", "Start")]
    assert ask("SELECT id, group_id, seats FROM web_shop.groups") == [("f", "g1", 3)]
    assert ask("SELECT id, user_id, previous_id FROM web_shop.aliases") == [("g", "u1", "anon")]
    sync = world.history()[0]
    assert (sync.state, sync.events, sync.rows, sync.notices) == ("success", 7, 9, 0)
    assert world.feed().position == 7
    assert told(world) == ["warehouse.sync_started"]


def test_only_what_came_in_until_the_sync_began_is_loaded_and_the_rest_the_next_time(world):
    world.tracks(3)
    world.ask()
    world.send({"event": "Late", "messageId": "late"})
    world.work()
    assert len(world.store.ids("web_shop")) == 3
    world.sync()
    assert world.store.ids("web_shop")[-1] == "late"
    assert [sync.events for sync in world.history()] == [1, 3]


def test_blocked_events_and_what_is_left_out_stay_out(world):
    world.tracks(2)
    with in_workspace(world.cast.workspace.id):
        SeenEvent.objects.filter(name="Order Completed").update(is_allowed=False)
        WarehouseFeed.objects.create(
            workspace_id=world.cast.workspace.id,
            warehouse_id=world.warehouse.id,
            source_id=world.cast.shop.id,
            left_out=["track:Scrolled", "alias"],
        )
    world.send(
        {"event": "Order Completed", "messageId": "blocked"},
        {"event": "Scrolled", "messageId": "out"},
        {"type": "alias", "previousId": "x", "messageId": "out too"},
        {"event": "Kept", "messageId": "kept"},
    )
    world.sync()
    assert world.store.ids("web_shop") == ["m00000", "m00001", "kept"]
    assert world.store.columns("web_shop", "aliases") == {} == world.store.columns("web_shop", "scrolled")


def test_two_workspaces_of_one_database_have_schemas_of_their_own(world, store, as_role):
    other_cast = make_cast(slug="other")
    other = World(other_cast, store, as_role, other_cast.warehouse)
    other.set(settings=store.settings(), secret=seal(PASSWORD), source_ids=[other_cast.shop.id], schedule="manual")
    world.tracks(2)
    other.tracks(3)
    world.ask()
    other.ask()
    world.work()
    world.work()
    end = other_cast.shop.id[-6:].lower()
    assert (len(store.ids("web_shop")), len(store.ids(f"web_shop_{end}"))) == (2, 3)
    assert other.notices() == {("schema_taken", "web_shop"): 1}
    assert other.history()[0].state == "partial"
    other.send({"event": "More", "messageId": "more"})
    other.sync()
    assert other.history()[0].state == "success"


def test_a_schema_of_somebody_else_is_left_alone(world):
    world.store.ask("CREATE SCHEMA web_shop")
    world.store.ask("CREATE TABLE web_shop.orders (id int)")
    world.tracks(1)
    world.sync()
    assert world.store.columns("web_shop", "tracks") == {}
    assert world.store.ids(world.feed().schema) == ["m00000"]
    assert world.feed().schema != "web_shop"


def test_without_the_right_to_make_schemas_one_that_was_made_for_it_does(world):
    world.store.ask(f"REVOKE CREATE ON DATABASE {world.store.name} FROM {world.store.user}")
    world.tracks(1)
    assert world.sync().state == "waiting"
    assert "lacks a right: permission denied for database" in world.history_task().error
    world.store.ask(f"CREATE SCHEMA web_shop AUTHORIZATION {world.store.user}")
    world.again()
    assert world.work().state == "done"
    assert world.store.ids("web_shop") == ["m00000"]


FAULTS = [
    ("loading.make_schema", False),
    ("loading.make_schema", True),
    ("loading.position_of", False),
    ("loading._make_table", True),
    ("loading._copied", False),
    ("loading._copied", True),
    ("loading.move_position", False),
    ("loading.move_position", True),
    ("loading.load", True),  # the warehouse has it, we do not know yet
    ("syncing._moved", True),
    ("syncing._tell", True),
]


@pytest.mark.parametrize(("place", "after"), FAULTS)
def test_a_worker_that_is_killed_loses_and_doubles_nothing(world, fault, monkeypatch, place, after):
    monkeypatch.setattr(syncing, "BATCH", 4)
    world.tracks(10)
    world.ask()
    with fault(place, after=after), pytest.raises(Killed):
        world.work()
    assert world.work() is None  # nobody takes it up while its lease lasts
    world.again()
    assert world.work().state == "done"
    assert world.store.ids("web_shop") == [f"m{n:05}" for n in range(10)]
    sync = world.history()[0]
    assert (sync.rows, sync.events, sync.state) == (20, 10, "success")
    assert told(world)[1:] == ["warehouse.run_failed", "warehouse.run_recovered"]


def test_the_twin_that_saves_the_position_first_loses_events(world, fault, monkeypatch):
    """The check above can fail: a loader that keeps the position before the rows leaves a hole."""
    monkeypatch.setattr(syncing, "BATCH", 4)
    sound = loading.load

    def position_first(line, feed, rows, *, start, end, notices):
        with line.transaction():
            loading.move_position(line, feed, loading.Position(end, 0))
        with line.transaction():
            loading._load_rows(line, feed, rows, notices)
        return loading.Position(end, 0)

    monkeypatch.setattr(loading, "load", position_first)
    world.tracks(10)
    world.ask()
    with fault("loading._copied"), pytest.raises(Killed):
        world.work()
    monkeypatch.setattr(loading, "load", sound)
    world.again()
    world.work()
    assert world.store.ids("web_shop") == [f"m{n:05}" for n in range(4, 10)]


def test_two_workers_at_once_load_each_event_once(world, monkeypatch):
    """The first one is thought dead in the middle of a batch, and goes on all the same."""
    monkeypatch.setattr(syncing, "BATCH", 4)
    world.tracks(10)
    world.ask()
    own, overtaken = loading.load, []

    def slow(*args, **kwargs):
        if not overtaken:
            overtaken.append(True)
            with in_workspace(world.cast.workspace.id):
                Task.objects.update(lease_until=None)
            assert run_due_task().state == "done"
        return own(*args, **kwargs)

    monkeypatch.setattr(loading, "load", slow)
    assert world.work().state != "done"  # what it holds in memory; the other one finished
    assert world.store.ids("web_shop") == [f"m{n:05}" for n in range(10)]
    assert (world.history()[0].rows, world.feed().position) == (20, 10)


def test_a_wrong_password_is_told_in_plain_words_and_never_shown(world):
    world.set(secret=seal("not-the-password"))
    world.tracks(1)
    world.sync()
    error = world.history_task().error
    assert error.startswith("The server refused the user or the password.")
    assert "not-the-password" not in repr(events_of(world.cast.workspace)) + error
    world.set(secret=seal(PASSWORD))
    world.again()
    world.work()
    assert told(world) == ["warehouse.sync_started", "warehouse.run_failed", "warehouse.run_recovered"]
    assert world.store.ids("web_shop") == ["m00000"]


def test_a_server_that_is_away_and_back_is_caught_up_with(world):
    world.tracks(2)
    world.store.line.cut()
    world.sync()
    assert "refused" in world.history_task().error
    world.store.line.start()
    world.again()
    assert world.work().state == "done"
    assert len(world.store.ids("web_shop")) == 2


def test_a_line_that_breaks_in_the_middle_is_tried_again(world, monkeypatch):
    monkeypatch.setattr(syncing, "BATCH", 4)
    world.tracks(10)
    own, broken = loading._copied, []

    def breaking(*args):
        if len(broken) == 2:
            world.store.line.cut()
        broken.append(True)
        return own(*args)

    monkeypatch.setattr(loading, "_copied", breaking)
    assert world.sync().state == "waiting"
    assert "broke off" in world.history_task().error
    world.store.line.start()
    world.again()
    assert world.work().state == "done"
    assert len(world.store.ids("web_shop")) == 10
    assert world.history()[0].rows == 20


def test_a_schema_that_was_removed_by_hand_is_made_and_filled_again(world):
    world.tracks(3)
    world.sync()
    world.store.ask("DROP SCHEMA web_shop CASCADE")
    world.send({"event": "More", "messageId": "more"})
    world.sync()
    assert world.store.ids("web_shop") == ["m00000", "m00001", "m00002", "more"]
    assert world.notices() == {("loaded_again", "web_shop"): 1}
    assert told(world)[-1] == "warehouse.sync_partially_succeeded"


def test_a_table_that_was_removed_by_hand_is_made_again_for_what_comes(world):
    world.tracks(2)
    world.sync()
    world.store.ask("DROP TABLE web_shop.order_completed")
    world.send({"event": "Order Completed", "messageId": "next"})
    world.sync()
    assert world.store.ids("web_shop", "order_completed") == ["next"]


def test_a_warehouse_that_was_restored_from_a_backup_is_filled_from_there(world):
    world.tracks(4)
    world.sync()
    world.store.ask("DELETE FROM web_shop.tracks WHERE id > 'm00001'")
    world.store.ask("UPDATE web_shop._audit_sync SET position = 2, rows = 4")
    world.sync()
    assert len(world.store.ids("web_shop")) == 4


def test_events_that_the_inbox_keeps_no_longer_are_passed_over_and_told(world, url_of, own_database):
    world.tracks(6)
    with psycopg.connect(url_of(own_database, user="postgres"), autocommit=True) as admin:
        admin.execute("DELETE FROM source_event WHERE index < 4")
    world.sync()
    assert world.store.ids("web_shop") == ["m00004", "m00005"]
    assert world.notices() == {("no_longer_kept", "Web shop"): 4}


def test_a_message_that_is_there_already_is_not_loaded_twice(world):
    world.tracks(2)
    world.sync()
    with in_workspace(world.cast.workspace.id):
        WarehouseFeed.objects.update(position=0, rows=0)
    world.store.ask("DELETE FROM web_shop._audit_sync")
    world.sync()
    assert len(world.store.ids("web_shop")) == 2
    assert world.history()[0].rows == 0


def test_a_source_that_was_deleted_meanwhile_is_skipped(world):
    world.tracks(2)
    world.ask()
    with in_workspace(world.cast.workspace.id):
        world.cast.shop.delete()
    assert world.work().state == "done"


def test_a_warehouse_that_was_deleted_while_it_is_synced_stops(world):
    world.tracks(2)
    world.ask()
    with acting_as(world.cast.olga, world.cast.workspace):
        delete_warehouse(warehouse_id=world.warehouse.id)
    assert world.work() is None
    assert world.history() == []


def test_an_address_inside_is_never_called_whatever_is_saved(world, settings):
    settings.OUTBOUND_ALLOWED_NETWORKS = []
    world.tracks(1)
    assert world.sync().state == "failed"
    row = events_of(world.cast.workspace)[0]
    assert (row.event.type, row.event.meta["final"]) == ("warehouse.run_failed", True)
    assert "OUTBOUND_ALLOWED_NETWORKS" in row.event.meta["reason"]
