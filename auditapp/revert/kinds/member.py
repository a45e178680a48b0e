"""Members: their roles given and taken, and they themselves removed. How they came in, by an invitation, has no way back here."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from auditapp.access.groups import add_group_member, remove_group_member
from auditapp.access.members import remove_member, whole_of_member
from auditapp.access.models import Group, Member, Workspace
from auditapp.access.permissions import Access, Permission
from auditapp.access.restoring import restore_member
from auditapp.access.rules import refuse_own
from auditapp.record.drafts import MISSING, Change, EventDraft
from auditapp.revert.fields import WHOLE
from auditapp.revert.held_roles import (
    ROLE,
    listed_changes,
    role_at,
    role_changes,
    role_effects,
    role_label,
    roles_held,
    set_role,
)
from auditapp.revert.kind import RevertKind

GROUP: Final = "groups."


class MemberRevert(RevertKind[Member]):
    """A role is a field that is there or not, and so is a group, which only the removal of a member tells of."""

    resource_type = "member"
    settable = (ROLE, GROUP)
    depth = 1

    def find(self, access: Access, resource_id: str, *, lock: bool = False) -> Member | None:
        if not access.can(Permission.ACCESS_READ):
            return None
        if lock:  # as every change of access does
            Workspace.objects.select_for_update().get(id=access.workspace_id)
        members = Member.objects.filter(workspace_id=access.workspace_id, user_id=resource_id)
        return members.select_related("user").first()

    def values(self, resource: Member) -> dict[str, Any]:
        groups = whole_of_member(resource.workspace_id, resource.user_id).get("groups", [])
        return roles_held(resource.workspace_id, "member", resource.user_id) | {
            f"{GROUP}{one['id']}": True for one in groups
        }

    def require(self, access: Access, resource: Member | None) -> None:
        access.require(Permission.ACCESS_MANAGE)
        if resource is not None:
            refuse_own(access, user_id=resource.user_id)

    def changes(self, event: EventDraft) -> Sequence[Change]:
        what = event.type.rpartition(".")[2]
        if what in {"role_granted", "role_revoked"}:
            return role_changes(event)
        if what == "removed":
            return [Change(WHOLE, old=True), *listed_changes(event), *_groups(event)]
        if what == "restored":
            return [Change(WHOLE, new=True), *listed_changes(event), *_groups(event)]
        return ()

    def label(self, path: str, event: EventDraft) -> str:
        if path.startswith(ROLE):
            return role_label(event.workspace_id, path)
        if path.startswith(GROUP):
            names = {one["id"]: one["name"] for _, one in _groups_told(event)}
            group_id = path.removeprefix(GROUP)
            return f"Group {names.get(group_id, group_id)}"
        return super().label(path, event)

    def write(self, resource: Member, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        for path, value in values.items():
            if path.startswith(ROLE):
                set_role(resource.workspace_id, "member", resource.user_id, path, value)
            else:
                change = remove_group_member if value is MISSING else add_group_member
                change(group_id=path.removeprefix(GROUP), user_id=resource.user_id)

    def restore(self, resource_id: str, name: str, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        restore_member(
            user_id=resource_id,
            roles=[role_at(path) for path in values if path.startswith(ROLE)],
            group_ids=[path.removeprefix(GROUP) for path in values if path.startswith(GROUP)],
        )

    def delete(self, resource: Member) -> None:
        remove_member(user_id=resource.user_id)

    def effects(self, resource: Member | None, values: Mapping[str, Any]) -> list[str]:
        if values.get(WHOLE) is True:
            return [
                "They come in again with the account that they had, and do what these roles and groups let them.",
                "Tokens that they made, and that nobody revoked, do again all that these roles let them.",
            ]
        if resource is None:
            return []
        who = str(resource.user)
        if WHOLE in values:
            return [f"{who} loses every role and group here, from the next request on."]
        told = role_effects(resource.workspace_id, who, values)
        for path, value in values.items():
            if path.startswith(GROUP):
                group = Group.objects.filter(workspace_id=resource.workspace_id, id=path.removeprefix(GROUP)).first()
                named = f"“{group.name}”" if group else "a deleted group"
                told.append(f"{who} {'leaves' if value is MISSING else 'joins'} {named}, with the roles that it gives.")
        return told

    def is_risky(self, resource: Member | None, values: Mapping[str, Any]) -> bool:
        return WHOLE in values or any(value is True for value in values.values())


def _groups_told(event: EventDraft) -> list[tuple[bool, Mapping[str, str]]]:
    """The groups that an event lists, each with whether it came."""
    return [
        (change.old is MISSING, one)
        for change in event.changes
        if change.path == "groups"
        for listed in ([change.new] if change.old is MISSING else [change.old])
        if isinstance(listed, list)
        for one in listed
        if isinstance(one, Mapping) and {"id", "name"} <= one.keys()
    ]


def _groups(event: EventDraft) -> list[Change]:
    return [
        Change(f"{GROUP}{one['id']}", new=True) if came else Change(f"{GROUP}{one['id']}", old=True)
        for came, one in _groups_told(event)
    ]
