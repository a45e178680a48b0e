"""Warehouses and how they are reached."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from auditapp.lib import clock
from auditapp.record.drafts import Target


class Warehouse(models.Model):
    """A warehouse. `settings` holds host, database and user; the password is kept sealed in `secret` (lib.secret_box)."""

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

    class Meta:
        db_table = "warehouse"
        constraints = [models.UniqueConstraint("workspace_id", Lower("name"), name="warehouse_name_once")]

    @property
    def audit_target(self) -> Target:
        return Target("warehouse", self.id, self.name)
