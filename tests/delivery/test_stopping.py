"""What stops a destination: an event that it refuses, 410, and days of failures. Nothing is lost by any of them."""

from datetime import timedelta

import pytest
import time_machine

from auditapp.pipeline.delivery import jobs
from auditapp.pipeline.destinations.kind import Outcome, Sent
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.services import resume_destination
from auditapp.record.workspace_scope import in_workspace
from tests.delivery.told import START, counts, keys, letters
from tests.delivery_kinds import BAD, BUSY, GONE
from tests.factories import acting_as

pytestmark = pytest.mark.commits


def poisoned(name):
    """Refuses every batch with this event in it."""
    return lambda batch: (
        BAD if any(one.event["event"] == name for one in batch.events) else Sent(Outcome.DELIVERED, "200")
    )


def test_one_event_that_is_refused_is_found_by_halves_and_set_aside_after_its_tries(
    cast, destination, kind, send, work
):
    kind.always = poisoned("Bad")
    names = [*(f"E{number}" for number in range(100)), "Bad", *(f"F{number}" for number in range(99))]
    with time_machine.travel(START, tick=False) as clock:
        send(*names)
        work()
        assert len(kind.tries) < 15  # by halves, not one by one
        assert kind.names == names[:100]
        for _ in range(25):
            clock.shift(timedelta(hours=5))
            work()
    assert kind.names == [name for name in names if name != "Bad"]
    (letter,) = letters(destination)
    assert (letter.index, letter.name, letter.code) == (100, "Bad", "422")
    assert letter.tries >= 2
    assert counts(destination) == {"delivered": 199, "dead_letter": 1}
    assert "destination.event_dead_lettered" in keys(cast)


def test_410_turns_the_destination_off(cast, destination, kind, send, work):
    kind.always = GONE
    send("A")
    work()
    work()
    assert len(kind.tries) == 1
    with in_workspace(cast.workspace.id):
        assert not Destination.objects.get(id=destination.id).is_enabled
    assert keys(cast)[-1] == "destination.disabled"


def test_five_days_of_failures_pause_it_and_nothing_is_lost(cast, destination, kind, send, work, lane, mailed):
    kind.always = BUSY
    with time_machine.travel(START, tick=False) as clock:
        send("A")
        for _ in range(40):
            work()
            clock.shift(timedelta(hours=5))
        with in_workspace(cast.workspace.id):
            assert Destination.objects.get(id=destination.id).paused_at
        assert len(kind.tries) < 40
        assert keys(cast)[-1] == "destination.paused"
        kind.always = Sent(Outcome.DELIVERED, "200")
        with acting_as(cast.olga, cast.workspace):
            resume_destination(destination_id=destination.id)
        work()
    assert kind.names == ["A"]
    assert lane().failing_since is None
    assert len(mailed()) == 2


def test_owners_are_warned_once_before_the_inbox_forgets_what_waits(
    cast, destination, kind, send, work, as_role, monkeypatch
):
    asked = []
    monkeypatch.setattr(jobs, "enqueue", lambda name, **ids: asked.append(ids["about"]))
    kind.always = BUSY
    with time_machine.travel(START, tick=False) as moment:
        send("A")
        work()
        moment.shift(timedelta(days=11))
        with as_role("worker"):
            assert jobs.warn_of_expiry() == 0
            moment.shift(timedelta(days=1))
            assert jobs.warn_of_expiry() == 1
            assert jobs.warn_of_expiry() == 0
    assert asked == ["expiring"]
