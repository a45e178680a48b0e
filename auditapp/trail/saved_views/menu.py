"""The Views dropdown of the toolbar: ready views, one's own and shared ones, each as a link, and the one that is in force."""

from collections.abc import Iterable
from dataclasses import dataclass

from auditapp.access.permissions import Access
from auditapp.trail.address import FOLD, VIEW, Address
from auditapp.trail.filters import TrailQuery
from auditapp.trail.query_box import box_text
from auditapp.trail.saved_views.models import SavedView
from auditapp.trail.saved_views.queries import address_of, offered_views
from auditapp.trail.saved_views.ready import READY_VIEWS, ReadyView
from auditapp.trail.saved_views.services import may_update


@dataclass(frozen=True, slots=True)
class ViewLink:
    name: str
    address: Address
    is_current: bool


@dataclass(frozen=True, slots=True)
class ViewsMenu:
    """`filters` is what a new view would keep; empty where nothing is filtered.

    `changed` is the view that the filters began as, where they are other ones by now and the viewer may change it to show `line`.
    """

    groups: list[tuple[str, list[ViewLink]]]
    current: str
    filters: str
    changed: SavedView | None
    line: str


def views_menu(access: Access, query: TrailQuery) -> ViewsMenu:
    """The views that somebody is offered beside a query."""
    saved = offered_views(access)
    own = [view for view in saved if view.owner_id == access.subject_id]
    shared = [view for view in saved if view.owner_id != access.subject_id]
    line = box_text(query.address)
    groups = [
        (heading, _links(views, query, line))
        for heading, views in (("Yours", own), ("Shared", shared), ("Ready", READY_VIEWS))
        if views
    ]
    current = next((link.name for _, links in groups for link in links if link.is_current), "")
    filters = query.address.first_page.without("open", "tz", FOLD, VIEW)
    changed = _changed(access, saved, query, line) if line else None
    return ViewsMenu(groups, current, filters.query if filters.pairs else "", changed, line)


def _links(views: Iterable[SavedView | ReadyView], query: TrailQuery, line: str) -> list[ViewLink]:
    home = query.address.without_filters()
    return [ViewLink(view.name, address_of(view, home), view.query == line) for view in views]


def _changed(access: Access, saved: Iterable[SavedView], query: TrailQuery, line: str) -> SavedView | None:
    began_as = next((view for view in saved if query.is_sound and view.id in query.address.values(VIEW)), None)
    return began_as if began_as and began_as.query != line and may_update(access, began_as) else None
