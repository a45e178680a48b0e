"""What the bars above a list count: the list's own filter, in steps that follow its range, by the cheapest way that is right.

A filter that only a search can answer is not counted with the page, which would wait for it: the page asks for its bars afterwards.
"""

from dataclasses import dataclass
from typing import Final

from auditapp.record.bar_counts import BarCounts, bar_counts, counts_of_days, counts_of_local_days, first_seen
from auditapp.record.viewer import Viewer
from auditapp.trail.filters import TrailQuery
from auditapp.trail.histogram import Histogram, histogram_of
from auditapp.trail.moments import UTC_ZONE, PageTime
from auditapp.trail.windows import Step, Window, window_of

ASKED: Final = "bars"  # the parameter; no filter, so it is never part of the page's own address
# Days of another zone than UTC are in no rollup: up to so many events are looked at for them, of more only those near midnight.
FEW: Final = 3_000


@dataclass(frozen=True, slots=True)
class Bars:
    """The drawing, none where there is nothing to draw; `later` is where bars are asked for that take a search."""

    histogram: Histogram | None = None
    later: str = ""


def bars_of(viewer: Viewer, query: TrailQuery, time: PageTime, *, may_search: bool) -> Bars:
    """The bars of a list, or where to ask for them.

    Takes:   may_search, whether they may take as long as a search for words
    """
    seen = first_seen(viewer)
    window = window_of(query.wanted, time, first_seen=seen)
    in_utc = window_of(query.wanted, PageTime(UTC_ZONE, time.now), first_seen=seen)
    found = _counted(viewer, query, window, in_utc, may_search=may_search)
    if found is None:
        page = query.address.without("open").first_page
        return Bars(later=f"{page}{'&' if page.pairs else '?'}{ASKED}=1")
    window, counts = found
    return Bars(histogram_of(window, counts, query.wanted, query.address, time, first_seen=seen))


def _counted(
    viewer: Viewer, query: TrailQuery, window: Window, in_utc: Window, *, may_search: bool
) -> tuple[Window, BarCounts] | None:
    """The counts of the page's own zone, or of UTC where telling its days apart takes more events than are looked at for it."""
    days = None
    if window.step is not Step.HOUR and window.edges != in_utc.edges:
        days = counts_of_days(viewer, query.wanted, in_utc.edges)
    counts = None
    if days is None or days.events <= FEW:
        counts = bar_counts(viewer, query.wanted, window.edges, may_search=may_search)
    if days and (counts is None or counts.counted_from):
        on_its_clocks = [moment.astimezone(window.zone) for moment in window.edges]
        local = counts_of_local_days(viewer, query.wanted, on_its_clocks, known=(in_utc.edges, days))
        return (window, local) if local else (in_utc, days)
    return (window, counts) if counts else None
