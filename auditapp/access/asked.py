"""Requests for access: which wait, which were the member's own, and which of them a role that is given answers.

They are made and declined elsewhere.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from auditapp.access.models import AccessRequest, GroupMember, Member, RequestState, Role, Scope, User
from auditapp.access.permissions import ONLY_EVERYWHERE, Access
from auditapp.access.resources import kind_of
from auditapp.access.role_queries import roles_in
from auditapp.jobs.schedule import enqueue
from auditapp.lib import clock
from auditapp.record.services import record

MAIL_JOB: Final = "access.mail_request"
OWN_SHOWN = 20
EVERYWHERE = (Scope.WORKSPACE, Scope.ALL)


@dataclass(frozen=True, slots=True)
class RoleOffered:
    """A role that covers what was asked for, over all that it can reach."""

    key: str
    name: str
    scope: str

    @property
    def choice(self) -> str:
        return f"{self.key}.{self.scope}"


@dataclass(frozen=True, slots=True)
class RequestShown:
    request: AccessRequest
    user: User
    roles: list[RoleOffered]
    is_over_resources: bool  # some of the roles can be given over less, on the member's page


def waiting_requests(access: Access) -> list[RequestShown]:
    """What members wait for, oldest first, with the roles that whoever looks can answer it with."""
    waiting = AccessRequest.objects.filter(workspace_id=access.workspace_id, state=RequestState.WAITING)
    roles = list(roles_in(access.workspace_id))
    return [
        RequestShown(
            one,
            one.user,
            roles_covering(one.permission, roles, access),
            any(one.permission in role.permissions and Scope.LISTED in role.scopes for role in roles)
            and one.permission not in ONLY_EVERYWHERE,
        )
        for one in waiting.select_related("user").order_by("created_at", "id")
    ]


def roles_covering(permission: str, roles: Collection[Role], access: Access) -> list[RoleOffered]:
    """The roles with this permission that whoever has this access can give everywhere, the one with the least first."""
    given = [
        role
        for role in roles
        if permission in role.permissions and all(access.reach(one).everywhere for one in role.permissions)
    ]
    return [
        RoleOffered(role.key, _over_all(role, scope), scope)
        for role in sorted(given, key=lambda role: (len(role.permissions), role.position))
        for scope in role.scopes
        if scope in EVERYWHERE
    ]


def own_requests(workspace_id: int, user_id: str) -> list[AccessRequest]:
    """What a member asked for, newest first."""
    own = AccessRequest.objects.filter(workspace_id=workspace_id, user_id=user_id)
    return list(own.order_by("-created_at", "-id")[:OWN_SHOWN])


def last_request(workspace_id: int, user_id: str, permission: str) -> AccessRequest | None:
    """The latest of a member's requests for this permission."""
    own = AccessRequest.objects.filter(workspace_id=workspace_id, user_id=user_id, permission=permission)
    return own.order_by("-created_at", "-id").first()


def answer_by_role(workspace_id: int, role: Role, scope: str, *, user_id: str = "", group_id: str = "") -> None:
    """Close what a member, or those of a group, asked for and have with this role now.

    Writes:  AccessRequest; access_request.approved
    """
    ids = [user_id]
    if group_id:
        inside = GroupMember.objects.filter(workspace_id=workspace_id, group_id=group_id)
        ids = list(inside.values_list("user_id", flat=True))
    covered = set(role.permissions) - (set() if scope in EVERYWHERE else ONLY_EVERYWHERE)
    waiting = AccessRequest.objects.filter(workspace_id=workspace_id, user_id__in=ids, state=RequestState.WAITING)
    for one in waiting.filter(permission__in=covered).order_by("created_at", "id"):
        one.role_name = role.name
        answer(one, RequestState.APPROVED)


def answer(request: AccessRequest, state: RequestState) -> None:
    """Close a request that waits, and have the member told.

    Writes:  AccessRequest; access_request.approved or access_request.declined
    """
    request.state, request.answered_at = state, clock.now()
    request.save(update_fields=["state", "answered_at", "role_name"])
    member = Member.objects.select_related("user").get(workspace_id=request.workspace_id, user_id=request.user_id)
    meta = {"role": request.role_name} if request.role_name else {}
    record(f"access_request.{state}", target=[request, member], meta=meta)
    enqueue(MAIL_JOB, workspace_id=request.workspace_id, request_id=request.id)


def _over_all(role: Role, scope: str) -> str:
    kind = kind_of(role.resource_type)
    return f"{role.name}, all {kind.plural}" if kind and scope == Scope.ALL else role.name
