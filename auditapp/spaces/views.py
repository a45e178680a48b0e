"""Pages of spaces. Which of them somebody sees and changes is asked of queries and services."""

from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from auditapp.access.decorators import workspace_page
from auditapp.access.label_shifts import labels_url, unseen_shifts
from auditapp.access.labelling import GivesTooMuch, Labelled, OwnReach
from auditapp.access.permissions import Permission
from auditapp.access.requests import WorkspaceRequest
from auditapp.lib.errors import Conflict, Invalid
from auditapp.spaces.forms import NewSpaceForm, SpaceForm
from auditapp.spaces.models import Space
from auditapp.spaces.queries import history_of_space, space_for, visible_spaces
from auditapp.spaces.services import change_space, create_space, delete_space
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page

EVENTS_SHOWN: Final = 30
LABELS_REFUSED: Final = (GivesTooMuch, OwnReach)


@require_safe
@workspace_page("space.read")
def space_list(request: WorkspaceRequest) -> HttpResponse:
    access = request.member_permissions
    context = {
        "spaces": list(visible_spaces(access)),
        "can_create": access.reach(Permission.SPACE_WRITE).everywhere,
        "sees_some": not access.reach(Permission.SPACE_READ).everywhere,
    }
    return render_page(request, "spaces/space_list.html", context)


@workspace_page("space.write")
def space_create(request: WorkspaceRequest) -> HttpResponse:
    request.member_permissions.require_everywhere(Permission.SPACE_WRITE)
    form = NewSpaceForm(request.POST or None, workspace_id=request.workspace.id)
    if request.method == "POST" and form.is_valid():
        try:
            space = create_space(**form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        except Conflict as error:
            form.add_error("space_id", error.message)
        except LABELS_REFUSED as error:
            form.add_error("labels", error.message)
        else:
            return redirect("spaces:space", request.workspace.slug, space.id)
    context = {"form": form, "labels_url": labels_url(request)}
    return render_page(request, "spaces/space_create.html", context, status=422 if form.errors else 200)


@require_safe
@workspace_page("space.read")
def space(request: WorkspaceRequest, space_id: str) -> HttpResponse:
    """What happened in the space, newest first, as far as this person may see it."""
    found = space_for(request.member_permissions, space_id)
    page = history_of_space(request.viewer, found, size=EVENTS_SHOWN)
    context = about_space(request, found) | {"rows": page.rows, "has_more": page.older is not None}
    return render_page(request, "spaces/space.html", context)


@workspace_page("space.read")
def space_settings(request: WorkspaceRequest, space_id: str) -> HttpResponse:
    found, shifting = space_for(request.member_permissions, space_id), None
    if request.method == "POST":
        form = SpaceForm(request.POST, workspace_id=request.workspace.id)
        labelled = Labelled("space", space_id)
        if form.is_valid() and not (
            shifting := unseen_shifts(request, labelled, found.labels, form.cleaned_data["labels"])
        ):
            try:
                change_space(space_id=space_id, **form.cleaned_data)
            except Invalid as error:
                add_refusal(form, error)
            except LABELS_REFUSED as error:
                form.add_error("labels", error.message)
            else:
                messages.success(request, "Saved.")
                return redirect("spaces:space_settings", request.workspace.slug, space_id)
    else:
        form = SpaceForm(initial={"name": found.name, "labels": found.labels}, workspace_id=request.workspace.id)
    context = about_space(request, found) | {"form": form, "shifting": shifting, "labels_url": labels_url(request)}
    return render_page(request, "spaces/space_settings.html", context, status=422 if form.errors else 200)


@require_POST
@workspace_page("space.read")
def space_delete(request: WorkspaceRequest, space_id: str) -> HttpResponse:
    delete_space(space_id=space_id)
    messages.success(request, "The space is marked as deleted.")
    return redirect("spaces:space_list", request.workspace.slug)


def about_space(request: WorkspaceRequest, found: Space) -> dict[str, object]:
    """What every page of a space shows."""
    may_write = request.member_permissions.can(Permission.SPACE_WRITE, found.id)
    return {"space": found, "may_write": may_write, "can_write": may_write and found.deleted_at is None}
