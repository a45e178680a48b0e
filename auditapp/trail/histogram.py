"""The bars above the list as they are drawn: a link each to its stretch of time, what failed at its foot, the chosen range marked.

What they cover is decided in windows.py, how much is counted in bars.py. What stands around them is a template.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from auditapp.lib.markup import format_html, format_html_join
from auditapp.record.bar_counts import BarCounts
from auditapp.record.event_filter import EventFilter
from auditapp.trail.address import Address
from auditapp.trail.dressing import Html
from auditapp.trail.moments import MONTHS, WEEKDAYS, PageTime
from auditapp.trail.ranges import said_range
from auditapp.trail.windows import DAY, HOUR, Step, Window, position

BASE, TALLEST = 46.0, 40.0  # the base line, and the height of the tallest bar, in the units of the plot
FEWEST_BETWEEN_LABELS: Final = 9  # per cent of the width
PEAK_WIDTH: Final = 20  # per cent of the width that the words beside the tallest bar need
BELOW_PEAK: Final = 0.75  # of the tallest bar: what is lower ends below those words
HOURS_BETWEEN_LABELS: Final = 6

# One bar can be reached with Tab, the others from there with arrow keys.
BAR: Final = (
    '<a class="histogram__day" href="{}" tabindex="{}" data-from="{}" data-to="{}"><title>{}</title>'
    '<rect class="histogram__hit" x="{}" y="0" width="{}" height="52"/>'
    '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="1"/>{}</a>'
)
# What failed stands at the foot of its bar; too little of it to be seen still has its mark below the line.
FAILED: Final = '<rect class="histogram__failed" x="{}" y="{}" width="{}" height="{}"/>'
FAILURE: Final = '<svg x="{}" y="49" overflow="visible"><path class="histogram__failure" d="M-3 4.5h6L0-.5z"/></svg>'
EACH: Final = {Step.HOUR: "an hour", Step.DAY: "a day", Step.WEEK: "a week", Step.MONTH: "a month"}


@dataclass(frozen=True, slots=True)
class Histogram:
    """All that the template draws. `uncounted` is how much of the width, from the left, was not counted."""

    bars: Html
    labels: tuple[tuple[str, str, str], ...]  # text, x, anchor
    peak: tuple[str, str] | None  # text, x
    brush: tuple[str, str, str] | None  # x, width, end
    uncounted: str
    what: str  # "Events a day, UTC"


def histogram_of(
    window: Window,
    counts: BarCounts,
    wanted: EventFilter,
    address: Address,
    now: PageTime,
    *,
    first_seen: datetime | None,
) -> Histogram | None:
    """The bars of a window; None where it was counted and is empty.

    Takes:   address, of the page, which may be in another zone than the window; now, the time of the page; first_seen, the oldest event there is
    """
    if not counts.events and counts.counted_from is None:
        return None
    if window.zone.key != now.zone.key:
        address = address.having("tz", "utc")
    drawing = _Drawing(window, counts, wanted, address, PageTime(window.zone, now.now), first_seen)
    return Histogram(
        format_html_join("", BAR, drawing.bars()),
        tuple(drawing.labels()),
        drawing.peak(),
        drawing.brush(),
        _percent(100 * drawing.counted_from / window.bars) if drawing.counted_from else "",
        drawing.what(),
    )


class _Drawing:
    """The numbers of one histogram on their way to the plot."""

    def __init__(
        self,
        window: Window,
        counts: BarCounts,
        wanted: EventFilter,
        address: Address,
        now: PageTime,
        first_seen: datetime | None,
    ) -> None:
        self.window, self.wanted, self.address, self.now = window, wanted, address, now
        # The list goes further back than its bars.
        self.begins_late = wanted.since is None and first_seen is not None and first_seen < window.edges[0]
        self.has_doubtful_reads = counts.has_doubtful_reads
        begin = counts.counted_from
        self.counted_from = sum(edge < begin for edge in window.edges[:-1]) if begin else 0
        # What is not counted to its end says nothing of its height.
        self.counts = [None] * self.counted_from + counts.bars[self.counted_from :]
        self.most = max((count.events for count in self.counts if count), default=0)
        self.step = 100 / window.bars

    def bars(self) -> Iterator[tuple[object, ...]]:
        """What BAR says of each."""
        since, until = self.wanted.since, self.wanted.until
        is_marked = self._is_within()
        for number, count in enumerate(self.counts):
            x, (start, end) = number * self.step, self.window.edges[number : number + 2]
            events, failures = (count.events, count.failures) if count else (0, 0)
            height = max(TALLEST * events / self.most, 1.0) if events else 0.0
            left, width = _percent(x + self.step * 0.16), _percent(self.step * 0.68)
            is_in = is_marked and (since is None or start >= since) and (until is None or end <= until)
            first, last = self.window.said(number)
            yield (
                said_range(self.address, first, last),
                0 if number == self.window.bars - 1 else -1,
                *(first, last),
                f"{self._when(number)}: {_told(count.events, count.failures) if count else 'not counted'}",
                *(_percent(x), _percent(self.step)),
                "histogram__bar histogram__bar--in" if is_in else "histogram__bar",
                *(left, f"{BASE - height:.1f}", width, f"{height:.1f}"),
                _failures(left, width, height * failures / events, _percent(x + self.step / 2)) if failures else "",
            )

    def labels(self) -> Iterator[tuple[str, str, str]]:
        """Where the window begins, where days, months or years do, and where it ends; what would touch is left out."""
        starts = self.window.starts
        last = starts[-1] - DAY
        # Of bars longer than days the last one reaches beyond today.
        is_now = last.date() >= self.now.today
        end = "24:00" if self.window.step is Step.HOUR else "Today" if is_now else self._short(last)
        yield self._short(starts[0]), _percent(0), "start"
        left = 0.0
        for number, start in enumerate(starts[:-1]):
            x = number * self.step
            text = self._label(number, start)
            if text and x - left >= FEWEST_BETWEEN_LABELS and x <= 100 - FEWEST_BETWEEN_LABELS:
                yield text, _percent(x), "middle"
                left = x
        yield end, _percent(100), "end"

    def peak(self) -> tuple[str, str] | None:
        """The tallest bar, told apart only where there is one and its words fit beside it, above its neighbours."""
        tallest = [number for number, count in enumerate(self.counts) if count and count.events == self.most]
        if not self.most or len(tallest) != 1:
            return None
        number = tallest[0]
        x = (number + 1) * self.step
        beside = self.counts[number + 1 : number + 1 + int(PEAK_WIDTH / self.step) + 1]
        below = max((count.events for count in beside if count), default=0)
        if x + PEAK_WIDTH > 100 or below > self.most * BELOW_PEAK:
            return None
        start = self.window.starts[number]
        said = {
            Step.HOUR: f"at {start:%H:%M}",
            Step.DAY: f"on {self._short(start)}",
            Step.WEEK: f"in the week of {self._short(start)}",
            Step.MONTH: f"in {MONTHS[start.month - 1]}",
        }
        return f"{self.most:,} {said[self.window.step]}", _percent(x)

    def brush(self) -> tuple[str, str, str] | None:
        """The chosen range, where it is a part of the window."""
        if not self._is_within():
            return None
        x, end = self._range()
        return _percent(100 * x), _percent(100 * (end - x)), _percent(100 * end)

    def what(self) -> str:
        """What the bars are, as the caption says it."""
        since = f" since {self._short(self.window.starts[0])}" if self.begins_late else ""
        said = f"Events {EACH[self.window.step]}{since}, {self.now.zone_name}"
        return (
            f"{said}. Types that nobody declared count in full, also where they only tell of a look at something"
            if self.has_doubtful_reads
            else said
        )

    def _range(self) -> tuple[float, float]:
        since, until = self.wanted.since, self.wanted.until
        return position(self.window, since) if since else 0.0, position(self.window, until) if until else 1.0

    def _is_within(self) -> bool:
        x, end = self._range()
        return x < end and (x, end) != (0.0, 1.0)

    def _when(self, number: int) -> str:
        """The stretch of a bar in words."""
        start = self.window.starts[number]
        day = f"{WEEKDAYS[start.weekday()][:3]} {self._short(start)}"
        if self.window.step is Step.HOUR:
            first, last = self.window.edges[number : number + 2]
            twice = ", twice as clocks go back" if last - first > HOUR else ""
            return f"{day}, {start:%H:%M} to {start + HOUR:%H:%M}{twice}"
        if self.window.step is Step.MONTH:
            return f"{MONTHS[start.month - 1]} {start.year}"
        return f"Week of {day}" if self.window.step is Step.WEEK else day

    def _label(self, number: int, start: datetime) -> str:
        """What stands below the beginning of a bar, where something does."""
        if self.window.step is Step.HOUR:
            if start.hour == 0:
                return self._short(start)
            # A clock's hour of days that are drawn wide enough; labels that would touch fall away.
            return f"{start:%H:%M}" if start.hour % HOURS_BETWEEN_LABELS == 0 else ""
        if self.window.step is Step.DAY:
            return self._short(start) if start.day == 1 else ""
        before = self.window.starts[number - 1] if number else start
        if start.year != before.year:
            return str(start.year)
        return MONTHS[start.month - 1][:3] if start.month != before.month else ""

    def _short(self, day: datetime) -> str:
        # Days and hours around the turn of a year need none.
        is_old = max(day, self.window.starts[-1] - DAY if self.window.step in (Step.HOUR, Step.DAY) else day).year
        year = f" {day.year}" if is_old != self.now.today.year else ""
        return f"{day.day} {MONTHS[day.month - 1][:3]}{year}"


def _told(events: int, failures: int) -> str:
    noun = "event" if events == 1 else "events"
    return f"{events:,} {noun}" + (f", {failures:,} failed" if failures else "")


def _failures(left: str, width: str, height: float, middle: str) -> Html:
    bar = format_html(FAILED, left, f"{BASE - height:.1f}", width, f"{height:.1f}")
    return format_html("{}{}", bar, format_html(FAILURE, middle))


def _percent(value: float) -> str:
    return f"{value:.3f}%"
