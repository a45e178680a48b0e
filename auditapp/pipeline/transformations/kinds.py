"""The kinds of change that a transformation can be, and their names.

Which events a condition is about is read here too, where it is of a simple form.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

EVERYTHING: Final = "all"
CALLS: Final = ("track", "identify", "page", "screen", "group", "alias")
_TEXT: Final = r"""(?:"(?P<{0}1>(?:\\.|[^"\\])*)"|'(?P<{0}2>(?:\\.|[^'\\])*)')"""
_SIMPLE: Final = re.compile(
    rf"""\s*(?:type\s*=\s*{_TEXT.format("type")})?\s*(?P<and>and)?\s*(?:event\s*=\s*{_TEXT.format("event")})?\s*""",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of change: the field of the definition that says it, and what it does in words."""

    field: str
    name: str
    does: str


KINDS: Final = {
    "rename_event": Kind("newEventName", "Rename an event", "A track call goes on under another name."),
    "rename": Kind(
        "propertyRenames", "Rename or move properties", "A property or trait gets another name or another place."
    ),
    "values": Kind("propertyValueTransformations", "Set values", "A property gets a fixed value."),
    "casing": Kind("propertyCasings", "Change the case of texts", "A text becomes lower case, upper case, snake_case."),
    "defined": Kind("fqlDefinedProperties", "Define a property by FQL", "A property gets the value of an expression."),
    "allow": Kind("allowProperties", "Keep only some properties", "Everything that is not named is taken out."),
    "hash": Kind(
        "hashPropertiesConfiguration", "Hash properties", "A value is replaced by its hash, with a key or without."
    ),
    "drop": Kind("drop", "Drop events", "The event goes no further."),
}


def kinds_of(definition: Mapping[str, Any]) -> list[str]:
    """What a definition does, in the order of KINDS."""
    return [key for key, kind in KINDS.items() if definition.get(kind.field)]


def event_of(condition: str) -> str:
    """Which events a condition is about, so that two of one event are noticed: "track Order Completed", "identify", "all", else
    the condition itself.
    """
    simple = simple_event(condition)
    if simple is None:
        return " ".join(condition.split())
    return " ".join(part for part in simple if part) or EVERYTHING


def simple_event(condition: str) -> tuple[str, str] | None:
    """Call and event of a condition that asks for nothing else; ("", "") for `all`, None for any other condition."""
    if condition.strip() == EVERYTHING:
        return "", ""
    found = _SIMPLE.fullmatch(condition)
    if not found:
        return None
    call, event = _text(found, "type"), _text(found, "event")
    if (call is None and event is None) or bool(found["and"]) is not (call is not None and event is not None):
        return None
    if (call is not None and call not in CALLS) or event == "" or (event is not None and call not in (None, "track")):
        return None
    return call or "track", event or ""


def condition_of(call: str, event: str = "") -> str:
    """The condition that asks for these events and nothing else."""
    if not call:
        return EVERYTHING
    quoted = event.replace("\\", "\\\\").replace('"', '\\"')
    return f'type = "{call}" and event = "{quoted}"' if event else f'type = "{call}"'


def _text(found: "re.Match[str]", name: str) -> str | None:
    text = found[f"{name}1"] if found[f"{name}1"] is not None else found[f"{name}2"]
    return None if text is None else re.sub(r"\\([\\'\"])", r"\1", text)
