"""Asking for access, and what owners answer: a role that covers it, or no."""

from datetime import timedelta

from django.db import transaction

from auditapp.access.asked import MAIL_JOB, answer, roles_covering
from auditapp.access.models import AccessRequest, Grant, RequestState, Workspace
from auditapp.access.permissions import Permission, acting_access
from auditapp.access.role_queries import roles_in
from auditapp.access.roles import grant_role, subject_of
from auditapp.access.rules import begin_change
from auditapp.jobs.schedule import enqueue
from auditapp.lib import clock
from auditapp.lib.errors import Conflict, Invalid, NotFound
from auditapp.lib.ids import new_id
from auditapp.record.acting import current_acting
from auditapp.record.services import record

MESSAGE_LENGTH = 300
A_DAY = timedelta(days=1)
MOST_A_DAY = 5


class HeldAlready(Conflict):
    """Your role includes this already. Open the page again."""


class AskedAlready(Conflict):
    """You asked for this already. It waits for an owner."""


class DeclinedLately(Conflict):
    """An owner declined this less than a day ago. Speak to them before you ask again."""


class AskedOften(Conflict):
    """You asked for access often today. Ask again tomorrow, or speak to an owner."""


class AnsweredAlready(Conflict):
    """This request was answered meanwhile."""


@transaction.atomic
def request_access(*, permission: str, message: str = "") -> AccessRequest:
    """Ask the owners for a permission, for the member who acts; they are told by mail once this is committed.

    Raises:  NotFound, Invalid, HeldAlready, AskedAlready, DeclinedLately, AskedOften
    Writes:  AccessRequest; access_request.created
    """
    acting = current_acting()
    # The lock of every change of access: two requests at once are one.
    if Workspace.objects.select_for_update().filter(id=acting.workspace_id).first() is None:
        raise NotFound
    member = subject_of(acting.workspace_id, user_id=acting.actor.id)
    message = " ".join(message.split())
    if permission not in set(Permission):
        raise Invalid("There is no such permission.", field="permission", code="unknown_permission")
    if len(message) > MESSAGE_LENGTH:
        raise Invalid(f"At most {MESSAGE_LENGTH} characters.", field="message", code="too_long")
    if acting_access().reach(permission).everywhere:
        raise HeldAlready
    _refuse_too_much(acting.workspace_id, acting.actor.id, permission)
    asked = AccessRequest.objects.create(
        workspace_id=acting.workspace_id,
        id=new_id("acr"),
        user_id=acting.actor.id,
        permission=permission,
        meaning=Permission(permission).meaning,
        message=message,
        created_at=clock.now(),
    )
    record("access_request.created", target=[asked, member], meta={"note": message} if message else {})
    enqueue(MAIL_JOB, workspace_id=asked.workspace_id, request_id=asked.id)
    return asked


@transaction.atomic
def approve_request(*, request_id: str, choice: str) -> Grant:
    """Give the member who asked a role that covers it, which answers all that they asked for and have by it.

    Takes:   choice, of `roles_covering`
    Raises:  Denied, NotFound, AnsweredAlready, Invalid, OwnRole, MoreThanYouHave
    Writes:  Grant, AccessRequest; user.role_granted, access_request.approved
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    asked = _waiting(access.workspace_id, request_id)
    offered = {one.choice: one for one in roles_covering(asked.permission, roles_in(access.workspace_id), access)}
    if choice not in offered:
        raise Invalid("Choose a role that covers what was asked for.", field="choice", code="bad_role")
    return grant_role(role_key=offered[choice].key, scope=offered[choice].scope, user_id=asked.user_id)


@transaction.atomic
def decline_request(*, request_id: str) -> AccessRequest:
    """Say no; the member sees it, and can ask for the same again after a day.

    Raises:  Denied, NotFound, AnsweredAlready
    Writes:  AccessRequest; access_request.declined
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    asked = _waiting(access.workspace_id, request_id)
    answer(asked, RequestState.DECLINED)
    return asked


def _waiting(workspace_id: int, request_id: str) -> AccessRequest:
    asked = AccessRequest.objects.filter(workspace_id=workspace_id, id=request_id).select_related("user").first()
    if asked is None:
        raise NotFound
    if asked.state != RequestState.WAITING:
        raise AnsweredAlready
    return asked


def _refuse_too_much(workspace_id: int, user_id: str, permission: str) -> None:
    own = AccessRequest.objects.filter(workspace_id=workspace_id, user_id=user_id)
    same, since = own.filter(permission=permission), clock.now() - A_DAY
    if same.filter(state=RequestState.WAITING).exists():
        raise AskedAlready
    if same.filter(state=RequestState.DECLINED, answered_at__gt=since).exists():
        raise DeclinedLately
    if own.filter(created_at__gt=since).count() >= MOST_A_DAY:
        raise AskedOften
