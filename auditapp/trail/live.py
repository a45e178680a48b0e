"""Live: how many events have come since a page was made. The page asks every few seconds and shows them when told to.

Asking, not a stream: each question is cheap (an index probe from the page's newest event on), is answered on any machine by any
process, and asks for the permission again. Nothing here says what the events are.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from auditapp.lib.keyset import PageKey
from auditapp.record.event_query import Count, EventPage, visible_events
from auditapp.record.viewer import Viewer
from auditapp.trail.address import Address
from auditapp.trail.filters import TrailQuery
from auditapp.trail.moments import PageTime

AFTER: Final = "after"  # the parameter; no filter, so it is never part of the page's own address
COUNTED_UP_TO: Final = 99
FIRST_ID: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Live:
    """Where new events are asked for and shown; `newest` is the list's first page."""

    newest: Address
    after: PageKey

    @property
    def link(self) -> str:
        """The first page with this page's place, from which on its rows are new."""
        return f"{self.newest}{'&' if self.newest.pairs else '?'}{urlencode({AFTER: str(self.after)})}"


def live_of(query: TrailQuery, page: EventPage, time: PageTime) -> Live | None:
    """How to ask for what is newer than this page; None on older pages, and where the range is over."""
    is_over = query.wanted.until is not None and query.wanted.until <= time.now
    if is_over or query.older is not None or query.newer is not None:
        return None
    newest = query.address.without("open").first_page
    return Live(newest, page.rows[0].page_key if page.rows else PageKey(time.now, FIRST_ID))


def new_events(viewer: Viewer, query: TrailQuery, after: PageKey) -> Count:
    """How many events of the filter are newer than a page, up to 99.

    What happened earlier and came late is not among them: it has its place further down.
    """
    return visible_events(viewer).count_newer(query.wanted, than=after, up_to=COUNTED_UP_TO)
