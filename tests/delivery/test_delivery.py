"""Delivery: everything in its order, the same bytes at every try, and what a failure leads to."""

from collections import deque
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import time_machine

from auditapp.pipeline.delivery import claims, loop
from auditapp.pipeline.delivery.models import Delivery
from auditapp.pipeline.destinations.kind import Outcome, Sent
from auditapp.pipeline.destinations.services import (
    change_destination,
    delete_destination,
    disable_destination,
    enable_destination,
    pause_destination,
    resume_destination,
)
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.models import SeenEvent
from tests.delivery.told import START, attempts, counts, keys
from tests.delivery_kinds import BUSY, DENIED, SETTINGS
from tests.factories import acting_as, events_of

pytestmark = pytest.mark.commits


def let_the_lease_run_out(destination):
    with in_workspace(destination.workspace_id):
        Delivery.objects.update(leased_until=None)


def test_events_go_out_in_their_order_and_once(destination, kind, send, work, lane):
    send("A", "B")
    send("C")
    assert work() == 3
    assert kind.names == ["A", "B", "C"]
    assert lane().next_index == 3
    assert lane().last_outcome == "delivered"
    assert work() == 0
    send("D")
    work()
    assert kind.names == ["A", "B", "C", "D"]
    assert [(batch.start, batch.end) for batch, _ in kind.got] == [(0, 3), (3, 4)]
    assert counts(destination) == {"delivered": 4}


def test_a_batch_is_cut_where_the_kind_says(make_destination, kind, send, work):
    make_destination(size=2)
    send("A", "B", "C", "D", "E")
    work()
    assert [[one.event["event"] for one in batch.events] for batch, _ in kind.got] == [["A", "B"], ["C", "D"], ["E"]]


def test_a_batch_is_cut_by_bytes_and_a_larger_event_goes_alone(destination, kind, send, work):
    kind.max_bytes = lambda setup: 400
    send("A", "B", properties={"text": "x" * 200})
    send("C", properties={"text": "x" * 900})
    send("D")
    work()
    assert [[one.event["event"] for one in batch.events] for batch, _ in kind.got] == [["A"], ["B"], ["C"], ["D"]]


def test_a_retry_sends_the_same_bytes_under_the_same_id_whatever_came_in_since(destination, kind, send, work, lane):
    kind.answers = deque([BUSY, BUSY])
    with time_machine.travel(START, tick=False) as clock:
        send("A", "B")
        work()
        assert (lane().failures, lane().next_index, lane().batch_end) == (1, 0, 2)
        send("C")
        clock.shift(timedelta(seconds=7))
        work()
        clock.shift(timedelta(seconds=40))
        work()
    first, second, third, fourth = kind.tries
    assert first[1] == second[1] == third[1]
    assert first[0].id == second[0].id == third[0].id
    assert [one.event["event"] for one in fourth[0].events] == ["C"]
    assert fourth[0].id != first[0].id
    told = sorted((one.start, one.number, one.outcome) for one in attempts(destination))
    assert told == [(0, 1, "retry"), (0, 2, "retry"), (0, 3, "delivered"), (2, 1, "delivered")]


def test_waiting_gets_longer_and_the_other_side_may_say_how_long(destination, kind, send, work, lane):
    kind.answers = deque([BUSY, BUSY, Sent(Outcome.RETRY, "429", "", retry_after_s=90), BUSY])
    waits = []
    with time_machine.travel(START, tick=False) as clock:
        send("A")
        for _ in range(4):
            work()
            waits.append((lane().retry_at - datetime.now(UTC)).total_seconds())
            clock.move_to(lane().retry_at)
    assert 4 <= waits[0] <= 6
    assert 24 <= waits[1] <= 36
    assert waits[2] == 90
    assert 480 <= waits[3] <= 720


def test_who_fails_again_and_again_is_told_of_once_and_its_recovery_too(
    cast, destination, kind, send, work, lane, mailed
):
    kind.answers = deque([BUSY] * 7)
    with time_machine.travel(START, tick=False) as clock:
        send("A")
        for _ in range(8):
            work()
            clock.shift(timedelta(hours=5))
    assert kind.names == ["A"]
    assert keys(cast)[-2:] == ["destination.delivery_failed", "destination.delivery_recovered"]
    failed, recovered = (one for one in reversed(events_of(cast.workspace)[:2]))
    assert failed.event.actor.kind == "system"
    assert failed.event.scope_id == cast.shop.id
    assert failed.event.meta["attempt"] == 5
    assert failed.event.meta["reason"] == "503 Service Unavailable"
    assert recovered.event.meta["attempt"] == 8
    assert [(to, subject) for to, subject, _ in mailed()] == [
        ([cast.olga.email], "Receiver in Halden Outdoor does not take events")
    ]


def test_refused_credentials_are_told_at_once_and_the_place_stays(cast, destination, kind, send, work, lane):
    kind.always = DENIED
    send("A")
    work()
    assert (lane().last_outcome, lane().next_index) == ("auth_error", 0)
    assert keys(cast)[-1] == "destination.delivery_failed"
    kind.always = Sent(Outcome.DELIVERED, "200")
    with acting_as(cast.olga, cast.workspace):
        change_destination(destination_id=destination.id, name="Receiver", settings=SETTINGS | {"token": "new-one"})
    work()
    assert kind.names == ["A"]


def test_paused_or_off_holds_the_place(cast, destination, kind, send, work):
    with acting_as(cast.olga, cast.workspace):
        pause_destination(destination_id=destination.id)
    send("A")
    assert work() == 0
    with acting_as(cast.olga, cast.workspace):
        resume_destination(destination_id=destination.id)
        disable_destination(destination_id=destination.id)
    assert work() == 0
    with acting_as(cast.olga, cast.workspace):
        enable_destination(destination_id=destination.id)
    work()
    assert kind.names == ["A"]


def test_starting_from_now_leaves_out_what_waits_and_says_so(cast, destination, kind, send, work):
    with acting_as(cast.olga, cast.workspace):
        disable_destination(destination_id=destination.id)
    send("A", "B")
    with acting_as(cast.olga, cast.workspace):
        enable_destination(destination_id=destination.id, start="now")
    assert events_of(cast.workspace)[0].event.meta == {"events_skipped": 2}
    send("C")
    work()
    assert kind.names == ["C"]


def test_events_that_were_blocked_at_the_source_do_not_go_out(cast, destination, kind, send, work):
    send("A", "B")
    with in_workspace(cast.workspace.id):
        SeenEvent.objects.filter(name="B").update(is_allowed=False)
    send("B", messageId="b2")
    send("C")
    work()
    assert kind.names == ["A", "B", "C"]
    assert counts(destination) == {"delivered": 3}


def test_integrations_keep_an_event_from_a_destination(destination, kind, send, work):
    send("A", integrations={"All": False})
    send("B", integrations={"Receiver": False})
    send("C", integrations={"All": False, "Receiver": True})
    work()
    assert kind.names == ["C"]
    assert counts(destination) == {"delivered": 1, "FILTERED_BY_INTEGRATIONS_OBJECT": 2}
    (one,) = attempts(destination)
    assert [(group["code"], group["indexes"]) for group in one.skipped] == [("FILTERED_BY_INTEGRATIONS_OBJECT", [0, 1])]


def test_two_workers_never_have_one_destination_in_hand(destination, kind, send, as_role):
    send("A")
    with as_role("worker"):
        (due,) = claims.due_lanes(limit=10)
        with in_workspace(due.workspace_id):
            assert claims.take(due)
        assert claims.due_lanes(limit=10) == []
        with in_workspace(due.workspace_id):
            assert claims.take(due) is None


def test_a_worker_that_lost_its_lease_writes_nothing(destination, kind, send, as_role, lane, work):
    send("A")

    def overtaken(batch):
        with in_workspace(destination.workspace_id):
            Delivery.objects.filter(destination_id=destination.id).update(leased_until=None)
        with in_workspace(destination.workspace_id):
            assert claims.take(claims.Due(destination.workspace_id, destination.id, "", False))
        return Sent(Outcome.DELIVERED, "200")

    kind.answers = deque([overtaken])
    work(turns=1)
    assert lane().next_index == 0  # it was sent, and the one that has it in hand now will send it again
    assert attempts(destination) == []


def test_a_deleted_destination_ends_what_was_under_way(cast, destination, kind, send, work):
    send("A")

    def deleted(batch):
        with acting_as(cast.olga, cast.workspace):
            delete_destination(destination_id=destination.id)
        return Sent(Outcome.DELIVERED, "200")

    kind.answers = deque([deleted])
    work()
    assert attempts(destination) == []


def test_what_the_inbox_does_not_keep_any_more_is_told(
    cast, destination, kind, send, work, as_role, lane, url_of, own_database
):
    send("A", "B", "C")
    with psycopg.connect(url_of(own_database, user="postgres")) as admin:
        admin.execute("DELETE FROM source_event WHERE index < 2")
    work()
    assert kind.names == ["C"]
    assert counts(destination) == {"expired": 2, "delivered": 1}
    assert events_of(cast.workspace)[0].type.key == "destination.events_expired"


def test_an_event_that_cannot_be_rendered_holds_up_no_other(destination, kind, send, work, caplog):
    item = kind.item
    kind.item = lambda outgoing, setup: item(outgoing, setup) if outgoing.event["event"] != "B" else 1 / 0
    send("A", "B", "C")
    work()
    assert kind.names == ["A", "C"]
    assert counts(destination) == {"delivered": 2, "INTERNAL": 1}


def test_a_kind_may_wait_for_more_events(make_destination, kind, send, work):
    make_destination(linger=60)
    with time_machine.travel(START, tick=False) as clock:
        send("A")
        work()
        clock.shift(timedelta(seconds=30))
        send("B")
        work()
        assert kind.tries == []
        clock.shift(timedelta(seconds=31))
        work()
    assert [len(batch.events) for batch, _ in kind.got] == [2]


def test_a_changed_setting_makes_the_batch_anew(cast, destination, kind, send, work):
    kind.answers = deque([BUSY])
    send("A")
    work()
    with acting_as(cast.olga, cast.workspace):
        change_destination(destination_id=destination.id, name="Receiver", form="cef", settings=SETTINGS)
    work()
    (before, json), (after, line) = kind.tries
    assert json.startswith(b"{")
    assert line.startswith(b"CEF:")
    assert before.id != after.id


def test_failing_destinations_get_no_more_than_half_of_the_threads():
    due = [claims.Due(1, f"dst_{number}", "", number < 6) for number in range(10)]
    taken = loop.chosen(due, [], threads=8)
    assert [one.destination_id for one in taken] == [
        "dst_0",
        "dst_1",
        "dst_2",
        "dst_3",
        "dst_6",
        "dst_7",
        "dst_8",
        "dst_9",
    ]
    assert loop.chosen(due, taken, threads=8) == []
    assert [one.destination_id for one in loop.chosen(due, taken[:4], threads=8)] == [
        "dst_6",
        "dst_7",
        "dst_8",
        "dst_9",
    ]


def test_a_crash_between_sending_and_writing_sends_the_same_again(destination, kind, send, work, monkeypatch):
    send("A", "B")
    with monkeypatch.context() as broken:
        broken.setattr(loop, "settle", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            work()
    send("C")
    let_the_lease_run_out(destination)
    work()
    (first, body), (second, again), *_ = kind.tries
    assert (first.id, body) == (second.id, again)
    assert kind.names == ["A", "B", "A", "B", "C"]


def test_a_twin_that_goes_on_before_it_sends_loses_events(destination, kind, send, work, monkeypatch):
    """The broken twin of the test above: it moves the position where the batch is fixed."""
    monkeypatch.setattr(loop, "fix", lambda held, cut: held.write(next_index=cut.end, batch_end=None))
    send("A", "B")
    with monkeypatch.context() as broken:
        broken.setattr(loop, "settle", lambda *_: 1 / 0)
        kind.always = lambda batch: 1 / 0
        with pytest.raises(ZeroDivisionError):
            work()
    kind.always = Sent(Outcome.DELIVERED, "200")
    let_the_lease_run_out(destination)
    work()
    assert kind.names == []
