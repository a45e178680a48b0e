"""Exports that are written in the background, the pieces of their files, and who looked at the trail when."""

import django.contrib.postgres.fields
from django.db import migrations, models

from auditapp.migrations._rights import tenant_rights


def _key(*fields: str) -> models.CompositePrimaryKey:
    return models.CompositePrimaryKey(*fields, blank=True, editable=False, primary_key=True, serialize=False)


STATES = [
    ("queued", "Waiting"),
    ("running", "Writing"),
    ("done", "Ready"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
    ("expired", "Expired"),
]
RIGHTS = [
    tenant_rights("export", not_for_app="DELETE"),
    tenant_rights("export_chunk", not_for_app="INSERT, UPDATE, DELETE", for_worker="INSERT, DELETE"),
    tenant_rights("trail_visit", not_for_app="DELETE"),
    # Chunks are compressed already.
    "ALTER TABLE export_chunk ALTER data SET STORAGE EXTERNAL",
]


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0006_figures")]

    operations = [
        migrations.CreateModel(
            name="Export",
            fields=[
                ("pk", _key("workspace_id", "id")),
                ("workspace_id", models.BigIntegerField()),
                ("id", models.TextField()),
                ("requested_by", models.TextField()),
                ("sees_all", models.BooleanField()),
                ("sees_personal", models.BooleanField()),
                (
                    "scope_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None),
                ),
                (
                    "own_actor_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None),
                ),
                ("format", models.TextField()),
                ("query", models.TextField()),
                ("zone", models.TextField()),
                ("requested_at", models.DateTimeField()),
                ("since", models.DateTimeField(null=True)),
                ("until", models.DateTimeField()),
                ("state", models.TextField(choices=STATES, default="queued")),
                ("expected", models.BigIntegerField(null=True)),
                ("rows", models.BigIntegerField(default=0)),
                ("file_bytes", models.BigIntegerField(default=0)),
                ("position", models.TextField(blank=True)),
                ("attempts", models.SmallIntegerField(default=0)),
                ("touched_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("reason", models.TextField(blank=True)),
                ("filename", models.TextField(blank=True)),
                ("sha256", models.TextField(blank=True)),
                ("checkpoint", models.TextField(blank=True)),
            ],
            options={
                "db_table": "export",
                "indexes": [models.Index(fields=["workspace_id", "requested_at"], name="export_by_time")],
            },
        ),
        migrations.CreateModel(
            name="ExportChunk",
            fields=[
                ("pk", _key("workspace_id", "export_id", "is_draft", "number")),
                ("workspace_id", models.BigIntegerField()),
                ("export_id", models.TextField()),
                ("is_draft", models.BooleanField()),
                ("number", models.IntegerField()),
                ("data", models.BinaryField()),
            ],
            options={"db_table": "export_chunk"},
        ),
        migrations.CreateModel(
            name="TrailVisit",
            fields=[
                ("pk", _key("workspace_id", "user_id")),
                ("workspace_id", models.BigIntegerField()),
                ("user_id", models.TextField()),
                ("recorded_at", models.DateTimeField()),
            ],
            options={"db_table": "trail_visit"},
        ),
        migrations.RunSQL(";\n".join(RIGHTS), migrations.RunSQL.noop),
    ]
