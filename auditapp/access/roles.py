"""Giving and taking roles. Each takes effect on the subject's next request."""

from collections.abc import Sequence

from django.db import transaction

from auditapp.access.above import refuse_above, refuse_above_group
from auditapp.access.asked import answer_by_role
from auditapp.access.everything import told_of
from auditapp.access.models import Grant, Group, Member
from auditapp.access.permissions import Permission
from auditapp.access.queries import owners_of, reach_in_words
from auditapp.access.rules import GrantedRole, begin_change, checked_role, keep_an_owner, refuse_own
from auditapp.lib.errors import Conflict, NotFound
from auditapp.lib.ids import new_id
from auditapp.record.drafts import changed
from auditapp.record.services import record


class RoleHeld(Conflict):
    """This role was given already, exactly so."""


@transaction.atomic
def grant_role(
    *,
    role_key: str,
    scope: str,
    user_id: str | None = None,
    group_id: str | None = None,
    resource_ids: Sequence[str] = (),
    labels: Sequence[str] = (),
) -> Grant:
    """Give a role to a member or to a group.

    Takes:   user_id or group_id; scope, one that the role allows, with resource_ids for "listed", labels for "labelled"
    Raises:  Denied, NotFound, OwnRole, MoreThanYouHave, Invalid, RoleHeld
    Writes:  Grant; user.role_granted or user_group.role_granted; access_request.approved for what was asked for
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    subject = subject_of(access.workspace_id, user_id=user_id, group_id=group_id)
    refuse_own(access, user_id=user_id, group_id=group_id)
    return give(subject, checked_role(access, role_key=role_key, scope=scope, resource_ids=resource_ids, labels=labels))


@transaction.atomic
def revoke_role(*, grant_id: str) -> Grant:
    """Take a role back; gives the grant that is no more.

    Raises:  Denied, NotFound, OwnRole, AboveYou, LastOwner
    Writes:  Grant; user.role_revoked or user_group.role_revoked
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    grant = Grant.objects.filter(workspace_id=access.workspace_id, id=grant_id).select_related("role").first()
    if grant is None:
        raise NotFound
    user_id, group_id = (grant.subject_id, None) if grant.subject_kind == "member" else (None, grant.subject_id)
    refuse_own(access, user_id=user_id, group_id=group_id)
    subject = subject_of(access.workspace_id, user_id=user_id, group_id=group_id)
    if user_id:
        refuse_above(access, [user_id])
    else:
        refuse_above_group(access, grant.subject_id)
    owners = owners_of(access.workspace_id)
    take(subject, grant)
    keep_an_owner(access.workspace_id, owners)
    return grant


def give(subject: Member | Group, given: GrantedRole) -> Grant:
    """Let a member or a group hold a role; whether that may be is for the caller, who holds the lock.

    Raises:  RoleHeld
    Writes:  Grant; user.role_granted or user_group.role_granted; access_request.approved for what was asked for
    """
    kind, subject_id = ("member" if isinstance(subject, Member) else "group"), subject.audit_target.id
    same = {
        "workspace_id": subject.workspace_id,
        "subject_kind": kind,
        "subject_id": subject_id,
        "role": given.role,
        "scope": given.scope,
        "resource_ids": given.resource_ids,
        "labels": given.labels,
    }
    if Grant.objects.filter(**same).exists():
        raise RoleHeld
    grant = Grant.objects.create(id=new_id("grt"), **same)
    given_now = what_was_given(grant)
    told = given_now | told_of(given.role, given.scope)
    record(f"{_event_prefix(grant)}.role_granted", target=subject, meta=told, changes=changed({}, given_now))
    asking = {"user_id" if kind == "member" else "group_id": subject_id}
    answer_by_role(subject.workspace_id, given.role, given.scope, **asking)
    return grant


def take(subject: Member | Group, grant: Grant) -> None:
    """Let a member or a group hold a role no more; that an owner stays is for the caller, who holds the lock.

    Writes:  Grant; user.role_revoked or user_group.role_revoked
    """
    taken = what_was_given(grant)
    grant.delete()
    record(f"{_event_prefix(grant)}.role_revoked", target=subject, meta=taken, changes=changed(taken, {}))


def subject_of(workspace_id: int, *, user_id: str | None = None, group_id: str | None = None) -> Member | Group:
    """The member or group with this id.

    Raises:  NotFound
    """
    found: Member | Group | None
    if user_id:
        found = Member.objects.filter(workspace_id=workspace_id, user_id=user_id).select_related("user").first()
    else:
        found = Group.objects.filter(workspace_id=workspace_id, id=group_id).first()
    if found is None:
        raise NotFound
    return found


def roles_of(workspace_id: int, subject_kind: str, subject_id: str) -> list[dict[str, object]]:
    """The roles of a member or a group, as events tell of each."""
    grants = Grant.objects.filter(workspace_id=workspace_id, subject_kind=subject_kind, subject_id=subject_id)
    return [what_was_given(grant) for grant in grants.select_related("role").order_by("role__position", "id")]


def what_was_given(grant: Grant) -> dict[str, object]:
    """The role and its reach for an event: in words, and exactly."""
    reach = reach_in_words(grant.role.resource_type, grant.scope, grant.resource_ids, grant.labels)
    exact = {"scope": reach, "resource_ids": grant.resource_ids, "labels": grant.labels}
    role = {"role": grant.role.name, **({"role_id": grant.role.key} if grant.role.is_own else {})}
    return {**role, **{key: value for key, value in exact.items() if value}}


def _event_prefix(grant: Grant) -> str:
    return "user" if grant.subject_kind == "member" else "user_group"
