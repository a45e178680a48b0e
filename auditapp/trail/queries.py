"""What the list shows for one viewer and one address: rows, counts, bars, and what to do where nothing matches."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, combinations, islice
from typing import Final

from auditapp.access.permissions import Access
from auditapp.catalogue.areas import AREAS
from auditapp.lib.keyset import PageKey
from auditapp.record.event_filter import Choice, EventFilter
from auditapp.record.event_query import Count, EventPage, EventQuery, visible_events
from auditapp.record.facets import facets
from auditapp.record.viewer import Viewer
from auditapp.trail.address import FOLD, UNFOLDED, Address
from auditapp.trail.bars import Bars, bars_of
from auditapp.trail.chips import Chip
from auditapp.trail.dressing import Html
from auditapp.trail.filters import TrailQuery
from auditapp.trail.folding import FoldedPage, folded_page
from auditapp.trail.live import FIRST_ID, Live, live_of
from auditapp.trail.moments import PageTime
from auditapp.trail.parts import marks_for
from auditapp.trail.ranges import nearest_range
from auditapp.trail.rows import event_rows
from auditapp.trail.seal_state import SealState, seal_state, seals_of
from auditapp.trail.toolbar import Toolbar, toolbar_of

ANY_FILTER: Final = "any filter"
# Sets of filters that are tried together, and how many of those that show something are offered.
SETS_COUNTED: Final = 12
SETS_OFFERED: Final = 3
EVERYTHING: Final = EventFilter(with_reads=True)
BUT_LOOKS: Final = EventFilter(types=Choice(exclude=("audit_trail.viewed",)), with_reads=True)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The same trail without one filter or several, and how many events that would show."""

    label: str
    text: str
    address: Address
    count: Count
    filters: int = 0


@dataclass(frozen=True, slots=True)
class NothingFound:
    """Why the list is empty: the first day of a trail, or filters that nothing matches."""

    is_first_day: bool
    suggestions: list[Suggestion]
    nearest: tuple[date, Address] | None
    filters_in_the_way: int = 0  # the fewest whose removal shows something; 0 where only that of all does

    @property
    def advice(self) -> str:
        """What stands above the suggestions: whether one filter is in the way, some of them together, or all."""
        if self.filters_in_the_way == 1:
            return "Taking away one filter would show:"
        if self.filters_in_the_way:
            return "No single filter keeps them away. Taking these away together would show:"
        return "No single filter keeps them away; several do."


@dataclass(frozen=True, slots=True)
class Limits:
    """How little of the trail somebody with a narrow role sees: numbers, never what is hidden."""

    areas: int
    all_areas: int
    scopes: int


@dataclass(frozen=True, slots=True)
class TrailList:
    """One page of the list; `folding` is the same with retries folded, where they are not, or without."""

    rows: Html
    shown: int
    row_count: int
    folding: Address
    count: Count
    older: Address | None
    newer: Address | None
    further: Address | None  # where the search ran out of time
    searched_to: str
    seal: SealState
    live: Live | None


@dataclass(frozen=True, slots=True)
class TrailFrame:
    """What stands around the list and changes with the filters, not with the page."""

    toolbar: Toolbar
    bars: Bars
    limits: Limits | None


def trail_list(
    viewer: Viewer, query: TrailQuery, time: PageTime, *, access: Access, after: PageKey | None = None
) -> tuple[TrailList, EventPage]:
    """The page of the list that a query asks for, and its events.

    Takes:   access, by which it is known what marks may tell; after, the place from which on rows are marked as new
    """
    events = visible_events(viewer)
    page = events.page(query.wanted, older=query.older, newer=query.newer)
    is_first_page = query.older is None and query.newer is None
    top = top_of(query, page, time)
    folded = folded_page(events, page.rows, query.wanted, top=top) if query.is_folded else FoldedPage(page.rows)
    is_all = is_first_page and page.older is None and page.searched_to is None
    count = Count(len(page.rows)) if is_all else events.count(query.wanted)
    seal = seal_state(viewer)
    seals = seals_of(viewer.workspace_id, folded.event_ids, seal)
    rows = event_rows(
        folded.rows,
        address=query.address,
        time=time,
        seals=seals,
        current=query.open,
        with_checkpoint=is_first_page,
        after=after,
        marks=marks_for(access, folded.rows, seals.leaves),
        folds=folded.folds,
    )

    def beside(key: str, place: PageKey | None) -> Address | None:
        return query.address.paged(key, str(place), top=str(top) if query.is_folded else None) if place else None

    found = TrailList(
        rows,
        len(page.rows),
        len(folded.rows),
        query.address.having(FOLD, *([UNFOLDED] if query.is_folded else [])),
        count,
        beside("older", page.older),
        beside("newer", page.newer),
        beside("older", page.searched_to),
        time.short(page.searched_to.occurred_at) if page.searched_to else "",
        seal,
        live_of(query, page, time),
    )
    return found, page


def top_of(query: TrailQuery, page: EventPage, time: PageTime) -> PageKey:
    """The newest place when the reader of a page began to turn pages."""
    is_first_page = query.older is None and query.newer is None
    if is_first_page:
        return page.rows[0].page_key if page.rows else PageKey(time.now, FIRST_ID)
    return query.top or PageKey(time.now, FIRST_ID)


def trail_frame(
    viewer: Viewer, query: TrailQuery, time: PageTime, page: EventPage, *, home: PageTime, may_search: bool
) -> TrailFrame:
    """Toolbar, bars and the note about a narrow role.

    Takes:   may_search, whether the bars may take as long as a search
    """
    found = facets(viewer, replace(EVERYTHING, since=query.wanted.since, until=query.wanted.until))
    toolbar = toolbar_of(viewer, query, time, found, page.rows, home=home)
    return TrailFrame(toolbar, bars_of(viewer, query, time, may_search=may_search), _limits(viewer, toolbar))


def nothing_found(viewer: Viewer, query: TrailQuery, chips: list[Chip], time: PageTime) -> NothingFound:
    """Why nothing matches, and what each filter keeps away. Every count is bounded."""
    events = visible_events(viewer)
    # Looking is an event too: it alone makes no trail.
    if not events.count(BUT_LOOKS, up_to=1).events:
        return NothingFound(True, [], None)
    # Read events are shown on top of what is found: they keep nothing away.
    narrowing = [chip for chip in chips if chip.keys != ("reads",)]
    size, suggestions = _smallest_sets(events, query, narrowing)
    if len(narrowing) > 1:
        any_filter = Suggestion(ANY_FILTER, "", query.address.without_filters(), events.count(EventFilter()))
        suggestions += filter(_shows_something, [any_filter])
    has_range = query.wanted.since or query.wanted.until
    return NothingFound(False, suggestions, nearest_range(events, query, time) if has_range else None, size)


def _smallest_sets(events: EventQuery, query: TrailQuery, chips: list[Chip]) -> tuple[int, list[Suggestion]]:
    """The fewest filters whose removal shows something: how many, and which of them. Each single one is tried, then some sets."""
    if found := list(filter(_shows_something, (_suggestion(events, query, [chip]) for chip in chips))):
        return 1, found
    # All of them together are "any filter".
    sets = chain.from_iterable(combinations(chips, size) for size in range(2, len(chips)))
    for left_out in islice(sets, SETS_COUNTED):
        if found and len(left_out) > found[0].filters:
            break
        if _shows_something(one := _suggestion(events, query, left_out)):
            found.append(one)
        if len(found) == SETS_OFFERED:
            break
    return (found[0].filters, found) if found else (0, [])


def _suggestion(events: EventQuery, query: TrailQuery, left_out: Sequence[Chip]) -> Suggestion:
    keys = [key for chip in left_out for key in chip.keys]
    *others, last = [chip.label for chip in left_out]
    label = f"{', '.join(others)} and {last}" if others else last
    text = left_out[0].text if len(left_out) == 1 else ""
    count = events.count(_without(query.wanted, keys))
    return Suggestion(label, text, query.address.without(*keys), count, len(left_out))


def _shows_something(one: Suggestion) -> bool:
    return bool(one.count.events or one.count.is_more)


DIMENSIONS: Final = {
    "event": "types",
    "area": "areas",
    "actor": "actors",
    "actor_kind": "actor_kinds",
    "resource": "resources",
    "target": "target_ids",
    "risk": "risks",
    "outcome": "outcomes",
    "ip": "ips",
    "support": "behind",
    "token": "tokens",
    "request": "requests",
    "session": "sessions",
    "reason": "reasons",
    "q": "words",
    "from": "since",
    "to": "until",
    "reads": "with_reads",
}


def _without(wanted: EventFilter, keys: Iterable[str]) -> EventFilter:
    empty = EventFilter()
    return replace(wanted, **{DIMENSIONS[key]: getattr(empty, DIMENSIONS[key]) for key in keys})


def _limits(viewer: Viewer, toolbar: Toolbar) -> Limits | None:
    if viewer.sees_all:
        return None
    seen = sum(1 for group in toolbar.groups if group.option.count)
    return Limits(seen, len(AREAS), len(viewer.scope_ids))
