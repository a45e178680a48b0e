"""The roles of Segment that were missing, and what tracking plan roles are over: whoever sees all plans sees their history."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Max

OWN_ACTIONS = ["audit.read", "audit.verify", "audit.export"]
ROLES = [
    (
        "workspace_member",
        "Workspace Member",
        "Nothing of its own: enters the workspace and sees own actions. Other roles add what it lacks.",
        OWN_ACTIONS,
        "workspace",
        "",
    ),
    (
        "warehouse_destination_admin",
        "Warehouse Destination Admin",
        "Creates and changes all warehouses and sees their history. Feeding one from a source takes a role over that source too.",
        [*OWN_ACTIONS, "warehouse.read", "warehouse.write"],
        "all",
        "warehouse",
    ),
    (
        "warehouse_destination_read_only",
        "Warehouse Destination Read-only",
        "Sees all warehouses, their syncs and their history.",
        [*OWN_ACTIONS, "warehouse.read"],
        "all",
        "warehouse",
    ),
    (
        "pii_access",
        "PII Access",
        "An add-on to other roles: shows e-mail and IP addresses of others in the events that those open, and opens none itself.",
        ["audit.read_personal"],
        "workspace",
        "",
    ),
]
PLAN_ROLES = {
    "tracking_plan_admin": (
        "Creates and changes all tracking plans and sees their history. Connecting one to a source takes a role over that source too."
    ),
    "tracking_plan_read_only": "Sees all tracking plans, their violations and their history.",
}


def add_roles(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    role = apps.get_model("auditapp", "Role")
    last = role.objects.aggregate(last=Max("position"))["last"]
    for number, (key, name, description, permissions, scope, resource_type) in enumerate(ROLES, start=last + 1):
        role.objects.create(
            key=key,
            name=name,
            description=description,
            permissions=permissions,
            scopes=[scope],
            resource_type=resource_type,
            position=number,
        )
    for key, description in PLAN_ROLES.items():
        role.objects.filter(key=key).update(resource_type="tracking_plan", description=description)


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0035_sessions_listed")]

    operations = [migrations.RunPython(add_roles, migrations.RunPython.noop)]
