"""What happens to a destination while a batch of it is made, sent or settled, and whatever else could undo what others do."""

import threading
import time
from collections import deque
from datetime import timedelta

import psycopg
import pytest
import time_machine
from django.db import connection

from auditapp.lib import clock
from auditapp.pipeline.delivery import batches, loop
from auditapp.pipeline.delivery.claims import due_lanes
from auditapp.pipeline.delivery.loop import deliver
from auditapp.pipeline.delivery.models import Delivery
from auditapp.pipeline.delivery.stages import Stages
from auditapp.pipeline.destinations.kind import Outcome, Sent
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.services import (
    change_destination,
    disable_destination,
    enable_destination,
    resume_destination,
)
from auditapp.record.workspace_scope import in_workspace
from tests.delivery.test_stopping import poisoned
from tests.delivery.told import START, attempts, counts, keys, letters
from tests.delivery_kinds import BAD, BUSY, GONE, SETTINGS
from tests.factories import acting_as

pytestmark = pytest.mark.commits


@pytest.fixture
def beside(url_of, own_database):
    """A connection of somebody else, who waits for no lock longer than two seconds."""
    with psycopg.connect(url_of(own_database, user="postgres"), options="-c lock_timeout=2s") as other:
        yield other


def set_lane(destination, **values):
    with in_workspace(destination.workspace_id):
        Delivery.objects.filter(destination_id=destination.id).update(**values)


def test_nobody_waits_for_a_lane_while_its_batch_is_made(destination, kind, send, work, beside):
    item = kind.item

    def looked_at(outgoing, setup):
        beside.execute("SELECT FROM delivery FOR UPDATE NOWAIT")
        beside.rollback()
        return item(outgoing, setup)

    kind.item = looked_at
    send("A")
    work()
    assert kind.names == ["A"]


def test_a_batch_under_way_does_not_undo_a_skip(cast, destination, kind, send, work, lane):
    def skipped(batch):
        send("B", "C")
        with acting_as(cast.olga, cast.workspace):
            disable_destination(destination_id=destination.id)
            enable_destination(destination_id=destination.id, start="now")
        return Sent(Outcome.DELIVERED, "200")

    kind.answers = deque([skipped])
    send("A")
    work()
    assert lane().next_index == 3
    set_lane(destination, leased_until=None)
    send("D")
    work()
    assert kind.names == ["A", "D"]


@pytest.mark.parametrize("answer", [BUSY, GONE, BAD])
def test_what_the_old_settings_led_to_is_not_held_against_the_new_ones(
    cast, destination, kind, send, work, lane, answer
):
    def changed(batch):
        with acting_as(cast.olga, cast.workspace):
            new = SETTINGS | {"url": "https://new.example.com/"}
            change_destination(destination_id=destination.id, name="Receiver", settings=new)
        return answer

    kind.answers = deque([changed])
    send("A")
    work()
    assert kind.names == ["A"]
    assert keys(cast)[-1] == "destination.modified"


def test_pausing_and_changing_at_once_do_not_wait_in_a_circle(destination, kind, send, work, beside):
    errors = []

    def change():
        try:
            time.sleep(0.3)
            beside.execute("UPDATE delivery SET retry_at = NULL")
        except psycopg.Error as error:
            errors.append(error)
        beside.rollback()

    changing = threading.Thread(target=change)

    def failing(batch):
        beside.execute("SELECT FROM destination FOR UPDATE")
        changing.start()
        return BUSY

    set_lane(destination, failures=30, failing_since=clock.now() - timedelta(days=6))
    kind.answers = deque([failing])
    send("A")
    work(turns=1)
    changing.join()
    assert errors == []
    with in_workspace(destination.workspace_id):
        assert Destination.objects.get(id=destination.id).paused_at


def test_who_was_resumed_is_not_paused_by_the_next_failure(cast, destination, kind, send, work, lane):
    set_lane(destination, failures=30, failing_since=clock.now() - timedelta(days=6))
    with in_workspace(cast.workspace.id):
        Destination.objects.update(paused_at=clock.now())
    with acting_as(cast.olga, cast.workspace):
        resume_destination(destination_id=destination.id)
    kind.always = BUSY
    send("A")
    work()
    assert lane().failures == 1
    with in_workspace(cast.workspace.id):
        assert Destination.objects.get(id=destination.id).paused_at is None


def test_failures_of_another_kind_do_not_make_an_event_poison(destination, kind, send, work, lane):
    with time_machine.travel(START, tick=False) as clock_now:
        kind.always = BUSY
        send("A")
        for _ in range(6):
            work()
            clock_now.shift(timedelta(hours=5))
        kind.always = BAD
        work()
        assert letters(destination) == []
        for _ in range(6):
            clock_now.shift(timedelta(hours=5))
            work()
    (letter,) = letters(destination)
    assert letter.name == "A"


def test_failures_stay_with_what_failed(destination, kind, send, work, lane):
    set_lane(destination, failures=4, failing_since=clock.now())
    send("A", integrations={"All": False})
    work()
    assert (lane().next_index, lane().failures, lane().failing_since) == (1, 0, None)


def test_a_fault_of_ours_in_sending_is_a_failure_that_is_told(destination, kind, send, work, lane, caplog):
    kind.answers = deque([lambda batch: 1 / 0])
    send("A")
    work()
    assert (lane().failures, lane().last_code) == (1, "internal")
    set_lane(destination, retry_at=None)
    work()
    assert kind.names == ["A"]
    assert [one.outcome for one in attempts(destination)] == ["retry", "delivered"]


def test_what_cannot_be_made_is_put_off_and_told(destination, kind, send, as_role, lane, caplog):
    kind.body = lambda *_: 1 / 0
    send("A")
    with as_role("worker"):
        (due,) = due_lanes(limit=10)
        assert loop._turn(due, threading.Event(), {}) == 0
        assert due_lanes(limit=10) == []
    assert (lane().failures, lane().last_code, lane().next_index) == (1, "internal", 0)
    assert lane().retry_at > clock.now()


def test_a_database_that_takes_nothing_is_not_asked_again_at_once(destination, send, as_role, beside, caplog):
    send("A")
    beside.execute("LOCK TABLE delivery IN SHARE MODE")
    not_before = {}
    with as_role("worker"):
        (due,) = due_lanes(limit=10)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        loop._turn(due, threading.Event(), not_before)
    assert due[:3] in not_before


def test_nul_in_an_answer_is_no_obstacle(destination, kind, send, work):
    kind.answers = deque([Sent(Outcome.RETRY, "500", "a\0b", request="c\0", answer="\0d")])
    send("A")
    work()
    (one,) = attempts(destination)
    assert (one.message, one.request, one.answer) == ("a\ufffdb", "c\ufffd", "\ufffdd")


def test_a_long_piece_that_is_filtered_out_keeps_nobody_from_stopping(make_destination, kind, send, as_role):
    destination = make_destination(name="Small", size=1)
    send(*(f"E{number}" for number in range(120)), integrations={"All": False})
    with as_role("worker"):
        (due,) = due_lanes(limit=10)
        assert deliver(due, may_go_on=lambda: False) == 50
        assert deliver(due) == 70
    assert counts(destination) == {"FILTERED_BY_INTEGRATIONS_OBJECT": 120}


def test_stages_that_leave_out_event_after_event_and_take_their_time_are_written_down(
    make_destination, kind, send, as_role, monkeypatch
):
    monkeypatch.setattr(batches, "MAKE_S", -1.0)
    make_destination(name="Slow", size=1)
    send("A", "B", "C", integrations={"All": False})
    send("D")
    with as_role("worker"):
        (due,) = due_lanes(limit=10)
        assert deliver(due, may_go_on=lambda: False) == 1
        assert deliver(due) == 3
    assert kind.names == ["D"]


def test_no_event_goes_through_the_stages_that_has_no_room_in_the_batch(
    make_destination, kind, send, work, monkeypatch
):
    make_destination(name="Single", size=1)
    seen = []
    apply = Stages.apply
    monkeypatch.setattr(Stages, "apply", lambda self, events: seen.extend(events) or apply(self, events))
    send("A", "B", "C")
    work()
    assert kind.names == ["A", "B", "C"]
    assert len(seen) == 3


def test_neither_the_busy_nor_the_failing_keep_the_others_out(cast, destination, send, as_role, lane):
    send("A")
    row, now = lane(), clock.now()
    with in_workspace(cast.workspace.id):
        for number in range(60):
            is_failing = number % 2
            one = Destination.objects.get(id=destination.id)
            one.id, one.name = f"dst_{number}", f"D{number}"
            one.save(force_insert=True)
            row.destination_id, row.failures = one.id, is_failing
            row.retry_at = now - timedelta(hours=1) if is_failing else None
            row.save(force_insert=True)
    with as_role("worker"):
        found = due_lanes(limit=8)
    assert [due.is_failing for due in found] == [False, True] * 8


def test_halves_of_a_refused_batch_are_not_held_up_by_what_failed_before(destination, kind, send, work):
    kind.answers = deque([BUSY])
    kind.always = poisoned("Bad")
    with time_machine.travel(START, tick=False) as clock_now:
        send("A", "Bad", "C")
        work()
        clock_now.shift(timedelta(days=2))
        work()
        assert letters(destination) == []
        assert kind.names == ["A"]
