"""The past of the log as a task: in its order, before what is new, at its own rate, each failed attempt told, given up never."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from auditapp.forwarding import backfill, reader
from auditapp.forwarding.backfill import AFTER_FAILURE, backfill_of, start_due_backfills
from auditapp.forwarding.models import Forwarding
from auditapp.forwarding.reader import forward_batch
from auditapp.forwarding.services import save_forwarding
from auditapp.lib import clock
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.services import seal_batch
from auditapp.sources.services import disable_source, enable_source
from auditapp.tasks.models import Task
from auditapp.tasks.run import TaskRun
from auditapp.tasks.running import run_due_task
from tests.factories import acting_as, events_of
from tests.forwarding.test_reader import names, on, rename


@pytest.fixture
def past(cast, work, as_role):
    """Seven renames that are sealed, with forwarding on from the first of them; nothing is sent yet."""
    work()
    since = clock.now()
    rename(cast, *map(str, range(7)))
    with as_role("worker"):
        seal_batch()
    on(cast, start=since)
    with as_role("worker"):
        seal_batch()
    return [str(number) for number in range(7)]


@pytest.fixture
def attempt(as_role):
    """One attempt or turn of the worker, at a time when it is due; gives the task."""

    def run(after=timedelta()):
        with time_machine.travel(clock.now() + after, tick=True), as_role("worker"):
            start_due_backfills()
            return run_due_task()

    return run


def off(cast):
    with acting_as(cast.olga, cast.workspace):
        save_forwarding(source_id=cast.kiosk.id, is_on=False)


def told(cast):
    rows = [row.event for row in reversed(events_of(cast.workspace)) if ".backfill_" in row.event.type]
    return [(one.type.partition(".")[2], one.meta.get("attempt"), one.meta.get("final")) for one in rows[1:]]


def breaking(monkeypatch, *, after):
    """Taking in breaks at the batch after so many."""
    monkeypatch.setattr(backfill, "BATCH", 2)
    monkeypatch.setattr(backfill, "A_SECOND", 1_000_000)
    real, batches = reader.take_in, iter([True] * after)

    def take_in(*asked):
        if next(batches, None) is None:
            raise ZeroDivisionError
        return real(*asked)

    return monkeypatch.context(), take_in


def test_the_past_goes_first_and_in_its_order(cast, past, work, inbox, as_role):
    rename(cast, "New")
    with as_role("worker"):
        assert forward_batch(cast.workspace.id) == 0
    assert inbox(cast.kiosk) == []
    work()
    assert names(inbox(cast.kiosk)) == [*past, "New"]
    assert told(cast) == []


def test_a_failed_attempt_and_the_recovery_are_told_and_nothing_is_sent_twice(
    cast, past, work, inbox, attempt, monkeypatch
):
    context, take_in = breaking(monkeypatch, after=2)
    with context as broken:
        broken.setattr(reader, "take_in", take_in)
        task = attempt()
    assert names(inbox(cast.kiosk)) == past[:4]
    assert told(cast) == [("backfill_failed", 1, False)]
    row = next(row.event for row in events_of(cast.workspace) if row.event.type.endswith("backfill_failed"))
    assert [one.id for one in row.targets] == [f"ws_{cast.workspace.id}", cast.kiosk.id]
    with in_workspace(cast.workspace.id):
        assert backfill_of(Forwarding.objects.get()).note.startswith("Attempt 1 of 6 failed: Something went wrong")
    assert attempt(timedelta(minutes=1)).id == task.id
    work()
    assert names(inbox(cast.kiosk)) == past
    assert told(cast) == [("backfill_failed", 1, False), ("backfill_recovered", 2, None)]


def test_one_that_failed_for_good_is_begun_again_later(cast, past, inbox, attempt, monkeypatch):
    context, take_in = breaking(monkeypatch, after=1)
    with context as broken:
        broken.setattr(reader, "take_in", take_in)
        tasks = {attempt(timedelta(hours=number)).id for number in range(6)}
    assert len(tasks) == 1
    assert told(cast) == [("backfill_failed", number, number == 6) for number in range(1, 7)]
    with in_workspace(cast.workspace.id):
        assert "All 6 attempts failed" in backfill_of(Forwarding.objects.get()).note
        ended = Task.objects.get().finished_at
    assert attempt(ended - clock.now() + AFTER_FAILURE - timedelta(seconds=9)) is None
    assert attempt(ended - clock.now() + AFTER_FAILURE + timedelta(seconds=9)).state == "done"
    assert names(inbox(cast.kiosk)) == past


def test_turned_off_it_ends_and_on_it_goes_on_where_it_was(cast, past, work, inbox, attempt, monkeypatch):
    monkeypatch.setattr(backfill, "BATCH", 2)
    monkeypatch.setattr("auditapp.tasks.run.TURN_S", -1)
    first = attempt()
    assert names(inbox(cast.kiosk)) == past[:2]
    off(cast)
    assert attempt() is None
    on(cast)
    work()
    assert names(inbox(cast.kiosk)) == past
    with in_workspace(cast.workspace.id):
        states = dict(Task.objects.values_list("id", "state"))
    assert states.pop(first.id) == "cancelled"
    assert list(states.values()) == ["done"]
    assert told(cast) == []


def test_another_start_takes_the_place_of_one_under_way(cast, past, work, inbox, attempt, monkeypatch):
    monkeypatch.setattr("auditapp.tasks.run.TURN_S", -1)
    monkeypatch.setattr(backfill, "BATCH", 2)
    attempt()
    on(cast, start=clock.now().replace(year=2020))
    work()
    assert names(inbox(cast.kiosk)) == past  # the inbox knows those that it has
    with in_workspace(cast.workspace.id):
        assert sorted(Task.objects.values_list("state", flat=True)) == ["cancelled", "done"]


def test_a_source_that_is_off_costs_no_attempt(cast, past, work, inbox, attempt, monkeypatch):
    with monkeypatch.context() as short:
        short.setattr(backfill, "BATCH", 2)
        short.setattr("auditapp.tasks.run.TURN_S", -1)
        attempt()
    with acting_as(cast.olga, cast.workspace):
        disable_source(source_id=cast.kiosk.id)
    for seconds in range(3, 30, 3):
        waits = attempt(timedelta(seconds=seconds))
        assert (waits.state, waits.attempt) == ("waiting", 1)
    assert names(inbox(cast.kiosk)) == past[:2]
    with acting_as(cast.olga, cast.workspace):
        enable_source(source_id=cast.kiosk.id)
    assert attempt(timedelta(seconds=30)).state == "done"
    assert names(inbox(cast.kiosk)) == past
    assert told(cast) == []


def test_a_killed_worker_sends_nothing_twice(cast, past, inbox, attempt, as_role, monkeypatch):
    monkeypatch.setattr(backfill, "BATCH", 2)

    class Killed(BaseException):
        pass

    def dies(*asked, **progress):
        raise Killed

    with monkeypatch.context() as broken:
        broken.setattr(TaskRun, "progress", dies)
        with pytest.raises(Killed):
            attempt()
    assert inbox(cast.kiosk) == []
    with in_workspace(cast.workspace.id):
        Task.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    assert attempt().state == "done"
    assert names(inbox(cast.kiosk)) == past
    assert told(cast) == [("backfill_failed", 1, False), ("backfill_recovered", 2, None)]


def test_its_rate_is_limited(cast, past, as_role, monkeypatch):
    waited = []

    class Stop:
        def wait(self, seconds):
            waited.append(round(seconds, 3))

        def is_set(self):
            return False

    monkeypatch.setattr(backfill, "BATCH", 4)
    with as_role("worker"):
        start_due_backfills()
        run_due_task(stop=Stop())
    assert waited == [0.004]


def test_the_page_says_which_attempt_it_is(cast, past, attempt, monkeypatch, client):
    context, take_in = breaking(monkeypatch, after=1)
    with context as broken:
        broken.setattr(reader, "take_in", take_in)
        attempt()
    client.force_login(cast.olga)
    html = client.get(reverse("forwarding:forwarding", args=[cast.workspace.slug])).content.decode()
    assert "past events to go. Attempt 1 of 6 failed: Something went wrong on our side." in html
