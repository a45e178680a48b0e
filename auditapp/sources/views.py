"""Pages of sources. Which of them somebody sees and changes is asked of queries and services."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from auditapp.access.decorators import workspace_page
from auditapp.access.label_shifts import labels_url, unseen_shifts
from auditapp.access.labelling import GivesTooMuch, Labelled, OwnReach
from auditapp.access.permissions import Permission
from auditapp.access.requests import WorkspaceRequest
from auditapp.lib.errors import Invalid
from auditapp.sources.attached import attached_in_words
from auditapp.sources.forms import NewSourceForm, SourceForm
from auditapp.sources.models import Source
from auditapp.sources.queries import source_for, visible_sources
from auditapp.sources.services import (
    KIND_NAMES,
    change_source,
    create_source,
    delete_source,
    disable_source,
    enable_source,
)
from auditapp.sources.write_keys import add_write_key, live_keys, revoke_write_key, rotate_write_key
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page

LABELS_REFUSED = (GivesTooMuch, OwnReach)


@require_safe
@workspace_page("source.read")
def source_list(request: WorkspaceRequest) -> HttpResponse:
    access = request.member_permissions
    context = {
        "sources": [(source, KIND_NAMES.get(source.kind, source.kind)) for source in visible_sources(access)],
        "can_create": access.can(Permission.SOURCE_CREATE),
        "sees_some": not access.reach(Permission.SOURCE_READ).everywhere,
    }
    return render_page(request, "sources/source_list.html", context)


@workspace_page("source.create")
def source_create(request: WorkspaceRequest) -> HttpResponse:
    form = NewSourceForm(request.POST or None, workspace_id=request.workspace.id)
    if request.method == "POST" and form.is_valid():
        try:
            source = create_source(**form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        except LABELS_REFUSED as error:
            form.add_error("labels", error.message)
        else:
            return redirect("sources:source", request.workspace.slug, source.id)
    context = {"form": form, "labels_url": labels_url(request)}
    return render_page(request, "sources/source_create.html", context, status=422 if form.errors else 200)


@workspace_page("source.read")
def source_settings(request: WorkspaceRequest, source_id: str) -> HttpResponse:
    source, shifting = source_for(request.member_permissions, source_id), None
    if request.method == "POST":
        form = SourceForm(request.POST, workspace_id=request.workspace.id)
        labelled = Labelled("source", source_id)
        if form.is_valid() and not (
            shifting := unseen_shifts(request, labelled, source.labels, form.cleaned_data["labels"])
        ):
            try:
                change_source(source_id=source_id, **form.cleaned_data)
            except Invalid as error:
                add_refusal(form, error)
            except LABELS_REFUSED as error:
                form.add_error("labels", error.message)
            else:
                messages.success(request, "Saved.")
                return redirect("sources:source_settings", request.workspace.slug, source_id)
    else:
        initial = {"name": source.name, "labels": source.labels}
        form = SourceForm(initial=initial, workspace_id=request.workspace.id)
    context = about_source(request, source) | {
        "form": form,
        "shifting": shifting,
        "labels_url": labels_url(request),
        "write_keys": list(live_keys(source)),
        "deleting": _deleting(source),
    }
    return render_page(request, "sources/source_settings.html", context, status=422 if form.errors else 200)


def _action(service: Callable[..., object], done: str) -> Callable[..., HttpResponseBase]:
    """A POST that does one thing to one source and goes back to its page."""

    @require_POST
    @workspace_page("source.read")
    def act(request: WorkspaceRequest, source_id: str) -> HttpResponse:
        service(source_id=source_id)
        messages.success(request, done)
        return redirect("sources:source", request.workspace.slug, source_id)

    return act


source_enable = _action(enable_source, "The source is on.")
source_disable = _action(disable_source, "The source is off. Events sent to it are refused.")


@require_POST
@workspace_page("source.read")
def write_key_add(request: WorkspaceRequest, source_id: str) -> HttpResponse:
    add_write_key(source_id=source_id)
    return _to_settings(request, source_id, "The source has one more write key.")


@require_POST
@workspace_page("source.read")
def write_key_rotate(request: WorkspaceRequest, source_id: str) -> HttpResponse:
    rotate_write_key(source_id=source_id)
    return _to_settings(request, source_id, "The source has a new write key. The old one works for another 24 hours.")


@require_POST
@workspace_page("source.read")
def write_key_revoke(request: WorkspaceRequest, source_id: str, key_id: str) -> HttpResponse:
    revoke_write_key(source_id=source_id, key_id=key_id)
    return _to_settings(request, source_id, "The write key stopped working.")


@require_POST
@workspace_page("source.read")
def source_delete(request: WorkspaceRequest, source_id: str) -> HttpResponse:
    delete_source(source_id=source_id)
    messages.success(request, "The source was deleted.")
    return redirect("sources:source_list", request.workspace.slug)


def about_source(request: WorkspaceRequest, source: Source) -> dict[str, object]:
    """What every page of a source shows."""
    return {
        "source": source,
        "kind": KIND_NAMES.get(source.kind, source.kind),
        "can_write": request.member_permissions.can(Permission.SOURCE_WRITE, source.id),
    }


def _deleting(source: Source) -> str:
    """What deleting a source does, for who is about to."""
    *others, last = attached_in_words(source) or [""]
    goes = f" Deleted with it: {' and '.join([', '.join(others), last] if others else [last])}." if last else ""
    return (
        f"Events sent to it are refused from now on.{goes}"
        " Its history stays in the Audit Trail, which can undo this but for its write keys."
    )


def _to_settings(request: WorkspaceRequest, source_id: str, done: str) -> HttpResponse:
    messages.success(request, done)
    return redirect("sources:source_settings", request.workspace.slug, source_id)
