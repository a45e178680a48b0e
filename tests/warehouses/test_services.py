"""What is done to warehouses, and the events of each."""

import pytest

from auditapp.access.errors import Denied
from auditapp.lib import clock
from auditapp.lib.errors import Invalid, NotFound
from auditapp.lib.secret_box import unseal
from auditapp.pipeline.warehouses.connecting import Connection
from auditapp.pipeline.warehouses.models import Warehouse, WarehouseFeed, WarehouseSync
from auditapp.pipeline.warehouses.services import (
    AlreadySo,
    NameTaken,
    PasswordNeeded,
    change_warehouse,
    create_warehouse,
    delete_warehouse,
    disable_warehouse,
    enable_warehouse,
)
from auditapp.pipeline.warehouses.sync_services import NothingFeeds, SyncRuns, WarehouseOff, leave_out, sync_now
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.services import delete_source
from auditapp.tasks.models import Task
from tests.factories import acting_as, events_of, last_event, make_cast

CONNECTION = Connection("db.example.com", 5432, "analytics", "loader")
WITHHELD = {"redacted": "declared"}


@pytest.fixture
def cast(db):
    return make_cast()


def stored(cast, warehouse):
    with in_workspace(cast.workspace.id):
        return Warehouse.objects.get(workspace_id=cast.workspace.id, id=warehouse.id)


def changes(row):
    return [(change.path, change.old, change.new) for change in row.event.changes]


def test_a_new_warehouse_is_recorded_and_its_password_sealed(cast):
    with acting_as(cast.olga, cast.workspace):
        warehouse = create_warehouse(
            name="Snowflake prod", connection=CONNECTION, password="hunter2-and-more", source_ids=[cast.shop.id]
        )
    connected, created = events_of(cast.workspace)
    assert (created.event.type, created.resource.id) == ("warehouse.created", warehouse.id)
    assert created.event.meta == {"kind": "PostgreSQL"}
    told = {change.path: change.new for change in created.event.changes}
    assert {path: told[f"settings.{path}"] for path in CONNECTION._fields} == CONNECTION._asdict()
    assert told["settings.password"] == WITHHELD
    assert connected.event.type == "warehouse.source_connected"
    assert [target.id for target in connected.event.targets] == [warehouse.id, cast.shop.id]
    assert "hunter2" not in repr((connected, created))
    sealed = bytes(stored(cast, warehouse).secret)
    assert b"hunter2" not in sealed
    assert unseal(sealed) == "hunter2-and-more"


def test_a_change_is_recorded_field_by_field_and_the_password_withheld(cast):
    connection = CONNECTION._replace(host="db2.example.com", port=5433, sslmode="verify-full")
    with acting_as(cast.olga, cast.workspace):
        change_warehouse(
            warehouse_id=cast.warehouse.id, name="Reporting", connection=connection, password="new-password-of-it"
        )
    row = last_event(cast.workspace)
    assert row.event.type == "warehouse.modified"
    assert changes(row) == [
        ("settings.host", "db.example.com", "db2.example.com"),
        ("settings.port", 5432, 5433),
        ("settings.sslmode", "require", "verify-full"),
        ("settings.password", WITHHELD, WITHHELD),
    ]
    assert unseal(stored(cast, cast.warehouse).secret) == "new-password-of-it"


def test_an_empty_password_keeps_the_one_there_is(cast):
    with acting_as(cast.olga, cast.workspace):
        change_warehouse(warehouse_id=cast.warehouse.id, name="Other", connection=CONNECTION)
    assert changes(last_event(cast.workspace)) == [("name", "Reporting", "Other")]
    assert unseal(stored(cast, cast.warehouse).secret) == "s3cret"


@pytest.mark.parametrize("change", [{"host": "evil.example.com"}, {"port": 1_234}, {"sslmode": "prefer"}])
def test_a_stored_password_is_told_to_no_other_server(cast, change):
    with acting_as(cast.olga, cast.workspace):
        with pytest.raises(PasswordNeeded):
            change_warehouse(warehouse_id=cast.warehouse.id, name="Reporting", connection=CONNECTION._replace(**change))
        change_warehouse(
            warehouse_id=cast.warehouse.id, name="Reporting", connection=CONNECTION._replace(**change), password="new"
        )


def test_another_schedule_is_an_event_of_its_own(cast):
    with acting_as(cast.olga, cast.workspace):
        change_warehouse(warehouse_id=cast.warehouse.id, name="Reporting", connection=CONNECTION, schedule="continuous")
        with pytest.raises(Invalid, match="Choose one of"):
            change_warehouse(warehouse_id=cast.warehouse.id, name="Reporting", connection=CONNECTION, schedule="2h")
    [row] = events_of(cast.workspace)
    assert row.event.type == "warehouse.sync_schedule_modified"
    assert changes(row) == [("settings.schedule", "every hour", "continuously")]


def test_settings_that_were_changed_count_as_not_tested(cast):
    with in_workspace(cast.workspace.id):
        Warehouse.objects.update(checked_at=clock.now(), next_sync_at=clock.now())
    with acting_as(cast.olga, cast.workspace):
        change_warehouse(warehouse_id=cast.warehouse.id, name="Other", connection=CONNECTION)
        assert stored(cast, cast.warehouse).checked_at is not None
        change_warehouse(warehouse_id=cast.warehouse.id, name="Other", connection=CONNECTION, password="new")
    assert (stored(cast, cast.warehouse).checked_at, stored(cast, cast.warehouse).next_sync_at) == (None, None)


def test_a_sync_by_hand_is_recorded_and_one_runs_at_a_time(cast):
    with acting_as(cast.olga, cast.workspace):
        sync = sync_now(warehouse_id=cast.warehouse.id)
        assert (sync.state, sync.asked_by) == ("running", cast.olga.id)
        assert last_event(cast.workspace).event.type == "warehouse.sync_started"
        assert sync_now(warehouse_id=cast.warehouse.id) is None  # it waits still, and is made now
        Task.objects.update(state="running")
        with pytest.raises(SyncRuns):
            sync_now(warehouse_id=cast.warehouse.id)


def test_a_warehouse_that_is_off_or_fed_by_nothing_is_not_synced(cast):
    with acting_as(cast.olga, cast.workspace):
        Warehouse.objects.update(is_enabled=False)
        with pytest.raises(WarehouseOff):
            sync_now(warehouse_id=cast.warehouse.id)
        Warehouse.objects.update(is_enabled=True, source_ids=[])
        with pytest.raises(NothingFeeds):
            sync_now(warehouse_id=cast.warehouse.id)


def test_switching_off_and_deleting_end_the_sync_that_runs(cast):
    with acting_as(cast.olga, cast.workspace):
        sync_now(warehouse_id=cast.warehouse.id)
        disable_warehouse(warehouse_id=cast.warehouse.id)
        assert list(WarehouseSync.objects.values_list("state", flat=True)) == ["cancelled"]
        assert list(Task.objects.values_list("state", flat=True)) == ["cancelled"]
        delete_warehouse(warehouse_id=cast.warehouse.id)
        assert not WarehouseSync.objects.exists()


def test_what_is_left_out_is_recorded(cast):
    with acting_as(cast.olga, cast.workspace):
        for _ in range(2):
            leave_out(warehouse_id=cast.warehouse.id, source_id=cast.shop.id, left_out=["track:Scrolled", "alias"])
        with pytest.raises(NotFound):
            leave_out(warehouse_id=cast.warehouse.id, source_id=cast.kiosk.id, left_out=[])
        with pytest.raises(Invalid):
            leave_out(warehouse_id=cast.warehouse.id, source_id=cast.shop.id, left_out=["track:\x00"])
    [row] = events_of(cast.workspace)
    assert row.event.type == "warehouse.selective_sync_modified"
    assert changes(row) == [("left_out", [], ["alias", "track:Scrolled"])]
    assert [target.id for target in row.event.targets] == [cast.warehouse.id, cast.shop.id]


def test_a_source_that_is_deleted_feeds_nothing_any_more(cast):
    with acting_as(cast.olga, cast.workspace):
        leave_out(warehouse_id=cast.warehouse.id, source_id=cast.shop.id, left_out=["alias"])
        delete_source(source_id=cast.shop.id)
        assert not WarehouseFeed.objects.exists()
    assert stored(cast, cast.warehouse).source_ids == [cast.app.id]
    assert "warehouse.source_disconnected" in [row.event.type for row in events_of(cast.workspace)]


def test_no_difference_is_no_event(cast):
    with acting_as(cast.olga, cast.workspace):
        change_warehouse(warehouse_id=cast.warehouse.id, name="Reporting", connection=CONNECTION)
    assert events_of(cast.workspace) == []


def test_sources_that_feed_it_are_connected_and_disconnected(cast):
    with acting_as(cast.olga, cast.workspace):
        change_warehouse(
            warehouse_id=cast.warehouse.id,
            name="Reporting",
            connection=CONNECTION,
            source_ids=[cast.shop.id, cast.kiosk.id],
        )
    told = {(row.event.type, row.event.targets[1].name) for row in events_of(cast.workspace)}
    assert told == {("warehouse.source_connected", "Kiosk"), ("warehouse.source_disconnected", "iOS app")}


def test_switching_off_says_how_many_sources_stop(cast):
    with acting_as(cast.olga, cast.workspace):
        disable_warehouse(warehouse_id=cast.warehouse.id)
        with pytest.raises(AlreadySo):
            disable_warehouse(warehouse_id=cast.warehouse.id)
    row = last_event(cast.workspace)
    assert (row.event.type, row.event.meta) == ("warehouse.disabled", {"sources_stopped": 2})
    assert changes(row) == [("enabled", True, False)]
    assert not stored(cast, cast.warehouse).is_enabled


def test_switching_on_is_recorded(cast):
    with acting_as(cast.olga, cast.workspace):
        with pytest.raises(AlreadySo):
            enable_warehouse(warehouse_id=cast.warehouse.id)
        disable_warehouse(warehouse_id=cast.warehouse.id)
        enable_warehouse(warehouse_id=cast.warehouse.id)
    assert last_event(cast.workspace).event.type == "warehouse.enabled"


def test_a_deleted_warehouse_keeps_its_name_in_the_trail(cast):
    with acting_as(cast.olga, cast.workspace):
        delete_warehouse(warehouse_id=cast.warehouse.id)
    row = last_event(cast.workspace)
    assert (row.event.type, row.resource.name) == ("warehouse.deleted", "Reporting")
    with in_workspace(cast.workspace.id):
        assert not Warehouse.objects.exists()


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "REPORTING"}, "name"),
        ({"password": ""}, "password"),
        ({"connection": CONNECTION._replace(host=" ")}, "host"),
        ({"connection": CONNECTION._replace(port=0)}, "port"),
        ({"connection": CONNECTION._replace(port=65_536)}, "port"),
        ({"source_ids": ["src_unknown"]}, "source_ids"),
        ({"kind": "spreadsheet"}, "kind"),
        ({"connection": CONNECTION._replace(sslmode="disable"), "password": "x"}, "sslmode"),
        ({"connection": CONNECTION._replace(database="a\x00b")}, "database"),
        ({"schedule": "now and then"}, "schedule"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(cast, asked, field):
    asked = {"name": "New", "connection": CONNECTION, "password": "x", **asked}
    with acting_as(cast.olga, cast.workspace), pytest.raises(Invalid) as refused:
        create_warehouse(**asked)
    assert refused.value.field == field
    assert events_of(cast.workspace) == []


def test_a_name_that_was_taken_in_between_is_refused_the_same(cast, monkeypatch):
    monkeypatch.setattr("auditapp.pipeline.warehouses.services.free_name", lambda _, name, but="": name)
    with acting_as(cast.olga, cast.workspace), pytest.raises(NameTaken):
        create_warehouse(name="reporting", connection=CONNECTION, password="x")


def every_change(warehouse):
    return [
        lambda: change_warehouse(warehouse_id=warehouse.id, name="Mine", connection=CONNECTION),
        lambda: enable_warehouse(warehouse_id=warehouse.id),
        lambda: disable_warehouse(warehouse_id=warehouse.id),
        lambda: delete_warehouse(warehouse_id=warehouse.id),
        lambda: sync_now(warehouse_id=warehouse.id),
        lambda: leave_out(warehouse_id=warehouse.id, source_id=warehouse.source_ids[0], left_out=[]),
    ]


def test_who_reads_changes_nothing(cast):
    with acting_as(cast.rita, cast.workspace):
        for change in every_change(cast.warehouse):
            with pytest.raises(Denied):
                change()
        with pytest.raises(Denied):
            create_warehouse(name="Mine", connection=CONNECTION, password="x")
    assert events_of(cast.workspace) == []


def test_what_is_out_of_reach_is_not_there(cast):
    other = make_cast(slug="other")
    for person, warehouse in ((cast.milo, cast.warehouse), (cast.olga, other.warehouse)):
        with acting_as(person, cast.workspace):
            for change in every_change(warehouse):
                with pytest.raises(NotFound):
                    change()
