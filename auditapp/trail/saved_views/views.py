"""Pages of saved views. The dropdown that offers them is part of the trail's toolbar."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from auditapp.access.decorators import workspace_page
from auditapp.access.permissions import Permission
from auditapp.access.requests import WorkspaceRequest
from auditapp.lib.errors import Invalid, NotFound
from auditapp.record.event_filter import EventFilter
from auditapp.record.facets import facets
from auditapp.trail.address import Address, read_address
from auditapp.trail.query_box import box_text, read_box
from auditapp.trail.saved_views.forms import SavedViewForm
from auditapp.trail.saved_views.models import SavedView
from auditapp.trail.saved_views.queries import address_of, default_view, offered_views, view_for
from auditapp.trail.saved_views.ready import READY_VIEWS
from auditapp.trail.saved_views.services import (
    change_saved_view,
    clear_default_view,
    create_saved_view,
    delete_saved_view,
    may_change,
    set_default_view,
)
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page


@require_safe
@workspace_page("audit.read")
def view_list(request: WorkspaceRequest) -> HttpResponse:
    """Every view that somebody is offered, with what can be done to it."""
    access = request.member_permissions
    home, chosen = _home(request), default_view(access)
    views = [(view, address_of(view, home), may_change(access, view)) for view in offered_views(access)]
    context = {
        "home": home,
        "ready": [(view, address_of(view, home)) for view in READY_VIEWS],
        "own": [row for row in views if row[0].owner_id == access.subject_id],
        "shared": [row for row in views if row[0].owner_id != access.subject_id],
        "default_id": chosen.id if chosen else "",
    }
    return render_page(request, "saved_views/view_list.html", context)


@workspace_page("audit.read")
def view_create(request: WorkspaceRequest) -> HttpResponse:
    """Keep the filters that the trail was left with, or a query that is written here."""
    address = read_address(_home(request).path, request.GET, keep_finds=False)
    form = _form(request, {"query": _readable(request, address)})
    if request.method == "POST" and form.is_valid():
        try:
            view = create_saved_view(**_asked(request, form))
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, "The view was saved.")
            return redirect(str(address_of(view, _home(request))))
    context = {"form": form, "home": _home(request)}
    return render_page(request, "saved_views/view_edit.html", context, status=422 if form.errors else 200)


@workspace_page("audit.read")
def view_edit(request: WorkspaceRequest, view_id: str) -> HttpResponse:
    """Rename a view, change its query, share it."""
    view = view_for(request.member_permissions, view_id)
    if not isinstance(view, SavedView) or not may_change(request.member_permissions, view):
        request.member_permissions.require(Permission.WORKSPACE_MANAGE)
        return redirect("trail:view_list", request.workspace.slug)
    query = _readable(request, address_of(view, _home(request)))
    form = _form(request, {"name": view.name, "query": query, "is_shared": view.is_shared})
    if request.method == "POST" and form.is_valid():
        try:
            change_saved_view(view_id=view_id, **_asked(request, form, is_shared=view.is_shared))
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, "Saved.")
            return redirect("trail:view_list", request.workspace.slug)
    context = {"form": form, "view": view, "home": _home(request)}
    return render_page(request, "saved_views/view_edit.html", context, status=422 if form.errors else 200)


@require_POST
@workspace_page("audit.read")
def view_update(request: WorkspaceRequest, view_id: str) -> HttpResponse:
    """Have a view show what the trail is filtered to; its name and who it is for stay."""
    view = view_for(request.member_permissions, view_id)
    if not isinstance(view, SavedView):
        raise NotFound
    try:
        query = _canonical(request, request.POST.get("query", ""))
        view = change_saved_view(view_id=view_id, name=view.name, query=query, is_shared=view.is_shared)
    except Invalid as refused:
        messages.error(request, f"{view.name} was not changed. {refused.message}")
    else:
        messages.success(request, f"{view.name} shows this from now on.")
    return redirect(str(address_of(view, _home(request))))


@require_POST
@workspace_page("audit.read")
def view_delete(request: WorkspaceRequest, view_id: str) -> HttpResponse:
    delete_saved_view(view_id=view_id)
    messages.success(request, "The view was deleted.")
    return redirect("trail:view_list", request.workspace.slug)


@require_POST
@workspace_page("audit.read")
def view_default(request: WorkspaceRequest, view_id: str) -> HttpResponse:
    view = set_default_view(view_id=view_id)
    messages.success(request, f"The trail opens with {view.name} from now on.")
    return redirect("trail:view_list", request.workspace.slug)


@require_POST
@workspace_page("audit.read")
def view_default_clear(request: WorkspaceRequest) -> HttpResponse:
    clear_default_view()
    messages.success(request, "The trail opens with everything from now on.")
    return redirect("trail:view_list", request.workspace.slug)


def _form(request: WorkspaceRequest, initial: dict[str, object]) -> SavedViewForm:
    can_share = request.member_permissions.can(Permission.WORKSPACE_MANAGE)
    return SavedViewForm(request.POST or None, initial=initial, can_share=can_share)


def _asked(request: WorkspaceRequest, form: SavedViewForm, *, is_shared: bool = False) -> dict[str, Any]:
    """What the form asks for, its query in canonical form.

    Raises:  Invalid, with what is wrong in the query
    """
    return {
        "name": form.cleaned_data["name"],
        "query": _canonical(request, form.cleaned_data["query"]),
        "is_shared": form.cleaned_data.get("is_shared", is_shared),
    }


def _canonical(request: WorkspaceRequest, line: str) -> str:
    """A line as views keep it, with actors by id.

    Raises:  Invalid, with what is wrong in it
    """
    box = read_box(line, _home(request), request.viewer)
    if box.problems:
        raise Invalid(" ".join(map(str, box.problems)), field="query", code="bad_query")
    return box_text(box.address)


def _readable(request: WorkspaceRequest, address: Address) -> str:
    """The filters as the search box writes them, people by their e-mail addresses."""
    return box_text(address, facets(request.viewer, EventFilter()).actors if address.values("actor") else ())


def _home(request: WorkspaceRequest) -> Address:
    return Address(reverse("trail:event_list", args=[request.workspace.slug]))
