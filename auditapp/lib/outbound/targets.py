"""What may be called: the port, the scheme and every address behind a name, judged anew for each call.

Source:  OWASP SSRF Prevention, case 2; Standard Webhooks, "SSRF"
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Final

from django.conf import settings

from auditapp.lib.outbound.deadline import Deadline
from auditapp.lib.outbound.errors import Refusal, Refused
from auditapp.lib.outbound.names import LOOK_UP_TIMEOUT_S, addresses_of
from auditapp.lib.outbound.ranges import Address, Network, is_metadata, unmapped, why_not_public
from auditapp.lib.outbound.urls import canonical_host, literal_address, parts_of

# Below 1024 only what destinations speak: HTTP, submission of mail and syslog (514, 601, TLS on 6514). Not 25, which sends spam.
_SMALL_PORTS: Final = {"https": {80, 443}, "http": {80, 443}, "tls": {443, 465, 601}, "tcp": {514, 587, 601}}
# From 1024 collectors choose freely (8088, 9200, 5432, tens of thousands at hosted syslog), so there what does harm is listed:
# WHATWG Fetch's bad ports, and what obeys whoever connects (Docker, etcd, Redis, kubelet, memcached).
_HARMFUL_PORTS: Final = frozenset(
    {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, *range(6665, 6670), 6679, 6697, 10080}
    | {2375, 2376, 2379, 2380, 6379, 10250, 10255, 11211}
)
_CLEAR_TEXT: Final = {"http": "Write https://.", "tcp": "Turn TLS on."}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call may go now: the name for TLS and the Host header, and the addresses behind it, every one allowed."""

    scheme: str  # https and http of URLs; tls and tcp of other connections
    host: str
    port: int
    path: str
    addresses: tuple[Address, ...]

    @property
    def authority(self) -> str:
        """As the Host header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if (self.scheme, self.port) in {("https", 443), ("http", 80)} else f"{host}:{self.port}"


def vetted(url: str, *, deadline: Deadline | None = None) -> Target:
    """The target of a URL that may be called. Good for this one call: names change their addresses.

    Raises:  Refused, Unreachable
    """
    parts = parts_of(url)
    return _vetted(parts.scheme, parts.host, parts.port, parts.path, deadline)


def check_url(url: str) -> None:
    """Refuse a URL of which it is certain without a look-up that it will never be called, so that it is said where it is entered.

    Raises:  Refused
    """
    parts = parts_of(url)
    _require_port(parts.scheme, parts.port)
    if literal := literal_address(parts.host):
        _require_scheme(parts.scheme, is_inside=_lies_inside(parts.host, (unmapped(literal),)))


def vetted_peer(host: str, port: int, *, tls: bool, deadline: Deadline | None = None) -> Target:
    """The same for a host and a port. A client that connects by itself is given one of `addresses` (libpq: hostaddr).

    Raises:  Refused, Unreachable
    """
    return _vetted("tls" if tls else "tcp", canonical_host(host), port, "", deadline)


@lru_cache(maxsize=8)
def networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    """Networks as OUTBOUND_ALLOWED_NETWORKS has them.

    Raises:  ValueError
    """
    return tuple(ip_network(text, strict=False) for text in texts)


def _vetted(scheme: str, host: str, port: int, path: str, deadline: Deadline | None) -> Target:
    _require_port(scheme, port)
    addresses = addresses_of(host, deadline or Deadline(LOOK_UP_TIMEOUT_S))
    _require_scheme(scheme, is_inside=_lies_inside(host, addresses))
    return Target(scheme, host, port, path, addresses)


def _require_port(scheme: str, port: int) -> None:
    is_small = port < 1024 and port not in _SMALL_PORTS[scheme]
    if is_small or port > 65_535 or port in _HARMFUL_PORTS:
        raise Refused(Refusal.PORT, f"Port {port} is not called: other services listen there.")


def _require_scheme(scheme: str, *, is_inside: bool) -> None:
    if scheme in _CLEAR_TEXT and not is_inside and not settings.OUTBOUND_ALLOW_HTTP:
        raise Refused(Refusal.SCHEME, f"Events do not cross the Internet in the clear. {_CLEAR_TEXT[scheme]}")


def _lies_inside(host: str, addresses: Iterable[Address]) -> bool:
    """Refuse a name with even one address that may not be called; say whether all lie in allowed networks."""
    allowed = networks(tuple(settings.OUTBOUND_ALLOWED_NETWORKS))
    is_inside = True
    for address in addresses:
        if any(address in network for network in allowed) and not is_metadata(address):
            continue
        is_inside = False
        if why := why_not_public(address) or ("this machine" if _is_own(address) else None):
            raise Refused(Refusal.ADDRESS, _refusal(host, address, why))
    return is_inside


def _refusal(host: str, address: Address, why: str) -> str:
    # The address itself is not told: it would map the inner network for whoever tries names.
    where = f"{host} is" if host == str(address) else f"{host} leads to"
    if is_metadata(address):
        return f"{where} {why}, which is never called."
    return f"{where} {why}. Only the public Internet is called, and networks that the operator lists in OUTBOUND_ALLOWED_NETWORKS."


def _is_own(address: Address) -> bool:
    """Whether a public address is one of this machine's: the way to it then starts at it."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((str(address), 9))  # UDP: a route is chosen, nothing is sent
        except OSError:
            return False
        return ip_address(probe.getsockname()[0]) == address
