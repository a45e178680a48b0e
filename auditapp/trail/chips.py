"""The filters in force, in words: one chip for each dimension, each with the way to take it off.

The words also serve the empty page and the record of an export.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from auditapp.record.event_filter import ANY_END, Choice
from auditapp.trail.address import NOT, Address
from auditapp.trail.dressing import area_name
from auditapp.trail.filters import TrailQuery
from auditapp.trail.moments import PageTime
from auditapp.trail.ranges import range_words

OUTCOMES: Final = {"success": "Succeeded", "failure": "Failed"}
ACTOR_KINDS: Final = {"user": "People", "token": "Access tokens", "system": "The system", "service": "Services"}
RISKS: Final = {"risky": "Risky", "notable": "Notable", "routine": "Routine"}
NAMED: Final = 2  # of several values in a chip
NOTHING_UNKNOWN: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class UnknownValue:
    """A value that means nothing so far, and the one that may have been meant with the trail that asks for it instead."""

    value: str
    meant: str
    instead: Address


@dataclass(frozen=True, slots=True)
class Chip:
    """One dimension: `label` in bold, then `text`; `without` is the trail without it."""

    label: str
    text: str
    keys: tuple[str, ...]
    without: Address
    unknown: tuple[UnknownValue, ...] = ()

    def __str__(self) -> str:
        return f"{self.label} {self.text}"


def chips_of(
    query: TrailQuery,
    time: PageTime,
    *,
    type_names: Mapping[str, str],
    actor_names: Mapping[str, str],
    unknown_types: Mapping[str, str] = NOTHING_UNKNOWN,
) -> list[Chip]:
    """A chip for each dimension that narrows the list, in the order of the toolbar.

    Takes:   names by type key and actor id, as far as they are known; unknown_types, each with the type that may be meant
    """
    wanted, address = query.wanted, query.address
    found = [
        ("Events", _events_text(wanted.types, wanted.areas, type_names), ("event", "area")),
        ("Actor", _text(wanted.actors, lambda value: actor_names.get(value, value)), ("actor",)),
        ("Done by", _text(wanted.actor_kinds, lambda value: ACTOR_KINDS.get(value, value)), ("actor_kind",)),
        ("Resource", _text(wanted.resources, _resource_name), ("resource",)),
        ("Target", _text(wanted.target_ids, str), ("target",)),
        ("Risk", _text(wanted.risks, lambda value: RISKS.get(value, value)), ("risk",)),
        ("Outcome", _text(wanted.outcomes, lambda value: OUTCOMES.get(value, value)), ("outcome",)),
        ("Source IP", _text(wanted.ips, str), ("ip",)),
        ("As support", _text(wanted.behind, lambda value: _support_name(value, actor_names)), ("support",)),
        ("Access token", _text(wanted.tokens, lambda value: actor_names.get(value, value)), ("token",)),
        ("Request", _text(wanted.requests, str), ("request",)),
        ("Session", _text(wanted.sessions, str), ("session",)),
        ("Reason", _reason_text(wanted.reasons), ("reason",)),
        ("Text", " ".join(address.values("q")) if wanted.words else "", ("q",)),
        ("Date", range_words(query, time), ("from", "to")),
        ("Read events", "shown" if wanted.with_reads else "", ("reads",)),
    ]
    unknown = tuple(_unknown_types(address, unknown_types))
    return [
        Chip(label, text, keys, address.without(*keys), unknown if "event" in keys else ())
        for label, text, keys in found
        if text
    ]


def _unknown_types(address: Address, unknown: Mapping[str, str]) -> Iterator[UnknownValue]:
    for value, meant in unknown.items():
        replaced = {value: meant, NOT + value: NOT + meant}
        instead = address.having("event", *(replaced.get(one, one) for one in address.values("event")))
        yield UnknownValue(value, meant, instead)


def _events_text(types: Choice, areas: Choice, names: Mapping[str, str]) -> str:
    include = [*map(area_name, areas.include), *(names.get(key, key) for key in types.include)]
    exclude = [*map(area_name, areas.exclude), *(names.get(key, key) for key in types.exclude)]
    return _both(include, exclude)


def _text(choice: Choice, name: Callable[[str], str]) -> str:
    return _both([*map(name, choice.include)], [*map(name, choice.exclude)])


def _support_name(value: str, names: Mapping[str, str]) -> str:
    return "anybody" if value == ANY_END else names.get(value, value)


def _reason_text(choice: Choice) -> str:
    include = ["anything" if value == ANY_END else value for value in choice.include]
    parts = [*_parts(include, [value for value in choice.exclude if value != ANY_END])]
    return ", ".join([*parts, "none given"] if ANY_END in choice.exclude else parts)


def _both(include: list[str], exclude: list[str]) -> str:
    return ", ".join(_parts(include, exclude))


def _parts(include: list[str], exclude: list[str]) -> Iterator[str]:
    if include:
        yield _listed(include, "or")
    if exclude:
        yield f"is not {_listed(exclude, 'or')}"


def _listed(names: list[str], word: str) -> str:
    """`A`, `A or B`, `A, B and 3 more`."""
    if len(names) <= NAMED:
        return f" {word} ".join(names)
    return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"


def _resource_name(value: str) -> str:
    kind, _, resource_id = value.partition(":")
    kind = kind.replace("_", " ")
    return f"{kind} {resource_id}" if resource_id else f"any {kind}"
