"""The door to a source: what is decided about an event as it comes in, once for all destinations, and then its place in the inbox.

Who sends, and in which shape, is known above: the HTTP API and forwarding bring events of one shape.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from auditapp.pipeline.transformations.engine import Transformation
from auditapp.pipeline.transformations.running import enabled_transformations, transformed_at_source
from auditapp.sources.inbox import ACCEPTED, Incoming, append
from auditapp.sources.models import SeenEvent, Source
from auditapp.sources.schema import EventName, event_name, observe

# Segment's code for an event that somebody blocked on the page of the schema.
BLOCKED: Final = "event_setting"


def take_in(source: Source, events: Sequence[dict[str, Any]]) -> list[int | None]:
    """Put events into the inbox of a source in the caller's transaction; blocked ones too, marked as such.

    Gives:   the index of each; None for one that came in before
    Raises:  SourceGone
    Writes:  SourceEvent, SourceHead, SourceCount, SeenEvent; source.new_event_allowed
    """
    blocked = _blocked(source)
    overflow = observe(source, events)
    changing = enabled_transformations(source.workspace_id, source.id)
    return append(source.workspace_id, source.id, [_incoming(event, blocked, overflow, changing) for event in events])


def _blocked(source: Source) -> set[EventName]:
    rows = SeenEvent.objects.filter(workspace_id=source.workspace_id, source_id=source.id, is_allowed=False)
    return {EventName(*row) for row in rows.values_list("type", "name")}


def _incoming(
    event: dict[str, Any], blocked: set[EventName], overflow: set[EventName], changing: Sequence[Transformation]
) -> Incoming:
    came = event_name(event)
    verdict: str = BLOCKED if came in blocked else ACCEPTED
    kept: Mapping[str, Any] = event
    if changing and verdict == ACCEPTED:
        kept, verdict = transformed_at_source(changing, event)
    name = event_name(kept)
    return Incoming(
        message_id=event["messageId"],
        type=name.type,
        name=name.name,
        payload=orjson.dumps(kept),
        verdict=verdict,
        # Under the name that the schema knows it by, also where it goes on under another.
        counted_as="" if came in overflow else came.name,
    )
