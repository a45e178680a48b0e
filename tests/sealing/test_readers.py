"""Named readers: forward only, in the order of the log, and never by a scan of the event table."""

from datetime import timedelta

import pytest
from django.db import connection

from auditapp.lib.errors import Conflict
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing import readers
from auditapp.sealing.models import Reader
from auditapp.sealing.readers import ReaderMoved, event_keys, move_reader, read_forward, reader_position
from tests.sealing.events import write


def test_a_reader_goes_through_the_log_in_its_order(log, as_role):
    ids = log(5, spread=timedelta(days=1))
    with as_role("worker"), in_workspace(1):
        first = read_forward(1, "forwarding", limit=3)
        assert [(event.index, event.event_id) for event in first.events] == list(enumerate(ids[:3]))
        assert b'"type":"warehouse.modified"' in first.events[0].stored.envelope
        assert first.events[0].stored.units[0].startswith(b'{"email":"olga@example.com"')
        move_reader(1, "forwarding", start=first.start, end=first.end)
        rest = read_forward(1, "forwarding", limit=3)
        assert [event.event_id for event in rest.events] == ids[3:]
        move_reader(1, "forwarding", start=rest.start, end=rest.end)
        assert (reader_position(1, "forwarding"), read_forward(1, "forwarding").events) == (5, [])


def test_readers_stand_apart_by_name_and_workspace(log, as_role):
    log(2, workspace_id=1)
    log(1, workspace_id=2)
    with as_role("worker"):
        move_reader(1, "alerts", start=0, end=2)
        assert [reader_position(ws, name) for ws, name in ((1, "alerts"), (1, "archive"), (2, "alerts"))] == [2, 0, 0]


def test_what_waits_for_its_seal_is_not_read(log, as_role):
    log(1)
    write(1)
    with as_role("worker"), in_workspace(1):
        assert len(read_forward(1, "alerts").events) == 1


def test_a_reader_that_another_worker_moved_is_not_moved_again(log, as_role):
    log(3)
    with as_role("worker"):
        move_reader(1, "alerts", start=0, end=2)
        with pytest.raises(ReaderMoved) as caught:
            move_reader(1, "alerts", start=0, end=1)
        assert isinstance(caught.value, Conflict)
        assert reader_position(1, "alerts") == 2


@pytest.mark.parametrize(("start", "end"), [(2, 1), (-1, 1)])
def test_a_reader_never_goes_back(own_database, as_role, start, end):
    with as_role("worker"):
        with pytest.raises(ValueError, match="goes forward"):
            move_reader(1, "alerts", start=start, end=end)
        assert not Reader.objects.exists()


def test_an_event_that_was_taken_away_is_told_of(log, connect, as_role):
    ids = log(3)
    with connect("postgres") as admin:
        admin.execute("ALTER TABLE event DISABLE TRIGGER ALL")
        admin.execute("DELETE FROM event WHERE id = %s", [ids[1]])
    with as_role("worker"), in_workspace(1):
        forward = read_forward(1, "alerts")
    assert [(event.event_id, event.stored is None) for event in forward.events] == [
        (ids[0], False),
        (ids[1], True),
        (ids[2], False),
    ]
    assert forward.end == 3


def explained(statement: str, takes: object) -> str:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + statement, takes)
        return "\n".join(row[0] for row in cursor.fetchall())


def test_reading_forward_opens_one_month_by_its_key(log, connect, as_role):
    log(4_000, spread=timedelta(hours=2))
    with connect("postgres") as admin:
        admin.execute("ANALYZE event, leaf")
    with as_role("worker"), in_workspace(1):
        leaves = explained(readers.LEAVES, [1, 0, 100])
        forward = read_forward(1, "alerts", limit=100)
        with connection.cursor() as cursor:
            cursor.execute("SELECT event_id, occurred_at FROM leaf WHERE index < 100 ORDER BY index")
            keys = event_keys(1, cursor.fetchall())
        events = explained(readers.EVENTS, keys)
    assert len(forward.events) == 100
    assert "leaf_pkey" in leaves
    assert "Seq Scan" not in leaves + events
    # 100 events, two hours apart, lie in one month or two of the nineteen partitions
    assert 1 <= events.count(" on event_") <= 2


def test_a_batch_that_spans_all_months_still_finds_each_event_by_its_key(log, connect, as_role):
    log(4_000, spread=timedelta(hours=2))
    with connect("postgres") as admin:
        admin.execute("ANALYZE event, leaf")
    with as_role("worker"), in_workspace(1), connection.cursor() as cursor:
        cursor.execute("SELECT event_id, occurred_at FROM leaf WHERE index %% 40 = 0 ORDER BY index", [])
        events = explained(readers.EVENTS, event_keys(1, cursor.fetchall()))
    assert events.count(" on event_") > 8
    assert "Seq Scan" not in events.replace("Seq Scan on event_old", "")
