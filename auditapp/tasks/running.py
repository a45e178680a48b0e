"""Runs tasks: takes one up by a lease, does its steps from the first that is not done, and tells how it ended.

A worker that is killed leaves a lease that ends; the next one goes on where the steps end. Two never write about one task.
"""

import logging
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from django.db import DatabaseError, InterfaceError, OperationalError, connection

from auditapp.lib import clock
from auditapp.lib.errors import AppError, Outside
from auditapp.record.acting import acting
from auditapp.record.drafts import SYSTEM
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace
from auditapp.tasks.errors import LeaseLost, TurnOver, WorkerStops
from auditapp.tasks.kinds import TaskKind, task_kinds
from auditapp.tasks.models import AttemptState, Task, TaskAttempt, TaskState, TaskStep
from auditapp.tasks.run import LEASE_S, TaskRun, hold

logger = logging.getLogger(__name__)

RENEW_EVERY_S: Final = 10.0
FIRST_PAUSE_S: Final = 5.0
PAUSE_GROWS_BY: Final = 3
# So that what hangs in one workspace leaves workers to the others.
MOST_OF_A_WORKSPACE: Final = 2
KILLED: Final = "The worker stopped in the middle of it. It goes on at the step that was not finished."
KILLED_LAST: Final = "The worker stopped in the middle of it, and there are no attempts left."
OURS: Final = "Something went wrong on our side. The worker's log says what."

# Materialised: as a part of the UPDATE itself, some plans would look for the next one once a row, and take up several.
CLAIM = """
WITH due AS MATERIALIZED (
    SELECT t.workspace_id, t.id FROM task AS t
    WHERE t.state IN ('waiting', 'running') AND t.next_at <= %(now)s AND t.kind = ANY(%(kinds)s)
    AND (t.lease_until IS NULL OR t.lease_until < clock_timestamp())
    AND %(most)s > (SELECT count(*) FROM task AS r WHERE r.workspace_id = t.workspace_id AND r.state = 'running'
        AND r.lease_until >= clock_timestamp())
    ORDER BY t.next_at LIMIT 1 FOR UPDATE OF t SKIP LOCKED
)
UPDATE task SET state = 'running', fence = task.fence + 1, started_at = coalesce(task.started_at, %(now)s),
    lease_until = clock_timestamp() + make_interval(secs => %(lease_s)s)
FROM due WHERE task.workspace_id = due.workspace_id AND task.id = due.id RETURNING task.workspace_id, task.id, task.fence
"""


def run_due_task(*, stop: threading.Event | None = None) -> Task | None:
    """Take up the task that has waited longest and do its steps; outside of any workspace, as the worker.

    Gives:   the task as it stands then; None where none is due
    Writes:  Task, TaskStep, TaskAttempt, what its steps write, and an event for each failed attempt and each recovery
    """
    claimed = _claim()
    if claimed is None:
        return None
    task, kind = claimed, task_kinds()[claimed.kind]
    run = TaskRun(task, stop or threading.Event())
    try:
        if _begin(task, kind):
            with _heartbeat(run):
                _do_steps(run, kind)
            _finish(task, kind)
    except LeaseLost:
        logger.info("Task %s of workspace %s is no longer this worker's.", task.id, task.workspace_id)
    except (WorkerStops, TurnOver) as leaves:
        _release(task, leaves)
    except (OperationalError, InterfaceError):
        raise  # our own database is away; the lease ends, and the attempt counts as interrupted
    except Exception as error:
        _fail(task, kind, run.step.name, error)
    finally:
        run.close()
    return task


def pause_after(attempt: int) -> timedelta:
    """How long to wait after a failed attempt: longer each time, and never for all at the same moment."""
    longest = FIRST_PAUSE_S * PAUSE_GROWS_BY ** (attempt - 1)
    return timedelta(seconds=longest * random.uniform(0.5, 1))  # noqa: S311  no secret


def _claim() -> Task | None:
    with connection.cursor() as cursor:
        cursor.execute(
            CLAIM,
            {"now": clock.now(), "lease_s": LEASE_S, "kinds": list(task_kinds()), "most": MOST_OF_A_WORKSPACE},
        )
        row = cursor.fetchone()
    if row is None:
        return None
    task = Task.objects.get(workspace_id=row[0], id=row[1])
    task.fence = row[2]
    return task


def _begin(task: Task, kind: TaskKind) -> bool:
    """Count one more attempt, or go on with one between two turns; False where the one that a killed worker left was the last."""
    with in_workspace(task.workspace_id), acting(task.workspace_id, SYSTEM):
        hold(task)
        attempts = TaskAttempt.objects.filter(workspace_id=task.workspace_id, task_id=task.id, number=task.attempt)
        if attempts.filter(state=AttemptState.PAUSED).update(state=AttemptState.RUNNING):
            return True
        if attempts.filter(state=AttemptState.RUNNING).exists():
            unfinished = TaskStep.objects.filter(
                workspace_id=task.workspace_id, task_id=task.id, completed_at=None
            ).order_by("position")
            step = unfinished.values_list("name", flat=True).first() or ""
            is_last = task.attempt >= task.of
            reason = KILLED_LAST if is_last else KILLED
            _tell_failure(task, kind, step, reason, AttemptState.INTERRUPTED, is_final=is_last)
            if is_last:
                return False
        task.attempt += 1
        task.state = TaskState.RUNNING
        task.save(update_fields=["attempt"])
        TaskAttempt.objects.create(
            workspace_id=task.workspace_id, task_id=task.id, number=task.attempt, started_at=clock.now()
        )
        return True


def _do_steps(run: TaskRun, kind: TaskKind) -> None:
    with in_workspace(run.task.workspace_id):
        steps = list(
            TaskStep.objects.filter(
                workspace_id=run.task.workspace_id, task_id=run.task.id, completed_at=None
            ).order_by("position")
        )
    for step in steps:
        run.check()
        run.step = step
        result = kind.steps[step.name.partition(":")[0]](run)
        with run.writing():
            step.completed_at, step.result = clock.now(), result
            step.save(update_fields=["completed_at", "result"])


def _finish(task: Task, kind: TaskKind) -> None:
    with in_workspace(task.workspace_id), acting(task.workspace_id, SYSTEM):
        hold(task)
        _end_attempt(task, AttemptState.DONE)
        if task.attempt > 1:
            meta = {**kind.tells(task), "attempt": task.attempt, "of": task.of, "task": task.id}
            record(kind.recovered_type, target=kind.targets(task), meta=meta)
        _end(task, kind, TaskState.DONE)


def _fail(task: Task, kind: TaskKind, step: str, error: Exception) -> None:
    """Tell of a failed attempt, and wait for the next one unless it was the last."""
    if isinstance(error, AppError):
        reason = error.message
    else:
        logger.error("Task %s of workspace %s failed at %r.", task.id, task.workspace_id, step, exc_info=error)
        reason = OURS
    is_permanent = isinstance(error, Outside) and error.permanent
    try:
        with in_workspace(task.workspace_id), acting(task.workspace_id, SYSTEM):
            hold(task)
            is_final = is_permanent or task.attempt >= task.of
            _tell_failure(task, kind, step, reason, AttemptState.FAILED, is_final=is_final)
            if not is_final:
                task.state, task.lease_until = TaskState.WAITING, None
                task.next_at = clock.now() + pause_after(task.attempt)
                task.save(update_fields=["state", "lease_until", "next_at"])
    except LeaseLost:
        logger.info("Task %s of workspace %s is no longer this worker's.", task.id, task.workspace_id)


def _release(task: Task, why: WorkerStops | TurnOver) -> None:
    """Leave a task to others: the attempt goes on with the next turn; one that was cut short by a stop in good order does not count."""
    try:
        with in_workspace(task.workspace_id):
            hold(task)
            attempt = TaskAttempt.objects.filter(workspace_id=task.workspace_id, task_id=task.id, number=task.attempt)
            if isinstance(why, TurnOver):
                attempt.update(state=AttemptState.PAUSED)
                # What the attempt before it failed of is over; its own row keeps it.
                task.next_at, task.error = clock.now() + timedelta(seconds=why.after_s), ""
            else:
                attempt.delete()
                task.attempt -= 1
            task.state, task.lease_until = TaskState.WAITING, None
            task.save(update_fields=["attempt", "state", "lease_until", "next_at", "error"])
    except LeaseLost:
        logger.info("Task %s of workspace %s is no longer this worker's.", task.id, task.workspace_id)


def _tell_failure(task: Task, kind: TaskKind, step: str, reason: str, how: AttemptState, *, is_final: bool) -> None:
    _end_attempt(task, how, step=step, error=reason)
    meta = {"attempt": task.attempt, "of": task.of, "task": task.id, "final": is_final, "reason": reason}
    record(kind.failed_type, target=kind.targets(task), meta={**kind.tells(task), **meta}, outcome="failure")
    task.error = reason
    task.save(update_fields=["error"])
    if is_final:
        _end(task, kind, TaskState.FAILED)


def _end_attempt(task: Task, how: AttemptState, *, step: str = "", error: str = "") -> None:
    TaskAttempt.objects.filter(workspace_id=task.workspace_id, task_id=task.id, number=task.attempt).update(
        state=how, finished_at=clock.now(), step=step, error=error
    )


def _end(task: Task, kind: TaskKind, state: TaskState) -> None:
    task.state, task.lease_until, task.finished_at = state, None, clock.now()
    task.save(update_fields=["state", "lease_until", "finished_at"])
    kind.ended(task)


@contextmanager
def _heartbeat(run: TaskRun) -> Iterator[None]:
    """Renew the lease while steps run that take longer than it lasts."""
    enough = threading.Event()

    def beat() -> None:
        # A short task is over before this thread asks for a connection.
        while not (enough.wait(RENEW_EVERY_S) or run.lost.is_set()):
            try:
                with in_workspace(run.task.workspace_id):
                    hold(run.task)
            except LeaseLost:
                run.lost.set()
            except DatabaseError as error:
                logger.warning("The lease of task %s could not be renewed: %s", run.task.id, str(error).strip())
                connection.close()
        connection.close()

    thread = threading.Thread(target=beat, name=f"lease-{run.task.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()
