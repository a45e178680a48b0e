"""How people come into a workspace, by invitation, and how they leave it."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from auditapp.access.above import refuse_above, refuse_above_invitation
from auditapp.access.errors import (
    AccountExists,
    AlreadyInvited,
    AlreadyMember,
    InvitationGone,
    OwnMembership,
    SenderLacks,
    SentOften,
)
from auditapp.access.everything import told_of
from auditapp.access.models import AccessRequest, Grant, Group, GroupMember, Invitation, Member, Scope, User, Workspace
from auditapp.access.permissions import Access, Permission, access_of_sender
from auditapp.access.queries import owner_role, owners_of, promised_in_words
from auditapp.access.roles import roles_of, subject_of, what_was_given
from auditapp.access.rules import (
    GrantedRole,
    begin_change,
    checked_role,
    keep_an_owner,
    refuse_more_than_held,
)
from auditapp.access.support import end_support_of
from auditapp.lib import clock
from auditapp.lib.errors import NotAllowed, NotFound, Outside
from auditapp.lib.ids import new_id, random_base62
from auditapp.lib.tokens import token_digest
from auditapp.record.acting import acting, current_acting
from auditapp.record.drafts import changed
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace, with_secret

logger = logging.getLogger(__name__)

INVITATION_DAYS = 7
SENDS_AN_HOUR = 5  # to one address
SECRET_LENGTH = 43  # 256 bits: a plain SHA-256 is enough to store it


class SomebodyElses(NotAllowed):
    """This invitation is for another address. Sign out and open its link again."""


@transaction.atomic
def invite_member(
    *, email: str, role_key: str, scope: str, resource_ids: Sequence[str] = (), labels: Sequence[str] = ()
) -> Invitation:
    """Invite an address to the workspace with one role; the link goes out by mail once this is committed.

    Raises:  Denied, AlreadyMember, AlreadyInvited, SentOften, MoreThanYouHave, Invalid; Outside, where the mail cannot be sent
    Writes:  Invitation; user.invited
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    given = checked_role(access, role_key=role_key, scope=scope, resource_ids=resource_ids, labels=labels)
    refuse_often(access.workspace_id, email)
    invitation, link = invite(access, email, given)
    mail_links([(invitation, link)], current_acting().actor.name)
    return invitation


@transaction.atomic
def link_for_owner(*, email: str) -> str:
    """Invite the owner of a workspace that nobody has joined yet; the link is given back, not sent, and an older one dies.

    Raises:  Denied, AlreadyMember
    Writes:  Invitation; user.invited, and user.invite_deleted for the older one
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    revoke_open_invitations()
    return invite(access, email, GrantedRole(owner_role(), Scope.WORKSPACE, [], []))[1]


@transaction.atomic
def revoke_open_invitations() -> None:
    """Take every open invitation of the workspace back.

    Raises:  Denied
    Writes:  Invitation; user.invite_deleted
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    waiting = Invitation.objects.filter(workspace_id=access.workspace_id, accepted_at=None, revoked_at=None)
    for invitation_id in list(waiting.values_list("id", flat=True)):
        revoke_invitation(invitation_id=invitation_id)


@transaction.atomic
def revoke_invitation(*, invitation_id: str) -> None:
    """Take an open invitation back; its link stops working.

    Raises:  Denied, NotFound, AboveYou
    Writes:  Invitation; user.invite_deleted
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    waiting = Invitation.objects.filter(workspace_id=access.workspace_id, accepted_at=None, revoked_at=None)
    invitation = waiting.filter(id=invitation_id).select_related("role").first()
    if invitation is None:
        raise NotFound
    refuse_above_invitation(access, invitation)
    invitation.revoked_at = clock.now()
    invitation.save(update_fields=["revoked_at"])
    record("user.invite_deleted", target=invitation, changes=changed(role_promised(invitation), {}))


def invitation_behind(secret: str) -> tuple[Invitation, Workspace]:
    """The open invitation whose link holds this secret, and where it leads.

    Raises:  InvitationGone
    """
    with with_secret(token_digest(secret)):
        found = Invitation.objects.filter(digest=token_digest(secret)).first()
    if found is None:
        raise InvitationGone
    with in_workspace(found.workspace_id):
        return still_open(found.workspace_id, found.id), Workspace.objects.get(id=found.workspace_id)


def accept_invitation(
    *, secret: str, user: User | None, name: str = "", password: str = "", context: Mapping[str, Any]
) -> tuple[User, Workspace]:
    """Make the invited person a member, with an account of their own where they have none.

    Takes:   user, who is signed in; without one, name and password of the new account; context, of the request
    Raises:  InvitationGone, SomebodyElses, AccountExists, AlreadyMember
    Writes:  User, Member, Grant, Invitation; user.invite_accepted
    """
    found, workspace = invitation_behind(secret)
    with in_workspace(workspace.id):
        # The lock of every change of access: a link opened twice at once is accepted once.
        Workspace.objects.select_for_update().get(id=workspace.id)
        invitation = still_open(workspace.id, found.id)
        member = _joining(invitation, user, name, password)
        take_up(invitation, member, context)
    return member, workspace


def take_up(invitation: Invitation, member: User, context: Mapping[str, Any]) -> None:
    """Make somebody a member by an invitation that is still open; the caller holds the lock of its workspace.

    Writes:  Member, Grant, Invitation; user.invite_accepted
    """
    workspace_id = invitation.workspace_id
    invitation.accepted_at = clock.now()
    invitation.save(update_fields=["accepted_at"])
    Member.objects.create(workspace_id=workspace_id, user=member, joined_at=clock.now())
    grant = _grant_of(invitation, member.id)
    grant.save(force_insert=True)
    with acting(workspace_id, member.audit_actor, **context):
        given = what_was_given(grant)
        record(
            "user.invite_accepted",
            target=invitation,
            meta=given | told_of(invitation.role, invitation.scope),
            changes=changed({}, given),
        )


@transaction.atomic
def remove_member(*, user_id: str) -> None:
    """Take a member out of the workspace, with their roles; members may take themselves out. Their tokens stay.

    Raises:  Denied, NotFound, AboveYou, LastOwner; OwnMembership, for a token whose maker it would be
    Writes:  Member, Grant, GroupMember, AccessRequest; user.removed
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    member = subject_of(access.workspace_id, user_id=user_id)
    if user_id != access.subject_id and user_id == access.person_id:
        raise OwnMembership
    refuse_above(access, [user_id])
    if isinstance(member, Member):
        take_out(member, "user.removed")


def take_out(member: Member, told: str) -> None:
    """End somebody's membership; who does so holds the lock.

    Takes:   told, the type of the event that tells it
    Raises:  LastOwner
    Writes:  Member, Grant, GroupMember, AccessRequest, SupportAccess; support_access.revoked, and that event
    """
    target, whole = member.audit_target, whole_of_member(member.workspace_id, member.user_id)
    here = {"workspace_id": member.workspace_id}
    owners = owners_of(member.workspace_id)
    Grant.objects.filter(**here, subject_kind="member", subject_id=member.user_id).delete()
    GroupMember.objects.filter(**here, user_id=member.user_id).delete()
    AccessRequest.objects.filter(**here, user_id=member.user_id).delete()
    end_support_of(member.workspace_id, member.user_id)
    member.delete()
    keep_an_owner(here["workspace_id"], owners)
    record(told, target=target, changes=changed(whole, {}))


def whole_of_member(workspace_id: int, user_id: str) -> dict[str, Any]:
    """All that events tell of a member, which is what one that was removed comes back with: roles of their own, and groups."""
    ids = GroupMember.objects.filter(workspace_id=workspace_id, user_id=user_id).values("group_id")
    groups = list(Group.objects.filter(workspace_id=workspace_id, id__in=ids).order_by("name").values("id", "name"))
    told = {"roles": roles_of(workspace_id, "member", user_id), "groups": groups}
    return {key: value for key, value in told.items() if value}


def invite(access: Access, email: str, given: GrantedRole) -> tuple[Invitation, str]:
    """The invitation and its link; whoever asks for it holds the lock, and sends the link.

    Raises:  AlreadyMember, AlreadyInvited
    Writes:  Invitation; user.invited
    """
    here = {"workspace_id": access.workspace_id}
    if Member.objects.filter(**here, user__email__iexact=email).exists():
        raise AlreadyMember
    waiting = Invitation.objects.filter(**here, email__iexact=email, accepted_at=None, revoked_at=None)
    if waiting.filter(expires_at__gt=clock.now()).exists():
        raise AlreadyInvited
    invitation = Invitation(
        **here,
        **given._asdict(),
        id=new_id("inv"),
        email=email,
        invited_by=access.subject_id,
        created_at=clock.now(),
    )
    link = new_link(invitation)
    invitation.save(force_insert=True)
    promised = role_promised(invitation)
    told = promised | told_of(invitation.role, invitation.scope)
    record("user.invited", target=invitation, meta=told, changes=changed({}, promised))
    return invitation, link


def new_link(invitation: Invitation) -> str:
    """A link that opens the invitation from now on, instead of any that it had; kept nowhere, and the row is not saved yet."""
    secret, now = random_base62(SECRET_LENGTH), clock.now()
    invitation.digest, invitation.expires_at = token_digest(secret), now + timedelta(days=INVITATION_DAYS)
    invitation.recent_sends = [*_recent(invitation.recent_sends), now]
    return settings.PUBLIC_URL + reverse("invitation", args=[secret])


def refuse_often(workspace_id: int, email: str) -> None:
    """Nobody's mailbox is filled from here, however often invitations are taken back and sent.

    Raises:  SentOften
    """
    of_address = Invitation.objects.filter(workspace_id=workspace_id, email__iexact=email)
    sends = [moment for sent in of_address.values_list("recent_sends", flat=True) for moment in _recent(sent)]
    if len(sends) >= SENDS_AN_HOUR:
        raise SentOften


def role_promised(invitation: Invitation) -> dict[str, object]:
    """The role that an invitation gives, as events tell it."""
    return what_was_given(_grant_of(invitation, ""))


def _recent(moments: Sequence[datetime]) -> list[datetime]:
    return [moment for moment in moments if moment > clock.now() - timedelta(hours=1)]


def still_open(workspace_id: int, invitation_id: str) -> Invitation:
    """The invitation, where it is open and whoever sent it may still give what it gives.

    Raises:  InvitationGone
    """
    waiting = Invitation.objects.filter(workspace_id=workspace_id, id=invitation_id, accepted_at=None, revoked_at=None)
    invitation = waiting.filter(expires_at__gt=clock.now()).select_related("role").first()
    if invitation is None:
        raise InvitationGone
    sender = access_of_sender(workspace_id, invitation.invited_by)
    try:
        sender.require(Permission.ACCESS_MANAGE)
        refuse_more_than_held(sender, invitation.role)
    except NotAllowed:
        raise SenderLacks from None
    return invitation


def _joining(invitation: Invitation, user: User | None, name: str, password: str) -> User:
    if user is None:
        if User.objects.filter(email__iexact=invitation.email).exists():
            raise AccountExists
        return User.objects.create_user(invitation.email, password, name=name)
    if user.email.casefold() != invitation.email.casefold():
        raise SomebodyElses
    if Member.objects.filter(workspace_id=invitation.workspace_id, user_id=user.id).exists():
        raise AlreadyMember
    return user


def _grant_of(invitation: Invitation, user_id: str) -> Grant:
    return Grant(
        workspace_id=invitation.workspace_id,
        id=new_id("grt"),
        subject_kind="member",
        subject_id=user_id,
        role=invitation.role,
        scope=invitation.scope,
        resource_ids=invitation.resource_ids,
        labels=invitation.labels,
        created_at=clock.now(),
    )


def mail_links(links: Sequence[tuple[Invitation, str]], sender: str) -> None:
    """Mail each invitation its link once all is committed.

    Raises:  Outside, at that time, where a mail cannot be sent
    """
    if not links:
        return
    workspace = Workspace.objects.get(id=links[0][0].workspace_id)
    # A subject holds one line: a workspace's name could bring another header.
    subject = " ".join(f"Join {workspace.name} on Audit Trail".split())
    promised = promised_in_words(workspace.id, [invitation for invitation, _ in links])
    mails = []
    for (invitation, link), role in zip(links, promised, strict=True):
        context = {
            "workspace": workspace,
            # A name of another system's may hold lines, which would read as ours.
            "role": " ".join(role.split()),
            "sender": sender,
            "days": INVITATION_DAYS,
            "link": link,
        }
        mails.append((invitation.email, render_to_string("emails/invitation.txt", context)))
    transaction.on_commit(lambda: _send(subject, mails))


def _send(subject: str, mails: Sequence[tuple[str, str]]) -> None:
    missed = []
    for address, text in mails:
        try:
            send_mail(subject, text, None, [address])
        except OSError as fault:  # SMTPException is one
            logger.error("The mail server did not take an invitation: %s", type(fault).__name__)
            missed.append(address)
    if missed:
        whose = "its mail" if len(mails) == 1 else f"the mail to {', '.join(missed)}"
        raise Outside(
            f"The invitation is kept, but the mail server did not take {whose}. Once it does, send the invitation again"
            " from the list of members."
        )
