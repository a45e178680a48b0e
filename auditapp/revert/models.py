"""Which event undid which field of which other one. The events say so themselves; these rows find it from both ends."""

from django.db import models
from django.db.models import Q

from auditapp.lib import clock


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
