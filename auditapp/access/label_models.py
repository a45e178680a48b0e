"""The labels of a workspace, from which those of its sources and roles are chosen."""

from django.db import models

from auditapp.lib import clock
from auditapp.record.drafts import Target


class Label(models.Model):
    """A label that is known. What carries it says so by its text: `environment:prod`."""

    pk = models.CompositePrimaryKey("workspace_id", "key", "value")
    workspace_id = models.BigIntegerField()
    key = models.CharField(max_length=40)
    value = models.CharField(max_length=40)
    description = models.CharField(max_length=200, default="")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "label"
        ordering = ("key", "value")

    def __str__(self) -> str:
        return f"{self.key}:{self.value}"

    @property
    def audit_target(self) -> Target:
        return Target("label", str(self), str(self))
