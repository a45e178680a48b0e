"""Which event undid which field of which other one."""

from django.db import migrations, models

import auditapp.lib.clock
from auditapp.migrations._rights import tenant_rights


class Migration(migrations.Migration):
    dependencies = [
        ("auditapp", "0023_alerts"),
    ]

    operations = [
        migrations.CreateModel(
            name="Revert",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "event_id",
                        "path",
                        "by_event_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("event_id", models.UUIDField()),
                ("path", models.TextField(blank=True)),
                ("by_event_id", models.UUIDField()),
                (
                    "what",
                    models.TextField(
                        choices=[
                            ("change", "Undo this change"),
                            ("version", "Restore this version"),
                            ("request", "Undo the whole request"),
                        ]
                    ),
                ),
                ("by_name", models.TextField(blank=True)),
                ("at", models.DateTimeField(default=auditapp.lib.clock.now)),
                ("undone_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "revert",
                "indexes": [models.Index(fields=["workspace_id", "by_event_id"], name="revert_by_event")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("undone_at", None), models.Q(("what", "version"), _negated=True)),
                        fields=("workspace_id", "event_id", "path"),
                        name="revert_once",
                    )
                ],
            },
        ),
        migrations.RunSQL(tenant_rights("revert"), migrations.RunSQL.noop),
    ]
