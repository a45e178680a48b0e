"""Which stretch of time the bars above the list cover, and in what steps: hours, days, weeks or months of one time zone.

A range is shown with what is around it, so that it can be moved and widened. A step is what the address can say: its link finds what
its bar counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from auditapp.record.event_filter import EventFilter
from auditapp.trail.moments import PageTime

USUAL_DAYS: Final = 90
FEWEST_DAYS: Final = 14
# The longest stretch in hours and in days; beyond two years and a bit a week would be a hair.
MOST_HOURLY_DAYS, MOST_DAYS, MOST_WEEKS, MOST_MONTHS = 3, 120, 110, 120
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
MIDNIGHT: Final = time()


class Step(StrEnum):
    """How long a bar is."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class Window:
    """`starts` are the first moments of the bars, and the end of the last one, on the clocks of the zone."""

    step: Step
    zone: ZoneInfo
    starts: tuple[datetime, ...]

    @cached_property
    def edges(self) -> tuple[datetime, ...]:
        """The same as moments. Where clocks go back an hour is two hours long, since the address cannot tell them apart."""
        return tuple(_moment(start, self.zone) for start in self.starts)

    @property
    def bars(self) -> int:
        return len(self.starts) - 1

    def said(self, number: int) -> tuple[str, str]:
        """The first and the last day or minute of a bar, as `from` and `to` of the address."""
        start, end = self.starts[number], self.starts[number + 1]
        if self.step is Step.HOUR:
            # Not up to the next bar, which is later where clocks go forward.
            return start.isoformat(timespec="minutes"), (start + timedelta(minutes=59)).isoformat(timespec="minutes")
        return start.date().isoformat(), (end - DAY).date().isoformat()


def window_of(wanted: EventFilter, now: PageTime, *, first_seen: datetime | None) -> Window:
    """What the bars cover: hours of up to three days, else days, weeks or months around the range and up to now.

    Takes:   now, in whose zone; first_seen, the oldest event there is: what is before it is left out, but for two weeks
    """
    first, last = _days_of(wanted, now)
    today = now.today
    end = min(last or today, today)
    if first is not None and 0 <= (end - first).days < MOST_HOURLY_DAYS:
        return Window(Step.HOUR, now.zone, tuple(_hours(first, end, now.zone)))
    # A range that ends within the usual days is shown with what came after it.
    if first is None or first > today - timedelta(days=USUAL_DAYS):
        end = today
    start = end - timedelta(days=USUAL_DAYS - 1)
    if first is not None:
        start = min(start, first)
    seen = now.local(first_seen).date() if first_seen else today
    start = max(start, min(seen, end - timedelta(days=FEWEST_DAYS - 1)))
    length = (end - start).days + 1
    step = Step.DAY if length <= MOST_DAYS else Step.WEEK if length <= MOST_WEEKS * 7 else Step.MONTH
    days = tuple(_days(step, start, end))[-MOST_MONTHS - 1 :]
    return Window(step, now.zone, tuple(datetime.combine(day, MIDNIGHT) for day in days))


def position(window: Window, moment: datetime) -> float:
    """Where a moment lies between the beginning (0) and the end (1) of the window, whose bars are all as wide."""
    for number, (start, end) in enumerate(pairwise(window.edges)):
        if moment < end:
            return (number + max((moment - start) / (end - start), 0.0)) / window.bars
    return 1.0


def _days_of(wanted: EventFilter, now: PageTime) -> tuple[date | None, date | None]:
    """The first and last day of the range in the zone of the page; None where it is open."""
    first = now.local(wanted.since).date() if wanted.since else None
    last = now.local(wanted.until - timedelta(microseconds=1)).date() if wanted.until else None
    return first, last


def _hours(first: date, last: date, zone: ZoneInfo) -> Iterator[datetime]:
    start, end = datetime.combine(first, MIDNIGHT), datetime.combine(last, MIDNIGHT) + DAY
    while start < end:
        # The hour that clocks leave out when they go forward takes no time.
        if _moment(start, zone) < _moment(start + HOUR, zone):
            yield start
        start += HOUR
    yield end


def _days(step: Step, first: date, last: date) -> Iterator[date]:
    """The first days of steps that cover these days, and the day after them."""
    day = first
    if step is Step.WEEK:
        day -= timedelta(days=first.weekday())
    elif step is Step.MONTH:
        day = first.replace(day=1)
    while day <= last:
        yield day
        day = (
            (day + timedelta(days=31)).replace(day=1)
            if step is Step.MONTH
            else day + (WEEK if step is Step.WEEK else DAY)
        )
    yield day


def _moment(local: datetime, zone: ZoneInfo) -> datetime:
    """As the filter reads what the address says."""
    return local.replace(tzinfo=zone).astimezone(UTC)
