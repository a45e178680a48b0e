"""Groups: renamed, filled and emptied, given roles, deleted."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from auditapp.access.groups import add_group_member, delete_group, remove_group_member, rename_group, whole_of_group
from auditapp.access.models import Group, GroupMember, User, Workspace
from auditapp.access.permissions import Access, Permission
from auditapp.access.restoring import restore_group
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
from auditapp.revert.sentences import said

MEMBER: Final = "members."


class UserGroupRevert(RevertKind[Group]):
    """A member in it and a role of it are fields that are there or not."""

    resource_type = "user_group"
    settable = ("name", MEMBER, ROLE)

    @property
    def word(self) -> str:
        return "group"

    def find(self, access: Access, resource_id: str, *, lock: bool = False) -> Group | None:
        if not access.can(Permission.ACCESS_READ):
            return None
        if lock:  # as every change of access does
            Workspace.objects.select_for_update().get(id=access.workspace_id)
        return Group.objects.filter(workspace_id=access.workspace_id, id=resource_id).first()

    def values(self, resource: Group) -> dict[str, Any]:
        members = whole_of_group(resource).get("members", [])
        roles = roles_held(resource.workspace_id, "group", resource.id)
        return {"name": resource.name, **{f"{MEMBER}{one}": True for one in members}, **roles}

    def require(self, access: Access, resource: Group | None) -> None:
        access.require(Permission.ACCESS_MANAGE)
        if resource is not None:
            refuse_own(access, group_id=resource.id)

    def changes(self, event: EventDraft) -> Sequence[Change]:
        what = event.type.rpartition(".")[2]
        if what in {"role_granted", "role_revoked"}:
            return role_changes(event)
        if what in {"member_added", "member_removed"}:
            path = f"{MEMBER}{event.targets[1].id}"
            return [Change(path, new=True) if what == "member_added" else Change(path, old=True)]
        if what in {"created", "restored", "deleted"}:
            names = [one for one in event.changes if one.path == "name"]
            whole = Change(WHOLE, old=True) if what == "deleted" else Change(WHOLE, new=True)
            return [whole, *names, *_members(event), *listed_changes(event)]
        return event.changes if what == "updated" else ()

    def label(self, path: str, event: EventDraft) -> str:
        if path.startswith(ROLE):
            return role_label(event.workspace_id, path)
        if path.startswith(MEMBER):
            user_id = path.removeprefix(MEMBER)
            named = next((one.name for one in event.targets if one.id == user_id), "") or said(_names([user_id]))
            return f"Member {named or user_id}"
        return super().label(path, event)

    def write(self, resource: Group, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        if "name" in values:
            rename_group(group_id=resource.id, name=values["name"])
        for path, value in values.items():
            if path.startswith(MEMBER):
                change = remove_group_member if value is MISSING else add_group_member
                change(group_id=resource.id, user_id=path.removeprefix(MEMBER))
            elif path.startswith(ROLE):
                set_role(resource.workspace_id, "group", resource.id, path, value)

    def restore(self, resource_id: str, name: str, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        restore_group(
            group_id=resource_id,
            name=values.get("name", name),
            member_ids=[path.removeprefix(MEMBER) for path in values if path.startswith(MEMBER)],
            roles=[role_at(path) for path in values if path.startswith(ROLE)],
        )

    def delete(self, resource: Group) -> None:
        delete_group(group_id=resource.id)

    def effects(self, resource: Group | None, values: Mapping[str, Any]) -> list[str]:
        if values.get(WHOLE) is True:
            return ["Those of its members who are here get its roles back, from their next request on."]
        if resource is None:
            return []
        inside = GroupMember.objects.filter(workspace_id=resource.workspace_id, group_id=resource.id)
        members = _names(inside.values_list("user_id", flat=True))
        if WHOLE in values:
            return [f"{said(members)} {_s('lose', members)} the roles that it gives."] if members else []
        told = role_effects(resource.workspace_id, f"Who is in “{resource.name}”", values)
        if told and members:
            told.append(f"Its member{'' if len(members) == 1 else 's'}: {said(members)}.")
        joining = _names(path.removeprefix(MEMBER) for path, one in values.items() if _is(path, one, there=True))
        leaving = _names(path.removeprefix(MEMBER) for path, one in values.items() if _is(path, one, there=False))
        if joining:
            told.append(f"{said(joining)} {_s('get', joining)} the roles that “{resource.name}” gives.")
        if leaving:
            told.append(f"{said(leaving)} {_s('lose', leaving)} the roles that “{resource.name}” gives.")
        return told

    def is_risky(self, resource: Group | None, values: Mapping[str, Any]) -> bool:
        return WHOLE in values or any(value is True for value in values.values())


def _is(path: str, value: Any, *, there: bool) -> bool:
    return path.startswith(MEMBER) and (value is not MISSING) is there


def _s(verb: str, who: Sequence[str]) -> str:
    return f"{verb}s" if len(who) == 1 else verb


def _names(user_ids: Any) -> list[str]:
    return sorted(map(str, User.objects.filter(id__in=list(user_ids))))


def _members(event: EventDraft) -> list[Change]:
    found = []
    for change in event.changes:
        came = change.old is MISSING
        listed = change.new if came else change.old
        if change.path == "members" and isinstance(listed, list):
            found += [
                Change(f"{MEMBER}{one}", new=True) if came else Change(f"{MEMBER}{one}", old=True) for one in listed
            ]
    return found
