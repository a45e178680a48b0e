"""Tasks with their steps and attempts: resumable work of the worker."""

from django.db import migrations, models

import auditapp.lib.clock
from auditapp.migrations._rights import tenant_rights


def _key(*fields: str) -> models.CompositePrimaryKey:
    return models.CompositePrimaryKey(*fields, blank=True, editable=False, primary_key=True, serialize=False)


TABLES = ("task", "task_step", "task_attempt")
RIGHTS = [tenant_rights(table, not_for_app="DELETE", for_worker="DELETE") for table in TABLES]


class Migration(migrations.Migration):
    dependencies = [
        ("auditapp", "0012_tracking_plan_roles"),
    ]

    operations = [
        migrations.CreateModel(
            name="TaskAttempt",
            fields=[
                ("pk", _key("workspace_id", "task_id", "number")),
                ("workspace_id", models.BigIntegerField()),
                ("task_id", models.TextField()),
                ("number", models.SmallIntegerField()),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("interrupted", "Interrupted"),
                        ],
                        default="running",
                    ),
                ),
                ("started_at", models.DateTimeField(default=auditapp.lib.clock.now)),
                ("finished_at", models.DateTimeField(null=True)),
                ("step", models.TextField(blank=True)),
                ("error", models.TextField(blank=True)),
            ],
            options={
                "db_table": "task_attempt",
            },
        ),
        migrations.CreateModel(
            name="TaskStep",
            fields=[
                ("pk", _key("workspace_id", "task_id", "position")),
                ("workspace_id", models.BigIntegerField()),
                ("task_id", models.TextField()),
                ("position", models.SmallIntegerField()),
                ("name", models.TextField()),
                ("completed_at", models.DateTimeField(null=True)),
                ("result", models.JSONField(null=True)),
            ],
            options={
                "db_table": "task_step",
            },
        ),
        migrations.CreateModel(
            name="Task",
            fields=[
                ("pk", _key("workspace_id", "id")),
                ("workspace_id", models.BigIntegerField()),
                ("id", models.TextField()),
                ("kind", models.TextField()),
                ("key", models.TextField()),
                ("subject_type", models.TextField()),
                ("subject_id", models.TextField()),
                ("subject_name", models.TextField()),
                ("scope_id", models.TextField(blank=True)),
                ("details", models.JSONField(default=dict)),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="waiting",
                    ),
                ),
                ("attempt", models.SmallIntegerField(default=0)),
                ("of", models.SmallIntegerField()),
                ("fence", models.BigIntegerField(default=0)),
                ("lease_until", models.DateTimeField(null=True)),
                ("next_at", models.DateTimeField(default=auditapp.lib.clock.now)),
                ("created_at", models.DateTimeField(default=auditapp.lib.clock.now)),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("done", models.BigIntegerField(default=0)),
                ("total", models.BigIntegerField(null=True)),
                ("error", models.TextField(blank=True)),
            ],
            options={
                "db_table": "task",
                "indexes": [
                    models.Index(
                        models.F("next_at"), condition=models.Q(("state__in", ("waiting", "running"))), name="task_due"
                    ),
                    models.Index(
                        models.F("workspace_id"), models.F("subject_id"), models.F("created_at"), name="task_of_subject"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("waiting", "running"))),
                        fields=("workspace_id", "kind", "key"),
                        name="task_live_once",
                    )
                ],
            },
        ),
        migrations.RunSQL(";\n".join(RIGHTS), migrations.RunSQL.noop),
    ]
