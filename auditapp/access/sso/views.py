"""Pages of single sign-on: out to the provider and back, before what is risky, and the link of one's own account."""

from typing import cast
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.utils import perform_login
from allauth.core.internal import ratelimit
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from auditapp.access.decorators import public_page, signed_in_page
from auditapp.access.models import User
from auditapp.access.sso.arrivals import ProofNeeded, note_arrival, person_of, require_fresh, tell_failure
from auditapp.access.sso.errors import NotLeft, ProofRefused, ProviderAway, SsoRefused
from auditapp.access.sso.links import CAN_LEAVE, link_of, unlink
from auditapp.access.sso.protocol import Answer, begin, finish, way_out
from auditapp.access.sso.provider import provider
from auditapp.access.step_up import is_proved, proof_url
from auditapp.lib.errors import AppError, Conflict
from auditapp.web.errors import status_of
from auditapp.web.pages import render_page

SIGN_IN, PROOF = "login", "proof"
NEXT = "next"
TRIES = {"sso": "30/m/ip"}
INVITATION = "/accounts/invitation/"


@require_http_methods(["GET", "HEAD", "POST"])
@public_page("People without a session have to get in.")
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Posted, on to the provider; looked at, what is asked of whoever was sent here by a workspace that wants it."""
    if request.method == "POST":
        return _to_provider(request, SIGN_IN)
    context = {"next": _own_path(request, request.GET.get(NEXT, "")), "is_asked": "asked" in request.GET}
    return render_page(request, "sso/sign_in.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in_page("It asks whoever is signed in to prove it again.")
def proof(request: HttpRequest) -> HttpResponseBase:
    """In place of the password, before what is risky: the provider is asked for a sign-in of now."""
    if link_of(cast(User, request.user)) is None:
        return redirect("account_reauthenticate")
    if request.method == "POST":
        return _to_provider(request, PROOF)
    next_url = _own_path(request, request.GET.get(NEXT, ""))
    others = [
        {**one, "url": f"{one['url']}?{urlencode({NEXT: next_url})}"}
        for one in get_adapter().get_reauthentication_methods(request.user)
        if one["url"] != request.path
    ]
    context = {"next": next_url, "reauthentication_alternatives": others}
    return render_page(request, "sso/proof.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@public_page("Whoever has just signed out has no session any more.")
def signed_out(request: HttpRequest) -> HttpResponse:
    """After signing out here, on to signing out of the provider, where whoever sits here next would come in by it again."""
    if provider() is None:
        return redirect("account_login")
    if request.method != "POST":
        return render_page(request, "sso/signed_out.html", {})
    if limited := _limited(request):
        return limited
    try:
        return render_page(request, "sso/going.html", {"address": way_out(request), "is_leaving": True})
    except NotLeft as fault:
        return _refused(request, fault)


@require_GET
@public_page(
    "The provider sends people back here; what they bring opens nothing without the session that asked for it."
)
def callback(request: HttpRequest) -> HttpResponseBase:
    if limited := _limited(request):
        return limited
    try:
        answer = finish(request)
        if answer.process == PROOF:
            return _proved(request, answer)
        user = person_of(answer.identity, request)
    except ProofNeeded:
        return render_page(request, "sso/link.html", {"next": "/"})
    except (SsoRefused, ProviderAway, Conflict) as refused:
        return _refused(request, refused)
    return _come_in(request, user, answer)


@require_POST
@signed_in_page("It changes the account of whoever is signed in.")
def own_unlink(request: HttpRequest) -> HttpResponse:
    if not is_proved(request):
        return redirect(proof_url("/accounts/"))
    try:
        unlink(cast(User, request.user), request)
    except Conflict as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, "The link is gone. Sign in with your password from now on.")
    return redirect("mfa_index")


def _to_provider(request: HttpRequest, process: str) -> HttpResponse:
    """A page that goes on by itself: the policy that keeps forms inside holds for where they are sent on to, too."""
    if limited := _limited(request):
        return limited
    next_url = _own_path(request, request.POST.get(NEXT, ""))
    user_id = cast(User, request.user).id if process == PROOF else ""
    try:
        address = begin(request, process=process, next_url=next_url, user_id=user_id, is_asked_anew=process == PROOF)
    except ProviderAway as away:
        return _refused(request, away)
    return render_page(request, "sso/going.html", {"address": address})


def _come_in(request: HttpRequest, user: User, answer: Answer) -> HttpResponseBase:
    next_url = _own_path(request, answer.next_url)
    if next_url.startswith(INVITATION) and user.last_login is None:
        next_url = ""  # it was accepted with the account that was made
    if request.user.is_authenticated and request.user != user:
        get_adapter().logout(request)
    note_arrival(request, user, answer.identity)
    request.session["sso_address"] = answer.identity.address
    request.session[CAN_LEAVE] = answer.can_leave
    return cast(HttpResponseBase, perform_login(request, user, redirect_url=next_url or None))


def _proved(request: HttpRequest, answer: Answer) -> HttpResponse:
    if not isinstance(request.user, User):
        raise ProofRefused
    try:
        require_fresh(answer, request.user)
    except ProofRefused as refused:
        tell_failure(request.user, request, refused)
        raise
    note_arrival(request, request.user, answer.identity, is_proof=True)
    return redirect(_own_path(request, answer.next_url) or "/")


def _refused(request: HttpRequest, refused: AppError) -> HttpResponse:
    return render_page(request, "sso/refused.html", {"message": refused.message}, status=status_of(refused))


def _limited(request: HttpRequest) -> HttpResponse | None:
    if ratelimit.consume(request, app="auditapp", action="sso", config=TRIES, limit_get=True):
        return None
    return cast(HttpResponse, ratelimit.respond_429(request))


def _own_path(request: HttpRequest, path: str) -> str:
    """Where to go on, if it is here; "" otherwise."""
    return path if path.startswith("/") and get_adapter(request).is_safe_url(path) else ""
