"""Which views somebody is offered, and which one the trail opens with. What a view finds is asked for its viewer each time."""

from functools import lru_cache
from typing import Final

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from auditapp.access.permissions import Access, Permission
from auditapp.lib.errors import NotFound
from auditapp.record.event_filter import EventFilter
from auditapp.record.masking import asks_personal
from auditapp.trail.address import VIEW, Address
from auditapp.trail.filters import read_query
from auditapp.trail.moments import UTC_ZONE
from auditapp.trail.query_box import read_box
from auditapp.trail.saved_views.models import DefaultView, SavedView
from auditapp.trail.saved_views.ready import ReadyView, ready_view

ADDRESSES_KEPT: Final = 1_000


def offered_views(access: Access) -> list[SavedView]:
    """The views that somebody is offered: their own and the shared ones, by name."""
    return [view for view in visible_views(access) if is_offered(access, view)]


def is_offered(access: Access, view: SavedView) -> bool:
    """Whether somebody may know what a view of theirs or a shared one asks for: an address in it is one that they see elsewhere too."""
    sees = view.owner_id == access.subject_id or access.can(Permission.AUDIT_READ_PERSONAL)
    return sees or not asks_personal(_wanted(view.query))


def visible_views(access: Access) -> QuerySet[SavedView]:
    """Somebody's own views and the shared ones, by name; which of these they are offered, `is_offered` says."""
    views = SavedView.objects.filter(workspace_id=access.workspace_id)
    return views.filter(Q(owner_id=access.subject_id) | Q(is_shared=True)).order_by(Lower("name"), "id")


def view_for(access: Access, view_id: str) -> SavedView | ReadyView:
    """One view that somebody is offered.

    Raises:  NotFound
    """
    view = ready_view(view_id) or _one(access, view_id)
    if view is None:
        raise NotFound
    return view


def _one(access: Access, view_id: str) -> SavedView | None:
    view = visible_views(access).filter(id=view_id).first()
    return view if view and is_offered(access, view) else None


def address_of(view: SavedView | ReadyView, home: Address) -> Address:
    """The trail that a view shows; that of a saved one says from which view it began, so that the view can be changed there."""
    address = _address_of(view.query, home)
    return address.having(VIEW, view.id) if isinstance(view, SavedView) else address


# Every page links to every view, and reading a line takes milliseconds.
@lru_cache(maxsize=ADDRESSES_KEPT)
def _address_of(line: str, home: Address) -> Address:
    return read_box(line, home).address


@lru_cache(maxsize=ADDRESSES_KEPT)
def _wanted(line: str) -> EventFilter:
    return read_query(read_box(line, Address("")).address, zone=UTC_ZONE).wanted


def default_view(access: Access) -> SavedView | ReadyView | None:
    """The view that the trail opens with; None also where it is gone or no longer shared."""
    chosen = DefaultView.objects.filter(workspace_id=access.workspace_id, user_id=access.subject_id).first()
    if chosen is None:
        return None
    return ready_view(chosen.view_id) or _one(access, chosen.view_id)
