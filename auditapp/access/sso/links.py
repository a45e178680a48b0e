"""Whose account somebody at the provider is. A link is by the provider's own id of them, never by an address, which may change hands."""

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from auditapp.access.models import User
from auditapp.access.own_account import record_of_person
from auditapp.access.queries import workspaces_of
from auditapp.access.sso.errors import LinkedElsewhere, NotLinked, OnlyWayIn
from auditapp.access.sso.protocol import Identity
from auditapp.access.sso.provider import provider
from auditapp.record.acting import acting
from auditapp.record.drafts import SYSTEM
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace

METHOD = "socialaccount"  # as allauth calls it in a session's records
CAN_LEAVE = "sso_can_leave"  # in a session: whether people can be sent to its provider to sign out there


def link_of(user: User) -> SocialAccount | None:
    """The link of an account with the provider there is now."""
    here = provider()
    return SocialAccount.objects.filter(user_id=user.id, provider=here.issuer).first() if here else None


def linked_person(identity: Identity) -> User | None:
    """Whose account this is."""
    found = SocialAccount.objects.filter(provider=identity.issuer, uid=identity.subject).select_related("user").first()
    return found.user if found else None


def person_at(address: str) -> User | None:
    """The account with this address; compared here too, since the database takes some letters for others."""
    found = User.objects.filter(email__iexact=address).first() if address else None
    return found if found and found.email.lower() == address else None


def has_proof_of_its_own(user: User) -> bool:
    """Whether an account can be signed in to without the provider."""
    return user.has_usable_password() or Authenticator.objects.filter(user_id=user.id).exists()


def link(user: User, identity: Identity, request: HttpRequest) -> None:
    """Link an account, whose owner has proved both sides.

    Raises:  LinkedElsewhere
    Writes:  SocialAccount; user.sso_linked in each workspace of the person
    """
    try:
        with transaction.atomic():
            if SocialAccount.objects.filter(user_id=user.id, provider=identity.issuer).exists():
                raise LinkedElsewhere
            SocialAccount.objects.create(user_id=user.id, provider=identity.issuer, uid=identity.subject)
            record_of_person("user.sso_linked", user, request, meta={"provider": _name()})
    except IntegrityError:  # linked in another tab, at this moment
        raise LinkedElsewhere from None


@transaction.atomic
def unlink(user: User, request: HttpRequest) -> None:
    """Take the link of one's own account away.

    Raises:  NotLinked, OnlyWayIn
    Writes:  SocialAccount; user.sso_unlinked in each workspace of the person
    """
    found = link_of(user)
    if found is None:
        raise NotLinked
    if not has_proof_of_its_own(user):
        raise OnlyWayIn
    found.delete()
    record_of_person("user.sso_unlinked", user, request, meta={"provider": _name()})


@transaction.atomic
def unlink_by_operator(user: User) -> bool:
    """Take every link of an account away, for whoever runs the installation; gives whether there was one.

    Writes:  SocialAccount; user.sso_unlinked in each workspace of the person
    """
    removed, _ = SocialAccount.objects.filter(user_id=user.id).delete()
    for workspace in workspaces_of(user.id) if removed else ():
        with in_workspace(workspace.id), acting(workspace.id, SYSTEM):
            record("user.sso_unlinked", target=user, meta={"provider": _name()})
    return bool(removed)


def is_by_sso(request: HttpRequest) -> bool:
    """Whether this session was made by single sign-on, with the provider there is now."""
    here = provider()
    if here is None or not isinstance(request.user, User):
        return False
    return any(one.get("provider") == here.issuer for one in _by_sso(request))


def provider_asked_for_two(request: HttpRequest) -> bool:
    """Whether this session was made by single sign-on, and the provider said that it asked for two things."""
    return is_by_sso(request) and any(one.get("two") for one in _by_sso(request))


def _by_sso(request: HttpRequest) -> list[dict[str, Any]]:
    user = request.user if isinstance(request.user, User) else None
    return [one for one in get_authentication_records(request, user) if one["method"] == METHOD]


def _name() -> str:
    here = provider()
    return here.name if here else "single sign-on"
