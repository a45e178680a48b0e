"""Who is in a workspace and what they were given."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from django.db.models.functions import Lower

from auditapp.access.models import (
    Grant,
    Group,
    GroupMember,
    Invitation,
    Member,
    Role,
    Scope,
    User,
    Workspace,
)
from auditapp.access.permissions import Permission
from auditapp.access.resources import kind_of, resource_kinds
from auditapp.lib.errors import NotFound
from auditapp.lib.words import NAMED, few
from auditapp.record.workspace_scope import as_person


@dataclass(frozen=True, slots=True)
class GrantShown:
    """A grant in words: "Source Admin", "2 sources: iOS app, Android app", and the group it comes from."""

    id: str
    role: str
    reach: str
    from_group: str = ""


@dataclass(frozen=True, slots=True)
class MemberShown:
    user: User
    grants: list[GrantShown] = field(default_factory=list)


def workspaces_of(user_id: str) -> list[Workspace]:
    """Every workspace that this person belongs to, by name; asked from outside of any."""
    with as_person(user_id):
        return list(Workspace.objects.filter(members__user_id=user_id).order_by(Lower("name"), "id"))


def owner_role() -> Role:
    """The role of a workspace's first member, found by what it may do: roles are rows, and no key of one means anything here."""
    built_in = Role.objects.filter(workspace_id=None, scopes__contains=[Scope.WORKSPACE])
    return built_in.filter(permissions__contains=[Permission.ACCESS_MANAGE]).order_by("position")[0]


def managers_of(workspace_id: int) -> set[str]:
    """The members who may manage access, by roles of their own or of their groups."""
    return _holders(workspace_id, [Permission.ACCESS_MANAGE])


def owners_of(workspace_id: int) -> set[str]:
    """The members who may do everything that the role of an owner gives, by one role of their own or of their groups."""
    return _holders(workspace_id, owner_role().permissions)


def _holders(workspace_id: int, permissions: Sequence[str]) -> set[str]:
    holding = Grant.objects.filter(
        workspace_id=workspace_id, scope=Scope.WORKSPACE, role__permissions__contains=permissions
    )
    groups = holding.filter(subject_kind="group").values("subject_id")
    people = set(holding.filter(subject_kind="member").values_list("subject_id", flat=True))
    in_groups = GroupMember.objects.filter(workspace_id=workspace_id, group_id__in=groups)
    return people | set(in_groups.values_list("user_id", flat=True))


def reach_in_words(role_type: str, scope: str, resource_ids: Sequence[str], labels: Sequence[str]) -> str:
    """How far a grant goes, short: "2 sources", "all sources", "sources labelled environment:prod"; "" for all there is."""
    kind = kind_of(role_type)
    if scope == Scope.WORKSPACE or kind is None:
        return ""
    if scope == Scope.ALL:
        return f"all {kind.plural}"
    if scope == Scope.LABELLED:
        return f"{kind.plural} labelled {', '.join(labels)}"
    return f"{len(resource_ids)} {kind.word if len(resource_ids) == 1 else kind.plural}"


def members_shown(workspace_id: int, user_id: str | None = None) -> list[MemberShown]:
    """Each member with own and group grants, by name; with user_id this one alone."""
    members = Member.objects.filter(workspace_id=workspace_id)
    memberships = GroupMember.objects.filter(workspace_id=workspace_id)
    subjects = None
    if user_id is not None:
        members, memberships = members.filter(user_id=user_id), memberships.filter(user_id=user_id)
        subjects = [user_id, *memberships.values_list("group_id", flat=True)]
    grants = grants_in_words(workspace_id, subjects, named=None)
    group_names = dict(Group.objects.filter(workspace_id=workspace_id).values_list("id", "name"))
    groups_of: dict[str, list[str]] = defaultdict(list)
    for group_id, member_id in memberships.values_list("group_id", "user_id"):
        groups_of[member_id].append(group_id)
    shown = []
    for member in members.select_related("user").order_by(Lower("user__name"), "user_id"):
        held = list(grants["member", member.user_id])
        for group_id in groups_of[member.user_id]:
            name = group_names[group_id]
            held += [GrantShown(g.id, g.role, g.reach, from_group=name) for g in grants["group", group_id]]
        shown.append(MemberShown(member.user, held))
    return shown


def member_shown(workspace_id: int, user_id: str) -> MemberShown:
    """One member with own and group grants.

    Raises:  NotFound
    """
    for member in members_shown(workspace_id, user_id):
        return member
    raise NotFound


def invitations_in_words(workspace_id: int, invitations: Sequence[Invitation]) -> list[tuple[Invitation, str]]:
    """These invitations, each with how far its role goes."""
    names = _resource_names(workspace_id, invitations)
    return [(one, _in_words(one, names)) for one in invitations]


def grants_in_words(
    workspace_id: int, subject_ids: Collection[str] | None = None, *, named: int | None = NAMED
) -> dict[tuple[str, str], list[GrantShown]]:
    """The roles of members and groups by kind and id, of all or of these.

    Takes:   named, how many resources each names; None for all
    """
    found: dict[tuple[str, str], list[GrantShown]] = defaultdict(list)
    grants = Grant.objects.filter(workspace_id=workspace_id)
    if subject_ids is not None:
        grants = grants.filter(subject_id__in=subject_ids)
    ordered = list(grants.select_related("role").order_by("role__position", Lower("role__name"), "id"))
    names = _resource_names(workspace_id, ordered)
    for grant in ordered:
        found[grant.subject_kind, grant.subject_id].append(
            GrantShown(grant.id, grant.role.name, _in_words(grant, names, named))
        )
    return found


def promised_in_words(workspace_id: int, invitations: Sequence[Invitation]) -> list[str]:
    """The role that each of these invitations brings, with its reach: "Source Admin over 2 sources: iOS app, Kiosk"."""
    told = invitations_in_words(workspace_id, invitations)
    return [f"{one.role.name} over {reach[0].lower()}{reach[1:]}" for one, reach in told]


def _in_words(given: Grant | Invitation, names: dict[str, str], named: int | None = NAMED) -> str:
    short = reach_in_words(given.role.resource_type, given.scope, given.resource_ids, given.labels)
    kind = kind_of(given.role.resource_type)
    if not short and kind:
        return f"all {kind.plural}"
    if not short:
        return "Everything" if Permission.ACCESS_MANAGE in given.role.permissions else "The workspace"
    told = [names.get(one, "a deleted one") for one in given.resource_ids]
    return f"{short}: {few(told, named)}" if told else short


def _resource_names(workspace_id: int, given: Sequence[Grant | Invitation]) -> dict[str, str]:
    """What those that are limited to resources have to name; nothing is asked where none is."""
    if not any(one.resource_ids for one in given):
        return {}
    return {one: name for kind in resource_kinds() for one, name in kind.names(workspace_id).items()}
