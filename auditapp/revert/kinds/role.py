"""Roles of the workspace's own: renamed, widened and narrowed, deleted. Built-in ones are changed by no event."""

from collections.abc import Mapping
from typing import Any, Final

from auditapp.access.models import Role, Workspace
from auditapp.access.own_roles import change_role, delete_role, refuse_held, restore_role, told_of_role
from auditapp.access.permissions import Access, Permission
from auditapp.access.role_queries import people_with
from auditapp.record.drafts import MISSING, EventDraft
from auditapp.revert.fields import WHOLE
from auditapp.revert.kind import RevertKind
from auditapp.revert.sentences import said

GIVES: Final = "permissions."
LABELS: Final = {"name": "Name", "description": "Description", "over": "Given over"}


class RoleRevert(RevertKind[Role]):
    """Each permission of it is a field that is there or not."""

    resource_type = "role"
    settable = ("name", "description", GIVES)

    def find(self, access: Access, resource_id: str, *, lock: bool = False) -> Role | None:
        if not access.can(Permission.ACCESS_READ):
            return None
        if lock:  # as every change of access does
            Workspace.objects.select_for_update().get(id=access.workspace_id)
        return Role.objects.filter(workspace_id=access.workspace_id, key=resource_id).first()

    def values(self, resource: Role) -> dict[str, Any]:
        told = told_of_role(resource)
        return {**{name: told[name] for name in LABELS}, **{f"{GIVES}{one}": True for one in resource.permissions}}

    def require(self, access: Access, resource: Role | None) -> None:
        access.require(Permission.ACCESS_MANAGE)
        if resource is not None:
            refuse_held(access, resource)

    def label(self, path: str, event: EventDraft) -> str:
        if path.startswith(GIVES):
            return f"Permission “{_meaning(path)}”"
        return LABELS.get(path) or super().label(path, event)

    def write(self, resource: Role, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        gives = dict.fromkeys(resource.permissions)
        for path, value in values.items():
            if path.startswith(GIVES) and value is MISSING:
                gives.pop(path.removeprefix(GIVES), None)
            elif path.startswith(GIVES):
                gives[path.removeprefix(GIVES)] = None
        change_role(
            role_key=resource.key,
            name=values.get("name"),
            description=values.get("description"),
            permissions=list(gives),
        )

    def restore(self, resource_id: str, name: str, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        restore_role(
            role_id=resource_id,
            name=values.get("name", name),
            description=values.get("description", ""),
            over=values.get("over", ""),
            permissions=[path.removeprefix(GIVES) for path in values if path.startswith(GIVES)],
        )

    def delete(self, resource: Role) -> None:
        delete_role(role_key=resource.key)

    def effects(self, resource: Role | None, values: Mapping[str, Any]) -> list[str]:
        if values.get(WHOLE) is True:
            return ["Nobody has it: it is given anew to who shall."]
        if resource is None or WHOLE in values or resource.workspace_id is None:
            return []
        people = [str(one.user) for one in people_with(resource, resource.workspace_id)]
        told = []
        for verb, is_there in (("gain", True), ("lose", False)):
            meanings = [
                f"“{_meaning(path)}”"
                for path, value in values.items()
                if path.startswith(GIVES) and (value is not MISSING) is is_there
            ]
            if people and meanings:
                ending = "s" if len(people) == 1 else ""
                told.append(f"{said(people)} {verb}{ending} {', '.join(meanings)}, from the next request on.")
        return told

    def is_risky(self, resource: Role | None, values: Mapping[str, Any]) -> bool:
        return True


def _meaning(path: str) -> str:
    """A permission in words; one of an older version that is none any more by its name."""
    key = path.removeprefix(GIVES)
    return Permission(key).meaning if key in set(Permission) else key
