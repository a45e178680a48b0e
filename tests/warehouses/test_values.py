"""What events carry, in the columns of a real database: every type, types that change, names of every shape, and what cannot be stored."""

import random
import string

import pytest

from auditapp.pipeline.warehouses import loading
from tests.factories import events_of


def properties(world, *values, event="Order Completed"):
    world.send(*({"event": event, "messageId": f"p{n}-{event}", "properties": one} for n, one in enumerate(values)))


def column(world, name, table="order_completed"):
    return [row[0] for row in world.store.ask(f'SELECT "{name}" FROM web_shop."{table}" ORDER BY id')]


def test_every_type_of_value(world):
    values = {
        "flag": True,
        "count": 3,
        "total": 9.5,
        "huge": 2**63,
        "text": "Tee, \\ 'quoted'\n\t\"x\" \\N",
        "at": "2026-11-29T12:00:00+02:00",
        "items": [1, "two", None],
        "ship": {"to": {"cityName": "Bergen"}},
        "nothing": None,
        "empty": "",
        "emoji": "👋🏽",
    }
    properties(world, values)
    world.sync()
    columns = world.store.columns("web_shop", "order_completed")
    assert {name: columns[name] for name in ("flag", "count", "total", "huge", "text", "at", "items")} == {
        "flag": "boolean",
        "count": "bigint",
        "total": "double precision",
        "huge": "numeric",
        "text": "text",
        "at": "timestamp with time zone",
        "items": "text",
    }
    assert "nothing" not in columns
    assert column(world, "text") == [values["text"]]
    assert (column(world, "empty"), column(world, "emoji")) == ([""], ["👋🏽"])
    assert column(world, "items") == ['[1,"two",null]']
    assert column(world, "ship_to_city_name") == ["Bergen"]
    assert world.store.ask("SELECT at = '2026-11-29 10:00Z' FROM web_shop.order_completed") == [(True,)]
    assert world.history()[0].state == "success"


def test_numbers_of_another_kind_widen_their_column(world):
    properties(world, {"total": 10, "ratio": 0.5})
    world.sync()
    properties(world, {"total": 9.5, "ratio": 2**60}, event="Order completed")
    world.sync()
    columns = world.store.columns("web_shop", "order_completed")
    assert (columns["total"], columns["ratio"]) == ("numeric", "numeric")
    assert sorted(map(float, column(world, "total"))) == [9.5, 10]
    assert world.history()[0].state == "success"


def test_a_column_that_a_view_holds_keeps_its_type_and_the_value_is_told(world):
    properties(world, {"total": 10})
    world.sync()
    world.store.ask("CREATE VIEW web_shop.totals AS SELECT total FROM web_shop.order_completed")
    properties(world, {"total": 9.5}, event="order completed")
    world.sync()
    assert column(world, "total") == [10, None] or column(world, "total") == [None, 10]
    assert world.notices() == {("type_differs", "order_completed.total"): 1}


def test_another_type_leaves_the_value_empty_and_is_told(world):
    properties(world, {"total": 10, "note": "x", "at": "2026-11-29T10:00:00Z"})
    world.sync()
    properties(world, {"total": "N/A", "note": 5, "at": "tomorrow"}, {"total": {"sum": 1}}, event="Order-Completed")
    world.sync()
    assert column(world, "total") == [10, None, None]
    assert sorted(column(world, "note"), key=str) == ["5", None, "x"]
    assert world.notices() == {
        ("type_differs", "order_completed.total"): 1,
        ("type_differs", "order_completed.at"): 1,
    }
    sync = world.history()[0]
    assert (sync.state, sync.notices) == ("partial", 2)
    row = events_of(world.cast.workspace)[0]
    assert (row.event.type, row.event.meta["notices"]) == ("warehouse.sync_partially_succeeded", 2)


def test_types_that_differ_within_a_batch_make_a_column_for_all(world):
    properties(world, {"mixed": 1, "sum": 1}, {"mixed": "two", "sum": 2.5}, {"mixed": True})
    world.sync()
    assert column(world, "mixed") == ["1", "two", "true"]
    assert world.store.columns("web_shop", "order_completed")["sum"] == "numeric"


def test_what_is_called_as_a_column_of_every_event_stands_beside_it(world):
    properties(world, {"id": "o1", "user_id": "u9", "context": {"ip": "no"}, "receivedAt": "x", "event": "y"})
    world.sync()
    row = world.store.ask(
        "SELECT id, property_id, user_id, property_user_id, property_context_ip, property_received_at, property_event"
        " FROM web_shop.order_completed"
    )
    assert row == [("p0-Order Completed", "o1", "u1", "u9", "no", "x", "y")]


def test_properties_of_one_name_are_told(world):
    properties(world, {"orderId": "a", "order_id": "b", "ORDER ID": "a"})
    world.sync()
    assert column(world, "order_id") == ["a"]
    assert world.notices() == {("same_column", "order_completed.order_id"): 1}


def test_nul_is_taken_out_and_told(world):
    properties(world, {"text": "a\x00b", "list": ["\x00"]})
    world.sync()
    assert column(world, "text") == ["ab"]
    assert world.notices() == {("cleaned", "order_completed.text"): 1}


def test_a_row_that_the_server_refuses_is_left_out_alone(world):
    properties(world, *({"n": n} for n in range(9)))
    world.sync()
    world.store.ask("ALTER TABLE web_shop.order_completed ADD CONSTRAINT small CHECK (n < 100)")
    properties(world, *({"n": n} for n in (1, 2, 1_000, 3)), event="Order  Completed")
    world.sync()
    assert sorted(column(world, "n")) == [0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8]
    assert world.notices() == {("row_refused", "order_completed"): 1}


def test_a_user_id_that_no_index_holds_costs_one_row_and_not_the_sync(world):
    long_id = "".join(random.Random(1).choices(string.ascii_letters, k=12_000))
    world.send({"type": "identify", "userId": long_id, "messageId": "long"}, {"event": "Next", "messageId": "next"})
    world.sync()
    assert world.store.ids("web_shop", "identifies") == ["long"]
    assert world.store.ids("web_shop") == ["next"]
    assert world.notices() == {("row_refused", "users"): 1}


def test_a_hand_made_table_without_a_unique_id_is_told_and_nothing_is_lost(world):
    properties(world, {"n": 1}, event="First")
    world.sync()
    world.store.ask("CREATE TABLE web_shop.order_completed (id text, n bigint)")
    world.store.ask(f"ALTER TABLE web_shop.order_completed OWNER TO {world.store.user}")
    properties(world, {"n": 2})
    world.sync()
    assert "no unique id" in world.history_task().error
    world.store.ask("ALTER TABLE web_shop.order_completed ADD PRIMARY KEY (id)")
    world.again()
    assert world.work().state == "done"
    assert column(world, "n") == [2]


def test_a_lock_of_somebody_else_is_waited_for_and_told(world, monkeypatch):
    monkeypatch.setattr("auditapp.pipeline.warehouses.connecting.LOCK_TIMEOUT_S", 1)
    properties(world, {"n": 1})
    world.sync()
    import psycopg

    with psycopg.connect(world.store.server.url(user="postgres", name=world.store.name)) as other:
        other.execute("LOCK TABLE web_shop.tracks")
        properties(world, {"n": 2}, event="order completed")
        world.sync()
    assert "holds a lock" in world.history_task().error
    world.again()
    assert world.work().state == "done"


def test_columns_have_a_limit(world, monkeypatch):
    monkeypatch.setattr(loading, "MAX_COLUMNS", 20)
    properties(world, {f"p{n:03}": n for n in range(30)})
    world.sync()
    assert len(world.store.columns("web_shop", "order_completed")) == 20
    assert world.notices()["too_many_columns", "order_completed"] >= 10
    assert column(world, "p000") == [0]


def test_tables_have_a_limit_and_tracks_has_all(world, monkeypatch):
    monkeypatch.setattr(loading, "MAX_TABLES", 6)
    for n in range(8):
        properties(world, {"n": n}, event=f"Event {n}")
    world.sync()
    assert len(world.store.ids("web_shop")) == 8
    assert sum(count for (code, _), count in world.notices().items() if code == "too_many_tables") == 3


def odd_names(number):
    """Names that somebody may send: long, quoted, of any script, without letters, and such as differ by little."""
    choice = random.Random(2026)
    pools = [string.printable, "'\"\\;-- ", "жфщ漢字🚀éß", string.ascii_letters + "_- ", "%s{}$()[]"]
    names = {
        "select",
        "table",
        "user",
        "order",
        'a"b',
        "a'b",
        "a;b",
        "%s",
        "{}",
        "$1",
        "pg_class",
        "ctid",
        "xmin",
        "tableoid",
    }
    while len(names) < number:
        name = "".join(choice.choices(choice.choice(pools), k=choice.choice((1, 3, 12, 70, 300))))
        if name.strip():
            names.add(name)
    return sorted(names)


@pytest.mark.timeout(120)
def test_a_thousand_odd_names(world):
    names = odd_names(1_000)
    world.send(
        *({"event": name, "messageId": f"e{n:04}", "properties": {"v": n}} for n, name in enumerate(names[:120]))
    )
    for place in range(0, 1_000, 250):
        values = dict.fromkeys(names[place : place + 250], place)
        properties(world, values, event=f"Odd {place}")
    assert world.sync().state == "done", world.history_task().error
    assert len(world.store.ids("web_shop")) == 124
    tables = [
        row[0]
        for row in world.store.ask(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'web_shop'::regnamespace"
        )
    ]
    found = sum(len(world.store.ids("web_shop", name)) for name in tables if name not in ("tracks", "_audit_sync"))
    assert found == 124
    assert world.store.ask("SELECT count(*) FROM pg_namespace WHERE nspname ~ 'web_shop'") == [(1,)]
    assert all(len(name.encode()) <= 63 for name in tables)
    assert {code for code, _ in world.notices()} <= {"same_column"}
