"""What tracking plans add to the roles: the owner changes them, the auditor sees them, and two roles are about them alone."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Max

ADDED = {
    "workspace_owner": ["tracking_plan.read", "tracking_plan.write"],
    "auditor": ["tracking_plan.read"],
}
OWN_ACTIONS = ["audit.read", "audit.verify", "audit.export"]
ROLES = [
    (
        "tracking_plan_admin",
        "Tracking Plan Admin",
        "Creates and changes tracking plans. Connecting one to a source takes a role over that source too.",
        [*OWN_ACTIONS, "tracking_plan.read", "tracking_plan.write"],
    ),
    (
        "tracking_plan_read_only",
        "Tracking Plan Read-only",
        "Sees tracking plans and their violations.",
        [*OWN_ACTIONS, "tracking_plan.read"],
    ),
]


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
            scopes=["workspace"],
            resource_type="",
            position=number,
        )


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0011_reader_figures")]

    operations = [migrations.RunPython(widen_roles, migrations.RunPython.noop)]
