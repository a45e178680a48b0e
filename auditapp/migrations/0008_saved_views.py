"""Saved views of the trail, and the one that each member opens it with."""

import django.db.models.functions.text
from django.db import migrations, models

import auditapp.lib.clock
from auditapp.migrations._rights import tenant_rights


class Migration(migrations.Migration):
    dependencies = [
        ("auditapp", "0007_exports"),
    ]

    operations = [
        migrations.CreateModel(
            name="DefaultView",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "user_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("user_id", models.TextField()),
                ("view_id", models.TextField()),
            ],
            options={
                "db_table": "default_view",
            },
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("id", models.TextField()),
                ("owner_id", models.TextField()),
                ("name", models.CharField(max_length=100)),
                ("query", models.TextField()),
                ("is_shared", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(default=auditapp.lib.clock.now)),
            ],
            options={
                "db_table": "saved_view",
                "constraints": [
                    models.UniqueConstraint(
                        models.F("workspace_id"),
                        models.F("owner_id"),
                        django.db.models.functions.text.Lower("name"),
                        name="saved_view_name_once",
                    )
                ],
            },
        ),
        *(migrations.RunSQL(tenant_rights(table), migrations.RunSQL.noop) for table in ("saved_view", "default_view")),
    ]
