"""The range of days: its presets, its words, and where the nearest events lie when it has none."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from auditapp.lib.keyset import PageKey
from auditapp.record.event_query import EventQuery, without_range
from auditapp.trail.address import Address
from auditapp.trail.filters import TrailQuery
from auditapp.trail.moments import PageTime

LAST_DAYS: Final = (7, 14, 30, 90)
ALL_TIME: Final = "All time"
_EDGE: Final = (UUID(int=0), UUID(int=2**128 - 1))


@dataclass(frozen=True, slots=True)
class Preset:
    name: str
    address: Address
    is_current: bool


def presets(query: TrailQuery, time: PageTime) -> list[Preset]:
    """The usual ranges as links, in days of the page's zone."""
    today = time.today
    rows: list[tuple[str, date | None, date | None]] = [
        ("Today", today, today),
        ("Yesterday", today - timedelta(days=1), today - timedelta(days=1)),
        *((f"Last {days} days", today - timedelta(days=days - 1), today) for days in LAST_DAYS),
        (ALL_TIME, None, None),
    ]
    current = query.address.values("from"), query.address.values("to")
    made = []
    for name, first, last in rows:
        ends = ([first.isoformat()] if first else [], [last.isoformat()] if last else [])
        made.append(Preset(name, query.address.having("from", *ends[0]).having("to", *ends[1]), ends == current))
    return made


def range_name(query: TrailQuery, time: PageTime) -> str:
    """What the button says: the preset in force, the days, or all time."""
    preset = next((one.name for one in presets(query, time) if one.is_current), None)
    return preset or range_words(query, time) or ALL_TIME


def range_words(query: TrailQuery, time: PageTime) -> str:
    """The range as a chip says it: `last 14 days`, `1 to 10 November`, empty for all time."""
    since, until = query.wanted.since, query.wanted.until
    if since is None and until is None:
        return ""
    preset = next((one.name for one in presets(query, time) if one.is_current), None)
    if preset:
        return preset[0].lower() + preset[1:]
    first = _words(since, time) if since else ""
    last = _words(until - timedelta(seconds=1), time, is_end=True) if until else ""
    if first == last:
        return first
    return f"{first} to {last}" if first and last else f"from {first}" if first else f"until {last}"


def day_range(address: Address, first: date, last: date) -> Address:
    """The same filters over these days, both included."""
    return said_range(address, first.isoformat(), last.isoformat())


def said_range(address: Address, first: str, last: str) -> Address:
    """The same filters between these days or minutes as the address says them, both included."""
    return address.having("from", first).having("to", last)


def nearest_range(events: EventQuery, query: TrailQuery, time: PageTime) -> tuple[date, Address] | None:
    """The day nearest to an empty range that has an event of the same filter, and the trail of that day."""
    everything = without_range(query.wanted)
    found: list[tuple[timedelta, datetime]] = []
    if since := query.wanted.since:
        for row in events.page(everything, older=PageKey(since, _EDGE[0]), size=1).rows:
            found.append((since - row.event.occurred_at, row.event.occurred_at))
    if until := query.wanted.until:
        for row in events.page(everything, newer=PageKey(until - timedelta(microseconds=1), _EDGE[1]), size=1).rows:
            found.append((row.event.occurred_at - until, row.event.occurred_at))
    if not found:
        return None
    day = time.local(min(found)[1]).date()
    return day, day_range(query.address, day, day)


def _words(moment: datetime, time: PageTime, *, is_end: bool = False) -> str:
    local = time.local(moment)
    is_whole = (local.hour, local.minute) == ((23, 59) if is_end else (0, 0))
    return time.written(local.date()) + ("" if is_whole else f" {time.clock(moment)}")
