"""Transformations of sources and of their destinations."""

import django.contrib.postgres.fields
from django.db import migrations, models

import auditapp.lib.clock
from auditapp.migrations._rights import tenant_rights

# Who deletes a source knows nothing of what the pipeline keeps about it.
GO_WITH_SOURCE = """
ALTER TABLE transformation ADD CONSTRAINT transformation_goes_with_source
FOREIGN KEY (workspace_id, source_id) REFERENCES source (workspace_id, id) ON DELETE CASCADE
"""


class Migration(migrations.Migration):
    dependencies = [
        ("auditapp", "0013_tasks"),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedTransformation",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("id", models.TextField()),
                ("name", models.CharField(max_length=100)),
                ("source_id", models.TextField()),
                ("destination_id", models.TextField(default="")),
                ("definition", models.JSONField()),
                ("hash_key", models.BinaryField(null=True)),
                ("event", models.TextField()),
                ("kinds", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("is_enabled", models.BooleanField(default=True)),
                ("revision", models.TextField()),
                ("created_at", models.DateTimeField(default=auditapp.lib.clock.now)),
                ("updated_at", models.DateTimeField(default=auditapp.lib.clock.now)),
            ],
            options={
                "db_table": "transformation",
                "indexes": [
                    models.Index(
                        models.F("workspace_id"),
                        models.F("source_id"),
                        models.F("destination_id"),
                        name="transformation_of_source",
                    )
                ],
            },
        ),
        migrations.RunSQL(tenant_rights("transformation"), migrations.RunSQL.noop),
        migrations.RunSQL(GO_WITH_SOURCE, migrations.RunSQL.noop),
    ]
