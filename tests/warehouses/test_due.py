"""When syncs start of themselves, and what their history says."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from auditapp.lib import clock
from auditapp.lib.secret_box import seal
from auditapp.pipeline.warehouses.jobs import forget_syncs
from auditapp.pipeline.warehouses.models import WarehouseSync
from auditapp.pipeline.warehouses.schedules import SCHEDULES, next_after
from auditapp.record.workspace_scope import in_workspace
from auditapp.tasks.loop import run_tasks
from auditapp.tasks.models import Task, TaskAttempt, TaskStep
from tests.factories import events_of

NOON = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


def told(world):
    types = [row.event.type for row in events_of(world.cast.workspace)]
    return [one for one in types if one.startswith("warehouse.")]


@pytest.mark.parametrize(
    ("schedule", "planned", "now", "found"),
    [
        ("5m", NOON, NOON, NOON + timedelta(minutes=5)),
        ("1h", NOON, NOON + timedelta(minutes=1), NOON + timedelta(hours=1)),
        ("1h", NOON, NOON + timedelta(hours=3, minutes=1), NOON + timedelta(hours=4)),
        ("24h", None, NOON, NOON + timedelta(hours=24)),
        ("continuous", NOON, NOON, None),
        ("manual", NOON, NOON, None),
    ],
)
def test_the_next_time_keeps_the_rhythm(schedule, planned, now, found):
    assert schedule in SCHEDULES
    assert next_after(schedule, planned, now) == found


def test_a_schedule_starts_a_sync_where_something_waits(world):
    world.set(schedule="5m")
    assert world.start_due() == 0
    assert world.stored().next_sync_at > clock.now()
    world.tracks(2)
    assert world.start_due() == 0  # not yet
    world.set(next_sync_at=clock.now())
    assert world.start_due() == 1
    assert world.work().state == "done"
    assert [(sync.schedule, sync.asked_by, sync.rows) for sync in world.history()] == [("5m", "", 4)]
    assert told(world) == []


def test_by_hand_alone_means_that(world):
    world.tracks(1)
    assert world.start_due() == 0
    world.set(schedule="5m", is_enabled=False)
    assert world.start_due() == 0


def test_a_sync_whose_time_comes_while_one_runs_is_skipped_and_told(world):
    world.tracks(1)
    world.set(schedule="5m")
    assert world.start_due() == 1
    world.set(next_sync_at=clock.now())
    assert world.start_due() == 0
    row = events_of(world.cast.workspace)[0]
    assert (row.event.type, row.event.meta) == (
        "warehouse.sync_skipped",
        {"reason": "The sync before it is still running."},
    )
    assert row.event.actor.kind == "system"


def test_a_continuous_warehouse_follows_and_its_syncs_of_an_hour_are_one_row(world):
    world.set(schedule="continuous")
    half_past = clock.now().replace(minute=30)
    for number in range(3):
        with clock.at(half_past + timedelta(seconds=number)):
            world.send({"event": "Order Completed", "messageId": f"m{number}"})
            assert world.start_due() == 1
            assert world.start_due() == 0
            world.work()
            assert world.start_due() == 0
    assert [(sync.syncs, sync.rows, sync.state) for sync in world.history()] == [(3, 6, "success")]
    assert [(line["rows"], line["events"]) for line in world.history()[0].sources] == [(6, 3)]
    with in_workspace(world.cast.workspace.id):
        # The first one is kept; those that went the same way leave nothing behind.
        assert (Task.objects.count(), TaskStep.objects.count(), TaskAttempt.objects.count()) == (1, 3, 1)


def test_continuous_syncs_tell_of_the_same_notices_once_an_hour(world):
    world.set(schedule="continuous")
    half_past = clock.now().replace(minute=30)
    for number, value in enumerate((1, "a", "b", "c")):
        with clock.at(half_past + timedelta(seconds=number)):
            properties = {"n": value} | ({"other": 1} if number == 0 else {"other": "x"} if number == 3 else {})
            world.send({"event": "Order Completed", "messageId": f"m{number}", "properties": properties})
            world.start_due()
            world.work()
    assert told(world) == ["warehouse.sync_partially_succeeded"] * 2  # the second one tells of a column that is new
    assert [(sync.syncs, sync.state) for sync in world.history()] == [(1, "partial"), (2, "partial"), (1, "success")]


def test_a_continuous_sync_that_failed_for_good_rests(world):
    world.set(schedule="continuous", secret=seal("wrong"))
    world.tracks(1)
    world.start_due()
    for _ in range(6):
        world.again()
        world.work()
    assert world.history()[0].state == "failure"
    assert world.start_due() == 0
    assert clock.now() < world.stored().next_sync_at < clock.now() + timedelta(minutes=16)


def test_an_event_is_in_the_warehouse_within_two_seconds(world):
    """The loop of the worker as it is: found, started, claimed and loaded."""
    world.set(schedule="continuous")
    world.tracks(1)
    stop = threading.Event()
    with world.as_role("worker"):
        loop = threading.Thread(target=run_tasks, args=(stop,))
        loop.start()
        try:
            waited = []
            for number in range(2):
                world.send({"event": "Order Completed", "messageId": f"late{number}"})
                began = time.monotonic()
                while not _is_there(world, f"late{number}"):
                    assert time.monotonic() - began < 30
                    time.sleep(0.05)
                waited.append(time.monotonic() - began)
        finally:
            stop.set()
            loop.join()
    assert min(waited) < 2, waited


def _is_there(world, message_id):
    if not world.store.columns("web_shop", "tracks"):
        return False
    return message_id in world.store.ids("web_shop")


def test_old_syncs_are_forgotten(world):
    world.tracks(1)
    world.sync()
    world.sync()
    with in_workspace(world.cast.workspace.id):
        old = world.history()[1]
        WarehouseSync.objects.filter(id=old.id).update(started_at=clock.now() - timedelta(days=91))
    with world.as_role("worker"):
        assert forget_syncs() == 1
    assert len(world.history()) == 1
