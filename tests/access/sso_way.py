"""The way out to a provider and back, as a browser walks it."""

import html
import re

from django.test import Client

from tests.access.oidc_provider import CLIENT_ID, SECRET, OidcProvider


def set_up(settings, provider: OidcProvider, *, domains=()) -> None:
    settings.SSO_ISSUER, settings.SSO_NAME = provider.issuer, "Acme Login"
    settings.SSO_CLIENT_ID, settings.SSO_CLIENT_SECRET = CLIENT_ID, SECRET
    settings.SSO_DOMAINS = list(domains)


def sent_to(client: Client, path="/accounts/sso/", **posted) -> str:
    """Begin, and give where the browser is sent to."""
    page = client.post(path, posted).content.decode()
    return html.unescape(re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page)[1])


def come_back(client: Client, address: str):
    return client.get(address.removeprefix("http://127.0.0.1:8000"))


def walk(client: Client, provider: OidcProvider, path="/accounts/sso/", **posted):
    """All the way; gives the answer to coming back."""
    return come_back(client, provider.authorized(sent_to(client, path, **posted)))
