"""The tables of the trail: events as they were recorded, what waits for its seal, and counts by day.

Rows are written by writer.py and counted by `sealing`; partitions, rights, triggers and row-level security are in the migrations.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from auditapp.record.drafts import Target


class Event(models.Model):
    """One thing that somebody did. Never changed: values can be erased, and their proof stays.

    `envelope` holds the exact bytes whose hash is the leaf. `units` holds the values it commits to (actor, targets, context,
    meta, then old and new of each change), `salts` their salts. The other columns are projections for filters and indexes.
    """

    pk = models.CompositePrimaryKey("workspace_id", "occurred_at", "id")
    workspace_id = models.BigIntegerField()
    occurred_at = models.DateTimeField()
    id = models.UUIDField()
    received_at = models.DateTimeField()
    type = models.TextField()
    area = models.TextField()
    actor_kind = models.TextField()
    actor_id = models.TextField()
    resource_type = models.TextField()
    resource_id = models.TextField()
    scope_id = models.TextField(null=True)
    outcome = models.TextField()
    is_read = models.BooleanField()
    request_id = models.TextField(null=True)
    session_id = models.TextField(null=True)
    tokens = SearchVectorField()
    envelope = models.BinaryField()
    leaf_hash = models.BinaryField()
    units = ArrayField(models.BinaryField(null=True))
    salts = ArrayField(models.BinaryField(null=True))
    erased_by = ArrayField(models.UUIDField(), null=True)

    class Meta:
        db_table = "event"


class Pending(models.Model):
    """An event that waits for its place in the tree: numbers and hashes, all that the sealer needs."""

    pk = models.CompositePrimaryKey("workspace_id", "n")
    workspace_id = models.BigIntegerField()
    n = models.BigIntegerField()
    occurred_at = models.DateTimeField()
    event_id = models.UUIDField()
    leaf_hash = models.BinaryField()
    type = models.TextField()
    actor_id = models.TextField()
    scope_id = models.TextField(null=True)
    is_failure = models.BooleanField()

    class Meta:
        db_table = "pending"


class Idempotency(models.Model):
    """A key that a client sent with an event, and what it got: the same key and body is the same event."""

    pk = models.CompositePrimaryKey("workspace_id", "key_digest")
    workspace_id = models.BigIntegerField()
    key_digest = models.BinaryField()
    body_digest = models.BinaryField()
    event_id = models.UUIDField()
    leaf_hash = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "idempotency"


class EventAttempt(models.Model):
    """An event that tells of an attempt at a task, and the run of attempts that it belongs to (attempts.py).

    `task` is a digest of the task and its resource; the event itself says which task it is.
    """

    pk = models.CompositePrimaryKey("workspace_id", "event_id")
    workspace_id = models.BigIntegerField()
    event_id = models.UUIDField()
    occurred_at = models.DateTimeField()
    task = models.BinaryField()
    run = models.IntegerField()
    number = models.SmallIntegerField()

    class Meta:
        db_table = "event_attempt"
        indexes = [models.Index(fields=["workspace_id", "task", "run", "number"], name="event_attempt_of_task")]


class DeclaredType(models.Model):
    """An event type that a workspace declared for itself, with an optional JSON Schema (2020-12) of its `meta`."""

    pk = models.CompositePrimaryKey("workspace_id", "key")
    workspace_id = models.BigIntegerField()
    key = models.TextField()
    name = models.TextField()
    area = models.TextField()
    resource_type = models.TextField()
    verb = models.TextField()
    risk = models.TextField()
    sentence = models.TextField()
    schema = models.JSONField(null=True)
    secret_paths = ArrayField(models.TextField(), default=list)
    sensitive_paths = ArrayField(models.TextField(), default=list)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "declared_type"

    @property
    def audit_target(self) -> Target:
        return Target("event_type", self.key, self.name)


class TypeCount(models.Model):
    """Sealed events of one type on one UTC day; scope '' counts the whole workspace."""

    pk = models.CompositePrimaryKey("workspace_id", "scope_id", "day", "type")
    workspace_id = models.BigIntegerField()
    scope_id = models.TextField()
    day = models.DateField()
    type = models.TextField()
    events = models.BigIntegerField()
    failures = models.BigIntegerField()

    class Meta:
        db_table = "type_count"


class ActorCount(models.Model):
    """Sealed events of one actor on one UTC day; scope '' counts the whole workspace."""

    pk = models.CompositePrimaryKey("workspace_id", "scope_id", "day", "actor_id")
    workspace_id = models.BigIntegerField()
    scope_id = models.TextField()
    day = models.DateField()
    actor_id = models.TextField()
    events = models.BigIntegerField()

    class Meta:
        db_table = "actor_count"


class TypeTotal(models.Model):
    """Sealed events of one type in a month ("2026-11") or ever ("all"), of the days that the sealer has folded (TreeHead)."""

    pk = models.CompositePrimaryKey("workspace_id", "scope_id", "period", "type")
    workspace_id = models.BigIntegerField()
    scope_id = models.TextField()
    period = models.TextField()
    type = models.TextField()
    events = models.BigIntegerField()

    class Meta:
        db_table = "type_total"


class ActorTotal(models.Model):
    """Sealed events of one actor in a month ("2026-11") or ever ("all"), of the days that the sealer has folded (TreeHead)."""

    pk = models.CompositePrimaryKey("workspace_id", "scope_id", "period", "actor_id")
    workspace_id = models.BigIntegerField()
    scope_id = models.TextField()
    period = models.TextField()
    actor_id = models.TextField()
    events = models.BigIntegerField()

    class Meta:
        db_table = "actor_total"
