"""Spaces of other systems, as far as this workspace knows of them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from auditapp.lib import clock
from auditapp.record.drafts import Target


class Space(models.Model):
    """A space. Its id is that of the system that owns it, and the scope of the events about it.

    `named_at` and `state_at` are the times of the events that last told its name, and whether it is there.
    """

    pk = models.CompositePrimaryKey("workspace_id", "id")
    workspace_id = models.BigIntegerField()
    id = models.TextField()
    name = models.TextField(default="")
    labels = ArrayField(models.TextField(), default=list)
    named_at = models.DateTimeField()
    state_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "space"

    def __str__(self) -> str:
        return self.name or self.id

    @property
    def title(self) -> str:
        """Its name, or its id where no event told one."""
        return str(self)

    @property
    def audit_target(self) -> Target:
        return Target("space", self.id, self.name)

    @property
    def audit_scope(self) -> str:
        return self.id
