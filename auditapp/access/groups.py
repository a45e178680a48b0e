"""Groups: sets of members that share roles."""

from typing import Any

from django.db import transaction

from auditapp.access.above import refuse_above, refuse_above_group
from auditapp.access.asked import answer_by_role
from auditapp.access.everything import told_of_grants
from auditapp.access.models import Grant, Group, GroupMember, Member
from auditapp.access.permissions import Permission
from auditapp.access.queries import owners_of
from auditapp.access.role_queries import grants_of_group
from auditapp.access.roles import roles_of
from auditapp.access.rules import begin_change, keep_an_owner, refuse_more_than_held, refuse_own, refuse_withheld
from auditapp.lib.errors import Conflict, Invalid, NotFound
from auditapp.lib.ids import new_id
from auditapp.record.drafts import changed
from auditapp.record.services import record


class InGroup(Conflict):
    """This member is in the group already."""


@transaction.atomic
def create_group(*, name: str) -> Group:
    """Make a group without members or roles.

    Raises:  Denied, Invalid
    Writes:  Group; user_group.created
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    group = Group(workspace_id=access.workspace_id, id=new_id("grp"), name=free_name(access.workspace_id, name))
    group.save(force_insert=True)
    record("user_group.created", target=group, changes=changed({}, {"name": group.name}))
    return group


@transaction.atomic
def rename_group(*, group_id: str, name: str) -> Group:
    """Give a group another name.

    Raises:  Denied, NotFound, Invalid
    Writes:  Group; user_group.updated, unless the name is the same
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    group = _group(access.workspace_id, group_id)
    before = {"name": group.name}
    group.name = free_name(access.workspace_id, name, but=group_id)
    if changes := changed(before, {"name": group.name}):
        group.save(update_fields=["name"])
        record("user_group.updated", target=group, changes=changes)
    return group


@transaction.atomic
def delete_group(*, group_id: str) -> None:
    """Delete a group; its members lose the roles that it gave them.

    Raises:  Denied, NotFound, OwnRole, AboveYou, LastOwner
    Writes:  Group, GroupMember, Grant; user_group.deleted
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    group = _group(access.workspace_id, group_id)
    refuse_own(access, group_id=group_id)
    refuse_above_group(access, group_id)
    owners = owners_of(access.workspace_id)
    target, whole = group.audit_target, whole_of_group(group)
    here = {"workspace_id": access.workspace_id}
    GroupMember.objects.filter(**here, group_id=group_id).delete()
    Grant.objects.filter(**here, subject_kind="group", subject_id=group_id).delete()
    group.delete()
    keep_an_owner(access.workspace_id, owners)
    record("user_group.deleted", target=target, changes=changed(whole, {}))


@transaction.atomic
def add_group_member(*, group_id: str, user_id: str) -> tuple[Group, Member]:
    """Put a member into a group.

    Gives:   both
    Raises:  Denied, NotFound, OwnRole, MoreThanYouHave, InGroup
    Writes:  GroupMember; user_group.member_added; access_request.approved for what was asked for
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    group = _group(access.workspace_id, group_id)
    member = _member(access.workspace_id, user_id)
    refuse_own(access, user_id=user_id)
    given = grants_of_group(access.workspace_id, group_id)
    refuse_more_than_held(access, *(grant.role for grant in given))
    refuse_withheld(access, (one for grant in given for one in grant.resource_ids))
    membership = {"workspace_id": access.workspace_id, "group_id": group_id, "user_id": user_id}
    if GroupMember.objects.filter(**membership).exists():
        raise InGroup
    GroupMember.objects.create(**membership)
    record("user_group.member_added", target=[group, member], meta=told_of_grants(given))
    for grant in given:
        answer_by_role(access.workspace_id, grant.role, grant.scope, user_id=user_id)
    return group, member


@transaction.atomic
def remove_group_member(*, group_id: str, user_id: str) -> tuple[Group, Member]:
    """Take a member out of a group.

    Gives:   both
    Raises:  Denied, NotFound, OwnRole, AboveYou, LastOwner
    Writes:  GroupMember; user_group.member_removed
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    group = _group(access.workspace_id, group_id)
    member = _member(access.workspace_id, user_id)
    refuse_own(access, user_id=user_id)
    refuse_above(access, [user_id])
    owners = owners_of(access.workspace_id)
    membership = GroupMember.objects.filter(workspace_id=access.workspace_id, group_id=group_id, user_id=user_id)
    if not membership.delete()[0]:
        raise NotFound
    keep_an_owner(access.workspace_id, owners)
    record("user_group.member_removed", target=[group, member])
    return group, member


def _member(workspace_id: int, user_id: str) -> Member:
    found = Member.objects.filter(workspace_id=workspace_id, user_id=user_id).select_related("user").first()
    if found is None:
        raise NotFound
    return found


def _group(workspace_id: int, group_id: str) -> Group:
    group = Group.objects.filter(workspace_id=workspace_id, id=group_id).first()
    if group is None:
        raise NotFound
    return group


def whole_of_group(group: Group) -> dict[str, Any]:
    """All that events tell of a group, which is what one that was deleted comes back with."""
    here = {"workspace_id": group.workspace_id}
    members = GroupMember.objects.filter(**here, group_id=group.id).order_by("user_id")
    roles = roles_of(group.workspace_id, "group", group.id)
    told = {"members": list(members.values_list("user_id", flat=True)), "roles": roles}
    return {"name": group.name, **{key: value for key, value in told.items() if value}}


def free_name(workspace_id: int, name: str, *, but: str = "") -> str:
    """The name, where it is one and no other group has it.

    Raises:  Invalid
    """
    name = name.strip()
    if not name:
        raise Invalid("Give the group a name.", field="name", code="required")
    if Group.objects.filter(workspace_id=workspace_id, name__iexact=name).exclude(id=but).exists():
        raise Invalid("Another group has this name.", field="name", code="taken")
    return name
