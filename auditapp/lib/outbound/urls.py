"""The text of an address as parts that every parser would read alike; what could be read in two ways is refused.

Nothing is looked up here.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from unicodedata import normalize

import httpx2

from auditapp.lib.outbound.errors import Refusal, Refused
from auditapp.lib.outbound.ranges import Address
from auditapp.lib.visible_text import terminal_safe

_LONGEST: Final = 2048
_URL: Final = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>[^#]*)")
_AUTHORITY: Final = re.compile(r"(?P<host>\[[^\[\]]*\]|[^\[\]:]*)(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
# RFC 1123, with the underscore that container networks put into names.
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.ASCII)
# The dots of IDNA (UTS 46) that NFKC leaves.
_DOTS: Final = str.maketrans("。｡．", "...")
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Parts:
    """A URL taken apart; `path` is what goes into the request line."""

    scheme: str
    host: str
    port: int
    path: str


def parts_of(url: str) -> Parts:
    """The parts of an http or https URL.

    Raises:  Refused
    """
    if len(url) > _LONGEST:
        raise Refused(Refusal.URL, f"An address has at most {_LONGEST} characters.")
    # Backslashes and what cannot be seen are where parsers disagree.
    if "\\" in url or " " in url or not url.isprintable():
        raise Refused(Refusal.URL, "An address has no spaces, backslashes or invisible characters.")
    found = _URL.fullmatch(url.partition("#")[0])
    if found is None:
        raise Refused(Refusal.URL, "Write the whole address, as in https://hooks.example.com/path.")
    scheme = found["scheme"].lower()
    if scheme not in _DEFAULT_PORTS:
        raise Refused(Refusal.SCHEME, f"{scheme}:// addresses are not called: write https://.")
    host, port = _host_and_port(found["authority"])
    return _read_again(scheme, host, _DEFAULT_PORTS[scheme] if port is None else port, found["rest"])


def canonical_host(text: str) -> str:
    """A host name as it is looked up and shown to the server, in ASCII; an address in its one spelling.

    Raises:  Refused
    """
    host = normalize("NFKC", text.translate(_DOTS)).lower().removesuffix(".")
    if literal := literal_address(host):
        return str(literal)
    if not host.isascii():
        host = _idna(host)
    labels = host.split(".")
    if len(host) > 253 or any(_LABEL.fullmatch(label) is None for label in labels):
        raise Refused(Refusal.HOST, f"{_shown(text)} is no host name.")
    # 2130706433, 0x7f.1 and 127.1 are addresses to the resolver (WHATWG URL: "ends in a number").
    if labels[-1].isdigit() or re.fullmatch(r"0x[0-9a-f]*", labels[-1]):
        raise Refused(Refusal.HOST, f"{_shown(text)} is no host name. Write an IPv4 address as four numbers.")
    return host


def literal_address(host: str) -> Address | None:
    """The IP address that this text is, with or without brackets; none where it is a name."""
    is_bracketed = host.startswith("[") and host.endswith("]")
    # The zone of an IPv6 address names an interface of this machine.
    with suppress(ValueError):
        if "%" not in host:
            return ip_address(host[1:-1] if is_bracketed else host)
    return None


def _host_and_port(authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        raise Refused(Refusal.USERINFO, "An address holds no user name or password. Put them into a header.")
    found = _AUTHORITY.fullmatch(authority)
    if found is None or not found["host"]:
        raise Refused(Refusal.HOST, f"{_shown(authority)} is no host name with an optional port.")
    is_bracketed = found["host"].startswith("[")
    host = canonical_host(found["host"])
    if is_bracketed != (":" in host):
        raise Refused(Refusal.HOST, f"{_shown(authority)} is no host name. Only IPv6 addresses go into brackets.")
    return host, int(found["port"]) if found["port"] else None


def _read_again(scheme: str, host: str, port: int, rest: str) -> Parts:
    """What a second parser makes of the normal form: the same, or it is refused."""
    written = f"[{host}]" if ":" in host else host
    try:
        url = httpx2.URL(f"{scheme}://{written}:{port}{rest}")
        same = url.raw_host.decode() == host and (url.port or _DEFAULT_PORTS[scheme]) == port and not url.userinfo
    except (httpx2.InvalidURL, ValueError):
        same = False
    if not same:
        raise Refused(Refusal.URL, "This address can be read in more than one way.")
    return Parts(scheme, host, port, url.raw_path.decode("ascii"))


def _idna(host: str) -> str:
    try:
        return httpx2.URL(scheme="https", host=host).raw_host.decode("ascii")
    except (httpx2.InvalidURL, ValueError):
        raise Refused(Refusal.HOST, f"{_shown(host)} is no host name.") from None


def _shown(text: str) -> str:
    return f"“{terminal_safe(text[:60])}”"
