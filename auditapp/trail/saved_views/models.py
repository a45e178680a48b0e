"""Saved views: named queries of the trail, and which of them somebody opens it with."""

from django.db import models
from django.db.models.functions import Lower

from auditapp.lib import clock
from auditapp.record.drafts import Target


class SavedView(models.Model):
    """A query under a name, in canonical form. Private views are their owner's alone; shared ones are offered to everyone."""

    pk = models.CompositePrimaryKey("workspace_id", "id")
    workspace_id = models.BigIntegerField()
    id = models.TextField()
    owner_id = models.TextField()
    name = models.CharField(max_length=100)
    query = models.TextField()
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "saved_view"
        constraints = [models.UniqueConstraint("workspace_id", "owner_id", Lower("name"), name="saved_view_name_once")]

    @property
    def audit_target(self) -> Target:
        return Target("saved_view", self.id, self.name)


class DefaultView(models.Model):
    """The view that a member opens the trail with: the id of a saved one or the key of a ready one."""

    pk = models.CompositePrimaryKey("workspace_id", "user_id")
    workspace_id = models.BigIntegerField()
    user_id = models.TextField()
    view_id = models.TextField()

    class Meta:
        db_table = "default_view"
