"""Support access given, taken, used and ended. Who is let in by it on a request is decided in permissions.py."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse

from auditapp.access.above import refuse_but_owner
from auditapp.access.errors import (
    AccountExists,
    AlreadyMember,
    NotForSupport,
    SupportGone,
    SupportOver,
    SupportThere,
)
from auditapp.access.models import Member, User, Workspace
from auditapp.access.permissions import Permission
from auditapp.access.queries import owners_of
from auditapp.access.rules import begin_change
from auditapp.access.support_models import SupportAccess
from auditapp.access.support_reach import support_of
from auditapp.jobs.schedule import enqueue
from auditapp.lib import clock
from auditapp.lib.errors import Invalid, NotAllowed, NotFound, Outside
from auditapp.lib.ids import new_id, random_base62
from auditapp.lib.tokens import token_digest
from auditapp.record.acting import acting, current_acting
from auditapp.record.drafts import SYSTEM
from auditapp.record.reasons import one_line
from auditapp.record.services import record
from auditapp.record.workspace_scope import as_person, in_workspace, with_secret

logger = logging.getLogger(__name__)

MAIL_JOB: Final = "access.mail_support"
EXPIRE_JOB: Final = "access.expire_support"
LONGEST_HOURS: Final = 7 * 24
PURPOSE_LENGTH: Final = 300
SECRET_LENGTH: Final = 43
ENDED_A_RUN: Final = 500
OWNERS_ALONE: Final = "Support access is given by owners alone, in whose name it is used."


class OtherAddress(NotAllowed):
    """This link is for another address. Sign out and open it again."""


@transaction.atomic
def grant_support(*, email: str, hours: int, purpose: str, is_read_only: bool = True) -> SupportAccess:
    """Let somebody who is no member act in the name of whoever gives it, for a time; the link goes out by mail once this is committed.

    Raises:  Denied, OwnersOnly, Invalid, AlreadyMember, SupportThere; NotForSupport, for whoever is no person of their own
    Writes:  SupportAccess; support_access.granted
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    actor = current_acting().actor
    if actor.kind != "user" or actor.real:
        raise NotForSupport("Support access is given by a person, in whose name it then is used.")
    refuse_but_owner(access, OWNERS_ALONE)
    if not 1 <= hours <= LONGEST_HOURS:
        raise Invalid("Choose one hour to seven days.", field="hours", code="out_of_range")
    purpose = one_line(purpose)
    if not purpose or len(purpose) > PURPOSE_LENGTH:
        raise Invalid(f"Say what for, in up to {PURPOSE_LENGTH} characters.", field="purpose", code="required")
    _refuse_second(access.workspace_id, email)
    secret, now = random_base62(SECRET_LENGTH), clock.now()
    support = SupportAccess.objects.create(
        workspace_id=access.workspace_id,
        id=new_id("sup"),
        email=email,
        purpose=purpose,
        is_read_only=is_read_only,
        granted_by_id=actor.id,
        digest=token_digest(secret),
        created_at=now,
        expires_at=now + timedelta(hours=hours),
    )
    record("support_access.granted", target=support, meta=_told(support))
    enqueue(MAIL_JOB, workspace_id=support.workspace_id, support_id=support.id, what="granted")
    _send_link(support, settings.PUBLIC_URL + reverse("support_link", args=[secret]), actor.name)
    return support


@transaction.atomic
def revoke_support(*, support_id: str) -> SupportAccess:
    """Take support access back: the next request made by it is refused, and what it has running stops.

    Raises:  Denied, NotFound
    Writes:  SupportAccess; support_access.revoked
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    support = SupportAccess.objects.filter(workspace_id=access.workspace_id, id=support_id).first()
    if support is None or not support.is_open:
        raise NotFound
    _revoke(support)
    return support


@transaction.atomic
def revoke_all_support() -> None:
    """Take every open support access of the workspace back.

    Raises:  Denied
    Writes:  SupportAccess; support_access.revoked
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    given = SupportAccess.objects.filter(workspace_id=access.workspace_id, revoked_at=None, expires_at__gt=clock.now())
    for support in given.order_by("created_at", "id"):
        _revoke(support)


@transaction.atomic
def restore_support(*, support_id: str) -> SupportAccess:
    """Give back what was taken back, for what is left of its time, in the name of whoever gave it first.

    Raises:  Denied, OwnersOnly, NotFound, SupportOver, AlreadyMember, SupportThere; NotForSupport, where they may not give it any more
    Writes:  SupportAccess; support_access.granted
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    refuse_but_owner(access, OWNERS_ALONE)
    support = SupportAccess.objects.filter(workspace_id=access.workspace_id, id=support_id).first()
    if support is None or support.revoked_at is None:
        raise NotFound
    if support.expires_at <= clock.now():
        raise SupportOver
    if support.granted_by_id not in owners_of(access.workspace_id):
        raise NotForSupport("Whoever gave this support access could not give it now. Give it in your own name.")
    _refuse_second(access.workspace_id, support.email)
    support.revoked_at = None
    support.save(update_fields=["revoked_at"])
    record("support_access.granted", target=support, meta=_told(support))
    enqueue(MAIL_JOB, workspace_id=support.workspace_id, support_id=support.id, what="granted")
    return support


def support_behind(secret: str) -> tuple[SupportAccess, Workspace]:
    """The support access whose link holds this secret, where the link was not used yet, and where it leads.

    Raises:  SupportGone
    """
    with with_secret(token_digest(secret)):
        found = SupportAccess.objects.filter(digest=token_digest(secret)).first()
    if found is None:
        raise SupportGone
    with in_workspace(found.workspace_id):
        return _not_taken(found.workspace_id, found.id), Workspace.objects.get(id=found.workspace_id)


def take_support(*, secret: str, user: User | None, name: str = "", password: str = "") -> tuple[User, SupportAccess]:
    """Bind a link to the person it was sent to, with an account of their own where they have none; it works for nobody after.

    Takes:   user, who is signed in; without one, name and password of the new account
    Raises:  SupportGone, OtherAddress, AccountExists, AlreadyMember
    Writes:  User, SupportAccess
    """
    found, workspace = support_behind(secret)
    with in_workspace(workspace.id):
        # A link that is opened twice at once is taken once.
        Workspace.objects.select_for_update().get(id=workspace.id)
        support = _not_taken(workspace.id, found.id)
        person = _person_of(support, user, name, password)
        support.user, support.accepted_at = person, clock.now()
        support.save(update_fields=["user", "accepted_at"])
    return person, support


def use_support(*, user: User, support_id: str, context: Mapping[str, Any]) -> tuple[SupportAccess, Workspace]:
    """Begin to act as support; the owners are told of the first time.

    Takes:   context, of the request
    Raises:  SupportGone
    Writes:  SupportAccess; support_access.used
    """
    with as_person(user.id):
        found = SupportAccess.objects.filter(id=support_id, user_id=user.id).first()
    if found is None:
        raise SupportGone
    with in_workspace(found.workspace_id):
        workspace = Workspace.objects.select_for_update().get(id=found.workspace_id)
        support = support_of(workspace.id, user.id)
        if support is None or support.id != support_id:
            raise SupportGone
        is_first, support.last_used_at = support.first_used_at is None, clock.now()
        support.first_used_at = support.first_used_at or support.last_used_at
        support.save(update_fields=["first_used_at", "last_used_at"])
        with acting(workspace.id, support.audit_actor, support_id=support.id, **context):
            record("support_access.used", target=support, meta={"purpose": support.purpose})
        if is_first:
            enqueue(MAIL_JOB, workspace_id=workspace.id, support_id=support.id, what="used")
    return support, workspace


def end_support_of(workspace_id: int, user_id: str) -> None:
    """End what a person who leaves the workspace gave, and what was given to them; the caller has the lock and records as who acts.

    Writes:  SupportAccess; support_access.revoked
    """
    open_now = SupportAccess.objects.filter(workspace_id=workspace_id, revoked_at=None, expires_at__gt=clock.now())
    for support in open_now.filter(Q(granted_by_id=user_id) | Q(user_id=user_id)).order_by("created_at", "id"):
        _revoke(support)


def expire_support() -> int:
    """Record of each support access whose time is over that it is, once; nobody was let in by it since that moment.

    Writes:  SupportAccess; support_access.expired
    """
    ended = 0
    over = SupportAccess.objects.filter(revoked_at=None, expired_at=None, expires_at__lte=clock.now())
    for workspace_id, support_id in list(over.values_list("workspace_id", "id")[:ENDED_A_RUN]):
        with in_workspace(workspace_id), acting(workspace_id, SYSTEM):
            Workspace.objects.select_for_update().get(id=workspace_id)
            support = over.filter(workspace_id=workspace_id, id=support_id).first()
            if support is not None:
                support.expired_at = clock.now()
                support.save(update_fields=["expired_at"])
                record("support_access.expired", target=support, meta={"giver": support.granted_by_id})
                ended += 1
    return ended


def _revoke(support: SupportAccess) -> None:
    support.revoked_at = clock.now()
    support.save(update_fields=["revoked_at"])
    record("support_access.revoked", target=support, meta={"giver": support.granted_by_id})


def _told(support: SupportAccess) -> dict[str, Any]:
    hours = round((support.expires_at - support.created_at).total_seconds() / 3600)
    number, word = (hours // 24, "day") if hours % 24 == 0 else (hours, "hour")
    return {
        "lasts": f"{number} {word}" if number == 1 else f"{number} {word}s",
        "until": clock.utc_text(support.expires_at),
        "access": "read-only" if support.is_read_only else "as the granter",
        "purpose": support.purpose,
        "giver": support.granted_by_id,
    }


def _refuse_second(workspace_id: int, email: str) -> None:
    here = {"workspace_id": workspace_id}
    if Member.objects.filter(**here, user__email__iexact=email).exists():
        raise AlreadyMember
    given = SupportAccess.objects.filter(**here, revoked_at=None, expires_at__gt=clock.now())
    if given.filter(Q(email__iexact=email) | Q(user__email__iexact=email)).exists():
        raise SupportThere


def _not_taken(workspace_id: int, support_id: str) -> SupportAccess:
    given = SupportAccess.objects.filter(workspace_id=workspace_id, id=support_id, accepted_at=None)
    support = given.select_related("granted_by").first()
    if support is None or not support.is_open:
        raise SupportGone
    if support.granted_by_id not in owners_of(workspace_id):
        raise SupportGone
    return support


def _person_of(support: SupportAccess, user: User | None, name: str, password: str) -> User:
    if user is None:
        if User.objects.filter(email__iexact=support.email).exists():
            raise AccountExists
        return User.objects.create_user(support.email, password, name=name)
    if user.email.casefold() != support.email.casefold():
        raise OtherAddress
    if Member.objects.filter(workspace_id=support.workspace_id, user_id=user.id).exists():
        raise AlreadyMember
    return user


def _send_link(support: SupportAccess, link: str, sender: str) -> None:
    workspace = Workspace.objects.get(id=support.workspace_id)
    context = {"workspace": workspace, "support": support, "sender": sender, "link": link}
    text = render_to_string("emails/support_link.txt", context)
    # A subject holds one line: a workspace's name could bring another header.
    subject = " ".join(f"Support access to {workspace.name} on Audit Trail".split())
    transaction.on_commit(lambda: _send(subject, text, support.email))


def _send(subject: str, text: str, address: str) -> None:
    try:
        send_mail(subject, text, None, [address])
    except OSError as fault:  # SMTPException is one
        logger.error("The mail server did not take a link of support access: %s", type(fault).__name__)
        raise Outside(
            "The support access is given, but the mail server did not take its mail. Once it does, take it back and give it again."
        ) from None
