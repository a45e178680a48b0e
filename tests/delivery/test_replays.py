"""Sending again: a span of the past, dead letters, one event; planned, cancelled, beside what comes in now."""

from collections import deque
from datetime import timedelta

import psycopg
import pytest
import time_machine

from auditapp.lib import clock
from auditapp.lib.errors import Conflict, Invalid, NotFound
from auditapp.pipeline.delivery.models import DeadLetter, Delivery, Replay
from auditapp.pipeline.delivery.replays import (
    NothingRefused,
    NothingToReplay,
    TooManyReplays,
    cancel_replay,
    plan_dead_letters,
    plan_replay,
    replay_dead_letters,
    replay_span,
    resend_event,
    retry_now,
    set_aside_now,
)
from auditapp.record.workspace_scope import in_workspace
from tests.delivery.told import START, keys, letters
from tests.delivery_kinds import BAD, BUSY
from tests.factories import acting_as, last_event

pytestmark = pytest.mark.commits


@pytest.fixture
def as_olga(cast):
    def enter():
        return acting_as(cast.olga, cast.workspace)

    return enter


@pytest.fixture
def three_hours(destination, send, work):
    """Three events, an hour apart, all delivered; the clock stands after the last."""
    with time_machine.travel(START, tick=False) as moment:
        for name in "ABC":
            send(name)
            work()
            moment.shift(timedelta(hours=1))
        yield


def test_a_span_is_planned_and_sent_again_in_order(three_hours, destination, kind, as_olga, work, cast):
    span = {"since": START + timedelta(minutes=30), "until": START + timedelta(hours=2, minutes=30)}
    with as_olga():
        assert plan_replay(destination, **span).events == 2
        replay = replay_span(destination_id=destination.id, **span)
    assert last_event(cast.workspace).event.meta["events"] == 2
    work()
    assert kind.names == ["A", "B", "C", "B", "C"]
    with in_workspace(cast.workspace.id):
        ended = Replay.objects.get(id=replay.id)
        assert (ended.delivered, ended.ended_at is not None, ended.is_cancelled) == (2, True, False)
        assert not Delivery.objects.filter(lane=replay.id).exists()


def test_what_comes_in_meanwhile_does_not_wait_for_a_replay(three_hours, destination, kind, as_olga, work, send):
    with as_olga():
        replay_span(destination_id=destination.id, since=START)
    send("D")
    work()
    assert sorted(kind.names) == ["A", "A", "B", "B", "C", "C", "D"]
    assert [name for name in kind.names if name in "D"] == ["D"]


def test_a_span_without_events_is_refused_and_so_is_one_that_ends_before_it_begins(three_hours, destination, as_olga):
    with as_olga():
        with pytest.raises(NothingToReplay):
            replay_span(destination_id=destination.id, since=clock.now())
        with pytest.raises(Invalid):
            replay_span(destination_id=destination.id, since=START, until=START)


def test_a_fourth_replay_at_once_is_refused(three_hours, destination, as_olga):
    with as_olga():
        for _ in range(3):
            replay_span(destination_id=destination.id, since=START)
        with pytest.raises(TooManyReplays):
            replay_span(destination_id=destination.id, since=START)


def test_a_cancelled_replay_sends_nothing_more(three_hours, destination, kind, as_olga, work, cast):
    with as_olga():
        replay = replay_span(destination_id=destination.id, since=START)
        cancel_replay(destination_id=destination.id, replay_id=replay.id)
        with pytest.raises(Conflict):
            cancel_replay(destination_id=destination.id, replay_id=replay.id)
        with pytest.raises(NotFound):
            cancel_replay(destination_id=destination.id, replay_id="rpl_none")
    work()
    assert kind.names == ["A", "B", "C"]
    assert "destination.replay_cancelled" in keys(cast)


def test_one_event_is_sent_again(three_hours, destination, kind, as_olga, work, send):
    with as_olga():
        resend_event(destination_id=destination.id, index=1)
    work()
    assert kind.names[3:] == ["B"]
    send("D")
    with as_olga():
        with pytest.raises(NothingToReplay):  # it is still to come
            resend_event(destination_id=destination.id, index=3)
        with pytest.raises(NotFound):
            resend_event(destination_id=destination.id, index=99)


@pytest.fixture
def one_letter(destination, kind, send, work, as_olga):
    """The second of three events was refused and set aside by hand."""
    refuse = {"B"}
    delivered = kind.always
    kind.always = lambda batch: BAD if refuse & {one.event["event"] for one in batch.events} else delivered
    send("A", "B", "C")
    work()
    assert kind.names == ["A"]
    with as_olga():
        letter = set_aside_now(destination_id=destination.id)
    work()
    return letter, refuse


def test_an_event_that_is_refused_can_be_set_aside_at_once(one_letter, destination, kind, cast, as_olga):
    letter, _ = one_letter
    assert kind.names == ["A", "C"]
    assert (letter.name, letter.code) == ("B", "422")
    assert "destination.event_dead_lettered" in keys(cast)
    with as_olga(), pytest.raises(NothingRefused):
        set_aside_now(destination_id=destination.id)


def test_a_dead_letter_is_replayed_even_when_the_inbox_has_forgotten_it(
    one_letter, destination, kind, work, as_olga, url_of, own_database
):
    _, refuse = one_letter
    with psycopg.connect(url_of(own_database, user="postgres")) as admin:
        admin.execute("DELETE FROM source_event")
    refuse.clear()
    with as_olga():
        assert plan_dead_letters(destination).events == 1
        replay_dead_letters(destination_id=destination.id)
    work()
    assert kind.names == ["A", "C", "B"]
    assert letters(destination)[0].replayed_at
    with as_olga(), pytest.raises(NothingToReplay):
        replay_dead_letters(destination_id=destination.id)


def test_a_dead_letter_that_is_refused_again_stays_one(one_letter, destination, kind, work, as_olga):
    with as_olga():
        replay = replay_dead_letters(destination_id=destination.id, index=1)
    work()
    (letter,) = letters(destination)
    assert letter.replayed_at is None
    with in_workspace(destination.workspace_id):
        assert Replay.objects.get(id=replay.id).ended_at
        assert DeadLetter.objects.count() == 1


def test_trying_now_does_not_wait_for_the_next_try(destination, kind, send, work, as_olga):
    kind.answers = deque([BUSY])
    send("A")
    work()
    assert work() == 0
    with as_olga():
        retry_now(destination_id=destination.id)
    work()
    assert kind.names == ["A"]
