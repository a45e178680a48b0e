"""How a workspace forwards its trail."""

from django.db import models

from auditapp.lib import clock
from auditapp.record.drafts import Target

NAME = "Audit Forwarding"


class Forwarding(models.Model):
    """What a workspace forwards, and to which source. Its position is that of a named reader of the sealed log.

    `generation` is part of that reader's name: forwarding from another place of the log is another reader, since a reader never
    goes back. Events before `backfill_end` are old ones, which go at a limited rate.
    """

    workspace_id = models.BigIntegerField(primary_key=True)
    is_on = models.BooleanField(default=False)
    source_id = models.TextField(default="")
    query = models.TextField(default="")
    has_one_name = models.BooleanField(default=False)
    generation = models.IntegerField(default=0)
    start_index = models.BigIntegerField(default=0)
    backfill_end = models.BigIntegerField(default=0)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "forwarding"

    @property
    def reader_name(self) -> str:
        return f"forwarding-{self.generation}"

    @property
    def audit_target(self) -> Target:
        return Target("audit_forwarding", f"ws_{self.workspace_id}", NAME)
