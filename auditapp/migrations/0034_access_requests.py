"""What members asked to be allowed, and what came of it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import auditapp.lib.clock
from auditapp.migrations._rights import tenant_rights


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0033_token_networks")]

    operations = [
        migrations.CreateModel(
            name="AccessRequest",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("id", models.TextField()),
                ("permission", models.TextField()),
                ("meaning", models.TextField()),
                ("message", models.TextField(default="")),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("waiting", "Waits for an owner"),
                            ("approved", "Approved"),
                            ("declined", "Declined"),
                        ],
                        default="waiting",
                    ),
                ),
                ("created_at", models.DateTimeField(default=auditapp.lib.clock.now)),
                ("answered_at", models.DateTimeField(null=True)),
                ("role_name", models.TextField(default="")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "access_request",
                "indexes": [models.Index(fields=["workspace_id", "user", "created_at"], name="access_request_of")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "waiting")),
                        fields=("workspace_id", "user", "permission"),
                        name="access_request_open_once",
                    )
                ],
            },
        ),
        migrations.RunSQL(tenant_rights("access_request"), migrations.RunSQL.noop),
    ]
