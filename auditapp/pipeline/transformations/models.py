"""Transformations as they are stored. What one does is compiled from its definition in definition.py."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from auditapp.lib import clock
from auditapp.record.drafts import Target


class SavedTransformation(models.Model):
    """A transformation of a source, or of one of its destinations where `destination_id` is not "".

    `definition` is as the API says it, without the key of its hash, which is kept sealed in `hash_key`. `event` says which events
    it is about, `kinds` what it does to them. `revision` is another one after each change: what was compiled is kept by it.
    """

    pk = models.CompositePrimaryKey("workspace_id", "id")
    workspace_id = models.BigIntegerField()
    id = models.TextField()
    name = models.CharField(max_length=100)
    source_id = models.TextField()
    destination_id = models.TextField(default="")
    definition = models.JSONField()
    hash_key = models.BinaryField(null=True)
    event = models.TextField()
    kinds = ArrayField(models.TextField())
    is_enabled = models.BooleanField(default=True)
    revision = models.TextField()
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "transformation"
        indexes = [models.Index("workspace_id", "source_id", "destination_id", name="transformation_of_source")]

    @property
    def audit_target(self) -> Target:
        return Target("transformation", self.id, self.name)

    @property
    def audit_scope(self) -> str:
        return self.source_id
