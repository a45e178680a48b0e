"""Pages of destinations. Which of them somebody sees and changes is asked of queries and services."""

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from auditapp.access.decorators import workspace_page
from auditapp.access.permissions import Permission
from auditapp.access.requests import WorkspaceRequest
from auditapp.lib.errors import Invalid
from auditapp.pipeline.delivery.health import Health, health_of
from auditapp.pipeline.delivery.queries import latest_attempts
from auditapp.pipeline.destinations.forms import DestinationForm
from auditapp.pipeline.destinations.kind import Outcome
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.queries import destination_for, destinations_of, visible_destinations
from auditapp.pipeline.destinations.registry import destination_kind, destination_kinds
from auditapp.pipeline.destinations.services import (
    Start,
    change_destination,
    create_destination,
    delete_destination,
    disable_destination,
    enable_destination,
    pause_destination,
    resume_destination,
    rotate_signing_secret,
)
from auditapp.pipeline.destinations.testing import send_test
from auditapp.pipeline.formats.rendering import FORMAT_NAMES, Format
from auditapp.sources.inbox_queries import bars
from auditapp.sources.models import Source
from auditapp.sources.queries import source_for, visible_sources
from auditapp.sources.views import about_source
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page

ON_OVERVIEW = 8


@require_safe
@workspace_page("source.read")
def destination_list(request: WorkspaceRequest) -> HttpResponse:
    access = request.member_permissions
    sources = {source.id: source for source in visible_sources(access)}
    context = {
        "rows": destination_rows(health_of(list(visible_destinations(access))), sources),
        "can_create": any(access.can(Permission.SOURCE_WRITE, source_id) for source_id in sources),
    }
    return render_page(request, "destinations/destination_list.html", context)


@require_safe
@workspace_page("source.read")
def source_destinations(request: WorkspaceRequest, source_id: str) -> HttpResponse:
    """The tab of a source."""
    source = source_for(request.member_permissions, source_id)
    context = about_source(request, source) | {"rows": destination_rows(health_of(list(destinations_of(source))), {})}
    return render_page(request, "destinations/source_destinations.html", context)


@workspace_page("source.read")
def destination_create(request: WorkspaceRequest) -> HttpResponse:
    """First the kind and the source, then what the kind asks for."""
    access = request.member_permissions
    sources = [one for one in visible_sources(access) if access.can(Permission.SOURCE_WRITE, one.id)]
    source = next((one for one in sources if one.id == request.GET.get("source")), None)
    offered = {kind.key: kind for kind in destination_kinds()}
    kind = offered.get(request.GET.get("kind", ""))
    if kind is None or source is None:
        context: dict[str, Any] = {"sources": sources, "source": source, "kinds": offered.values(), "chosen": kind}
        return render_page(request, "destinations/destination_kinds.html", context)
    form = DestinationForm(request.POST or None, kind=kind, initial={"name": kind.name})
    if request.method == "POST" and form.is_valid():
        try:
            destination, secret = create_destination(source_id=source.id, kind=kind.key, **form.asked())
        except Invalid as error:
            add_refusal(form, error)
        else:
            if secret:
                return _secret_page(request, destination, secret, is_new=True)
            messages.success(request, "The destination was made. Send a test event, then turn it on.")
            return _to(request, destination.id)
    context = {"form": form, "kind": kind, "source": source}
    return render_page(request, "destinations/destination_create.html", context, status=422 if form.errors else 200)


@require_safe
@workspace_page("source.read")
def destination_overview(request: WorkspaceRequest, destination_id: str) -> HttpResponse:
    destination = destination_for(request.member_permissions, destination_id)
    (health,) = health_of([destination])
    context = about_destination(request, destination) | {
        "health": health,
        "bars": list(bars(health.hours)),
        "attempts": latest_attempts(destination, limit=ON_OVERVIEW),
        "format": FORMAT_NAMES[Format(destination.form)],
    }
    return render_page(request, "destinations/destination.html", context)


@workspace_page("source.read")
def destination_settings(request: WorkspaceRequest, destination_id: str) -> HttpResponse:
    destination = destination_for(request.member_permissions, destination_id)
    kind = destination_kind(destination.kind)
    if request.method == "POST":
        form = DestinationForm(request.POST, kind=kind, destination=destination)
        if form.is_valid():
            try:
                change_destination(destination_id=destination_id, **form.asked())
            except Invalid as error:
                add_refusal(form, error)
            else:
                messages.success(request, "Saved.")
                return redirect("destinations:destination_settings", request.workspace.slug, destination_id)
    else:
        form = DestinationForm(kind=kind, destination=destination, initial=DestinationForm.initial_of(destination))
    context = about_destination(request, destination) | {"form": form}
    return render_page(request, "destinations/destination_settings.html", context, status=422 if form.errors else 200)


@require_POST
@workspace_page("source.read")
def destination_test(request: WorkspaceRequest, destination_id: str) -> HttpResponse:
    """Send a test event and show both sides of it."""
    sent = send_test(destination_id=destination_id)
    destination = destination_for(request.member_permissions, destination_id)
    context = about_destination(request, destination) | {
        "sent": sent,
        "told": (sent.message or sent.code).rstrip("."),
        "has_arrived": sent.outcome is Outcome.DELIVERED,
    }
    return render_page(request, "destinations/destination_tested.html", context)


@require_POST
@workspace_page("source.read")
def destination_enable(request: WorkspaceRequest, destination_id: str) -> HttpResponse:
    start: Start = "now" if request.POST.get("start") == "now" else "continue"
    enable_destination(destination_id=destination_id, start=start)
    messages.success(request, "The destination is on.")
    return _to(request, destination_id)


@require_POST
@workspace_page("source.read")
def destination_rotate(request: WorkspaceRequest, destination_id: str) -> HttpResponse:
    destination, secret = rotate_signing_secret(destination_id=destination_id)
    return _secret_page(request, destination, secret, is_new=False)


@require_POST
@workspace_page("source.read")
def destination_delete(request: WorkspaceRequest, destination_id: str) -> HttpResponse:
    delete_destination(destination_id=destination_id)
    messages.success(request, "The destination was deleted.")
    return redirect("destinations:destination_list", request.workspace.slug)


def _action(service: Callable[..., object], done: str) -> Callable[..., HttpResponseBase]:
    """A POST that does one thing to one destination and goes back to its page."""

    @require_POST
    @workspace_page("source.read")
    def act(request: WorkspaceRequest, destination_id: str) -> HttpResponse:
        service(destination_id=destination_id)
        messages.success(request, done)
        return _to(request, destination_id)

    return act


destination_disable = _action(disable_destination, "The destination is off. Events wait in the inbox of its source.")
destination_pause = _action(pause_destination, "Delivery is paused. Events wait in the inbox of its source.")
destination_resume = _action(resume_destination, "Delivery goes on.")


def about_destination(request: WorkspaceRequest, destination: Destination) -> dict[str, Any]:
    """What every page of a destination shows."""
    return {
        "destination": destination,
        "kind": destination_kind(destination.kind),
        "source": source_for(request.member_permissions, destination.source_id),
        "can_write": request.member_permissions.can(Permission.SOURCE_WRITE, destination.source_id),
        "inbox_days": settings.SOURCE_DAYS,
    }


def destination_rows(healths: Sequence[Health], sources: dict[str, Source]) -> list[dict[str, Any]]:
    """What the table of destinations shows.

    Takes:   sources, by id, of the destinations whose source is to be named
    """
    return [
        {
            "health": one,
            "destination": one.destination,
            "kind": destination_kind(one.destination.kind),
            "source": sources.get(one.destination.source_id),
            "bars": list(bars(one.hours)),
        }
        for one in healths
    ]


def _secret_page(request: WorkspaceRequest, destination: Destination, secret: str, *, is_new: bool) -> HttpResponse:
    # Shown in this very answer: a redirect would have to keep the secret somewhere in between.
    context = about_destination(request, destination) | {"secret": secret, "is_new": is_new}
    return render_page(request, "destinations/destination_secret.html", context)


def _to(request: WorkspaceRequest, destination_id: str) -> HttpResponse:
    return redirect("destinations:destination", request.workspace.slug, destination_id)
