"""Syncs of warehouses: their schedule, how far each source is loaded, and their history."""

import django.contrib.postgres.fields
from django.db import migrations, models

from auditapp.migrations._rights import tenant_rights


def _key(*fields: str) -> models.CompositePrimaryKey:
    return models.CompositePrimaryKey(*fields, blank=True, editable=False, primary_key=True, serialize=False)


RIGHTS = [tenant_rights(table) for table in ("warehouse_feed", "warehouse_sync")]


class Migration(migrations.Migration):
    dependencies = [
        ("auditapp", "0016_tracking_plans"),
    ]

    operations = [
        migrations.CreateModel(
            name="WarehouseFeed",
            fields=[
                ("pk", _key("workspace_id", "warehouse_id", "source_id")),
                ("workspace_id", models.BigIntegerField()),
                ("warehouse_id", models.TextField()),
                ("source_id", models.TextField()),
                ("schema", models.TextField(blank=True)),
                ("position", models.BigIntegerField(default=0)),
                ("rows", models.BigIntegerField(default=0)),
                (
                    "left_out",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
            ],
            options={
                "db_table": "warehouse_feed",
            },
        ),
        migrations.AddField(
            model_name="warehouse",
            name="check_problem",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="warehouse",
            name="checked_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="warehouse",
            name="next_sync_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="warehouse",
            name="schedule",
            field=models.TextField(default="1h"),
        ),
        migrations.CreateModel(
            name="WarehouseSync",
            fields=[
                ("pk", _key("workspace_id", "id")),
                ("workspace_id", models.BigIntegerField()),
                ("id", models.TextField()),
                ("warehouse_id", models.TextField()),
                ("task_id", models.TextField()),
                ("schedule", models.TextField()),
                ("asked_by", models.TextField(blank=True)),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("running", "Running"),
                            ("success", "Success"),
                            ("partial", "Partial"),
                            ("failure", "Failure"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="running",
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("duration_ms", models.BigIntegerField(default=0)),
                ("events", models.BigIntegerField(default=0)),
                ("rows", models.BigIntegerField(default=0)),
                ("notices", models.BigIntegerField(default=0)),
                ("syncs", models.IntegerField(default=1)),
                ("sources", models.JSONField(default=list)),
                ("error", models.TextField(blank=True)),
            ],
            options={
                "db_table": "warehouse_sync",
                "indexes": [
                    models.Index(
                        models.F("workspace_id"),
                        models.F("warehouse_id"),
                        models.F("started_at"),
                        name="warehouse_sync_by_time",
                    )
                ],
            },
        ),
        migrations.RunSQL(";\n".join(RIGHTS), migrations.RunSQL.noop),
    ]
