"""Warehouses, how they are reached, what each source's feed into one stands at, and their syncs."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from auditapp.lib import clock
from auditapp.pipeline.warehouses.schedules import DEFAULT
from auditapp.record.drafts import Target


class Warehouse(models.Model):
    """A warehouse. `settings` holds host, database and user; the password is kept sealed in `secret` (lib.secret_box).

    `next_sync_at` is when the schedule is due; of a continuous one, before when it is not. `checked_at` is when the settings as they
    are were tried last, `check_problem` what was found, "" for nothing.
    """

    pk = models.CompositePrimaryKey("workspace_id", "id")
    workspace_id = models.BigIntegerField()
    id = models.TextField()
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=40, default="postgresql")
    is_enabled = models.BooleanField(default=True)
    settings = models.JSONField(default=dict)
    secret = models.BinaryField(null=True)
    source_ids = ArrayField(models.TextField(), default=list)
    created_at = models.DateTimeField(default=clock.now)
    schedule = models.TextField(default=DEFAULT)
    next_sync_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    check_problem = models.TextField(blank=True)

    class Meta:
        db_table = "warehouse"
        constraints = [models.UniqueConstraint("workspace_id", Lower("name"), name="warehouse_name_once")]

    @property
    def audit_target(self) -> Target:
        return Target("warehouse", self.id, self.name)

    @property
    def audit_scope(self) -> str:
        return self.id


class WarehouseFeed(models.Model):
    """A source that feeds a warehouse: how far it is loaded, into which schema, and what is left out.

    `position` and `rows` follow what the warehouse itself says. `left_out` holds names as tables.collection_of() gives them.
    """

    pk = models.CompositePrimaryKey("workspace_id", "warehouse_id", "source_id")
    workspace_id = models.BigIntegerField()
    warehouse_id = models.TextField()
    source_id = models.TextField()
    schema = models.TextField(blank=True)
    position = models.BigIntegerField(default=0)
    rows = models.BigIntegerField(default=0)
    left_out = ArrayField(models.TextField(), default=list)

    class Meta:
        db_table = "warehouse_feed"


class SyncState(models.TextChoices):
    """How a sync ended, in Segment's words, or that it has not."""

    RUNNING = "running", "Running"
    SUCCESS = "success", "Success"
    PARTIAL = "partial", "Partial"
    FAILURE = "failure", "Failure"
    CANCELLED = "cancelled", "Cancelled"


class WarehouseSync(models.Model):
    """One sync of a warehouse; of a continuous one, those of an hour that went the same way (`syncs` says how many).

    `sources` tells of each source: {"id", "name", "schema", "events", "rows", "notices"}.
    """

    pk = models.CompositePrimaryKey("workspace_id", "id")
    workspace_id = models.BigIntegerField()
    id = models.TextField()
    warehouse_id = models.TextField()
    task_id = models.TextField()
    schedule = models.TextField()
    asked_by = models.TextField(blank=True)
    state = models.TextField(choices=SyncState.choices, default=SyncState.RUNNING)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    duration_ms = models.BigIntegerField(default=0)
    events = models.BigIntegerField(default=0)
    rows = models.BigIntegerField(default=0)
    notices = models.BigIntegerField(default=0)
    syncs = models.IntegerField(default=1)
    sources = models.JSONField(default=list)
    error = models.TextField(blank=True)

    class Meta:
        db_table = "warehouse_sync"
        indexes = [models.Index("workspace_id", "warehouse_id", "started_at", name="warehouse_sync_by_time")]
