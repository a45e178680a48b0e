"""Functions, their versions, and where they are put: one in a source, one in a destination."""

from django.db import models
from django.db.models.functions import Lower

from auditapp.lib import clock
from auditapp.record.drafts import Target


class Function(models.Model):
    """A function. Events go through its deployed version; what is written goes into the latest.

    `settings` says what it asks of whoever puts it somewhere: [{name, label, type, required, sensitive, description}].
    """

    pk = models.CompositePrimaryKey("workspace_id", "id")
    workspace_id = models.BigIntegerField()
    id = models.TextField()
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=500, default="")
    resource_type = models.CharField(max_length=20)
    settings = models.JSONField(default=list)
    latest_version = models.IntegerField(default=1)
    deployed_version = models.IntegerField(null=True)
    deployed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "function"
        constraints = [models.UniqueConstraint("workspace_id", Lower("name"), name="function_name_once")]

    @property
    def audit_target(self) -> Target:
        return Target("insert_function", self.id, self.name)

    @property
    def audit_scope(self) -> str:
        return self.id


class FunctionVersion(models.Model):
    """The code of one version. It is never changed: going back to it makes another one.

    `forget_at` is set when the function is deleted: until then it can be brought back.
    """

    pk = models.CompositePrimaryKey("workspace_id", "function_id", "number")
    workspace_id = models.BigIntegerField()
    function_id = models.TextField()
    number = models.IntegerField()
    code = models.TextField()
    restored_from = models.IntegerField(null=True)
    created_by = models.TextField()
    created_at = models.DateTimeField(default=clock.now)
    forget_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "function_version"


class FunctionUse(models.Model):
    """A function in a source, or in the destination `destination_id` where that is not "".

    What is secret of its settings is kept sealed, as JSON, in `secrets`.
    """

    pk = models.CompositePrimaryKey("workspace_id", "id")
    workspace_id = models.BigIntegerField()
    id = models.TextField()
    function_id = models.TextField()
    source_id = models.TextField()
    destination_id = models.TextField(default="")
    settings = models.JSONField(default=dict)
    secrets = models.BinaryField(null=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "function_use"
        constraints = [
            models.UniqueConstraint("workspace_id", "source_id", "destination_id", name="function_once_in_a_place")
        ]
        indexes = [models.Index("workspace_id", "function_id", name="function_use_of")]
