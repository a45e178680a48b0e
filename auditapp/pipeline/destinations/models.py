"""Destinations and how they are reached."""

from django.db import models
from django.db.models.functions import Lower

from auditapp.lib import clock
from auditapp.record.drafts import Target


class Destination(models.Model):
    """Where the events of one source go. Its history belongs to the source, and so do the rights over it.

    `settings` is what its kind asks for; what is secret of that is kept sealed, as JSON, in `secrets` (lib.secret_box).
    `version` goes up with everything that changes what is sent: settings, filters, transformations, the function.
    `tested_at` is when a test event arrived under the present settings; without it nothing is enabled.
    """

    pk = models.CompositePrimaryKey("workspace_id", "id")
    workspace_id = models.BigIntegerField()
    id = models.TextField()
    source_id = models.TextField()
    kind = models.CharField(max_length=40)
    name = models.CharField(max_length=100)
    is_enabled = models.BooleanField(default=False)
    paused_at = models.DateTimeField(null=True)
    pause_reason = models.TextField(default="")
    form = models.CharField(max_length=20, default="segment")
    settings = models.JSONField(default=dict)
    secrets = models.BinaryField(null=True)
    version = models.IntegerField(default=1)
    tested_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "destination"
        constraints = [models.UniqueConstraint("workspace_id", Lower("name"), name="destination_name_once")]
        indexes = [models.Index("workspace_id", "source_id", name="destination_of_source")]

    @property
    def audit_target(self) -> Target:
        return Target("destination", self.id, self.name)

    @property
    def audit_scope(self) -> str:
        return self.source_id
