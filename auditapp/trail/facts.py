"""Names and values of an event's context and meta as people read them: nested values by their paths, one line each."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from auditapp.trail.diff import value_text, withheld

MAX_FACTS: Final = 200
MAX_DEPTH: Final = 6
# Names of other systems, such as `eventSource`, are shown as they are: that is how they are looked up.
OWN_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Fact:
    """A value with its name; `note` in its place where it may not be shown."""

    name: str
    text: str
    note: str = ""


def facts_of(values: Mapping[str, Any]) -> list[Fact]:
    """A line for each value, at most 200; the raw JSON of the event has all of them."""
    lines = (fact for key, value in values.items() for fact in _lines(_name(key), value, MAX_DEPTH))
    found = [fact for fact, _ in zip(lines, range(MAX_FACTS + 1), strict=False)]
    if len(found) > MAX_FACTS:
        found[MAX_FACTS:] = [Fact("And more", "see the raw JSON")]
    return found


def _lines(name: str, value: Any, depth: int) -> Iterator[Fact]:
    if note := withheld(value):
        yield Fact(name, "", note)
    elif isinstance(value, Mapping) and value and depth:
        for key, item in value.items():
            yield from _lines(f"{name}.{key}", item, depth - 1)
    elif _is_plain_list(value):
        yield Fact(name, ", ".join(map(_text, value)))
    elif isinstance(value, list) and value and depth:
        for number, item in enumerate(value):
            yield from _lines(f"{name}[{number}]", item, depth - 1)
    else:
        yield Fact(name, _text(value))


def _name(key: str) -> str:
    return key.replace("_", " ").capitalize() if OWN_NAME.fullmatch(key) else key


def _is_plain_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and bool(value) and all(map(_is_plain, value))


def _is_plain(value: Any) -> bool:
    return not isinstance(value, (Mapping, list))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else value_text(value)
