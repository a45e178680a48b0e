"""Of single sign-on: what the environment says of the provider, as far as it can be told without asking it."""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from auditapp.access.sso.calls import is_safe_address
from auditapp.access.sso.provider import is_domain

ISSUER_LENGTH: Final = 200  # as links keep it
OTHERS: Final = ("SSO_CLIENT_ID", "SSO_CLIENT_SECRET", "SSO_DOMAINS")


@register(Tags.security)
def sso_is_whole(app_configs: Sequence[Any] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Either no provider or one that people can be sent to."""
    if not settings.SSO_ISSUER:
        return [*_without_issuer()]
    return [*_of_issuer(), *_of_client(), *_of_domains()]


def _without_issuer() -> Iterable[CheckMessage]:
    if named := [name for name in OTHERS if getattr(settings, name)]:
        hint = "Set SSO_ISSUER to the address that the provider calls its issuer, or unset the others."
        text = f"{', '.join(named)} without SSO_ISSUER: there is no single sign-on."
        yield Error(text, hint=hint, id="auditapp.E060")


def _of_issuer() -> Iterable[CheckMessage]:
    issuer = settings.SSO_ISSUER
    if not is_safe_address(issuer) or urlsplit(issuer).query or len(issuer) > ISSUER_LENGTH:
        hint = "Write it as the provider's document has it, as in SSO_ISSUER=https://login.example.com/realms/acme"
        text = f"SSO_ISSUER is no address with https:// of at most {ISSUER_LENGTH} characters, without ? and #."
        yield Error(text, hint=hint, id="auditapp.E061")


def _of_client() -> Iterable[CheckMessage]:
    for name in ("SSO_CLIENT_ID", "SSO_CLIENT_SECRET"):
        if not getattr(settings, name):
            hint = f"Register {settings.PUBLIC_URL}/accounts/sso/callback/ with the provider, which gives both."
            yield Error(f"{name} is missing: the provider cannot tell who asks.", hint=hint, id="auditapp.E062")


def _of_domains() -> Iterable[CheckMessage]:
    for word in settings.SSO_DOMAINS:
        if not is_domain(word.lower()):
            hint = "Write what stands after the @, with commas between, as in SSO_DOMAINS=example.com,example.org"
            yield Error(f"SSO_DOMAINS: {word!r} is no domain.", hint=hint, id="auditapp.E063")
    if not settings.SSO_DOMAINS:
        hint = "Set SSO_DOMAINS to the domains of your organisation."
        text = "The provider is believed about addresses of every domain."
        yield Warning(text, hint=hint, id="auditapp.W060")
