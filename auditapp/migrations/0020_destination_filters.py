"""Filters of destinations."""

from django.db import migrations, models

import auditapp.lib.clock
from auditapp.migrations._rights import tenant_rights


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0019_expiry_told")]

    operations = [
        migrations.CreateModel(
            name="DestinationFilter",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("id", models.TextField()),
                ("source_id", models.TextField()),
                ("destination_id", models.TextField()),
                ("title", models.CharField(max_length=64)),
                ("description", models.CharField(default="", max_length=500)),
                ("condition", models.TextField()),
                ("actions", models.JSONField()),
                ("is_enabled", models.BooleanField(default=True)),
                ("position", models.IntegerField(default=0)),
                ("revision", models.TextField()),
                ("created_at", models.DateTimeField(default=auditapp.lib.clock.now)),
                ("updated_at", models.DateTimeField(default=auditapp.lib.clock.now)),
            ],
            options={
                "db_table": "destination_filter",
                "indexes": [
                    models.Index(models.F("workspace_id"), models.F("destination_id"), name="filter_of_destination")
                ],
            },
        ),
        migrations.RunSQL(tenant_rights("destination_filter"), migrations.RunSQL.noop),
    ]
