"""Roles that a member or a group holds, as fields that are there or not: `roles.Source Admin/src_1,src_2`.

Events tell a role by its name, one of the workspace's own by its id too, and its reach in words, and exactly by ids or labels; what
no event tells exactly is no field.
"""

from collections.abc import Mapping
from typing import Any, Final

from auditapp.access.models import Grant, Role, Scope
from auditapp.access.resources import kind_of
from auditapp.access.restoring import RoleOver
from auditapp.access.role_queries import roles_told_as
from auditapp.access.roles import grant_role, revoke_role, what_was_given
from auditapp.lib.errors import Conflict
from auditapp.record.drafts import MISSING, Change, EventDraft
from auditapp.revert.sentences import said

ROLE: Final = "roles."
ALL: Final = "all"


class RoleUnknown(Conflict):
    """There is no role of this name any more. Give another one by hand."""


class ReachGone(Conflict):
    """What this role was limited to is not there any more. Undo its deletion first, or give the role by hand."""


def role_path(given: Mapping[str, Any]) -> str:
    """The field that a role of an event is, "" where the event does not tell exactly how far it goes."""
    role, words = given.get("role_id") or given.get("role"), str(given.get("scope") or "")
    exact = given.get("resource_ids") or given.get("labels") or []
    if not isinstance(role, str) or not isinstance(exact, list):
        return ""
    if not exact and words and not words.startswith(f"{ALL} "):
        return ""
    reach = ",".join(map(str, exact)) or (ALL if words else "")
    return f"{ROLE}{role}/{reach}" if reach else f"{ROLE}{role}"


def role_at(path: str) -> RoleOver:
    """The role that a field is."""
    name, _, reach = path.removeprefix(ROLE).partition("/")
    if not reach:
        return RoleOver(name, Scope.WORKSPACE)
    if reach == ALL:
        return RoleOver(name, Scope.ALL)
    if ":" in reach:
        return RoleOver(name, Scope.LABELLED, labels=reach.split(","))
    return RoleOver(name, Scope.LISTED, reach.split(","))


def role_changes(event: EventDraft) -> list[Change]:
    """What the giving or taking of a role did, as a field that came or went."""
    path = role_path(event.meta)
    if not path:
        return []
    return [Change(path, new=True)] if event.type.endswith("role_granted") else [Change(path, old=True)]


def listed_changes(event: EventDraft) -> list[Change]:
    """The roles that came or went with the whole of their holder."""
    found = []
    for change in event.changes:
        came = change.old is MISSING
        listed = change.new if came else change.old
        if change.path != "roles" or not isinstance(listed, list):
            continue
        paths = (role_path(one) for one in listed if isinstance(one, Mapping))
        found += [Change(path, new=True) if came else Change(path, old=True) for path in paths if path]
    return found


def roles_held(workspace_id: int, subject_kind: str, subject_id: str) -> dict[str, Any]:
    """The roles of a member or a group now, as fields."""
    return {role_path(what_was_given(grant)): True for grant in _grants(workspace_id, subject_kind, subject_id)}


def set_role(workspace_id: int, subject_kind: str, subject_id: str, path: str, value: Any) -> None:
    """Give the role that a field is, or take it.

    Raises:  RoleUnknown, ReachGone, and what grant_role and revoke_role raise
    """
    if value is MISSING:
        for grant in _grants(workspace_id, subject_kind, subject_id):
            if role_path(what_was_given(grant)) == path:
                revoke_role(grant_id=grant.id)
        return
    given = role_at(path)
    role = _role_of(workspace_id, given)
    if role is None:
        raise RoleUnknown
    kind = kind_of(role.resource_type)
    there = kind.offered(workspace_id) if kind else {}
    if not there.keys() >= set(given.resource_ids):
        raise ReachGone
    grant_role(
        role_key=role.key,
        scope=given.scope,
        user_id=subject_id if subject_kind == "member" else None,
        group_id=subject_id if subject_kind == "group" else None,
        resource_ids=given.resource_ids,
        labels=given.labels,
    )


def role_label(workspace_id: int, path: str) -> str:
    """What a person calls this field."""
    return f"Role {_in_words(workspace_id, path)}"


def role_effects(workspace_id: int, who: str, values: Mapping[str, Any], *, are_many: bool = False) -> list[str]:
    """Who gains or loses which right, as sentences that name what it is over."""
    told = []
    for path, value in values.items():
        if path.startswith(ROLE):
            verb = ("lose" if value is MISSING else "get") + ("" if are_many else "s")
            told.append(f"{who} {verb} the role {_in_words(workspace_id, path)}, from the next request on.")
    return told


def _in_words(workspace_id: int, path: str) -> str:
    given = role_at(path)
    role = _role_of(workspace_id, given)
    name = role.name if role else given.role
    if given.scope == Scope.WORKSPACE:
        return name
    kind = kind_of(role.resource_type) if role else None
    if given.scope == Scope.ALL:
        return f"{name} on all {kind.plural if kind else 'resources'}"
    if given.scope == Scope.LABELLED:
        return f"{name} on {kind.plural if kind else 'resources'} labelled {said(given.labels)}"
    names = kind.names(workspace_id) if kind else {}
    return f"{name} on {said(names.get(one, 'a deleted one') for one in given.resource_ids)}"


def _role_of(workspace_id: int, given: RoleOver) -> Role | None:
    return roles_told_as(workspace_id, [given.role]).get(given.role)


def _grants(workspace_id: int, subject_kind: str, subject_id: str) -> list[Grant]:
    grants = Grant.objects.filter(workspace_id=workspace_id, subject_kind=subject_kind, subject_id=subject_id)
    return list(grants.select_related("role"))
