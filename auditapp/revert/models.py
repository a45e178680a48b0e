"""Which event undid which field of which other one. The events say so themselves; these rows find it from both ends."""

from urllib.parse import urlsplit

from django.db import models
from django.db.models import Q

from auditapp.lib import clock
from auditapp.record.drafts import Target


class What(models.TextChoices):
    """What is asked for: one change undone, a whole request undone, or a resource as it was after an event."""

    CHANGE = "change", "Undo this change"
    VERSION = "version", "Restore this version"
    REQUEST = "request", "Undo the whole request"


class Revert(models.Model):
    """One field of one event that another event set back. `undone_at` is when that one was undone itself.

    `path` is "" for the resource as a whole. A field of an event is undone once, unless its undoing was undone.
    """

    pk = models.CompositePrimaryKey("workspace_id", "event_id", "path", "by_event_id")
    workspace_id = models.BigIntegerField()
    event_id = models.UUIDField()
    path = models.TextField(blank=True)
    by_event_id = models.UUIDField()
    what = models.TextField(choices=What.choices)
    by_name = models.TextField(blank=True)
    at = models.DateTimeField(default=clock.now)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "revert"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace_id", "event_id", "path"],
                condition=Q(undone_at=None) & ~Q(what="version"),
                name="revert_once",
            )
        ]
        indexes = [models.Index(fields=["workspace_id", "by_event_id"], name="revert_by_event")]


class RevertCallback(models.Model):
    """Where another system undoes what events of this type did to its resources, and the secret that signs what it is asked."""

    pk = models.CompositePrimaryKey("workspace_id", "type")
    workspace_id = models.BigIntegerField()
    type = models.TextField()
    url = models.TextField()
    secret = models.BinaryField()
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "revert_callback"

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def audit_target(self) -> Target:
        return Target("event_type", self.type, self.type)


class RequestState(models.TextChoices):
    """How a request to another system stands. One that failed for good can be made again."""

    WAITING = "waiting", "Waiting"
    ACCEPTED = "accepted", "Undone"
    FAILED = "failed", "Not undone"


class RevertRequest(models.Model):
    """What another system was asked to undo, and what it answered last. Of one event there is one."""

    pk = models.CompositePrimaryKey("workspace_id", "event_id")
    workspace_id = models.BigIntegerField()
    event_id = models.UUIDField()
    state = models.TextField(choices=RequestState.choices, default=RequestState.WAITING)
    host = models.TextField()
    asked_by = models.TextField()
    asked_by_name = models.TextField(blank=True)
    asked_at = models.DateTimeField(default=clock.now)
    answered_at = models.DateTimeField(null=True)
    status = models.SmallIntegerField(null=True)
    answer = models.TextField(blank=True)

    class Meta:
        db_table = "revert_request"
