"""Where other systems undo what events did to their resources, and what they were asked."""

from django.db import migrations, models

import auditapp.lib.clock
from auditapp.migrations._rights import tenant_rights


def key(*fields: str) -> models.CompositePrimaryKey:
    return models.CompositePrimaryKey(*fields, blank=True, editable=False, primary_key=True, serialize=False)


class Migration(migrations.Migration):
    dependencies = [
        ("auditapp", "0029_kept_versions"),
    ]

    operations = [
        migrations.CreateModel(
            name="RevertCallback",
            fields=[
                ("pk", key("workspace_id", "type")),
                ("workspace_id", models.BigIntegerField()),
                ("type", models.TextField()),
                ("url", models.TextField()),
                ("secret", models.BinaryField()),
                ("created_at", models.DateTimeField(default=auditapp.lib.clock.now)),
            ],
            options={
                "db_table": "revert_callback",
            },
        ),
        migrations.CreateModel(
            name="RevertRequest",
            fields=[
                ("pk", key("workspace_id", "event_id")),
                ("workspace_id", models.BigIntegerField()),
                ("event_id", models.UUIDField()),
                (
                    "state",
                    models.TextField(
                        choices=[("waiting", "Waiting"), ("accepted", "Undone"), ("failed", "Not undone")],
                        default="waiting",
                    ),
                ),
                ("host", models.TextField()),
                ("asked_by", models.TextField()),
                ("asked_by_name", models.TextField(blank=True)),
                ("asked_at", models.DateTimeField(default=auditapp.lib.clock.now)),
                ("answered_at", models.DateTimeField(null=True)),
                ("status", models.SmallIntegerField(null=True)),
                ("answer", models.TextField(blank=True)),
            ],
            options={
                "db_table": "revert_request",
            },
        ),
        migrations.RunSQL(tenant_rights("revert_callback"), migrations.RunSQL.noop),
        migrations.RunSQL(tenant_rights("revert_request"), migrations.RunSQL.noop),
    ]
