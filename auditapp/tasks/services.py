"""What is done to tasks by those who want work done: start, hasten, cancel. How they are run is in running.py."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db.models import F

from auditapp.lib import clock
from auditapp.lib.ids import new_id
from auditapp.record.acting import current_acting
from auditapp.record.drafts import HasTarget
from auditapp.tasks.kinds import task_kinds
from auditapp.tasks.models import LIVE_STATES, Task, TaskAttempt, TaskState, TaskStep

RETRIES: Final = 5


def start_task(
    *,
    kind: str,
    key: str,
    subject: HasTarget,
    steps: Sequence[str],
    details: Mapping[str, Any] | None = None,
    retries: int = RETRIES,
) -> Task | None:
    """Have steps done one after the other, once the caller's transaction commits.

    Takes:   key, of which one task is live at a time; subject, the resource that its events are about; steps, names whose first
             word is known to the kind; details, JSON for the steps: ids and numbers, never a secret
    Gives:   None where a task of this kind and key is live already
    Writes:  Task, TaskStep
    """
    known = task_kinds()[kind].steps
    if not steps or any(name.partition(":")[0] not in known for name in steps):
        raise ValueError(f"The steps {list(steps)} are not those of {kind!r}.")
    workspace_id, target, now = current_acting().workspace_id, subject.audit_target, clock.now()
    task = Task(
        workspace_id=workspace_id,
        id=new_id("tsk"),
        kind=kind,
        key=key,
        subject_type=target.type,
        subject_id=target.id,
        subject_name=target.name,
        scope_id=getattr(subject, "audit_scope", None) or "",
        details=dict(details or {}),
        of=1 + retries,
        next_at=now,
        created_at=now,
    )
    Task.objects.bulk_create([task], ignore_conflicts=True)
    if not Task.objects.filter(workspace_id=workspace_id, id=task.id).exists():
        return None
    TaskStep.objects.bulk_create(
        TaskStep(workspace_id=workspace_id, task_id=task.id, position=place, name=name)
        for place, name in enumerate(steps)
    )
    return task


def hasten_task(*, kind: str, key: str) -> bool:
    """Have the next attempt of a live task made now; False where there is none that waits.

    Writes:  Task
    """
    tasks = Task.objects.filter(workspace_id=current_acting().workspace_id, kind=kind, key=key)
    return bool(tasks.filter(state=TaskState.WAITING).update(next_at=clock.now()))


def cancel_task(*, kind: str, key: str) -> bool:
    """End a live task; the worker that has it in hand writes nothing more. False where there is none.

    Writes:  Task
    """
    tasks = Task.objects.filter(workspace_id=current_acting().workspace_id, kind=kind, key=key, state__in=LIVE_STATES)
    changed = tasks.update(state=TaskState.CANCELLED, fence=F("fence") + 1, lease_until=None, finished_at=clock.now())
    return bool(changed)


def forget_task(task: Task) -> None:
    """Delete a task that ended and of which nobody needs to know; only the worker may.

    Writes:  Task, TaskStep, TaskAttempt
    """
    for kept in (TaskStep, TaskAttempt):
        kept.objects.filter(workspace_id=task.workspace_id, task_id=task.id).delete()
    Task.objects.filter(workspace_id=task.workspace_id, id=task.id).delete()
