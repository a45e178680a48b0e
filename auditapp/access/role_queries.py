"""Which roles a workspace has, the built-in ones and its own, and who holds each."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from auditapp.access.models import Grant, Group, GroupMember, Invitation, Member, Role
from auditapp.access.resources import kind_of
from auditapp.lib import clock
from auditapp.lib.errors import NotFound
from auditapp.lib.words import few

HIDDEN = "an address that your role hides"


@dataclass(frozen=True, slots=True)
class RoleCounted:
    """A role, what it is over, and by how many it is held."""

    role: Role
    over: str
    members: int
    groups: int
    invitations: int


@dataclass(frozen=True, slots=True)
class Holder:
    """A member, a group or an invitation that a role was given to."""

    kind: str  # as in Grant, or "invitation"
    id: str
    name: str


def roles_in(workspace_id: int) -> QuerySet[Role]:
    """The roles that can be given in a workspace: the built-in ones, and then its own."""
    return Role.objects.filter(Q(workspace_id=None) | Q(workspace_id=workspace_id))


def role_in(workspace_id: int, key: str) -> Role:
    """One of them.

    Raises:  NotFound
    """
    role = roles_in(workspace_id).filter(key=key).first()
    if role is None:
        raise NotFound
    return role


def roles_told_as(workspace_id: int, told: Iterable[str]) -> dict[str, Role]:
    """Roles by what the trail tells them as (Role.told_as); those that are not there are left out."""
    wanted = set(told)
    found = roles_in(workspace_id).filter(
        Q(workspace_id=None, name__in=wanted) | Q(workspace_id=workspace_id, key__in=wanted)
    )
    return {role.told_as: role for role in found}


def over_in_words(role: Role) -> str:
    """What a role is about: "the workspace", "all or some sources", "all warehouses"."""
    kind = kind_of(role.resource_type)
    if kind is None:
        return "the workspace"
    return f"all or some {kind.plural}" if len(role.scopes) > 1 else f"all {kind.plural}"


def whole_reach(role: Role) -> str:
    """Where a role goes that cannot be limited, in a sentence; "" for one that can."""
    if len(role.scopes) > 1:
        return ""
    kind = kind_of(role.resource_type)
    return f"It reaches all {kind.plural}, also future ones." if kind else "It reaches the whole workspace."


def roles_counted(workspace_id: int) -> list[RoleCounted]:
    """Every role with how many hold it."""
    here = {"workspace_id": workspace_id}
    given: dict[tuple[str, str], set[str]] = {}
    for key, kind, subject in Grant.objects.filter(**here).values_list("role_id", "subject_kind", "subject_id"):
        given.setdefault((key, kind), set()).add(subject)
    invited: dict[str, int] = {}
    for key in open_invitations_of(workspace_id).values_list("role_id", flat=True):
        invited[key] = invited.get(key, 0) + 1
    return [
        RoleCounted(
            role,
            over_in_words(role),
            len(given.get((role.key, "member"), ())),
            len(given.get((role.key, "group"), ())),
            invited.get(role.key, 0),
        )
        for role in roles_in(workspace_id)
    ]


def holders_of(role: Role, workspace_id: int, *, sees_addresses: bool) -> list[Holder]:
    """The members and groups that a role was given to, and the open invitations that bring it, which have no name but an address."""
    here = {"workspace_id": workspace_id}
    grants = Grant.objects.filter(**here, role=role)
    ids = {
        kind: set(grants.filter(subject_kind=kind).values_list("subject_id", flat=True)) for kind in ("member", "group")
    }
    members = Member.objects.filter(**here, user_id__in=ids["member"]).select_related("user")
    groups = Group.objects.filter(**here, id__in=ids["group"]).order_by(Lower("name"))
    invited = open_invitations_of(workspace_id).filter(role=role).order_by("email")
    return [
        *(Holder("member", one.user_id, str(one.user)) for one in members.order_by(Lower("user__name"), "user_id")),
        *(Holder("group", one.id, one.name) for one in groups),
        *(Holder("invitation", one.id, one.email if sees_addresses else HIDDEN) for one in invited),
    ]


def open_invitations_of(workspace_id: int) -> QuerySet[Invitation]:
    """Those that can still be accepted."""
    return Invitation.objects.filter(
        workspace_id=workspace_id, accepted_at=None, revoked_at=None, expires_at__gt=clock.now()
    )


def people_with(role: Role, workspace_id: int) -> list[Member]:
    """The members who have a role, their own or of a group, by name."""
    grants = Grant.objects.filter(workspace_id=workspace_id, role=role)
    inside = GroupMember.objects.filter(
        workspace_id=workspace_id, group_id__in=grants.filter(subject_kind="group").values("subject_id")
    )
    own = grants.filter(subject_kind="member").values("subject_id")
    members = Member.objects.filter(workspace_id=workspace_id).select_related("user")
    return list(
        members.filter(Q(user_id__in=own) | Q(user_id__in=inside.values("user_id"))).order_by(
            Lower("user__name"), "user_id"
        )
    )


def grants_of_group(workspace_id: int, group_id: str) -> list[Grant]:
    """What a group gives to those in it."""
    grants = Grant.objects.filter(workspace_id=workspace_id, subject_kind="group", subject_id=group_id)
    return list(grants.select_related("role"))


def grants_by_member(workspace_id: int, user_ids: Iterable[str]) -> dict[str, list[tuple[Grant, str]]]:
    """The grants of each of these members in two queries, their own first, each with the id of the group that it comes through or "".
    A grant of a group is the same object for all who are in it.
    """
    here, ids = {"workspace_id": workspace_id}, list(user_ids)
    inside = list(GroupMember.objects.filter(**here, user_id__in=ids).values_list("user_id", "group_id"))
    own, of_group = Q(subject_kind="member", subject_id__in=ids), Q(subject_kind="group")
    held = own | (of_group & Q(subject_id__in={group_id for _, group_id in inside}))
    grants = Grant.objects.filter(held, **here).select_related("role").order_by("role__position", "id")
    by_subject: dict[str, list[Grant]] = defaultdict(list)
    for grant in grants:
        by_subject[grant.subject_id].append(grant)
    found = {one: [(grant, "") for grant in by_subject[one]] for one in ids}
    for user_id, group_id in inside:
        found[user_id] += [(grant, group_id) for grant in by_subject[group_id]]
    return found


def has_role(role: Role, workspace_id: int, user_id: str) -> bool:
    """Whether a member has a role, their own or of a group."""
    groups = GroupMember.objects.filter(workspace_id=workspace_id, user_id=user_id).values("group_id")
    held = Q(subject_kind="member", subject_id=user_id) | Q(subject_kind="group", subject_id__in=groups)
    return Grant.objects.filter(held, workspace_id=workspace_id, role=role).exists()


def named(holders: Collection[Holder]) -> str:
    """Holders in a sentence, the first few."""
    words = {"group": "the group ", "invitation": "the invitation for "}
    told = [f"{words.get(one.kind, '')}{one.name}" for one in holders]
    return few(told)
