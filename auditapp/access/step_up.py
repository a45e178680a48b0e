"""Asking again who sits there, before what must not be done at a desk that somebody left: by password, second factor or single
sign-on, for five minutes.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from urllib.parse import urlencode

from allauth.account import app_settings
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY, get_authentication_records
from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate, get_reauthentication_flows
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from auditapp.access.errors import NotForSupport
from auditapp.access.models import User
from auditapp.access.sso.links import link_of
from auditapp.access.sso.provider import provider
from auditapp.lib import clock

# When the provider says that it asked, in what a session keeps of a sign-in by it.
ASKED_AT: Final = "asked_at"


def count_sign_in(request: HttpRequest, user: User) -> None:
    """A sign-in proves who sits there as well as being asked again does, from its last step on. One by the provider does where the
    provider says when it asked: it lets in without a question who has a session with it.
    """
    records = get_authentication_records(request, user)
    if not records or records[-1].get("reauthenticated"):
        return
    last = records[-1]
    at = last["at"] if last["method"] in {"password", "mfa"} else last.get(ASKED_AT)
    if at is not None:
        proof = {"method": last["method"], "at": min(at, clock.now().timestamp()), "reauthenticated": True}
        request.session[AUTHENTICATION_METHODS_SESSION_KEY] = [*records, proof]


def is_proved(request: HttpRequest) -> bool:
    """Whether whoever is signed in proved it again a moment ago; who has nothing to prove it with is proved by their sign-in.

    Raises:  NotForSupport: what asks for it is done by nobody in another's name
    """
    if getattr(request, "support", None):
        raise NotForSupport
    user = request.user
    if get_reauthentication_flows(user) or not (isinstance(user, User) and proof_by_sso(user)):
        return bool(did_recently_reauthenticate(request))
    # allauth leaves those out who come by the provider alone.
    proofs = [one for one in get_authentication_records(request, user) if one.get("reauthenticated")]
    return bool(proofs) and clock.now().timestamp() - proofs[-1]["at"] < app_settings.REAUTHENTICATION_TIMEOUT


def proof_url(back: str) -> str:
    """Where to prove it.

    Takes:   back, the path to go on at
    """
    return f"{reverse('account_reauthenticate')}?{urlencode({'next': back})}"


def proof_by_sso(user: User) -> list[dict[str, Any]]:
    """The provider as a way to prove it, as allauth lists them; none where the account is not linked."""
    here = provider()
    if here is None or not isinstance(user, User) or link_of(user) is None:
        return []
    return [{"id": "sso", "description": f"Use {here.name}", "url": reverse("sso_reauthenticate")}]


def asks_proof(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A view of allauth's that asks who sits there, also where it would not: of who comes by the provider alone."""

    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        is_theirs_to_ask = not request.user.is_authenticated or bool(get_reauthentication_flows(request.user))
        if is_theirs_to_ask or is_proved(request):
            return view(request, *args, **kwargs)
        return redirect(proof_url(request.get_full_path()))

    return asked
