"""Whether a member may do something, for the systems that own what it is done to: the same answer as this product gives itself, with
the roles behind it. Nothing is written, and nobody learns whether a stranger has an account elsewhere.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Q
from django.db.models.functions import Lower

from auditapp.access.models import Grant, Group, Member, Scope, User
from auditapp.access.permissions import (
    OF_SECTIONS,
    OF_TRAIL,
    ONLY_EVERYWHERE,
    Access,
    Permission,
    permissions_for,
    reach_of_trail,
)
from auditapp.access.queries import reach_in_words
from auditapp.access.resources import ResourceKind, kind_of, resource_kinds
from auditapp.access.role_queries import grants_by_member
from auditapp.catalogue.sections import PREFIX, SECTIONS

# Permissions whose first word is not that of the kind of resources that they are about.
OVER: Final = {Permission.ENGAGE_WRITE: "space"}
EVERYTHING: Final = "everything"
OWN: Final = "what they did themselves"


@dataclass(frozen=True, slots=True)
class Question:
    """May this user, named by id or e-mail address, do this, to this resource or, without one, to all there are and will be?"""

    user: str
    permission: Permission
    resource: str | None = None


@dataclass(frozen=True, slots=True)
class RoleBehind:
    """A role that gives it, how far in words, and the group that it comes from."""

    role: str
    reach: str
    group: Group | None


@dataclass(frozen=True, slots=True)
class Checked:
    """The answer. `everywhere` and `resource_ids` say how far the permission goes, whatever was asked; `user` is None for who is no
    member.
    """

    question: Question
    user: User | None
    is_allowed: bool
    is_everywhere: bool
    resource_ids: list[str]
    why: str
    roles: list[RoleBehind]


@dataclass(frozen=True, slots=True)
class _Held:
    grant: Grant
    group: Group | None


def kind_over(permission: Permission) -> ResourceKind | None:
    """The kind of resources that a permission can be given over; None where it is about the workspace as a whole."""
    if permission in ONLY_EVERYWHERE:
        return None
    return kind_of(OVER.get(permission, permission.partition(".")[0]))


def section_of(permission: Permission) -> str | None:
    """The scope of the section that a permission is about."""
    return f"{PREFIX}{permission.partition('.')[0]}" if permission in OF_SECTIONS else None


def check_access(workspace_id: int, questions: Sequence[Question]) -> list[Checked]:
    """The answer to each question, in their order: one query for each user, one for each label condition, and four for all."""
    people = _members(workspace_id, {question.user for question in questions})
    users = {user.id: user for user in people.values()}
    held = _held_by(workspace_id, users)
    access = {one: permissions_for(workspace_id, one) for one, user in users.items() if user.is_active}
    named = [(question, people.get(question.user) or people.get(question.user.lower())) for question in questions]
    return [_checked(question, user, access, held) for question, user in named]


def _members(workspace_id: int, named: Iterable[str]) -> dict[str, User]:
    """The members of these ids and addresses, by both; the addresses in small letters."""
    names = list(named)
    members = Member.objects.filter(workspace_id=workspace_id).annotate(address=Lower("user__email"))
    found = members.filter(Q(user_id__in=names) | Q(address__in=[name.lower() for name in names]))
    return {key: one.user for one in found.select_related("user") for key in (one.user_id, one.user.email.lower())}


def _held_by(workspace_id: int, user_ids: Iterable[str]) -> dict[str, list[_Held]]:
    """The grants of each of these members, their own first."""
    found = grants_by_member(workspace_id, user_ids)
    through = {group_id for held in found.values() for _, group_id in held if group_id}
    groups = {group.id: group for group in Group.objects.filter(workspace_id=workspace_id, id__in=through)}
    return {one: [_Held(grant, groups.get(group_id)) for grant, group_id in held] for one, held in found.items()}


def _checked(question: Question, user: User | None, access: dict[str, Access], held: dict[str, list[_Held]]) -> Checked:
    if user is None:
        return Checked(question, None, False, False, [], "No member of this workspace has this id or address.", [])
    if user.id not in access:
        return Checked(question, user, False, False, [], "This account is turned off.", [])
    now, permission, resource = access[user.id], question.permission, question.resource
    if resource is not None and resource == section_of(permission):
        resource = None  # there is one of it, so that it is all of them
    of_trail = permission in OF_TRAIL
    reach = reach_of_trail(now, permission) if of_trail else now.reach(permission)
    # The trail is opened as far as it goes; there is nothing to name.
    is_allowed = now.can(permission) if of_trail else reach.everywhere if resource is None else reach.covers(resource)
    giving = [one for one in held[user.id] if permission in one.grant.role.permissions]
    behind = [one for one in giving if of_trail or _reaches(one.grant, now, permission, resource)] if is_allowed else []
    if is_allowed and not behind:
        why = "Every member sees what they did themselves."
    elif is_allowed:
        why = f"Given by {_listed([one.grant.role.name for one in behind])}."
    elif giving:
        what = EVERYTHING if resource is None else "this resource"
        names = list(dict.fromkeys(one.grant.role.name for one in giving))
        why = f"{_listed(names)} {'gives' if len(names) == 1 else 'give'} it, but not over {what}."
    else:
        why = "None of the member's roles gives it."
    told = _reach_of_trail if of_trail else _reach_of
    roles = [RoleBehind(one.grant.role.name, told(one.grant), one.group) for one in behind or giving]
    return Checked(question, user, is_allowed, reach.everywhere, sorted(reach.ids), why, roles)


def _reaches(grant: Grant, access: Access, permission: Permission, resource: str | None) -> bool:
    """Whether this grant alone goes as far as was asked."""
    if grant.scope in (Scope.WORKSPACE, Scope.ALL):
        return resource is None or resource not in access.withheld
    if resource is None or permission in ONLY_EVERYWHERE:
        return False
    if grant.scope == Scope.LISTED:
        return resource in grant.resource_ids
    kind = kind_of(grant.role.resource_type)
    return kind is not None and resource in kind.labelled(grant.workspace_id, grant.labels) - access.withheld


def _reach_of(grant: Grant) -> str:
    return reach_in_words(grant.role.resource_type, grant.scope, grant.resource_ids, grant.labels) or EVERYTHING


def _reach_of_trail(grant: Grant) -> str:
    """How far a role opens the trail: in "all sources", their history."""
    given = grant.role.permissions
    if Permission.AUDIT_READ_ALL in given or grant.scope != Scope.WORKSPACE:
        return _reach_of(grant)
    reads = {kind.reading for kind in resource_kinds()} | {f"{one.key}.read" for one in SECTIONS}
    return OWN if reads.isdisjoint(given) else f"what it lets them see, and {OWN}"


def _listed(names: Sequence[str]) -> str:
    *others, last = dict.fromkeys(names)
    return f"{', '.join(others)} and {last}" if others else last
