"""Filters of destinations as they are stored. What one does is compiled from its condition and actions."""

from django.db import models

from auditapp.lib import clock
from auditapp.record.drafts import Target


class DestinationFilter(models.Model):
    """A filter of one destination. `actions` are as the API says them; `position` is its place on the page.

    `revision` is another one after each change: what was compiled is kept by it.
    """

    pk = models.CompositePrimaryKey("workspace_id", "id")
    workspace_id = models.BigIntegerField()
    id = models.TextField()
    source_id = models.TextField()
    destination_id = models.TextField()
    title = models.CharField(max_length=64)
    description = models.CharField(max_length=500, default="")
    condition = models.TextField()
    actions = models.JSONField()
    is_enabled = models.BooleanField(default=True)
    position = models.IntegerField(default=0)
    revision = models.TextField()
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "destination_filter"
        indexes = [models.Index("workspace_id", "destination_id", name="filter_of_destination")]

    @property
    def audit_target(self) -> Target:
        return Target("destination_filter", self.id, self.title)

    @property
    def audit_scope(self) -> str:
        return self.source_id
