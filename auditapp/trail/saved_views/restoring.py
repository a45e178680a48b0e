"""Brings a deleted view back for the owner that it had. Who opened the trail with it picks it again."""

from django.db import transaction

from auditapp.access.permissions import Permission, acting_access
from auditapp.lib import clock
from auditapp.lib.errors import Conflict, NotAllowed
from auditapp.record.drafts import changed
from auditapp.record.services import record
from auditapp.trail.saved_views.models import SavedView
from auditapp.trail.saved_views.services import MAX_VIEWS, TooManyViews, fill_view, save_view, whole_of_view


class ViewThere(Conflict):
    """This view is there: it was brought back already."""


class NotYours(NotAllowed):
    """This view was somebody else's own. Only they bring it back."""


@transaction.atomic
def restore_saved_view(*, view_id: str, owner_id: str, name: str, query: str, is_shared: bool = False) -> SavedView:
    """Make a view again under the id that it had.

    Raises:  Denied, NotYours, Invalid, ViewThere, TooManyViews
    Writes:  SavedView; saved_view.restored
    """
    access = acting_access()
    access.require(Permission.AUDIT_READ)
    if is_shared:
        access.require(Permission.WORKSPACE_MANAGE)
    elif owner_id != access.subject_id:
        raise NotYours
    here = SavedView.objects.filter(workspace_id=access.workspace_id)
    if here.filter(id=view_id).exists():
        raise ViewThere
    if here.filter(owner_id=owner_id).count() >= MAX_VIEWS:
        raise TooManyViews
    view = SavedView(workspace_id=access.workspace_id, id=view_id, owner_id=owner_id, created_at=clock.now())
    fill_view(view, name, query, is_shared)
    save_view(view, force_insert=True)
    record("saved_view.restored", target=view, changes=changed({}, whole_of_view(view)))
    return view
