"""The bars above the list: sealed events a UTC day, as links to that day, with the chosen range marked.

Numbers come from record's rollups and ignore all filters but the range. Bars are drawn here, up to 366 of them; what stands
around them is a template.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from auditapp.lib.markup import format_html, format_html_join
from auditapp.record.event_filter import EventFilter
from auditapp.record.facets import DayCount
from auditapp.record.rollups import days_of
from auditapp.trail.address import Address
from auditapp.trail.dressing import Html
from auditapp.trail.moments import MONTHS, WEEKDAYS, PageTime
from auditapp.trail.ranges import day_range

USUAL_DAYS: Final = 90
MOST_DAYS: Final = 366
BASE, TALLEST = 46.0, 40.0  # the base line, and the height of the tallest bar, in the units of the plot
FEWEST_BETWEEN_LABELS: Final = 9  # per cent of the width
PEAK_WIDTH: Final = 20  # per cent of the width that the words beside the tallest bar need
BELOW_PEAK: Final = 0.75  # of the tallest bar: what is lower ends below those words


BAR: Final = (
    '<a class="histogram__day" href="{}" tabindex="-1" data-day="{}"><title>{}</title>'
    '<rect class="histogram__hit" x="{}" y="0" width="{}" height="52"/>'
    '<rect class="histogram__bar" x="{}" y="{}" width="{}" height="{}" rx="1"/>{}</a>'
)
# What failed stands at the foot of its bar; too little of it to be seen still has its mark below the line.
FAILED: Final = '<rect class="histogram__failed" x="{}" y="{}" width="{}" height="{}"/>'
FAILURE: Final = '<svg x="{}" y="49" overflow="visible"><path class="histogram__failure" d="M-3 4.5h6L0-.5z"/></svg>'


@dataclass(frozen=True, slots=True)
class Histogram:
    """All that the template draws."""

    bars: Html
    labels: tuple[tuple[str, str, str], ...]  # text, x, anchor
    peak: tuple[str, str] | None  # text, x
    brush: tuple[str, str, str] | None  # x, width, end


def window_of(wanted: EventFilter, time: PageTime) -> tuple[date, date]:
    """The days that are drawn: 90 up to the range's end, or all of a longer range up to a year."""
    first, last = days_of(wanted)
    today = time.now.date()
    end = min(last or today, today)
    # A range that ends within the usual days is shown with what came after it.
    if first is None or first > today - timedelta(days=USUAL_DAYS):
        end = today
    start = end - timedelta(days=USUAL_DAYS - 1)
    if first is not None and first < start:
        start = max(first, end - timedelta(days=MOST_DAYS - 1))
    return start, end


def histogram_of(counts: Sequence[DayCount], wanted: EventFilter, address: Address, time: PageTime) -> Histogram | None:
    """The bars of the window; None where nothing in it is sealed."""
    start, end = window_of(wanted, time)
    by_day = {count.day: count for count in counts if start <= count.day <= end}
    most = max((count.events for count in by_day.values()), default=0)
    if not most:
        return None
    days = [start + timedelta(days=number) for number in range((end - start).days + 1)]
    step = 100 / len(days)
    utc_days = address.having("tz", "utc")
    bars = format_html_join(
        "",
        BAR,
        (
            _bar(by_day.get(day) or DayCount(day, 0, 0), number * step, step, most, utc_days)
            for number, day in enumerate(days)
        ),
    )
    place = {day: number * step for number, day in enumerate(days)}
    return Histogram(bars, tuple(_labels(days, place, time)), _peak(by_day, most, place), _brush(wanted, days))


def _bar(count: DayCount, x: float, step: float, most: int, address: Address) -> tuple[object, ...]:
    """What BAR says of one day."""
    height = max(TALLEST * count.events / most, 1.0) if count.events else 0.0
    failures = f", {count.failures:,} failed" if count.failures else ""
    left, width = _percent(x + step * 0.16), _percent(step * 0.68)
    failed = height * count.failures / count.events if count.events else 0.0
    noun = "event" if count.events == 1 else "events"
    day = count.day
    return (
        day_range(address, day, day),
        day.isoformat(),
        f"{WEEKDAYS[day.weekday()][:3]} {_short(day)}: {count.events:,} {noun}{failures}",
        *(_percent(x), _percent(step)),
        *(left, f"{BASE - height:.1f}", width, f"{height:.1f}"),
        _failures(left, width, failed, _percent(x + step / 2)) if count.failures else "",
    )


def _failures(left: str, width: str, height: float, middle: str) -> Html:
    bar = format_html(FAILED, left, f"{BASE - height:.1f}", width, f"{height:.1f}")
    return format_html("{}{}", bar, format_html(FAILURE, middle))


def _labels(days: Sequence[date], place: dict[date, float], time: PageTime) -> list[tuple[str, str, str]]:
    """The first day, the firsts of months, and the last; what would touch is left out."""
    last = "Today" if days[-1] == time.now.date() else _short(days[-1])
    made = [(_short(days[0]), _percent(0), "start")]
    left = 0.0
    for day in days:
        x = place[day]
        if day.day == 1 and x - left >= FEWEST_BETWEEN_LABELS and x <= 100 - FEWEST_BETWEEN_LABELS:
            made.append((_short(day), _percent(x), "middle"))
            left = x
    return [*made, (last, _percent(100), "end")]


def _peak(by_day: dict[date, DayCount], most: int, place: dict[date, float]) -> tuple[str, str] | None:
    """The tallest bar, told apart only where there is one and its words fit beside it, above its neighbours."""
    tallest = [count.day for count in by_day.values() if count.events == most]
    if len(tallest) != 1:
        return None
    x = place[tallest[0]] + 100 / len(place)
    below = (count.events for day, count in by_day.items() if x <= place[day] < x + PEAK_WIDTH and day != tallest[0])
    if x + PEAK_WIDTH > 100 or max(below, default=0) > most * BELOW_PEAK:
        return None
    return f"{most:,} on {_short(tallest[0])}", _percent(x)


def _brush(wanted: EventFilter, days: Sequence[date]) -> tuple[str, str, str] | None:
    first, last = days_of(wanted)
    if first is None and last is None:
        return None
    start = max(first or days[0], days[0])
    end = min(last or days[-1], days[-1])
    if start > end:
        return None
    step = 100 / len(days)
    x, width = (start - days[0]).days * step, ((end - start).days + 1) * step
    return _percent(x), _percent(width), _percent(x + width)


def _short(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1][:3]}"


def _percent(value: float) -> str:
    return f"{value:.3f}%"
