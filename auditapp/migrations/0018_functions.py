"""Functions, their versions and where they are put; the roles that are about them, as in Segment."""

import django.db.models.functions.text
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Max

import auditapp.lib.clock
from auditapp.migrations._rights import tenant_rights

ADDED = {
    "workspace_owner": ["function.read", "function.write"],
    "auditor": ["function.read"],
}
SEEN = ["audit.read", "audit.verify", "audit.export", "function.read"]
ROLES = [
    (
        "function_admin",
        "Function Admin",
        "Changes and deploys the functions it is given. Putting one into a source takes a role over that source too.",
        [*SEEN, "function.write"],
    ),
    ("function_read_only", "Function Read-only", "Sees the functions it is given, their code and their history.", SEEN),
]
# Who deletes a source knows nothing of what the pipeline keeps about it.
GO_WITH_SOURCE = """
ALTER TABLE function_use ADD CONSTRAINT function_use_goes_with_source
FOREIGN KEY (workspace_id, source_id) REFERENCES source (workspace_id, id) ON DELETE CASCADE
"""


def widen_roles(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    role = apps.get_model("auditapp", "Role")
    for key, permissions in ADDED.items():
        held = role.objects.get(key=key)
        held.permissions = [*held.permissions, *(one for one in permissions if one not in held.permissions)]
        held.save(update_fields=["permissions"])
    last = role.objects.aggregate(last=Max("position"))["last"]
    for number, (key, name, description, permissions) in enumerate(ROLES, start=last + 1):
        role.objects.create(
            key=key,
            name=name,
            description=description,
            permissions=permissions,
            scopes=["all", "listed"],
            resource_type="function",
            position=number,
        )


def key(*fields: str) -> models.CompositePrimaryKey:
    return models.CompositePrimaryKey(*fields, blank=True, editable=False, primary_key=True, serialize=False)


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0017_warehouse_syncs")]

    operations = [
        migrations.CreateModel(
            name="Function",
            fields=[
                ("pk", key("workspace_id", "id")),
                ("workspace_id", models.BigIntegerField()),
                ("id", models.TextField()),
                ("name", models.CharField(max_length=100)),
                ("description", models.CharField(default="", max_length=500)),
                ("resource_type", models.CharField(max_length=20)),
                ("settings", models.JSONField(default=list)),
                ("latest_version", models.IntegerField(default=1)),
                ("deployed_version", models.IntegerField(null=True)),
                ("deployed_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(default=auditapp.lib.clock.now)),
                ("updated_at", models.DateTimeField(default=auditapp.lib.clock.now)),
            ],
            options={
                "db_table": "function",
                "constraints": [
                    models.UniqueConstraint(
                        models.F("workspace_id"),
                        django.db.models.functions.text.Lower("name"),
                        name="function_name_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="FunctionVersion",
            fields=[
                ("pk", key("workspace_id", "function_id", "number")),
                ("workspace_id", models.BigIntegerField()),
                ("function_id", models.TextField()),
                ("number", models.IntegerField()),
                ("code", models.TextField()),
                ("restored_from", models.IntegerField(null=True)),
                ("created_by", models.TextField()),
                ("created_at", models.DateTimeField(default=auditapp.lib.clock.now)),
            ],
            options={"db_table": "function_version"},
        ),
        migrations.CreateModel(
            name="FunctionUse",
            fields=[
                ("pk", key("workspace_id", "id")),
                ("workspace_id", models.BigIntegerField()),
                ("id", models.TextField()),
                ("function_id", models.TextField()),
                ("source_id", models.TextField()),
                ("destination_id", models.TextField(default="")),
                ("settings", models.JSONField(default=dict)),
                ("secrets", models.BinaryField(null=True)),
                ("created_at", models.DateTimeField(default=auditapp.lib.clock.now)),
            ],
            options={
                "db_table": "function_use",
                "indexes": [models.Index(models.F("workspace_id"), models.F("function_id"), name="function_use_of")],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("workspace_id"),
                        models.F("source_id"),
                        models.F("destination_id"),
                        name="function_once_in_a_place",
                    )
                ],
            },
        ),
        *(
            migrations.RunSQL(tenant_rights(table), migrations.RunSQL.noop)
            for table in ("function", "function_version", "function_use")
        ),
        migrations.RunSQL(GO_WITH_SOURCE, migrations.RunSQL.noop),
        migrations.RunPython(widen_roles, migrations.RunPython.noop),
    ]
