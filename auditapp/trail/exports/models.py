"""Exports that are written in the background: what was asked for, how far it is, and the file.

Who may ask, see and download is decided in services.py and queries.py.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from auditapp.record.drafts import Target


class State(models.TextChoices):
    """How an export stands. Queued and running ones go on; the others stay as they are."""

    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Writing"
    DONE = "done", "Ready"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    EXPIRED = "expired", "Expired"


class Export(models.Model):
    """One export. Its window is fixed when it is asked for: `until` is that moment or earlier, and what is received later stays out.

    `position` is the key of the last event that is in the file for good. Its task (writing.py) has its id as the key.
    """

    pk = models.CompositePrimaryKey("workspace_id", "id")
    workspace_id = models.BigIntegerField()
    id = models.TextField()
    requested_by = models.TextField()
    # What the person could see when asking: the file shows that and no more.
    sees_all = models.BooleanField()
    sees_personal = models.BooleanField()
    scope_ids = ArrayField(models.TextField())
    own_actor_ids = ArrayField(models.TextField())
    format = models.TextField()
    query = models.TextField()
    zone = models.TextField()
    requested_at = models.DateTimeField()
    since = models.DateTimeField(null=True)
    until = models.DateTimeField()
    state = models.TextField(choices=State.choices, default=State.QUEUED)
    expected = models.BigIntegerField(null=True)
    rows = models.BigIntegerField(default=0)
    file_bytes = models.BigIntegerField(default=0)
    position = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)
    filename = models.TextField(blank=True)
    sha256 = models.TextField(blank=True)
    checkpoint = models.TextField(blank=True)

    class Meta:
        db_table = "export"
        indexes = [models.Index(fields=["workspace_id", "requested_at"], name="export_by_time")]

    @property
    def audit_target(self) -> Target:
        return Target("export", self.id, self.filename or self.id)


class ExportChunk(models.Model):
    """A piece of the file of an export, in order of `number`; of a Parquet file first its rows, then (not `is_draft`) itself.

    In PostgreSQL, not in a folder: web and worker machines share nothing else, a chunk and the position after it commit
    together, and an expired file is gone from every machine at once.
    """

    pk = models.CompositePrimaryKey("workspace_id", "export_id", "is_draft", "number")
    workspace_id = models.BigIntegerField()
    export_id = models.TextField()
    is_draft = models.BooleanField()
    number = models.IntegerField()
    data = models.BinaryField()

    class Meta:
        db_table = "export_chunk"


class TrailVisit(models.Model):
    """When somebody's look at the trail was recorded last: it is an event once an hour."""

    pk = models.CompositePrimaryKey("workspace_id", "user_id")
    workspace_id = models.BigIntegerField()
    user_id = models.TextField()
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "trail_visit"
