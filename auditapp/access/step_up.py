"""Asking again who sits there, before what must not be done at a desk that somebody left: by password, for five minutes."""

from urllib.parse import urlencode

from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django.http import HttpRequest
from django.urls import reverse


def is_proved(request: HttpRequest) -> bool:
    """Whether whoever is signed in proved it again a moment ago; who has no password is proved by their sign-in."""
    return bool(did_recently_reauthenticate(request))


def proof_url(back: str) -> str:
    """Where to prove it.

    Takes:   back, the path to go on at
    """
    return f"{reverse('account_reauthenticate')}?{urlencode({'next': back})}"
