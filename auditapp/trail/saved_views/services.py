"""What is done to saved views. Everyone who may open the trail keeps views of their own; sharing one is for managers of the workspace."""

from typing import Any

from django.db import IntegrityError, transaction

from auditapp.access.permissions import Access, Permission, acting_access
from auditapp.lib.errors import Conflict, Invalid, NotFound
from auditapp.lib.ids import new_id
from auditapp.record.drafts import changed
from auditapp.record.query_language import parse_query
from auditapp.record.services import record
from auditapp.trail.query_box import MAX_QUERY
from auditapp.trail.saved_views.models import DefaultView, SavedView
from auditapp.trail.saved_views.queries import default_view, is_offered, view_for, visible_views
from auditapp.trail.saved_views.ready import ReadyView

MAX_VIEWS = 100  # of one person: a dropdown shows them all


class TooManyViews(Conflict):
    """You keep 100 views already. Delete one that you no longer use."""


@transaction.atomic
def create_saved_view(*, name: str, query: str, is_shared: bool = False) -> SavedView:
    """Keep a query under a name.

    Takes:   query, in canonical form, with actors by id
    Raises:  Denied, Invalid, TooManyViews
    Writes:  SavedView; saved_view.created
    """
    access = acting_access()
    access.require(Permission.AUDIT_READ)
    access.refuse_support()
    if is_shared:
        access.require(Permission.WORKSPACE_MANAGE)
    own = SavedView.objects.filter(workspace_id=access.workspace_id, owner_id=access.subject_id)
    if own.count() >= MAX_VIEWS:
        raise TooManyViews
    view = SavedView(workspace_id=access.workspace_id, id=new_id("viw"), owner_id=access.subject_id)
    fill_view(view, name, query, is_shared)
    save_view(view, force_insert=True)
    record("saved_view.created", target=view, meta={"shared": is_shared}, changes=changed({}, told_of_view(view)))
    return view


@transaction.atomic
def change_saved_view(*, view_id: str, name: str, query: str, is_shared: bool) -> SavedView:
    """Rename a view, change what it shows, share it or take it back.

    Raises:  NotFound, Denied, Invalid
    Writes:  SavedView; saved_view.modified, where something differs
    """
    access = acting_access()
    view = _to_change(access, view_id)
    if is_shared:
        access.require(Permission.WORKSPACE_MANAGE)
    before = told_of_view(view)
    fill_view(view, name, query, is_shared)
    if changes := changed(before, told_of_view(view)):
        save_view(view, update_fields=["name", "query", "is_shared"])
        record("saved_view.modified", target=view, changes=changes)
    return view


@transaction.atomic
def delete_saved_view(*, view_id: str) -> None:
    """Delete a view; who opened the trail with it sees everything again.

    Raises:  NotFound, Denied
    Writes:  SavedView, DefaultView; saved_view.deleted
    """
    view = _to_change(acting_access(), view_id)
    DefaultView.objects.filter(workspace_id=view.workspace_id, view_id=view_id).delete()
    record("saved_view.deleted", target=view, changes=changed(whole_of_view(view), {}))
    view.delete()


@transaction.atomic
def set_default_view(*, view_id: str) -> SavedView | ReadyView:
    """Open the trail with this view from now on.

    Raises:  NotFound, Denied
    Writes:  DefaultView; saved_view.default_set, unless it is so already
    """
    access = acting_access()
    access.require(Permission.AUDIT_READ)
    access.refuse_support()
    view = view_for(access, view_id)
    here = {"workspace_id": access.workspace_id, "user_id": access.subject_id}
    if not DefaultView.objects.filter(**here, view_id=view_id).exists():
        DefaultView.objects.filter(**here).delete()
        DefaultView.objects.create(**here, view_id=view_id)
        record("saved_view.default_set", target=view)
    return view


@transaction.atomic
def clear_default_view() -> None:
    """Open the trail with everything from now on.

    Raises:  Denied
    Writes:  DefaultView; saved_view.default_cleared, unless there was none
    """
    access = acting_access()
    access.require(Permission.AUDIT_READ)
    access.refuse_support()
    view = default_view(access)
    DefaultView.objects.filter(workspace_id=access.workspace_id, user_id=access.subject_id).delete()
    if view is not None:
        record("saved_view.default_cleared", target=view)


def may_change(access: Access, view: SavedView) -> bool:
    """Whether somebody may change a view that they are offered: their own, and as a manager a shared one."""
    return view.owner_id == access.subject_id or (view.is_shared and access.can(Permission.WORKSPACE_MANAGE))


def may_update(access: Access, view: SavedView) -> bool:
    """Whether somebody may change what a view shows and leave the rest as it is: what is shared stays so only by a manager."""
    return may_change(access, view) and (not view.is_shared or access.can(Permission.WORKSPACE_MANAGE))


def _to_change(access: Access, view_id: str) -> SavedView:
    view = visible_views(access).select_for_update().filter(id=view_id).first()
    if view is None or not is_offered(access, view):
        raise NotFound
    if not may_change(access, view):
        access.require(Permission.WORKSPACE_MANAGE)
    return view


def fill_view(view: SavedView, name: str, query: str, is_shared: bool) -> None:
    """Put this into a view.

    Raises:  Invalid
    """
    view.name, view.query, view.is_shared = name.strip(), query.strip(), is_shared
    if not view.name:
        raise Invalid("Give the view a name.", field="name", code="required")
    if not view.query:
        raise Invalid(
            "Write what the view shows; the trail without filters needs none.", field="query", code="required"
        )
    if len(view.query) > MAX_QUERY:
        raise Invalid(f"A query has at most {MAX_QUERY:,} characters.", field="query", code="too_long")
    if problems := parse_query(view.query).problems:
        raise Invalid(str(problems[0]), field="query", code="bad_query")
    same = SavedView.objects.filter(workspace_id=view.workspace_id, owner_id=view.owner_id, name__iexact=view.name)
    if same.exclude(id=view.id).exists():
        raise _name_taken()


def told_of_view(view: SavedView) -> dict[str, Any]:
    """What events tell of a view."""
    return {"name": view.name, "query": view.query, "shared": view.is_shared}


def whole_of_view(view: SavedView) -> dict[str, Any]:
    """All that events tell of a view, which is what one that was deleted comes back with."""
    return {**told_of_view(view), "owner": view.owner_id}


def _name_taken() -> Invalid:
    return Invalid("Another view of the same owner has this name.", field="name", code="taken")


def save_view(view: SavedView, **how: Any) -> None:
    """Save it, also where two of its owner's get one name at once.

    Raises:  Invalid
    """
    try:
        with transaction.atomic():
            view.save(**how)
    except IntegrityError:  # the name was taken between the look and the write
        raise _name_taken() from None
