"""What members do with their own place in a workspace: hand it over to another member, or leave."""

from typing import Final, NamedTuple

from django.db import transaction

from auditapp.access.above import refuse_but_owner
from auditapp.access.asked import roles_covering
from auditapp.access.errors import LastOwner
from auditapp.access.everything import told_of_owner
from auditapp.access.members import take_out
from auditapp.access.models import Grant, Group, GroupMember, Member, Scope, Workspace
from auditapp.access.permissions import Access, Permission
from auditapp.access.queries import owner_role, owners_of
from auditapp.access.role_queries import roles_in
from auditapp.access.roles import RoleHeld, give, subject_of, take
from auditapp.access.rules import (
    GrantedRole,
    begin_change,
    begin_own_change,
    checked_role,
    keep_an_owner,
)
from auditapp.lib.errors import Invalid
from auditapp.record.services import record

# What whoever hands the workspace over keeps, beside a role: what else they have, or nothing at all.
OTHERS: Final = "others"
NOTHING: Final = "leave"
NOT_YOURS: Final = "A workspace is handed over by an owner alone."


class LastOwnerLeaves(LastOwner):
    """You are the last owner. Hand the workspace over to another member first; then you can leave."""


class Kept(NamedTuple):
    """What a giver can keep: as a form says it, in words, and the role that it is beside others."""

    choice: str
    words: str
    role: str = ""


class Changing(NamedTuple):
    """What a giver has, by names: `goes` with the ownership, and `stays` with them."""

    goes: list[str]
    stays: list[str]


def kept_choices(access: Access) -> list[Kept]:
    """What an owner can keep, the role with the most first."""
    below = [role for role in roles_in(access.workspace_id) if Permission.ACCESS_MANAGE not in role.permissions]
    offered = roles_covering(Permission.AUDIT_READ, below, access)
    others = changing(access.workspace_id, access.subject_id).stays
    named = (
        f"My other roles: {', '.join(others)}" if others else "No role: I stay a member and see only what I did myself"
    )
    beside = ", and my other roles" if others else ""
    return [
        Kept(OTHERS, named),
        *(Kept(one.choice, f"{one.name}{beside}", one.name) for one in reversed(offered)),
        Kept(NOTHING, "Nothing: I leave the workspace"),
    ]


def changing(workspace_id: int, user_id: str) -> Changing:
    """Which roles and groups a member gives up who hands the workspace over, and which roles stay."""
    grants = Grant.objects.filter(workspace_id=workspace_id).select_related("role").order_by("role__position", "id")
    own = grants.filter(subject_kind="member", subject_id=user_id)
    found = Changing([], [])
    for grant in own:
        (found.goes if Permission.ACCESS_MANAGE in grant.role.permissions else found.stays).append(grant.role.name)
    inside = GroupMember.objects.filter(workspace_id=workspace_id, user_id=user_id).values("group_id")
    for group in Group.objects.filter(workspace_id=workspace_id, id__in=inside).order_by("name"):
        given = [one.role for one in grants.filter(subject_kind="group", subject_id=group.id)]
        if any(Permission.ACCESS_MANAGE in role.permissions for role in given):
            found.goes.append(f"the group {group.name}")
        else:
            found.stays.extend(f"{role.name} from {group.name}" for role in given)
    return found


def is_last_owner(workspace_id: int, user_id: str) -> bool:
    """Whether the workspace had no owner without this member."""
    return owners_of(workspace_id) == {user_id}


@transaction.atomic
def leave_workspace() -> None:
    """Take oneself out of the workspace, with one's roles; whoever is a member may.

    Raises:  NotFound, LastOwnerLeaves
    Writes:  Member, Grant, GroupMember, AccessRequest; user.left
    """
    access, member = begin_own_change()
    if is_last_owner(access.workspace_id, member.user_id):
        raise LastOwnerLeaves
    take_out(member, "user.left")


@transaction.atomic
def transfer_ownership(*, user_id: str, keep: str = OTHERS) -> Member:
    """Make another member the owner and take from whoever does it all that manages access, in one step.

    Takes:   keep, one of `kept_choices`
    Gives:   the new owner
    Raises:  Denied, NotFound, Invalid, OwnersOnly
    Writes:  Grant, GroupMember, Member; workspace.ownership_transferred, and an event for each role given or taken
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    refuse_but_owner(access, NOT_YOURS)
    owners = owners_of(access.workspace_id)
    _, giver = begin_own_change()
    if user_id == giver.user_id:
        raise Invalid("Choose another member: you are the owner already.", field="user_id", code="self")
    taker = subject_of(access.workspace_id, user_id=user_id)
    if not isinstance(taker, Member) or not taker.user.is_active:
        raise Invalid("The account of this member is turned off.", field="user_id", code="inactive")
    kept = {one.choice: one.role for one in kept_choices(access)}
    if keep not in kept:
        raise Invalid("Choose what you keep.", field="keep", code="bad_choice")
    role = GrantedRole(owner_role(), Scope.WORKSPACE, [], [])
    workspace = Workspace.objects.get(id=access.workspace_id)
    told = ({"kept": kept[keep]} if kept[keep] else {}) | told_of_owner()
    record("workspace.ownership_transferred", target=[workspace, taker], meta=told)
    if user_id not in owners_of(access.workspace_id):
        give(taker, role)
    if keep == NOTHING:
        take_out(giver, "user.left")
        return taker
    if keep != OTHERS:
        key, _, scope = keep.rpartition(".")
        _keep(giver, checked_role(access, role_key=key, scope=scope))
    _give_up(giver)
    keep_an_owner(access.workspace_id, owners)
    return taker


def _keep(giver: Member, given: GrantedRole) -> None:
    try:
        give(giver, given)
    except RoleHeld:
        return


def _give_up(giver: Member) -> None:
    """All that lets them manage access: roles of their own, and groups that give it."""
    here = {"workspace_id": giver.workspace_id}
    managing = Grant.objects.filter(**here, role__permissions__contains=[Permission.ACCESS_MANAGE])
    for grant in managing.filter(subject_kind="member", subject_id=giver.user_id).select_related("role"):
        take(giver, grant)
    groups = managing.filter(subject_kind="group").values("subject_id")
    inside = GroupMember.objects.filter(**here, user_id=giver.user_id, group_id__in=groups)
    for group in Group.objects.filter(**here, id__in=inside.values("group_id")).order_by("id"):
        inside.filter(group_id=group.id).delete()
        record("user_group.member_removed", target=[group, giver])
