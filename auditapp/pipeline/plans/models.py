"""Tracking plans with their rules, which source follows which of them, and how the events of sources broke them."""

import orjson
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from auditapp.lib import clock
from auditapp.pipeline.plans.rules import Rule, RuleType
from auditapp.record.drafts import Target


class TrackingPlan(models.Model):
    """A plan. `revision` is another one after each change of its rules: compiled plans are kept by it."""

    pk = models.CompositePrimaryKey("workspace_id", "id")
    workspace_id = models.BigIntegerField()
    id = models.TextField()
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=100)
    description = models.TextField(default="")
    revision = models.TextField()
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "tracking_plan"
        constraints = [
            models.UniqueConstraint("workspace_id", "slug", name="tracking_plan_slug_once"),
            models.UniqueConstraint("workspace_id", Lower("name"), name="tracking_plan_name_once"),
        ]

    @property
    def audit_target(self) -> Target:
        return Target("tracking_plan", self.id, self.name)

    @property
    def audit_scope(self) -> str:
        return self.id


class PlanRule(models.Model):
    """One rule of a plan. Its schema is kept as the text that was written: jsonb would put the fields into an order of its own."""

    pk = models.CompositePrimaryKey("workspace_id", "plan_id", "type", "key", "version")
    workspace_id = models.BigIntegerField()
    plan_id = models.TextField()
    type = models.TextField()
    key = models.TextField()
    version = models.IntegerField()
    schema = models.TextField()
    labels = ArrayField(models.TextField(), default=list)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "tracking_plan_rule"

    @property
    def rule(self) -> Rule:
        return Rule(RuleType(self.type), self.key, orjson.loads(self.schema), self.version, tuple(self.labels))


class PlanRuleChange(models.Model):
    """What one change of a plan did to one of its rules, so that there is a way back: events tell its `revision`, and no more of it.

    `before` is the rule as it was, null where there was none; `was` and `is_now` name it in short, before and after.
    """

    pk = models.CompositePrimaryKey("workspace_id", "plan_id", "revision", "type", "key", "version")
    workspace_id = models.BigIntegerField()
    plan_id = models.TextField()
    revision = models.TextField()
    type = models.TextField()
    key = models.TextField()
    version = models.IntegerField()
    before = models.TextField(null=True)
    was = models.TextField(null=True)
    is_now = models.TextField(null=True)

    class Meta:
        db_table = "tracking_plan_rule_change"


class SourcePlan(models.Model):
    """What a source does with events that its plan does not know or that break it, and which plan that is; none where plan_id is null.

    The sources that violations and blocked events go to are forgotten by the database when they are deleted.
    """

    pk = models.CompositePrimaryKey("workspace_id", "source_id")
    workspace_id = models.BigIntegerField()
    source_id = models.TextField()
    plan_id = models.TextField(null=True)
    settings = models.JSONField(default=dict)
    forwarding_violations_to = models.TextField(null=True)
    forwarding_blocked_to = models.TextField(null=True)
    connected_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "source_plan"
        indexes = [models.Index("workspace_id", "plan_id", name="source_plan_of_plan")]


class ViolationCount(models.Model):
    """How often events of one name broke a plan in one way within an hour.

    `kind` is a digest of the violation's type, field and description, which are too long for an index.
    """

    pk = models.CompositePrimaryKey("workspace_id", "source_id", "hour", "plan_id", "type", "name", "kind")
    workspace_id = models.BigIntegerField()
    source_id = models.TextField()
    hour = models.DateTimeField()
    plan_id = models.TextField()
    type = models.TextField()
    name = models.TextField()
    kind = models.TextField()
    violation_type = models.TextField()
    field = models.TextField()
    description = models.TextField()
    violations = models.BigIntegerField()
    last_at = models.DateTimeField()

    class Meta:
        db_table = "violation_count"
        indexes = [models.Index("workspace_id", "plan_id", "hour", name="violation_count_of_plan")]


class ViolationSample(models.Model):
    """A violation of one event, to look at: the first few of each kind in an hour. The event itself is in the inbox, at `index`."""

    pk = models.CompositePrimaryKey("workspace_id", "source_id", "index", "number")
    workspace_id = models.BigIntegerField()
    source_id = models.TextField()
    index = models.BigIntegerField()
    number = models.IntegerField()
    at = models.DateTimeField()
    plan_id = models.TextField()
    message_id = models.TextField()
    type = models.TextField()
    name = models.TextField()
    verdict = models.TextField()
    kind = models.TextField()
    violation_type = models.TextField()
    field = models.TextField()
    description = models.TextField()

    class Meta:
        db_table = "violation_sample"
        indexes = [models.Index("workspace_id", "plan_id", "at", name="violation_sample_of_plan")]
