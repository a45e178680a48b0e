"""Of the addresses under which people and proxies reach an installation."""

from collections.abc import Iterable, Sequence
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register


@register(Tags.security)
def addresses_are_safe(app_configs: Sequence[Any] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Passwords do not cross the network in the clear, and nobody forges the address that events keep."""
    return [*_of_people(), *_of_proxies()]


def is_reached_from_elsewhere() -> bool:
    """Whether PUBLIC_URL is for more than this machine."""
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


def _of_people() -> Iterable[CheckMessage]:
    if "*" in settings.ALLOWED_HOSTS:
        hint = "Name the hosts that people use in ALLOWED_HOSTS; unset, it is the one of PUBLIC_URL."
        yield Error(
            "ALLOWED_HOSTS takes any host name: links in mails could lead anywhere.", hint=hint, id="auditapp.E013"
        )
    if not is_reached_from_elsewhere():
        return
    if settings.DEBUG:
        hint = f"Set DEBUG to 0; PUBLIC_URL is {settings.PUBLIC_URL}."
        yield Error("DEBUG shows settings and source code to whoever meets an error.", hint=hint, id="auditapp.E011")
    if not settings.PUBLIC_URL.startswith("https://") and not settings.ALLOW_PLAIN_HTTP:
        hint = "Put a proxy with TLS before it and let PUBLIC_URL begin with https://, or set ALLOW_PLAIN_HTTP to 1 for a trial."
        yield Error(
            f"Passwords and tokens would cross the network in the clear: PUBLIC_URL is {settings.PUBLIC_URL}.",
            hint=hint,
            id="auditapp.E010",
        )
    if _mail_stays_here():
        hint = "Set EMAIL_URL, then try it: manage.py sendtestemail you@example.com"
        yield Warning("Mail goes into a folder: invitations reach nobody.", hint=hint, id="auditapp.W010")


def _mail_stays_here() -> bool:
    mailers = getattr(settings, "MAILERS", None)
    backend = mailers["default"]["BACKEND"] if mailers else settings.EMAIL_BACKEND
    return ".filebased." in backend


def _of_proxies() -> Iterable[CheckMessage]:
    for word in settings.TRUSTED_PROXIES:
        try:
            is_everybody = ip_network(word, strict=False).prefixlen == 0
        except ValueError:
            hint = "Write addresses and networks with commas between, as in TRUSTED_PROXIES=10.0.0.5,10.1.0.0/16"
            yield Error(f"TRUSTED_PROXIES: {word!r} is no address.", hint=hint, id="auditapp.E014")
            continue
        if is_everybody:
            hint = "Name the proxies alone: whoever is trusted writes the address that events keep."
            yield Error(f"TRUSTED_PROXIES: {word} trusts everybody.", hint=hint, id="auditapp.E014")
