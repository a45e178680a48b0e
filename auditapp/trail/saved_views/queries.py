"""Which views somebody is offered, and which one the trail opens with. What a view finds is asked for its viewer each time."""

from functools import lru_cache
from typing import Final

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from auditapp.access.permissions import Access
from auditapp.lib.errors import NotFound
from auditapp.trail.address import VIEW, Address
from auditapp.trail.query_box import read_box
from auditapp.trail.saved_views.models import DefaultView, SavedView
from auditapp.trail.saved_views.ready import ReadyView, ready_view

ADDRESSES_KEPT: Final = 1_000


def visible_views(access: Access) -> QuerySet[SavedView]:
    """Somebody's own views and the shared ones, by name."""
    views = SavedView.objects.filter(workspace_id=access.workspace_id)
    return views.filter(Q(owner_id=access.subject_id) | Q(is_shared=True)).order_by(Lower("name"), "id")


def view_for(access: Access, view_id: str) -> SavedView | ReadyView:
    """One view that somebody is offered.

    Raises:  NotFound
    """
    view = ready_view(view_id) or visible_views(access).filter(id=view_id).first()
    if view is None:
        raise NotFound
    return view


def address_of(view: SavedView | ReadyView, home: Address) -> Address:
    """The trail that a view shows; that of a saved one says from which view it began, so that the view can be changed there."""
    address = _address_of(view.query, home)
    return address.having(VIEW, view.id) if isinstance(view, SavedView) else address


# Every page links to every view, and reading a line takes milliseconds.
@lru_cache(maxsize=ADDRESSES_KEPT)
def _address_of(line: str, home: Address) -> Address:
    return read_box(line, home).address


def default_view(access: Access) -> SavedView | ReadyView | None:
    """The view that the trail opens with; None also where it is gone or no longer shared."""
    chosen = DefaultView.objects.filter(workspace_id=access.workspace_id, user_id=access.subject_id).first()
    if chosen is None:
        return None
    return ready_view(chosen.view_id) or visible_views(access).filter(id=chosen.view_id).first()
