"""Sources. Their inbox and schema are tables of their own."""

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
    write_key = models.TextField()
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "source"
        constraints = [
            models.UniqueConstraint("workspace_id", "slug", name="source_slug_once"),
            models.UniqueConstraint("workspace_id", Lower("name"), name="source_name_once"),
            models.UniqueConstraint("workspace_id", "write_key", name="source_write_key_once"),
        ]

    @property
    def audit_target(self) -> Target:
        return Target("source", self.id, self.name)

    @property
    def audit_scope(self) -> str:
        return self.id
