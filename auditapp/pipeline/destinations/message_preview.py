"""An event to see a message with: the newest of its kind that came into the source, as the destination would get it, else a sample."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from auditapp.catalogue.registry import EVENT_TYPES
from auditapp.catalogue.types import EventType
from auditapp.lib.errors import Invalid
from auditapp.pipeline.delivery.stages import stages_of
from auditapp.pipeline.destinations.messages import (
    SLOTS,
    checked_message,
    fields_of,
    filled,
    fits,
    messages_of,
    template_for,
    types_of,
)
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.telling import Told, told
from auditapp.pipeline.formats.reading import read
from auditapp.pipeline.looking import note_look
from auditapp.sources.inbox_queries import latest_events
from auditapp.sources.models import Source

MOST_TYPES: Final = 8
SAMPLE_AT: Final = "2026-11-24T10:00:00Z"
SOMEBODY: Final = {"kind": "user", "id": "usr_sample", "name": "Maya Lindqvist", "email": "maya@example.com"}


@dataclass(frozen=True, slots=True)
class Found:
    """An event, whether it really came in, and the moment of it."""

    event: Mapping[str, Any]
    is_real: bool
    name: str
    at: str


@dataclass(frozen=True, slots=True)
class Preview:
    """A message as it would read, or what is wrong with it; with the fields that it may name."""

    found: Found
    lines: list[str]
    problem: str
    is_own: bool
    fields: dict[str, str]
    own_fields: list[str]
    types: list[EventType]
    more_types: int


def preview_of(destination: Destination, source: Source, *, event: str, text: str) -> Preview:
    """How a template reads; without a text, what is said of such an event now.

    Writes:  source.debugger_viewed, where an event of the source is shown
    """
    pattern = event.strip() or "*"
    types = types_of(pattern) if event.strip() else []
    found, problem, lines = event_like(destination, source, pattern), "", list[str]()
    said = told(found.event)
    try:
        template = checked_message(pattern, text).text if text.strip() else ""
        template = template or template_for(messages_of(destination.settings), said)
        lines = filled(template, found.event, said).splitlines() if template else _as_usual(said)
    except Invalid as refused:
        problem = refused.message
    return Preview(
        found=found,
        lines=lines,
        problem=problem,
        is_own=bool(text.strip()),
        fields=SLOTS,
        own_fields=fields_of(types[:MOST_TYPES]),
        types=types[:MOST_TYPES],
        more_types=max(len(types) - MOST_TYPES, 0),
    )


def _as_usual(said: Told) -> list[str]:
    """What a destination says of itself; each has its own form for it."""
    return [said.sentence, *([" · ".join(said.details)] if said.details else [])]


def event_like(destination: Destination, source: Source, pattern: str) -> Found:
    """The newest event that a pattern is for, after the filters and transformations of the destination; a sample where there is none.

    Writes:  source.debugger_viewed, where it is one of the source
    """
    # Without its function: what asks for nothing but a look must not run code.
    stages = replace(stages_of(destination), function=None)
    for one in latest_events(source):
        facts = read(one.event)
        if one.is_blocked or not fits(pattern, (facts.key, facts.name)):
            continue
        (kept,) = stages.apply([one.event])
        if kept.event is not None:
            note_look(source, 1)
            return Found(kept.event, True, facts.name, f"{facts.at:%Y-%m-%d %H:%M} UTC")
    return Found(_sample(pattern), False, "", "")


def _sample(pattern: str) -> dict[str, Any]:
    kind = next(iter(types_of(pattern)), None) if pattern.strip("*") else EVENT_TYPES["warehouse.disabled"]
    said = {"type": "track", "event": kind.name if kind else pattern, "userId": "usr_sample", "timestamp": SAMPLE_AT}
    if kind is None:
        return said
    return said | {
        "context": {"ip": "203.0.113.7"},
        "properties": {
            "type": kind.key,
            "area": kind.area,
            "outcome": kind.sample["outcome"],
            "risk": str(kind.risk),
            "actor": SOMEBODY,
            "resource": dict(kind.sample["targets"][0]),
            **{name: kind.sample[name] for name in ("targets", "changes", "meta")},
        },
    }
