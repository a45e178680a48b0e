"""Sources, their write keys, and what came in: the inbox, counts by hour, and the events that were ever seen."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from auditapp.lib import clock
from auditapp.record.drafts import Target


class Source(models.Model):
    """An event streams source; its id is also the scope of the events about it."""

    pk = models.CompositePrimaryKey("workspace_id", "id")
    workspace_id = models.BigIntegerField()
    id = models.TextField()
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=40, default="http_api")
    is_enabled = models.BooleanField(default=True)
    settings = models.JSONField(default=dict)
    labels = ArrayField(models.TextField(), default=list)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "source"
        constraints = [
            models.UniqueConstraint("workspace_id", "slug", name="source_slug_once"),
            models.UniqueConstraint("workspace_id", Lower("name"), name="source_name_once"),
        ]

    @property
    def audit_target(self) -> Target:
        return Target("source", self.id, self.name)

    @property
    def audit_scope(self) -> str:
        return self.id


class WriteKey(models.Model):
    """What a client sends with its events. It stands in code that others can read, so it is kept as it is and shown again.

    `ends_at` is set where a newer one took its place, or it was revoked.
    """

    pk = models.CompositePrimaryKey("workspace_id", "id")
    workspace_id = models.BigIntegerField()
    id = models.TextField()
    source_id = models.TextField()
    key = models.TextField()
    created_at = models.DateTimeField(default=clock.now)
    ends_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "write_key"
        constraints = [models.UniqueConstraint("workspace_id", "key", name="write_key_once")]
        indexes = [
            models.Index("workspace_id", "source_id", name="write_key_of_source"),
            models.Index("key", name="write_key_alone"),
        ]


class TrailSource(models.Model):
    """A source that events of the trail were forwarded to at any time: what it took in shows them."""

    pk = models.CompositePrimaryKey("workspace_id", "source_id")
    workspace_id = models.BigIntegerField()
    source_id = models.TextField()

    class Meta:
        db_table = "trail_source"


class SourceHead(models.Model):
    """Where the inbox of a source ends. Its row lock gives the events of a source their order."""

    pk = models.CompositePrimaryKey("workspace_id", "source_id")
    workspace_id = models.BigIntegerField()
    source_id = models.TextField()
    next_index = models.BigIntegerField(default=0)

    class Meta:
        db_table = "source_head"


class SourceEvent(models.Model):
    """One event in the inbox of a source, as its destinations will see it, and what was decided about it when it came in.

    Partitioned by week of `received_at`; partitions and rights are in the migration.
    """

    pk = models.CompositePrimaryKey("workspace_id", "source_id", "index", "received_at")
    workspace_id = models.BigIntegerField()
    source_id = models.TextField()
    index = models.BigIntegerField()
    received_at = models.DateTimeField()
    message_id = models.TextField()
    type = models.TextField()
    name = models.TextField()
    verdict = models.TextField()
    payload = models.BinaryField()

    class Meta:
        db_table = "source_event"


class SourceCount(models.Model):
    """How many events of one name came in within an hour, by what was decided about them."""

    pk = models.CompositePrimaryKey("workspace_id", "source_id", "hour", "type", "name", "verdict")
    workspace_id = models.BigIntegerField()
    source_id = models.TextField()
    hour = models.DateTimeField()
    type = models.TextField()
    name = models.TextField()
    verdict = models.TextField()
    events = models.BigIntegerField()
    last_at = models.DateTimeField()

    class Meta:
        db_table = "source_count"


class SeenEvent(models.Model):
    """A name of an event that a source sent, and the properties or traits that it had: the schema as it was observed.

    `properties` is {dotted path: [JSON types]}.
    """

    pk = models.CompositePrimaryKey("workspace_id", "source_id", "type", "name")
    workspace_id = models.BigIntegerField()
    source_id = models.TextField()
    type = models.TextField()
    name = models.TextField()
    properties = models.JSONField(default=dict)
    is_allowed = models.BooleanField(default=True)
    is_archived = models.BooleanField(default=False)
    first_seen_at = models.DateTimeField()

    class Meta:
        db_table = "seen_event"
