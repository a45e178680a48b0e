"""What came into a source, for its pages: the latest events for the debugger, names with counts for the schema, figures of a day."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from auditapp.lib import clock
from auditapp.sources.inbox import ACCEPTED, InboxEvent, read_inbox
from auditapp.sources.models import SeenEvent, Source, SourceCount, SourceHead
from auditapp.sources.schema import EventName

# As many as Segment's debugger keeps: a sample to look at, not a record.
LATEST: Final = 500
A_DAY: Final = timedelta(hours=24)
MAX_LISTED: Final = 200


@dataclass(frozen=True, slots=True)
class DebuggerEvent:
    """An event of the inbox, read."""

    stored: InboxEvent
    event: dict[str, Any]

    @property
    def is_blocked(self) -> bool:
        return self.stored.verdict != ACCEPTED

    @property
    def user(self) -> str:
        return str(self.event.get("userId") or self.event.get("anonymousId") or "")

    @property
    def pretty(self) -> str:
        return orjson.dumps(self.event, option=orjson.OPT_INDENT_2).decode()


@dataclass(frozen=True, slots=True)
class SchemaRow:
    """An event that was seen, how often within a day, and whether it is planned where the source follows a plan."""

    seen: SeenEvent
    allowed: int
    blocked: int
    last_at: datetime | None
    is_planned: bool = False

    @property
    def properties(self) -> list[tuple[str, str]]:
        return [(path, ", ".join(kinds)) for path, kinds in sorted(self.seen.properties.items())]


@dataclass(frozen=True, slots=True)
class DayFigures:
    """What came into a source within 24 hours: taken in, stopped by verdict, and the hours as bars."""

    accepted: int
    stopped: dict[str, int]
    last_at: datetime | None
    hours: list[int]


def latest_events(source: Source, *, text: str = "", only_blocked: bool = False) -> list[DebuggerEvent]:
    """The newest of the last 500 events that came in, newest first.

    Takes:   text, a piece of the event as JSON, whatever its case
    """
    head = SourceHead.objects.filter(workspace_id=source.workspace_id, source_id=source.id).first()
    size = head.next_index if head else 0
    events = reversed(read_inbox(source.workspace_id, source.id, max(size - LATEST, 0), limit=LATEST))
    sought = text.strip().casefold()
    return [
        DebuggerEvent(one, orjson.loads(one.payload))
        for one in events
        if sought in one.payload.decode().casefold() and not (only_blocked and one.verdict == ACCEPTED)
    ][:MAX_LISTED]


def inbox_event(source: Source, index: int) -> DebuggerEvent | None:
    """One event of the inbox, while it is kept."""
    found = read_inbox(source.workspace_id, source.id, index, limit=1)
    return DebuggerEvent(found[0], orjson.loads(found[0].payload)) if found else None


def schema_rows(source: Source, kinds: tuple[str, ...], planned: Container[EventName] | None = None) -> list[SchemaRow]:
    """The events of these kinds that were seen and are not archived, by name, with counts of the last day."""
    counts: dict[tuple[str, str], list[Any]] = {}
    since = _this_hour() - A_DAY
    hours = SourceCount.objects.filter(
        workspace_id=source.workspace_id, source_id=source.id, type__in=kinds, hour__gt=since
    )
    for kind, name, verdict, events, last_at in hours.values_list("type", "name", "verdict", "events", "last_at"):
        one = counts.setdefault((kind, name), [0, 0, last_at])
        one[verdict != ACCEPTED] += events
        one[2] = max(one[2], last_at)
    seen = SeenEvent.objects.filter(
        workspace_id=source.workspace_id, source_id=source.id, type__in=kinds, is_archived=False
    )
    rows = []
    for event in seen.order_by("name", "type"):
        seen_name = EventName(event.type, event.name)
        allowed, blocked, latest = counts.get(seen_name, [0, 0, None])
        rows.append(SchemaRow(event, allowed, blocked, latest, planned is not None and seen_name in planned))
    return rows


def day_figures(source: Source) -> DayFigures:
    """What came in within the last 24 hours, by the hour."""
    start = _this_hour() - A_DAY + timedelta(hours=1)
    hours, accepted, last_at = [0] * 24, 0, None
    stopped: dict[str, int] = {}
    rows = SourceCount.objects.filter(workspace_id=source.workspace_id, source_id=source.id, hour__gte=start)
    for hour, verdict, events, at in rows.values_list("hour", "verdict", "events", "last_at"):
        if verdict != ACCEPTED:
            stopped[verdict] = stopped.get(verdict, 0) + events
            continue
        accepted += events
        last_at = max(at, last_at) if last_at else at
        place = (hour - start) // timedelta(hours=1)
        if 0 <= place < len(hours):
            hours[place] += events
    return DayFigures(accepted, dict(sorted(stopped.items())), last_at, hours)


def bars(hours: list[int], *, height: float = 24.0) -> Iterator[dict[str, str]]:
    """The hours as rectangles of a small chart, with places in percent and heights in pixels."""
    most = max(hours, default=0) or 1
    for place, events in enumerate(hours):
        tall = max(events / most * height, 1.0)
        yield {"x": f"{place * 100 / len(hours):.2f}%", "y": f"{height - tall:.1f}", "height": f"{tall:.1f}"}


def _this_hour() -> datetime:
    return clock.now().replace(minute=0, second=0, microsecond=0)
