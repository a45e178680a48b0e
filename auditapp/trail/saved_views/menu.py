"""The Views dropdown of the toolbar: ready views, one's own and shared ones, each as a link, and the one that is in force."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from auditapp.access.permissions import Access
from auditapp.trail.address import Address
from auditapp.trail.filters import TrailQuery
from auditapp.trail.query_box import box_text, read_box
from auditapp.trail.saved_views.models import SavedView
from auditapp.trail.saved_views.queries import visible_views
from auditapp.trail.saved_views.ready import READY_VIEWS, ReadyView

ADDRESSES_KEPT: Final = 1_000


@dataclass(frozen=True, slots=True)
class ViewLink:
    name: str
    address: Address
    is_current: bool


@dataclass(frozen=True, slots=True)
class ViewsMenu:
    """`filters` is what a new view would keep; empty where nothing is filtered."""

    groups: list[tuple[str, list[ViewLink]]]
    current: str
    filters: str


def views_menu(access: Access, query: TrailQuery) -> ViewsMenu:
    """The views that somebody is offered beside a query."""
    saved = list(visible_views(access))
    own = [view for view in saved if view.owner_id == access.subject_id]
    shared = [view for view in saved if view.owner_id != access.subject_id]
    groups = [
        (heading, _links(views, query))
        for heading, views in (("Yours", own), ("Shared", shared), ("Ready", READY_VIEWS))
        if views
    ]
    current = next((link.name for _, links in groups for link in links if link.is_current), "")
    filters = query.address.first_page.without("open", "tz")
    return ViewsMenu(groups, current, filters.query if filters.pairs else "")


def _links(views: Iterable[SavedView | ReadyView], query: TrailQuery) -> list[ViewLink]:
    text = box_text(query.address)
    home = query.address.without_filters()
    return [ViewLink(view.name, _address_of(view.query, home), view.query == text) for view in views]


# Every page links to every view, and reading a line takes milliseconds.
@lru_cache(maxsize=ADDRESSES_KEPT)
def _address_of(line: str, home: Address) -> Address:
    return read_box(line, home).address
