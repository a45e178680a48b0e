"""Tasks, their steps and their attempts. How they are run is in running.py."""

from django.db import models
from django.db.models import Q

from auditapp.lib import clock
from auditapp.record.drafts import Target


class TaskState(models.TextChoices):
    """How a task stands. Waiting and running ones go on; the others stay as they are."""

    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


LIVE_STATES = (TaskState.WAITING, TaskState.RUNNING)


class Task(models.Model):
    """Work that a worker takes up by a lease. Of one kind and key, one is live at a time.

    `fence` goes up with each worker that takes it up: one that was thought dead writes nothing more. `attempt` is the present or
    last one, 0 before the first, of at most `of`.
    """

    pk = models.CompositePrimaryKey("workspace_id", "id")
    workspace_id = models.BigIntegerField()
    id = models.TextField()
    kind = models.TextField()
    key = models.TextField()
    subject_type = models.TextField()
    subject_id = models.TextField()
    subject_name = models.TextField()
    scope_id = models.TextField(blank=True)
    details = models.JSONField(default=dict)
    state = models.TextField(choices=TaskState.choices, default=TaskState.WAITING)
    attempt = models.SmallIntegerField(default=0)
    of = models.SmallIntegerField()
    fence = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    next_at = models.DateTimeField(default=clock.now)
    created_at = models.DateTimeField(default=clock.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        db_table = "task"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace_id", "kind", "key"], condition=Q(state__in=LIVE_STATES), name="task_live_once"
            )
        ]
        indexes = [
            models.Index("next_at", condition=Q(state__in=LIVE_STATES), name="task_due"),
            models.Index("workspace_id", "subject_id", "created_at", name="task_of_subject"),
        ]

    @property
    def audit_target(self) -> Target:
        return Target(self.subject_type, self.subject_id, self.subject_name)

    @property
    def audit_scope(self) -> str | None:
        return self.scope_id or None

    @property
    def is_live(self) -> bool:
        return self.state in LIVE_STATES

    @property
    def waits_to_retry(self) -> bool:
        """Whether the last attempt failed and the next one has not begun."""
        return self.state == TaskState.WAITING and bool(self.error)


class TaskStep(models.Model):
    """One step. A task that was interrupted goes on at the first one without `completed_at`."""

    pk = models.CompositePrimaryKey("workspace_id", "task_id", "position")
    workspace_id = models.BigIntegerField()
    task_id = models.TextField()
    position = models.SmallIntegerField()
    name = models.TextField()
    completed_at = models.DateTimeField(null=True)
    result = models.JSONField(null=True)

    class Meta:
        db_table = "task_step"


class AttemptState(models.TextChoices):
    """How an attempt ended, if it did."""

    RUNNING = "running", "Running"
    PAUSED = "paused", "Between two turns"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    INTERRUPTED = "interrupted", "Interrupted"


class TaskAttempt(models.Model):
    """One attempt at a task, and at which step it failed."""

    pk = models.CompositePrimaryKey("workspace_id", "task_id", "number")
    workspace_id = models.BigIntegerField()
    task_id = models.TextField()
    number = models.SmallIntegerField()
    state = models.TextField(choices=AttemptState.choices, default=AttemptState.RUNNING)
    started_at = models.DateTimeField(default=clock.now)
    finished_at = models.DateTimeField(null=True)
    step = models.TextField(blank=True)
    error = models.TextField(blank=True)

    class Meta:
        db_table = "task_attempt"
