"""Whether text says an e-mail or IP address. Who may not see such addresses is shown none, wherever in an event one stands.

It errs on the side of hiding: `git@host`, `pkg@1.2` and four numbers with dots between them are taken for addresses too.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from ipaddress import IPv6Address
from typing import Any, Final
from unicodedata import normalize

# %40 is how an address stands in a URL.
_EMAIL: Final = re.compile(r"[^\s@]@[^\s@]|\w%40\w")
_IPV4: Final = re.compile(r"(?<!\d)(?<!\d\.)(?:\d{1,3}\.){3}\d{1,3}(?!\d|\.\d)", re.ASCII)
_HEX_RUN: Final = re.compile(r"[0-9A-Fa-f]*:[0-9A-Fa-f:]+")
_LONGEST_REMEMBERED: Final = 200


def says_address(text: str) -> bool:
    """Whether there is an e-mail or IP address in this text."""
    if "@" not in text and text.count(".") < 3 and text.count(":") < 2 and "%40" not in text and text.isascii():
        return False
    return _remembered(text) if len(text) <= _LONGEST_REMEMBERED else _says_address(text)


def holds_address(value: Any) -> bool:
    """The same of any JSON value, keys of objects included."""
    if isinstance(value, str):
        return says_address(value)
    if isinstance(value, Mapping):
        return any(says_address(key) or holds_address(item) for key, item in value.items())
    return isinstance(value, (list, tuple)) and any(map(holds_address, value))


def _says_address(text: str) -> bool:
    if not text.isascii():
        text = normalize("NFKC", text)
    return bool(_EMAIL.search(text) or _IPV4.search(text)) or (
        text.count(":") >= 2 and any(_is_ipv6(one) for found in _HEX_RUN.finditer(text) for one in _candidates(found))
    )


_remembered = lru_cache(maxsize=8_192)(_says_address)


def _candidates(found: "re.Match[str]") -> Iterator[str]:
    """What of a run of hexadecimal groups could be an address: no group is a part of a word (`std::deque`)."""
    run, text = found[0], found.string
    if text[max(found.start() - 1, 0) : found.start()].isalnum():
        run = run[run.index(":") :]
    if text[found.end() : found.end() + 1].isalnum():
        run = run[: run.rindex(":") + 1]
    yield from {run, run.lstrip(":"), run.rstrip(":"), run.strip(":")}


@lru_cache(maxsize=8_192)
def _is_ipv6(text: str) -> bool:
    try:
        return bool(text.strip(":")) and bool(IPv6Address(text))
    except ValueError:
        return False
