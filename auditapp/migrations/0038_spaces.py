"""Spaces, and the roles over what other systems own: spaces, and the sections that a workspace has one of."""

import django.contrib.postgres.fields
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Max

import auditapp.lib.clock
from auditapp.migrations._rights import tenant_rights

READS = ["space.read", "privacy.read", "identity.read", "entity.read"]
WRITES = ["space.write", "engage.write", "privacy.write", "identity.write", "entity.write"]
ADDED = {"workspace_owner": [*READS, *WRITES], "auditor": READS}
SEEN = ["audit.read", "audit.verify", "audit.export"]
OVER_SPACES, ONE = ["all", "listed", "labelled"], ["workspace"]
ROLES = [
    (
        "end_user_privacy_admin",
        "End User Privacy Admin",
        "Changes End User Privacy settings, suppresses and deletes users, and sees the history of both.",
        [*SEEN, "privacy.read", "privacy.write"],
        ONE,
    ),
    (
        "identity_admin",
        "Identity Admin",
        "Changes the identity settings of Unify, and sees their history.",
        [*SEEN, "identity.read", "identity.write"],
        ONE,
    ),
    (
        "unify_and_engage_admin",
        "Unify and Engage Admin",
        "Changes Unify and Engage in the spaces it is given: audiences, traits, journeys, content, settings.",
        [*SEEN, "space.read", "space.write", "engage.write"],
        OVER_SPACES,
    ),
    (
        "unify_and_engage_read_only",
        "Unify and Engage Read-only",
        "Sees Unify and Engage in the spaces it is given, and their history.",
        [*SEEN, "space.read"],
        OVER_SPACES,
    ),
    (
        "unify_read_only_engage_user",
        "Unify Read-only, Engage User",
        "Sees Unify and changes Engage in the spaces it is given, but for their settings.",
        [*SEEN, "space.read", "engage.write"],
        OVER_SPACES,
    ),
    (
        "entities_admin",
        "Entities Admin",
        "Changes entity models and their connections, and sees their history.",
        [*SEEN, "entity.read", "entity.write"],
        ONE,
    ),
    (
        "entities_read_only",
        "Entities Read-only",
        "Sees entity models and their history.",
        [*SEEN, "entity.read"],
        ONE,
    ),
]


def widen_roles(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    role = apps.get_model("auditapp", "Role")
    for key, permissions in ADDED.items():
        held = role.objects.get(key=key)
        held.permissions = [*held.permissions, *(one for one in permissions if one not in held.permissions)]
        held.save(update_fields=["permissions"])
    last = role.objects.aggregate(last=Max("position"))["last"]
    for number, (key, name, description, permissions, scopes) in enumerate(ROLES, start=last + 1):
        role.objects.create(
            key=key,
            name=name,
            description=description,
            permissions=permissions,
            scopes=scopes,
            resource_type="space" if scopes is OVER_SPACES else "",
            position=number,
        )


def texts(**how: object) -> models.Field:  # type: ignore[type-arg]
    return django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), **how)


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0037_trail_sources")]

    operations = [
        migrations.CreateModel(
            name="Space",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("id", models.TextField()),
                ("name", models.TextField(default="")),
                ("labels", texts(default=list)),
                ("named_at", models.DateTimeField()),
                ("state_at", models.DateTimeField()),
                ("deleted_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(default=auditapp.lib.clock.now)),
            ],
            options={"db_table": "space"},
        ),
        migrations.RunSQL(tenant_rights("space"), migrations.RunSQL.noop),
        migrations.RunPython(widen_roles, migrations.RunPython.noop),
    ]
