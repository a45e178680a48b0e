"""The inbox: numbered without gaps, each message once, in the order in which it came in."""

import threading
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import time_machine
from django.db import connection

from auditapp.lib import clock
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.inbox import ACCEPTED, Incoming, SourceGone, append, read_inbox
from auditapp.sources.jobs import forget_inboxes, make_weeks
from auditapp.sources.models import SourceCount
from tests.factories import make_source, make_workspace


def incoming(*ids, name="Order Completed", verdict=ACCEPTED):
    return [Incoming(one, "track", name, b'{"messageId":"%s"}' % one.encode(), verdict) for one in ids]


@pytest.fixture
def source(db):
    return make_source(workspace=make_workspace())


def put(source, events):
    with in_workspace(source.workspace_id):
        return append(source.workspace_id, source.id, events)


def read(source, start=0, **limit):
    with in_workspace(source.workspace_id):
        return read_inbox(source.workspace_id, source.id, start, **limit)


def test_events_are_numbered_in_their_order(source):
    assert put(source, incoming("a", "b")) == [0, 1]
    assert put(source, incoming("c")) == [2]
    assert [(one.index, one.message_id) for one in read(source)] == [(0, "a"), (1, "b"), (2, "c")]
    assert [one.message_id for one in read(source, 1, limit=1)] == ["b"]
    assert read(source, 3) == []


def test_a_message_that_is_sent_again_is_kept_once(source):
    put(source, incoming("a", "b"))
    assert put(source, incoming("b", "c", "c", "a")) == [None, 2, None, None]
    assert [one.message_id for one in read(source)] == ["a", "b", "c"]


def test_a_message_id_is_another_sources_own(source):
    other = make_source(workspace=make_workspace(slug="other"))
    put(source, incoming("a"))
    assert put(other, incoming("a")) == [0]
    sibling = make_source_beside(source)
    assert put(sibling, incoming("a")) == [0]


def make_source_beside(source):
    from auditapp.access.models import Workspace

    with in_workspace(source.workspace_id):
        workspace = Workspace.objects.get(id=source.workspace_id)
    return make_source(workspace=workspace, name="Beside")


def test_after_two_days_a_message_id_is_a_new_message(source):
    put(source, incoming("a"))
    with time_machine.travel(clock.now() + timedelta(hours=47), tick=False):
        assert put(source, incoming("a")) == [None]
    with time_machine.travel(clock.now() + timedelta(hours=49), tick=False):
        assert put(source, incoming("a")) == [1]


def test_events_are_counted_by_hour_name_and_verdict(source):
    at = datetime.combine(clock.now().date(), datetime.min.time(), UTC) + timedelta(hours=5)
    with time_machine.travel(at, tick=False):
        put(source, incoming("a", "b") + incoming("c", verdict="unplanned"))
        put(source, incoming("d") + incoming("a"))
        put(source, [Incoming("e", "track", "one of many", b"{}", counted_as="")])
    with in_workspace(source.workspace_id):
        counts = {(c.name, c.verdict): c.events for c in SourceCount.objects.filter(source_id=source.id, hour=at)}
    assert counts == {("Order Completed", ACCEPTED): 3, ("Order Completed", "unplanned"): 1, ("", ACCEPTED): 1}


def test_a_deleted_source_takes_nothing(source):
    source.id = "src_gone"
    with pytest.raises(SourceGone):
        put(source, incoming("a"))


def test_another_workspace_reads_nothing(source):
    put(source, incoming("a"))
    other = make_workspace(slug="other")
    with in_workspace(other.id):
        assert read_inbox(source.workspace_id, source.id, 0) == []
        with pytest.raises(SourceGone):
            append(source.workspace_id, source.id, incoming("b"))


def test_the_web_may_neither_change_nor_delete_what_came_in(source):
    put(source, incoming("a"))
    for statement in ("UPDATE source_event SET name = 'x'", "DELETE FROM source_event", "TRUNCATE source_event"):
        with pytest.raises(Exception, match="permission denied"), in_workspace(source.workspace_id):
            connection.cursor().execute(statement)


def test_writers_at_once_leave_no_gap_and_no_double(own_database, url_of):
    source = make_source(workspace=make_workspace())
    failures = []

    def write(worker):
        try:
            for number in range(10):
                put(source, incoming(f"{worker}-{number}", f"shared-{number}"))
        except Exception as error:  # shown below
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []
    found = read(source)
    assert [one.index for one in found] == list(range(50))
    assert len({one.message_id for one in found}) == 50
    assert [one.received_at for one in found] == sorted(one.received_at for one in found)


def test_weeks_are_made_ahead_and_dropped_behind(own_database, as_role):
    source = make_source(workspace=make_workspace())
    put(source, incoming("a"))
    with as_role("worker"):
        assert make_weeks() == 0
        later = clock.now() + timedelta(weeks=5)
        with time_machine.travel(later, tick=False):
            assert make_weeks() == 5
            put(source, incoming("b"))
            assert forget_inboxes() >= 2
        assert [one.message_id for one in read(source)] == ["b"]


def test_a_week_that_is_in_use_is_left_for_another_day(own_database, as_role, url_of):
    source = make_source(workspace=make_workspace())
    put(source, incoming("a"))
    with psycopg.connect(url_of(own_database, user="postgres")) as reader, as_role("worker"):
        reader.execute("SELECT count(*) FROM source_event")
        with (
            time_machine.travel(clock.now() + timedelta(weeks=5), tick=False),
            pytest.raises(Exception, match="lock timeout"),
        ):
            forget_inboxes()
    assert [one.message_id for one in read(source)] == ["a"]
