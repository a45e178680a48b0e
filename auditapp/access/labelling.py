"""What it means for a resource to carry a label: roles that are limited by labels follow it.

Whoever may change a resource labels it from those that are known, but gives by it no more than they have over it, themselves
included, and does not take from it the label by which they may change it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from auditapp.access.errors import MoreThanYouHave
from auditapp.access.known_labels import hold_labels
from auditapp.access.models import Grant, Group, GroupMember, Member, Scope, User
from auditapp.access.permissions import (
    ONLY_EVERYWHERE,
    Access,
    Permission,
    Supposed,
    access_to_give,
    acting_access,
    permissions_for,
)
from auditapp.lib.errors import NotAllowed
from auditapp.lib.labels import checked_labels


class GivesTooMuch(MoreThanYouHave):
    """With these labels somebody would get more over it than you have. An owner can give it these labels."""


class OwnReach(NotAllowed):
    """You may change it because of its labels, and without them you could not any more. An owner can change them."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A resource of a kind; "" as the id of one that is about to be made."""

    kind: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Shift:
    """What other labels give a member over a resource and take from them, and by which roles."""

    user: User
    gains: list[Permission]
    loses: list[Permission]
    roles: list[str]


def relabelled(resource: Labelled, before: Sequence[str], after: Iterable[str]) -> list[str]:
    """The labels that a resource gets, where whoever acts may give it these; ask it after the resource is locked.

    Raises:  Invalid, UnknownLabel, GivesTooMuch, OwnReach
    """
    labels = checked_labels(after)
    if set(labels) == set(before):
        return list(before)
    access = acting_access()
    hold_labels(access.workspace_id, [one for one in labels if one not in before])
    giver = access_to_give(access)
    coming, _ = _following(access.workspace_id, resource, set(before), set(labels))
    given = {one for grant in coming for one in grant.role.permissions if one not in ONLY_EVERYWHERE}
    if not all(giver.can(one, resource.id) for one in given):
        raise GivesTooMuch
    if resource.id:
        _refuse_own_loss(access, resource, labels)
    return labels


def shifts(workspace_id: int, resource: Labelled, before: Collection[str], after: Collection[str]) -> list[Shift]:
    """Who gets what over the resource and who loses what, when it has other labels than it carries now; by name."""
    coming, going = _following(workspace_id, resource, set(before), set(after))
    here = {"workspace_id": workspace_id}
    groups = dict(Group.objects.filter(**here).values_list("id", "name"))
    roles: dict[str, dict[str, None]] = defaultdict(dict)  # in the order of the grants
    for grant in (*coming, *going):
        inside = GroupMember.objects.filter(**here, group_id=grant.subject_id).values_list("user_id", flat=True)
        for user_id in [grant.subject_id] if grant.subject_kind == "member" else inside:
            roles[user_id][_role_in_words(grant, groups)] = None
    found = []
    members = Member.objects.filter(**here, user_id__in=roles).select_related("user")
    for user in sorted((member.user for member in members), key=lambda one: str(one).casefold()):
        now, then = permissions_for(workspace_id, user.id), _with_labels(workspace_id, user.id, resource, after)
        old, new = ({one for one in Permission if access.can(one, resource.id)} for access in (now, then))
        if old != new:
            found.append(Shift(user, _named(new - old), _named(old - new), list(roles[user.id])))
    return found


def _following(
    workspace_id: int, resource: Labelled, before: set[str], after: set[str]
) -> tuple[list[Grant], list[Grant]]:
    """The grants that reach the resource with the labels after alone, and those that do with the labels before alone."""
    limited = Grant.objects.filter(
        workspace_id=workspace_id, scope=Scope.LABELLED, role__resource_type=resource.kind
    ).exclude(labels=[])
    coming, going = [], []
    for grant in limited.select_related("role").order_by("role__position", "id"):
        was, will = before.issuperset(grant.labels), after.issuperset(grant.labels)
        if will and not was:
            coming.append(grant)
        elif was and not will:
            going.append(grant)
    return coming, going


def _refuse_own_loss(access: Access, resource: Labelled, labels: Iterable[str]) -> None:
    write, who = f"{resource.kind}.write", (access.workspace_id, access.person_id)
    if permissions_for(*who).can(write, resource.id) and not _with_labels(*who, resource, labels).can(
        write, resource.id
    ):
        raise OwnReach


def _with_labels(workspace_id: int, user_id: str, resource: Labelled, labels: Iterable[str]) -> Access:
    return permissions_for(workspace_id, user_id, supposed=Supposed(resource.kind, resource.id, frozenset(labels)))


def _role_in_words(grant: Grant, groups: dict[str, str]) -> str:
    group = f", group {groups.get(grant.subject_id, '')}" if grant.subject_kind == "group" else ""
    return f"{grant.role.name} over {', '.join(grant.labels)}{group}"


def _named(permissions: set[Permission]) -> list[Permission]:
    return [one for one in Permission if one in permissions]
