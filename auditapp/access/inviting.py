"""Invitations as a list: several at once, sent again, and those that ran out or were refused."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models.functions import Lower

from auditapp.access.errors import AlreadyInvited, AlreadyMember
from auditapp.access.everything import told_of
from auditapp.access.members import (
    invite,
    mail_links,
    new_link,
    refuse_often,
    role_promised,
)
from auditapp.access.models import Invitation, Member
from auditapp.access.permissions import Permission
from auditapp.access.rules import begin_change, checked_role
from auditapp.lib import clock
from auditapp.lib.errors import Conflict, Invalid, NotFound
from auditapp.lib.tokens import token_digest
from auditapp.record.acting import acting, current_acting
from auditapp.record.drafts import SYSTEM
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace, with_secret

AT_ONCE: Final = 50
EXPIRED_SHOWN: Final = timedelta(days=30)
NO_ADDRESS: Final = "This is no e-mail address."
REASON: Final = "Whoever sent it may not give this role any more"


class WhatItGaveIsGone(Conflict):
    """What the role of this invitation was limited to is gone. Take it back and invite this address anew."""


class Asked(NamedTuple):
    """What came of one address: an invitation, or why there is none."""

    email: str
    invitation: Invitation | None
    refusal: str = ""


@transaction.atomic
def invite_members(
    *,
    emails: Sequence[str],
    role_key: str,
    scope: str,
    resource_ids: Sequence[str] = (),
    labels: Sequence[str] = (),
) -> list[Asked]:
    """Invite several addresses to the workspace with one role; each comes in or is refused by itself, and gets a link of its own.

    Raises:  Denied, MoreThanYouHave, Invalid; Outside, where a mail cannot be sent
    Writes:  Invitation; user.invited for each
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    wanted = list({one.casefold(): one for one in emails}.values())
    if not wanted:
        raise Invalid("Write at least one e-mail address.", field="emails", code="required")
    if len(wanted) > AT_ONCE:
        raise Invalid(f"Invite {AT_ONCE} addresses at most at once.", field="emails", code="too_many")
    given = checked_role(access, role_key=role_key, scope=scope, resource_ids=resource_ids, labels=labels)
    asked, links = [], []
    for email in wanted:
        try:
            validate_email(email)
            refuse_often(access.workspace_id, email)
            invitation, link = invite(access, email, given)
        except ValidationError:
            asked.append(Asked(email, None, NO_ADDRESS))
        except Conflict as refusal:
            asked.append(Asked(email, None, refusal.message))
        else:
            asked.append(Asked(email, invitation))
            links.append((invitation, link))
    mail_links(links, current_acting().actor.name)
    return asked


@transaction.atomic
def invite_again(*, invitation_id: str) -> Invitation:
    """Send an open or expired invitation anew: with another link for as long as a new one, in the name of who does it.

    Raises:  Denied, NotFound, MoreThanYouHave, AlreadyMember, AlreadyInvited, SentOften, WhatItGaveIsGone
    Writes:  Invitation; user.invite_renewed
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    here = {"workspace_id": access.workspace_id}
    waiting = Invitation.objects.filter(**here, accepted_at=None, revoked_at=None).select_related("role")
    invitation = waiting.filter(id=invitation_id).first()
    if invitation is None:
        raise NotFound
    if Member.objects.filter(**here, user__email__iexact=invitation.email).exists():
        raise AlreadyMember
    same = waiting.filter(email__iexact=invitation.email, expires_at__gt=clock.now()).exclude(id=invitation_id)
    if same.exists():
        raise AlreadyInvited
    reach = {name: getattr(invitation, name) for name in ("scope", "resource_ids", "labels")}
    try:
        checked_role(access, role_key=invitation.role_id, **reach)
    except Invalid:
        raise WhatItGaveIsGone from None
    refuse_often(access.workspace_id, invitation.email)
    link = new_link(invitation)
    invitation.invited_by, invitation.refused_at = access.subject_id, None
    invitation.save(update_fields=["digest", "expires_at", "recent_sends", "invited_by", "refused_at"])
    told = role_promised(invitation) | told_of(invitation.role, invitation.scope)
    record("user.invite_renewed", target=invitation, meta=told)
    mail_links([(invitation, link)], current_acting().actor.name)
    return invitation


def note_refused(secret: str, context: Mapping[str, Any]) -> None:
    """Tell once that an open invitation was refused, since whoever sent it lacks what it gives.

    Takes:   context, of the request
    Writes:  Invitation; user.invite_failed
    """
    with with_secret(token_digest(secret)):
        found = Invitation.objects.get(digest=token_digest(secret))
    with in_workspace(found.workspace_id), acting(found.workspace_id, SYSTEM, **context):
        same = Invitation.objects.filter(workspace_id=found.workspace_id, id=found.id, refused_at=None)
        if same.update(refused_at=clock.now()):
            told = role_promised(found) | {"reason": REASON}
            record("user.invite_failed", target=found, meta=told, outcome="failure")


def expired_invitations(workspace_id: int) -> list[Invitation]:
    """Those that ran out not long ago, while nobody came by another way, the last ones first."""
    now = clock.now()
    here = Invitation.objects.filter(workspace_id=workspace_id, accepted_at=None, revoked_at=None)
    gone = here.filter(expires_at__lte=now, expires_at__gt=now - EXPIRED_SHOWN).select_related("role")
    emails = {one.email.casefold() for one in gone}
    if not emails:
        return []
    came = Member.objects.filter(workspace_id=workspace_id).annotate(address=Lower("user__email"))
    settled = set(came.filter(address__in=emails).values_list("address", flat=True))
    open_now = here.filter(expires_at__gt=now).annotate(address=Lower("email"))
    settled |= set(open_now.filter(address__in=emails).values_list("address", flat=True))
    latest = {one.email.casefold(): one for one in gone.order_by("expires_at", "id")}
    return [one for address, one in reversed(latest.items()) if address not in settled]
