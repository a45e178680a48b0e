"""The one provider of the installation, as the environment names it, and for whom it may speak."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from auditapp.access.sso.errors import NotSetUp

# A host name in ASCII with a dot in it: what looks like another one in other scripts is another one.
_DOMAIN: Final = re.compile(
    r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Provider:
    """Where people prove who they are."""

    issuer: str
    client_id: str
    secret: str
    name: str
    domains: frozenset[str]  # of addresses that it may speak for; all where there is none

    @property
    def host(self) -> str:
        return urlsplit(self.issuer).hostname or ""

    def speaks_for(self, domain: str) -> bool:
        """Whether people with addresses of this domain may come in by it."""
        return not self.domains or domain in self.domains


def provider() -> Provider | None:
    """The provider, where one is set up."""
    if not (settings.SSO_ISSUER and settings.SSO_CLIENT_ID):
        return None
    domains = frozenset(word.lower() for word in settings.SSO_DOMAINS)
    return Provider(settings.SSO_ISSUER, settings.SSO_CLIENT_ID, settings.SSO_CLIENT_SECRET, settings.SSO_NAME, domains)


def needed_provider() -> Provider:
    """The provider.

    Raises:  NotSetUp
    """
    if found := provider():
        return found
    raise NotSetUp


def is_domain(text: str) -> bool:
    """Whether this is a domain of mail as it is compared here: small ASCII letters, nothing below or above it meant."""
    return bool(_DOMAIN.fullmatch(text))


def plain_address(text: object) -> str:
    """An address that can be compared with others; "" for one that cannot.

    In ASCII alone: the database takes some other letters for the same (a dotless i, the sign of Kelvin), and an address that
    merely looks like somebody's must not be theirs.
    """
    if not isinstance(text, str) or not text.isascii():
        return ""
    try:
        validate_email(text)
    except ValidationError:
        return ""
    return text.lower() if is_domain(domain_of(text)) else ""


def domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()
