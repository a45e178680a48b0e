"""Where a request comes from. A forwarded address is believed only from proxies that settings.TRUSTED_PROXIES names."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

Address = IPv4Address | IPv6Address


def client_ip(request: HttpRequest) -> str | None:
    """The address of the client; None where the server listens on a socket file and no proxy told it.

    Read from the right: each trusted proxy appends the address that it saw, and what stands left of the first untrusted
    one was written by the client itself.
    """
    address = _parsed(request.META.get("REMOTE_ADDR", ""))
    trusted = _networks(tuple(settings.TRUSTED_PROXIES))
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while forwarded and address is not None and _is_in(address, trusted):
        before = _parsed(forwarded.pop())
        if before is None:
            break
        address = before
    return str(address) if address else None


@lru_cache(maxsize=8)
def _networks(words: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(word, strict=False) for word in words)


def _is_in(address: Address, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    return any(address in network for network in networks)


def _parsed(text: str) -> Address | None:
    """The address, an IPv4 one written as ::ffff:192.0.2.1 as itself; proxies may add a port or brackets."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
