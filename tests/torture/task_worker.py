"""Real worker processes that run a kind of tasks of the scenario's, each in a fork, since starting one anew would take longer than its life.

python -m tests.torture.task_worker [twin]: for each line `PLACE NUMBER` a fork runs tasks until it comes to that place for that many
times, where it kills itself with SIGKILL, or to be killed; its process id is printed.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import django

KIND = "torture.work"
# As in the product, a lease lasts three renewals; all in a hurry.
LEASE_S, RENEW_EVERY_S, FIRST_PAUSE_S = 1.5, 0.5, 0.02
PLACES = ("claimed", "begun", "step due", "in step", "after effect", "ending", "ended", "failing", "failed")
NOTE = """
INSERT INTO torture_began (task, attempt, fence, position, name, key, pid, was_done, is_late)
SELECT t.id, %s, %s, s.position, s.name, %s, %s, s.completed_at IS NOT NULL, t.fence <> %s
FROM task AS t JOIN task_step AS s ON s.workspace_id = t.workspace_id AND s.task_id = t.id
WHERE t.workspace_id = %s AND t.id = %s AND s.position = %s
"""
TAKE = "INSERT INTO torture_took (pid, task, fence) VALUES (%s, %s, %s)"
WRITE = "INSERT INTO torture_wrote (fence, real) SELECT %s, fence FROM task WHERE workspace_id = %s AND id = %s"


def register() -> None:
    """Make the kind known to this process, and no other."""
    from auditapp.tasks import kinds

    kind = kinds.TaskKind(
        name=KIND,
        steps={"work": work},
        failed_type="warehouse.run_failed",
        recovered_type="warehouse.run_recovered",
    )
    kinds._kinds = {KIND: kind}


def work(run: Any) -> dict[str, str]:
    """Take a moment, note it, and fail or kill as the task's details ask for."""
    from django.db import connection

    from auditapp.lib.errors import Outside

    task, place = run.task, run.step.position
    with connection.cursor() as cursor:
        about = [run.key, os.getpid(), task.fence, task.workspace_id, task.id, place]
        cursor.execute(NOTE, [task.attempt, task.fence, *about])
    _come_to("in step")
    if task.details.get("deadly") == place:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(task.details["takes_s"])
    if task.attempt <= task.details["fails"].get(str(place), 0):
        raise Outside("The other side is away.")
    if task.details.get("permanent") == place:
        raise Outside("The other side refuses it.", permanent=True)
    with run.writing(), connection.cursor() as cursor:
        cursor.execute(WRITE, [task.fence, task.workspace_id, task.id])
    _come_to("after effect")
    return {"key": run.key}


def _taking(claim: Callable[[], Any]) -> Callable[[], Any]:
    """Notes who takes which task up."""

    def take() -> Any:
        from django.db import connection

        if (task := claim()) is not None:
            with connection.cursor() as cursor:
                cursor.execute(TAKE, [os.getpid(), task.id, task.fence])
        return task

    return take


_left: dict[str, int] = {}


def _come_to(place: str) -> None:
    if place in _left:
        _left[place] -= 1
        if _left[place] == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def _around(function: Callable[..., Any], before: str = "", after: str = "") -> Callable[..., Any]:
    def around(*asked: Any, **named: Any) -> Any:
        _come_to(before)
        given = function(*asked, **named)
        if given is not None:
            _come_to(after)
        return given

    return around


@contextmanager
def deadly_places() -> Iterator[None]:
    """The engine comes by the places at which a worker may be killed."""
    from auditapp.tasks import run, running

    def told(function: Callable[..., None]) -> Callable[..., bool]:
        return lambda *asked, **named: function(*asked, **named) is None

    with (
        patch.object(running, "_claim", _around(_taking(running._claim), after="claimed")),
        patch.object(running, "_begin", _around(running._begin, after="begun")),
        patch.object(running, "_finish", _around(told(running._finish), before="ending", after="ended")),
        patch.object(running, "_fail", _around(told(running._fail), before="failing", after="failed")),
        patch.object(run.TaskRun, "check", _around(run.TaskRun.check, before="step due")),
    ):
        yield


def forget_completed(task_step: Any) -> None:
    """The broken twin: an attempt begins with the first step, whatever was completed."""
    from auditapp.record.workspace_scope import in_workspace
    from auditapp.tasks import running

    begin = running._begin

    def begin_anew(task: Any, kind: Any) -> bool:
        is_begun = begin(task, kind)
        with in_workspace(task.workspace_id):
            task_step.objects.filter(workspace_id=task.workspace_id, task_id=task.id).update(completed_at=None)
        return is_begun

    running._begin = begin_anew


def main(is_twin: bool) -> None:
    django.setup()
    from auditapp.tasks import run, running
    from auditapp.tasks.models import TaskStep

    register()
    running.LEASE_S = run.LEASE_S = LEASE_S  # type: ignore[misc,assignment]
    running.RENEW_EVERY_S, running.FIRST_PAUSE_S = RENEW_EVERY_S, FIRST_PAUSE_S  # type: ignore[misc]
    if is_twin:
        forget_completed(TaskStep)
    with deadly_places():
        for line in sys.stdin:
            place, _, number = line.strip().rpartition(" ")
            if child := os.fork():
                sys.stdout.write(f"{child}\n")
                sys.stdout.flush()
            else:
                _work_until_killed(place, int(number))


def _work_until_killed(place: str, number: int) -> None:
    from auditapp.tasks import loop

    if place:
        _left[place] = number
    stop = threading.Event()
    with patch.object(loop, "POLL_S", 0.05):
        loop.run_tasks(stop)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:] == ["twin"])
