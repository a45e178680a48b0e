"""Tracking plans, which source follows which, and how events broke them."""

import django.contrib.postgres.fields
import django.db.models.functions.text
from django.db import migrations, models

import auditapp.lib.clock
from auditapp.migrations._rights import tenant_rights

# A source that is deleted takes its connection along, and is no longer forwarded to. No key crosses workspaces.
KEYS = """
ALTER TABLE source_plan
    ADD CONSTRAINT source_plan_source FOREIGN KEY (workspace_id, source_id) REFERENCES source ON DELETE CASCADE,
    ADD CONSTRAINT source_plan_plan FOREIGN KEY (workspace_id, plan_id) REFERENCES tracking_plan ON DELETE SET NULL (plan_id),
    ADD CONSTRAINT source_plan_violations_to FOREIGN KEY (workspace_id, forwarding_violations_to) REFERENCES source
        ON DELETE SET NULL (forwarding_violations_to),
    ADD CONSTRAINT source_plan_blocked_to FOREIGN KEY (workspace_id, forwarding_blocked_to) REFERENCES source
        ON DELETE SET NULL (forwarding_blocked_to);
ALTER TABLE tracking_plan_rule
    ADD CONSTRAINT tracking_plan_rule_plan FOREIGN KEY (workspace_id, plan_id) REFERENCES tracking_plan ON DELETE CASCADE;
"""
TABLES = ("tracking_plan", "tracking_plan_rule", "source_plan", "violation_count", "violation_sample")


class Migration(migrations.Migration):
    dependencies = [
        ("auditapp", "0015_destinations"),
    ]

    operations = [
        migrations.CreateModel(
            name="PlanRule",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "plan_id",
                        "type",
                        "key",
                        "version",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("plan_id", models.TextField()),
                ("type", models.TextField()),
                ("key", models.TextField()),
                ("version", models.IntegerField()),
                ("schema", models.TextField()),
                (
                    "labels",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
                ("created_at", models.DateTimeField(default=auditapp.lib.clock.now)),
                ("updated_at", models.DateTimeField(default=auditapp.lib.clock.now)),
            ],
            options={
                "db_table": "tracking_plan_rule",
            },
        ),
        migrations.CreateModel(
            name="SourcePlan",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "source_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("source_id", models.TextField()),
                ("plan_id", models.TextField(null=True)),
                ("settings", models.JSONField(default=dict)),
                ("forwarding_violations_to", models.TextField(null=True)),
                ("forwarding_blocked_to", models.TextField(null=True)),
                ("connected_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "source_plan",
                "indexes": [models.Index(models.F("workspace_id"), models.F("plan_id"), name="source_plan_of_plan")],
            },
        ),
        migrations.CreateModel(
            name="TrackingPlan",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("id", models.TextField()),
                ("slug", models.SlugField(max_length=60)),
                ("name", models.CharField(max_length=100)),
                ("description", models.TextField(default="")),
                ("revision", models.TextField()),
                ("created_at", models.DateTimeField(default=auditapp.lib.clock.now)),
                ("updated_at", models.DateTimeField(default=auditapp.lib.clock.now)),
            ],
            options={
                "db_table": "tracking_plan",
                "constraints": [
                    models.UniqueConstraint(models.F("workspace_id"), models.F("slug"), name="tracking_plan_slug_once"),
                    models.UniqueConstraint(
                        models.F("workspace_id"),
                        django.db.models.functions.text.Lower("name"),
                        name="tracking_plan_name_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ViolationCount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "source_id",
                        "hour",
                        "plan_id",
                        "type",
                        "name",
                        "kind",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("source_id", models.TextField()),
                ("hour", models.DateTimeField()),
                ("plan_id", models.TextField()),
                ("type", models.TextField()),
                ("name", models.TextField()),
                ("kind", models.TextField()),
                ("violation_type", models.TextField()),
                ("field", models.TextField()),
                ("description", models.TextField()),
                ("violations", models.BigIntegerField()),
                ("last_at", models.DateTimeField()),
            ],
            options={
                "db_table": "violation_count",
                "indexes": [
                    models.Index(
                        models.F("workspace_id"), models.F("plan_id"), models.F("hour"), name="violation_count_of_plan"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ViolationSample",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "source_id",
                        "index",
                        "number",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("source_id", models.TextField()),
                ("index", models.BigIntegerField()),
                ("number", models.IntegerField()),
                ("at", models.DateTimeField()),
                ("plan_id", models.TextField()),
                ("message_id", models.TextField()),
                ("type", models.TextField()),
                ("name", models.TextField()),
                ("verdict", models.TextField()),
                ("kind", models.TextField()),
                ("violation_type", models.TextField()),
                ("field", models.TextField()),
                ("description", models.TextField()),
            ],
            options={
                "db_table": "violation_sample",
                "indexes": [
                    models.Index(
                        models.F("workspace_id"), models.F("plan_id"), models.F("at"), name="violation_sample_of_plan"
                    )
                ],
            },
        ),
        *(migrations.RunSQL(tenant_rights(table), migrations.RunSQL.noop) for table in TABLES),
        migrations.RunSQL(KEYS, migrations.RunSQL.noop),
    ]
