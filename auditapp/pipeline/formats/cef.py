"""Common Event Format, version 0: one line of text, whose separators are escaped wherever they come from somebody's text."""

import re
from ipaddress import ip_address
from typing import Any, Final

import orjson

from auditapp.catalogue.types import Risk
from auditapp.pipeline.formats.reading import PRODUCT, Facts

_HEAD: Final = f"CEF:0|{PRODUCT}|{PRODUCT}|1"
_SEVERITIES: Final = {Risk.ROUTINE: 2, Risk.NOTABLE: 5, Risk.RISKY: 7}
MAX_NAME: Final = 512
MAX_CUSTOM: Final = 4_000
# Newlines end a line for every collector, also those that Unicode has; the rest of what is unseen helps nobody.
_CLEAN: Final = {
    **dict.fromkeys("\v\f\x1c\x1d\x1e\x85\u2028\u2029", " "),
    **dict.fromkeys(map(chr, (*range(9), *range(14, 28), 31, 127)), ""),
    "\\": "\\\\",
}
_HEADER: Final = str.maketrans({**_CLEAN, "|": "\\|", "\n": " ", "\r": " "})
_VALUE: Final = str.maketrans({**_CLEAN, "=": "\\=", "\n": "\\n", "\r": "\\r"})
# Most texts have none of it, and translating looks at each character.
_SPECIAL: Final = re.compile(r"[\0-\x08\n-\x1f\x7f\x85\u2028\u2029\\=|]")


def as_cef(facts: Facts) -> str:
    """The line that says this, without a prefix of syslog and without a newline.

    Source:  Micro Focus ArcSight, Common Event Format Implementation Standard, version 25
    """
    severity = _SEVERITIES[facts.risk]
    head = [_HEAD, _header(facts.key), _header(facts.name), str(severity)]
    return "|".join(head) + "|" + " ".join(f"{key}={_value(value)}" for key, value in _extension(facts) if value)


def _extension(facts: Facts) -> list[tuple[str, str]]:
    """Keys of the CEF dictionary, then the six custom texts, each with its label."""
    address = _address(facts.ip)
    outcome = {True: "success", False: "failure", None: ""}[facts.is_success]
    return [
        ("rt", str(round(facts.at.timestamp() * 1_000))),
        ("externalId", facts.message_id),
        ("cat", facts.area),
        ("act", facts.key),
        ("outcome", outcome),
        ("suid", facts.actor.id),
        ("suser", facts.actor.email or facts.actor.name),
        *address,
        ("requestClientApplication", facts.user_agent),
        ("duid", facts.resource.id if facts.resource.kind == "user" else ""),
        ("duser", facts.resource.name if facts.resource.kind == "user" else ""),
        ("msg", facts.sentence),
        ("reason", facts.reason),
        *_custom(1, "Resource Type", facts.resource.kind),
        *_custom(2, "Resource Id", facts.resource.id),
        *_custom(3, "Resource Name", facts.resource.name),
        *_custom(4, "Workspace", facts.workspace.name or facts.workspace.id),
        *_custom(5, "Request Id", facts.request_id),
        *_custom(6, "Details", _json(facts.rest)),
    ]


def _custom(number: int, label: str, value: str) -> list[tuple[str, str]]:
    return [(f"cs{number}Label", label), (f"cs{number}", value[:MAX_CUSTOM])] if value else []


def _address(text: str) -> list[tuple[str, str]]:
    """`src` is for IPv4 alone; IPv6 has a field of its own."""
    try:
        address = ip_address(text)
    except ValueError:
        return []
    if address.version == 4:
        return [("src", str(address))]
    return [("c6a2Label", "Source IPv6 Address"), ("c6a2", str(address))]


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value).decode() if value else ""
    except TypeError:  # not of JSON, which the ingest does not let in
        return ""


def _header(text: str) -> str:
    text = text[:MAX_NAME]
    return text.translate(_HEADER) if _SPECIAL.search(text) else text


def _value(text: str) -> str:
    # Spaces at the ends would be lost in the spaces between pairs.
    return (text.translate(_VALUE) if _SPECIAL.search(text) else text).strip(" ")
