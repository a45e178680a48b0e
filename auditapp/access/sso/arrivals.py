"""What becomes of somebody whom the provider proved: who they are here, or why nobody; what a session keeps of it.

Whoever can sign in to their account in another way does so once before it is linked. An address alone takes no account over:
not where the provider is wrong about it, nor where it was somebody else's before, and a second factor of the account is
never gone around.
"""

from dataclasses import asdict
from typing import Any, Final

from allauth.account.internal.flows.login import clear_authentication_records, get_authentication_records
from allauth.account.internal.flows.login import record_authentication as note_proof
from allauth.mfa.stages import AuthenticateStage
from allauth.usersessions.models import UserSession
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from auditapp.access.models import User
from auditapp.access.own_account import record_of_person
from auditapp.access.requests import context_of
from auditapp.access.sso.errors import (
    LinkedElsewhere,
    NotVerified,
    NoWayIn,
    OtherDomain,
    ProofRefused,
    SsoRefused,
    SwitchedOff,
)
from auditapp.access.sso.joining import doors_for, go_through
from auditapp.access.sso.links import METHOD, has_proof_of_its_own, is_by_sso, link, link_of, linked_person, person_at
from auditapp.access.sso.protocol import SKEW_S, Answer, Identity
from auditapp.access.sso.provider import domain_of, needed_provider, provider
from auditapp.access.step_up import ASKED_AT
from auditapp.lib import clock
from auditapp.lib.errors import Conflict

PENDING: Final = "sso_pending"
PENDING_S: Final = 600


class AtTheSameTime(Conflict):
    """You signed in twice at the same moment. Start again from the sign-in page."""


class ProofNeeded(Exception):
    """There is an account with this address, which its owner has to sign in to once before it is linked."""


class SecondStep(AuthenticateStage):  # type: ignore[misc]  # allauth has no types
    """The second factor of the account, not asked for where the provider said that it asked for two things itself."""

    def _should_handle(self, request: HttpRequest) -> bool:
        records = get_authentication_records(request, self.login.user)
        if records and records[-1]["method"] == METHOD and records[-1].get("two"):
            return False
        return bool(super()._should_handle(request))


def person_of(identity: Identity, request: HttpRequest) -> User:
    """The account that comes in, linked; made where a door is open to its address.

    Raises:  SsoRefused, each with an event where there is an account; ProofNeeded, with what waits kept in the session
    """
    linked = linked_person(identity)
    known = linked or person_at(identity.named_address)
    try:
        _require_domain(identity)
        if known is not None and not known.is_active:
            raise SwitchedOff
        if linked is not None:
            return linked
        if not identity.address:
            raise NotVerified
        return _first_time(known, identity, request)
    except SsoRefused as refused:
        if known is not None:
            tell_failure(known, request, refused)
        raise


def tell_failure(user: User, request: HttpRequest, refused: SsoRefused) -> None:
    """An event of a sign-in that was refused, in each workspace of the person."""
    meta = {"email": user.email, "reason": f"By {needed_provider().name}: {_REASONS[type(refused)]}"}
    record_of_person("user.sign_in_failed", user, request, meta=meta, outcome="failure")


def note_arrival(request: HttpRequest, user: User, identity: Identity, *, is_proof: bool = False) -> None:
    """Keep in the session how somebody proved who they are.

    Takes:   is_proof, of somebody who is signed in, before what is risky
    """
    kept: dict[str, Any] = {"provider": identity.issuer, "uid": identity.subject, "two": identity.has_second_factor}
    if is_proof:
        kept["reauthenticated"] = True
    else:
        clear_authentication_records(request)
        kept[ASKED_AT] = identity.authenticated_at
    note_proof(request, user, METHOD, **kept)


def require_fresh(answer: Answer, user: User) -> None:
    """Go on only where this person signed in at the provider just now.

    Raises:  ProofRefused
    """
    kept, identity = link_of(user), answer.identity
    is_theirs = kept is not None and kept.uid == identity.subject and answer.user_id == user.id
    at = identity.authenticated_at
    if not is_theirs or at is None or at < answer.began_at - SKEW_S:
        raise ProofRefused


def signed_in(request: HttpRequest, user: User) -> None:
    """What is left to do once somebody is in, whichever way: a link that waited for it, and doors that are open to them."""
    waiting = request.session.pop(PENDING, None)
    if waiting and waiting["user_id"] == user.id and clock.now().timestamp() - waiting["at"] < PENDING_S:
        here = provider()
        if here is not None and here.issuer == waiting["identity"]["issuer"]:
            link(user, Identity(**waiting["identity"]), request)
    if not is_by_sso(request):
        return
    request.session.save()  # or it is taken for one that has ended, and listed anew
    UserSession.objects.create_from_request(request)
    mine = UserSession.objects.filter(session_key=request.session.session_key)
    mine.update(data={"by": needed_provider().name})
    address = request.session.pop("sso_address", "")
    if address == user.email.lower() and (doors := doors_for(address)).workspace_ids:
        # Invitations of who has an account wait for their own click.
        doors.invitations.clear()
        go_through(user, doors, context=context_of(request, with_path=False))


def _require_domain(identity: Identity) -> None:
    here = needed_provider()
    if not here.domains:
        return
    if not identity.address:
        raise NotVerified
    if not here.speaks_for(domain_of(identity.address)):
        raise OtherDomain


def _first_time(known: User | None, identity: Identity, request: HttpRequest) -> User:
    if known is None:
        return _made(identity, request)
    if link_of(known) is not None:
        raise LinkedElsewhere
    if request.user != known and has_proof_of_its_own(known):
        request.session[PENDING] = {"user_id": known.id, "identity": asdict(identity), "at": clock.now().timestamp()}
        raise ProofNeeded
    link(known, identity, request)
    return known


def _made(identity: Identity, request: HttpRequest) -> User:
    doors = doors_for(identity.address)
    if not doors:
        raise NoWayIn
    name = identity.name or identity.address.partition("@")[0]
    try:
        with transaction.atomic():
            user = User.objects.create_user(identity.address, name=name)
            if not go_through(user, doors, context=context_of(request, with_path=False)):
                raise NoWayIn
            link(user, identity, request)
    except IntegrityError:
        raise AtTheSameTime from None
    return user


_REASONS: Final[dict[type[SsoRefused], str]] = {
    NotVerified: "the address is not verified there",
    OtherDomain: "not of a domain that may come in by it",
    SwitchedOff: "the account is switched off",
    LinkedElsewhere: "the account is linked to somebody else there",
    NoWayIn: "no way in",
    ProofRefused: "it did not prove a sign-in of just now",
}
