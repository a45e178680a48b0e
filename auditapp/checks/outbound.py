"""Of what may be called: the networks that an operator opened to destinations."""

from collections.abc import Iterable, Sequence
from ipaddress import ip_network
from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

NARROW_PREFIX: Final = {4: 16, 6: 48}
OF_ITS_OWN: Final = tuple(
    ip_network(text) for text in ("127.0.0.0/8", "0.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10")
)


@register(Tags.security)
def outbound_is_narrow(app_configs: Sequence[Any] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Who may add a destination cannot reach whatever listens inside."""
    return [*_of_networks(), *_of_clear_text()]


def _of_networks() -> Iterable[CheckMessage]:
    for word in settings.OUTBOUND_ALLOWED_NETWORKS:
        try:
            network = ip_network(word, strict=False)
        except ValueError:
            hint = "Write networks with commas between, as in OUTBOUND_ALLOWED_NETWORKS=10.0.5.0/24,10.2.0.7"
            yield Error(f"OUTBOUND_ALLOWED_NETWORKS: {word!r} is no network.", hint=hint, id="auditapp.E030")
            continue
        if network.prefixlen < NARROW_PREFIX[network.version]:
            hint = "Name the machines that destinations are on, as in 10.0.5.0/24: whoever may add a destination may call all of it."
            yield Warning(f"OUTBOUND_ALLOWED_NETWORKS: {word} is wide.", hint=hint, id="auditapp.W030")
        if any(network.version == own.version and network.overlaps(own) for own in OF_ITS_OWN):
            hint = "Take it out where others may add destinations: they could call what listens on this machine alone."
            text = f"OUTBOUND_ALLOWED_NETWORKS: {word} has addresses of this machine itself in it."
            yield Warning(text, hint=hint, id="auditapp.W031")


def _of_clear_text() -> Iterable[CheckMessage]:
    if settings.OUTBOUND_ALLOW_HTTP:
        hint = "Unset OUTBOUND_ALLOW_HTTP: towards OUTBOUND_ALLOWED_NETWORKS http:// works without it."
        yield Warning("Events may cross the Internet in the clear.", hint=hint, id="auditapp.W032")
