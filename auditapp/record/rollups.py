"""Reading the rollups: which totals of months and which single days make up a range, and the SQL that adds them up.

A range of years is the total of all time, less or plus a few months and at most half a month of days at either end; days that
are not folded into totals yet (TreeHead.folded_before) are added by themselves.
"""

from calendar import monthrange
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from auditapp.lib import clock
from auditapp.record.event_filter import EventFilter
from auditapp.record.viewer import Viewer

EVER: Final = "all"

# All in one statement with the day of folding, so that a day is never counted twice or not at all. COALESCE stands inside of its
# subselect: outside it counts as leaky, and under row-level security the day would be no condition of the index.
COUNTED: Final = """
    SELECT t.{what}, t.events * span.sign AS events
    FROM unnest(%(periods)s::text[], %(period_signs)s::int[]) AS span (period, sign)
    JOIN {totals} AS t ON t.workspace_id = %(workspace_id)s AND t.scope_id = ANY(%(scopes)s) AND t.period = span.period
    UNION ALL
    SELECT c.{what}, c.events * edge.sign
    FROM unnest(%(days)s::date[], %(day_signs)s::int[]) AS edge (day, sign)
    JOIN {days} AS c ON c.workspace_id = %(workspace_id)s AND c.scope_id = ANY(%(scopes)s) AND c.day = edge.day
    WHERE %(is_short)s OR c.day < (SELECT h.folded_before FROM tree_head AS h WHERE h.workspace_id = %(workspace_id)s)
    UNION ALL
    SELECT c.{what}, c.events FROM {days} AS c
    WHERE NOT %(is_short)s AND c.workspace_id = %(workspace_id)s AND c.scope_id = ANY(%(scopes)s)
    AND c.day >= (SELECT COALESCE(max(h.folded_before), '-infinity') FROM tree_head AS h WHERE h.workspace_id = %(workspace_id)s)
    AND (%(first)s::date IS NULL OR c.day >= %(first)s) AND (%(last)s::date IS NULL OR c.day <= %(last)s)
"""
ADDED_UP: Final = (
    "SELECT {what}, sum(events)::bigint AS events FROM ({counted}) AS counted GROUP BY {what} HAVING sum(events) > 0 "
)


@dataclass(frozen=True, slots=True)
class Spans:
    """What to add (+1) and to take away (-1) for a range: totals by period, counts by day."""

    periods: dict[str, int]
    days: dict[date, int]
    is_short: bool = False


def spans_of(first: date | None, last: date | None, today: date) -> Spans:
    """The totals and days that make up the range from `first` to `last`, both included, None where it is open."""
    periods: Counter[str] = Counter()
    days: Counter[date] = Counter()
    _add_from(first, today, +1, periods, days)
    if last is not None and last < today:
        _add_from(last + timedelta(days=1), today, -1, periods, days)
    by_period = {key: sign for key, sign in periods.items() if sign}
    by_day = {day: sign for day, sign in days.items() if sign}
    # In a busy workspace a total of a month has as many rows as one of its days: what has fewer of both is read sooner.
    if first is not None and (length := ((last or today + timedelta(days=1)) - first).days + 1) <= len(by_period) + len(
        by_day
    ):
        return Spans({}, {first + timedelta(days=n): 1 for n in range(length)}, is_short=True)
    return Spans(by_period, by_day)


def rollup_parameters(viewer: Viewer, wanted: EventFilter) -> dict[str, Any]:
    """The parameters that statements over rollups share: workspace, scopes ('' is everything), days and spans."""
    first, last = days_of(wanted)
    spans = spans_of(first, last, clock.now().date())
    return {
        "workspace_id": viewer.workspace_id,
        "scopes": [""] if viewer.sees_all else list(viewer.scope_ids),
        "everything": viewer.sees_all,
        "first": first,
        "last": last,
        "since": _start_of(first),
        "until": _start_of(last + timedelta(days=1)) if last else None,
        "periods": list(spans.periods),
        "period_signs": list(spans.periods.values()),
        "days": list(spans.days),
        "day_signs": list(spans.days.values()),
        "is_short": spans.is_short,
    }


def days_of(wanted: EventFilter) -> tuple[date | None, date | None]:
    """The UTC days that a filter's range touches, both included; None where it is open."""
    first = wanted.since.astimezone(UTC).date() if wanted.since else None
    last = (wanted.until - timedelta(microseconds=1)).astimezone(UTC).date() if wanted.until else None
    return first, last


def _add_from(first: date | None, today: date, sign: int, periods: Counter[str], days: Counter[date]) -> None:
    """Everything from `first` on: whole months, and the smaller part of the first one by days."""
    if first is None:
        periods[EVER] += sign
        return
    start, length = first.replace(day=1), monthrange(first.year, first.month)[1]
    is_late = first.day > length // 2 + 1
    for month in _months(start, today):
        if month > start or not is_late:
            periods[month.strftime("%Y-%m")] += sign
    edge = range(first.day, length + 1) if is_late else range(1, first.day)
    for day in edge:
        days[start.replace(day=day)] += sign if is_late else -sign


def _months(start: date, today: date) -> Iterator[date]:
    # One more than this one: a clock that runs ahead may have brought an event of tomorrow.
    while start <= today + timedelta(days=1):
        yield start
        start = (start + timedelta(days=31)).replace(day=1)


def _start_of(day: date | None) -> datetime | None:
    return datetime.combine(day, time.min, UTC) if day else None
