"""The first five roles, and the table of the shared cache.

Roles are rows: another one is another migration like this.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

EVERYTHING = [
    "audit.read",
    "audit.read_all",
    "audit.read_personal",
    "audit.verify",
    "audit.export",
    "source.read",
    "source.write",
    "source.create",
    "warehouse.read",
    "warehouse.write",
    "access.read",
    "access.manage",
    "token.manage",
    "workspace.manage",
    "event_type.manage",
]
ROLES = [
    (
        "workspace_owner",
        "Workspace Owner",
        "Everything, including settings, access and tokens.",
        EVERYTHING,
        ["workspace"],
        "",
    ),
    (
        "source_admin",
        "Source Admin",
        "Changes the sources it is given and sees their history.",
        ["audit.read", "audit.verify", "audit.export", "source.read", "source.write", "source.create"],
        ["all", "listed", "labelled"],
        "source",
    ),
    (
        "source_read_only",
        "Source Read-only",
        "Sees the sources it is given and their history.",
        ["audit.read", "audit.verify", "audit.export", "source.read"],
        ["all", "listed", "labelled"],
        "source",
    ),
    (
        "auditor",
        "Auditor",
        "Reads, verifies and exports the whole trail, and changes nothing.",
        [
            "audit.read",
            "audit.read_all",
            "audit.read_personal",
            "audit.verify",
            "audit.export",
            "source.read",
            "warehouse.read",
            "access.read",
        ],
        ["workspace"],
        "",
    ),
    (
        "minimal_workspace_access",
        "Minimal Workspace Access",
        "Enters the workspace and sees its own actions.",
        ["audit.read", "audit.verify", "audit.export"],
        ["workspace"],
        "",
    ),
]
# As `createcachetable` makes it; limits of sign-in are counted here, shared by all processes.
CACHE = """
CREATE TABLE cache (cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL);
CREATE INDEX cache_expires ON cache (expires);
"""


def add_roles(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    names = ("key", "name", "description", "permissions", "scopes", "resource_type")
    role = apps.get_model("auditapp", "Role")
    role.objects.bulk_create(role(position=n, **dict(zip(names, row, strict=True))) for n, row in enumerate(ROLES))


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0003_rights")]

    operations = [
        migrations.RunPython(add_roles, migrations.RunPython.noop),
        migrations.RunSQL(CACHE, "DROP TABLE cache"),
    ]
