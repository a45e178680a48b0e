"""Brings back who was removed and groups that were deleted, as their ends told of them: with the rights that they had, as far as
whoever does it has those, and what they were over is there."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.db import transaction

from auditapp.access.errors import OwnRole
from auditapp.access.everything import told_of_group, told_of_holder
from auditapp.access.groups import free_name, whole_of_group
from auditapp.access.known_labels import still_known
from auditapp.access.members import whole_of_member
from auditapp.access.models import Grant, Group, GroupMember, Member, Role, Scope, User
from auditapp.access.permissions import Access, Permission
from auditapp.access.resources import kind_of
from auditapp.access.role_queries import roles_told_as
from auditapp.access.rules import begin_change, checked_role, refuse_more_than_held, refuse_withheld
from auditapp.lib import clock
from auditapp.lib.errors import Conflict
from auditapp.lib.ids import new_id
from auditapp.record.drafts import changed
from auditapp.record.services import record


class MemberThere(Conflict):
    """This person is a member already: they were brought back, or came by another invitation."""


class AccountGone(Conflict):
    """The account of this person is gone, or turned off. Invite them anew."""


class GroupThere(Conflict):
    """This group is there: it was brought back already."""


class RoleOver(NamedTuple):
    """A role, as Role.told_as, with its reach."""

    role: str
    scope: str
    resource_ids: Sequence[str] = ()
    labels: Sequence[str] = ()


@transaction.atomic
def restore_member(*, user_id: str, roles: Sequence[RoleOver] = (), group_ids: Sequence[str] = ()) -> Member:
    """Make somebody a member again who was removed, with roles and groups that they had; the account is theirs as before.

    Takes:   roles and group_ids, of which those over something that is gone are left out
    Raises:  Denied, MoreThanYouHave, MemberThere, AccountGone
    Writes:  Member, Grant, GroupMember; user.restored
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    here = {"workspace_id": access.workspace_id}
    if Member.objects.filter(**here, user_id=user_id).exists():
        raise MemberThere
    user = User.objects.filter(id=user_id, is_active=True).first()
    if user is None:
        raise AccountGone
    member = Member.objects.create(**here, user=user, joined_at=clock.now())
    _give(access, "member", user_id, roles)
    groups = list(Group.objects.filter(**here, id__in=group_ids).values_list("id", flat=True))
    through = Grant.objects.filter(**here, subject_kind="group", subject_id__in=groups).select_related("role")
    refuse_more_than_held(access, *(grant.role for grant in through))
    refuse_withheld(access, (one for grant in through for one in grant.resource_ids))
    GroupMember.objects.bulk_create(GroupMember(**here, group_id=one, user=user) for one in groups)
    whole = whole_of_member(access.workspace_id, user_id)
    record(
        "user.restored",
        target=member,
        meta=_roles_of(whole) | told_of_holder(access.workspace_id, user_id),
        changes=changed({}, whole),
    )
    return member


@transaction.atomic
def restore_group(*, group_id: str, name: str, member_ids: Sequence[str] = (), roles: Sequence[RoleOver] = ()) -> Group:
    """Make a group again under the id that it had.

    Takes:   member_ids, of which those who left since are left out; roles, of which those over something that is gone are
    Raises:  Denied, OwnRole, MoreThanYouHave, Invalid, GroupThere
    Writes:  Group, GroupMember, Grant; user_group.restored
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    here = {"workspace_id": access.workspace_id}
    if Group.objects.filter(**here, id=group_id).exists():
        raise GroupThere
    if access.person_id in member_ids and roles:
        raise OwnRole
    group = Group(**here, id=group_id, name=free_name(access.workspace_id, name), created_at=clock.now())
    group.save(force_insert=True)
    members = Member.objects.filter(**here, user_id__in=member_ids).values_list("user_id", flat=True)
    GroupMember.objects.bulk_create(GroupMember(**here, group_id=group_id, user_id=one) for one in members)
    _give(access, "group", group_id, roles)
    whole = whole_of_group(group)
    record(
        "user_group.restored",
        target=group,
        meta=_roles_of(whole) | told_of_group(access.workspace_id, group_id),
        changes=changed({}, whole),
    )
    return group


def _give(access: Access, kind: str, subject_id: str, roles: Sequence[RoleOver]) -> None:
    known = roles_told_as(access.workspace_id, (one.role for one in roles))
    for one in roles:
        role = known.get(one.role)
        ids = _there(access.workspace_id, role, one.resource_ids) if role else []
        if role is None or (one.scope == Scope.LISTED and not ids):
            continue
        # Without one of its labels it would reach more than it did.
        if one.scope == Scope.LABELLED and len(still_known(access.workspace_id, one.labels)) < len(one.labels):
            continue
        given = checked_role(access, role_key=role.key, scope=one.scope, resource_ids=ids, labels=one.labels)
        Grant.objects.create(
            workspace_id=access.workspace_id,
            id=new_id("grt"),
            subject_kind=kind,
            subject_id=subject_id,
            **given._asdict(),
            created_at=clock.now(),
        )


def _roles_of(whole: Mapping[str, Any]) -> dict[str, list[str]]:
    """Which roles came with it, for the search and for alerts, which look at no changes."""
    names = [one["role"] for one in whole.get("roles", ())]
    return {"role_names": names} if names else {}


def _there(workspace_id: int, role: Role, resource_ids: Sequence[str]) -> list[str]:
    """Those of the resources that a role was limited to which are there still."""
    kind = kind_of(role.resource_type)
    there = kind.offered(workspace_id) if kind else {}
    return [one for one in resource_ids if one in there]
