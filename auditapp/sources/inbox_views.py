"""The pages of a source that show what came in: the debugger and the schema."""

import re
from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from auditapp.access.decorators import workspace_page
from auditapp.access.requests import WorkspaceRequest
from auditapp.lib.errors import NotFound
from auditapp.record.services import record
from auditapp.sources.inbox_queries import inbox_event, latest_events, schema_rows
from auditapp.sources.planned import planned_events
from auditapp.sources.queries import source_for
from auditapp.sources.schema_services import NAMED, allow_event, archive_event, block_event
from auditapp.sources.views import about_source
from auditapp.web.pages import render_page

EVENTS = "debugger-events"
_INDEX = re.compile(r"\d{1,18}", re.ASCII)  # what a bigint holds
TABS = {
    "events": ("Track, page and screen", NAMED),
    "identify": ("Identify", ("identify",)),
    "group": ("Group", ("group",)),
}


@require_safe
@workspace_page("source.read")
def source_debugger(request: WorkspaceRequest, source_id: str) -> HttpResponse:
    """The newest events of the inbox; with scripts they come by themselves until it is paused."""
    source = source_for(request.member_permissions, source_id)
    text, only_blocked = request.GET.get("q", ""), request.GET.get("only") == "blocked"
    context = about_source(request, source) | {
        "events": latest_events(source, text=text, only_blocked=only_blocked),
        "text": text,
        "only_blocked": only_blocked,
        "is_paused": "paused" in request.GET,
        "query": urlencode([*([("q", text)] if text else []), *([("only", "blocked")] if only_blocked else [])]),
    }
    return render_page(request, "sources/debugger.html", context, fragments={EVENTS: "sources/_debugger_events.html"})


@require_safe
@workspace_page("source.read")
def source_debugger_event(request: WorkspaceRequest, source_id: str, index: str) -> HttpResponse:
    """One event, whole. That somebody looked is an event itself: what customers sent may be personal."""
    source = source_for(request.member_permissions, source_id)
    found = inbox_event(source, int(index)) if _INDEX.fullmatch(index) else None
    if found is None:
        raise NotFound("This event is not in the inbox, or no longer.")
    record("source.debugger_viewed", target=source, meta={"event": found.stored.name or found.stored.type})
    return render_page(request, "sources/debugger_event.html", about_source(request, source) | {"found": found})


@require_safe
@workspace_page("source.read")
def source_schema(request: WorkspaceRequest, source_id: str) -> HttpResponse:
    source = source_for(request.member_permissions, source_id)
    chosen = request.GET.get("tab", "events")
    chosen = chosen if chosen in TABS else "events"
    planned = planned_events(source)
    context = about_source(request, source) | {
        "rows": schema_rows(source, TABS[chosen][1], planned),
        "chosen": chosen,
        "tabs": [(key, name) for key, (name, _) in TABS.items()],
        "is_named": chosen == "events",
        "has_plan": planned is not None,
    }
    return render_page(request, "sources/schema.html", context)


def _action(service: Callable[..., object], done: str) -> Callable[..., HttpResponseBase]:
    """A POST that does one thing to one event of the schema and goes back to the page."""

    @require_POST
    @workspace_page("source.read")
    def act(request: WorkspaceRequest, source_id: str) -> HttpResponse:
        name = request.POST.get("name", "")
        service(source_id=source_id, type=request.POST.get("type", ""), name=name)
        messages.success(request, done.format(name or "It"))
        return redirect(reverse("sources:source_schema", args=[request.workspace.slug, source_id]))

    return act


schema_event_allow = _action(allow_event, "{} is let through again.")
schema_event_block = _action(block_event, "{} is stopped at the source from now on.")
schema_event_archive = _action(archive_event, "{} is off this page until it is seen again.")
