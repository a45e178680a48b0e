"""The past part of the log, forwarded as a task at a limited rate; the reader in reader.py takes over where it ends.

Both move one position through one function: every event once, in the order of the log, whoever sends it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import connection

from auditapp.forwarding.models import Forwarding
from auditapp.forwarding.queries import position_of
from auditapp.forwarding.reader import BATCH, forward_some, source_of
from auditapp.lib import clock
from auditapp.record.acting import acting
from auditapp.record.drafts import SYSTEM, HasTarget
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.models import Source
from auditapp.tasks.errors import TurnOver
from auditapp.tasks.models import Task, TaskState
from auditapp.tasks.queries import live_task
from auditapp.tasks.run import TaskRun
from auditapp.tasks.services import start_task

BACKFILL_KIND: Final = "audit_forwarding.backfill"
# So that old events leave room for new ones of other workspaces.
A_SECOND: Final = 1_000
# While its source is off or gone, or somebody saves the settings at this moment.
LOOK_AGAIN_S: Final = 2.0
# Forwarding never gives up: one that failed for good is begun again, from where it stopped.
AFTER_FAILURE: Final = timedelta(minutes=15)
# The subject of the tasks is named for the index that finds them.
DUE: Final = """
SELECT f.workspace_id FROM forwarding AS f
JOIN source AS s ON s.workspace_id = f.workspace_id AND s.id = f.source_id AND s.is_enabled
LEFT JOIN reader AS r ON r.workspace_id = f.workspace_id AND r.name = 'forwarding-' || f.generation
WHERE f.is_on AND greatest(coalesce(r.position, 0), f.start_index) < f.backfill_end
AND NOT EXISTS (SELECT FROM task AS t WHERE t.workspace_id = f.workspace_id AND t.subject_id = 'ws_' || f.workspace_id
    AND t.kind = %s AND t.key = 'forwarding-' || f.generation
    AND (t.state IN ('waiting', 'running') OR (t.state = 'failed' AND t.finished_at > %s)))
ORDER BY f.workspace_id
"""


@dataclass(frozen=True, slots=True)
class Backfill:
    """How the past part stands: how many events are left, and which attempt at it is made, where one failed."""

    left: int
    note: str


def start_due_backfills() -> int:
    """Start the backfills that nobody has in hand; asked outside of any workspace, as the worker. Gives how many.

    Writes:  Task, TaskStep
    """
    with connection.cursor() as cursor:
        cursor.execute(DUE, [BACKFILL_KIND, clock.now() - AFTER_FAILURE])
        due = [row[0] for row in cursor.fetchall()]
    return sum(_start(workspace_id) for workspace_id in due)


def send_past(run: TaskRun) -> dict[str, int]:
    """Forward what lies before the end of the backfill, batch by batch, from where the position is."""
    while True:
        moved, position, left = _send_batch(run)
        if not left:
            return {"position": position}
        run.give_way()
        run.stop.wait(moved / A_SECOND)


def targets_of(task: Task) -> Sequence[HasTarget]:
    """What events about a backfill are about: the forwarding, and its source."""
    source = Source.objects.filter(workspace_id=task.workspace_id, id=task.details["source"]).first()
    return [task, source] if source else [task]


def backfill_of(forwarding: Forwarding) -> Backfill:
    """How the past part of a forwarding stands."""
    left = max(forwarding.backfill_end - position_of(forwarding), 0)
    if not left or not forwarding.is_on:
        return Backfill(left, "")
    tasks = Task.objects.filter(workspace_id=forwarding.workspace_id, subject_id=forwarding.audit_target.id)
    last = tasks.filter(kind=BACKFILL_KIND, key=forwarding.reader_name).order_by("-created_at").first()
    return Backfill(left, _note(last) if last else "")


def _note(task: Task) -> str:
    if task.state == TaskState.FAILED:
        return f"All {task.attempt} attempts failed: {task.error} It is begun again a quarter of an hour later."
    if task.waits_to_retry:
        return f"Attempt {task.attempt} of {task.of} failed: {task.error}"
    return f"Attempt {task.attempt} of {task.of}" if task.attempt > 1 and task.is_live else ""


def _start(workspace_id: int) -> bool:
    with in_workspace(workspace_id), acting(workspace_id, SYSTEM):
        # Another worker that has it in hand is enough.
        forwarding = (
            Forwarding.objects.select_for_update(skip_locked=True).filter(workspace_id=workspace_id, is_on=True).first()
        )
        if forwarding is None or live_task(workspace_id, BACKFILL_KIND, forwarding.reader_name):
            return False
        start = position_of(forwarding)
        if start >= forwarding.backfill_end:
            return False
        details: dict[str, Any] = {
            "generation": forwarding.generation,
            "source": forwarding.source_id,
            "start": start,
        }
        name = forwarding.reader_name
        return start_task(kind=BACKFILL_KIND, key=name, subject=forwarding, steps=["send"], details=details) is not None


def _send_batch(run: TaskRun) -> tuple[int, int, int]:
    """How many places the position went on, where it is then, and how many are left.

    Raises:  TurnOver, while there is nowhere to send to
    """
    task = run.task
    with run.writing():
        # Whoever saves the settings locks them before the task: waiting for them here, each would wait for the other.
        forwarding = (
            Forwarding.objects.select_for_update(skip_locked=True)
            .filter(workspace_id=task.workspace_id, is_on=True)
            .first()
        )
        source = source_of(forwarding)
        if forwarding is None or source is None:
            raise TurnOver(after_s=LOOK_AGAIN_S)
        position = position_of(forwarding)
        left = forwarding.backfill_end - position
        if left <= 0 or forwarding.generation != task.details["generation"]:
            return 0, position, 0
        moved = forward_some(forwarding, source, limit=min(BATCH, left))
        done, start = position + moved, int(task.details["start"])
        run.progress(done - start, forwarding.backfill_end - start)
        return moved, done, left - moved
