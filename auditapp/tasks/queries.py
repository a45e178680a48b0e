"""Reads of tasks: the live one, and the attempts of several."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from auditapp.tasks.models import LIVE_STATES, Task, TaskAttempt, TaskState


def live_task(workspace_id: int, kind: str, key: str) -> Task | None:
    """The task of this kind and key that waits or runs."""
    return Task.objects.filter(workspace_id=workspace_id, kind=kind, key=key, state__in=LIVE_STATES).first()


def live_tasks(workspace_id: int, kind: str, keys: Iterable[str]) -> dict[str, Task]:
    """Those of these keys that wait or run."""
    tasks = Task.objects.filter(workspace_id=workspace_id, kind=kind, key__in=list(keys), state__in=LIVE_STATES)
    return {task.key: task for task in tasks}


def attempts_of(workspace_id: int, task_ids: Iterable[str]) -> dict[str, list[TaskAttempt]]:
    """The attempts of each of these tasks, in their order."""
    found: dict[str, list[TaskAttempt]] = defaultdict(list)
    attempts = TaskAttempt.objects.filter(workspace_id=workspace_id, task_id__in=list(task_ids))
    for attempt in attempts.order_by("task_id", "number"):
        found[attempt.task_id].append(attempt)
    return found


def next_tries(workspace_id: int, task_ids: Iterable[str]) -> dict[str, datetime]:
    """When those of these tasks that wait for another attempt are tried again."""
    waiting = Task.objects.filter(workspace_id=workspace_id, id__in=list(task_ids), state=TaskState.WAITING)
    return dict(waiting.values_list("id", "next_at"))
