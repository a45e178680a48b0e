"""Settings > Workspace Settings > Audit Forwarding."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from auditapp.access.decorators import workspace_page
from auditapp.access.requests import WorkspaceRequest
from auditapp.forwarding.backfill import backfill_of
from auditapp.forwarding.forms import ForwardingForm
from auditapp.forwarding.models import Forwarding
from auditapp.forwarding.queries import Arrivals, arrivals_of, forwarding_of, matching_in_a_day, progress_of
from auditapp.forwarding.services import save_forwarding, send_test_event
from auditapp.forwarding.strip import forwarding_strip, whole_way
from auditapp.lib.errors import Invalid
from auditapp.pipeline.flow.views import asks_for_strip, strip_context
from auditapp.record.event_filter import EventFilter
from auditapp.record.facets import facets
from auditapp.sources.inbox import find_message
from auditapp.sources.models import Source
from auditapp.sources.queries import visible_sources
from auditapp.sources.services import KIND_NAMES, create_source
from auditapp.trail.address import Address
from auditapp.trail.query_box import box_text, read_box
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page


@dataclass(frozen=True, slots=True)
class SourceChoice:
    """A source that can be chosen, with what came into it within a day."""

    source: Source
    kind: str
    arrivals: Arrivals
    is_chosen: bool


@workspace_page("workspace.manage")
def forwarding(request: WorkspaceRequest) -> HttpResponse:
    """The page, and what Save Changes sends."""
    stored = forwarding_of(request.workspace.id)
    sources = list(visible_sources(request.member_permissions))
    if asks_for_strip(request):
        return render_page(request, "forwarding/_update.html", _stages(request, stored, sources))
    zone = ZoneInfo(request.workspace.time_zone)
    form = ForwardingForm(request.POST or None, sources=sources, zone=zone, initial=_initial(request, stored))
    if request.method == "POST" and form.is_valid():
        try:
            save_forwarding(**_asked(request, form))
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, "Saved.")
            return redirect("forwarding:forwarding", request.workspace.slug)
    context = _about(request, stored, sources, form)
    return render_page(request, "forwarding/forwarding.html", context, status=422 if form.errors else 200)


@require_safe
@workspace_page("workspace.manage")
def forwarding_matching(request: WorkspaceRequest) -> HttpResponse:
    """How many events of a day a line would have forwarded, while it is typed."""
    return render_page(request, "forwarding/_matching.html", _matching(request, request.GET.get("query", "")))


@require_POST
@workspace_page("workspace.manage")
def forwarding_source_create(request: WorkspaceRequest) -> HttpResponse:
    """Make a source for audit events alone, and come back with it chosen."""
    try:
        source = create_source(name=request.POST.get("new_name", ""), kind=request.POST.get("new_kind", "http_api"))
    except Invalid as error:
        messages.error(request, error.message)
        return redirect("forwarding:forwarding", request.workspace.slug)
    messages.success(request, f"{source.name} was made. Save to forward audit events to it.")
    return redirect(f"{_home(request)}?{urlencode({'source': source.id})}")


@require_POST
@workspace_page("workspace.manage")
def forwarding_test(request: WorkspaceRequest) -> HttpResponse:
    message_id = send_test_event()
    return redirect(f"{_home(request)}?{urlencode({'test': message_id})}#test")


def _about(
    request: WorkspaceRequest, stored: Forwarding, sources: list[Source], form: ForwardingForm
) -> dict[str, Any]:
    arrivals = arrivals_of([source.id for source in sources], request.workspace.id)
    chosen = str(form["source_id"].value() or "")
    return {
        **_stages(request, stored, sources),
        **_matching(request, str(form["query"].value() or "")),
        "form": form,
        "choices": [
            SourceChoice(one, KIND_NAMES.get(one.kind, one.kind), arrivals[one.id], one.id == chosen) for one in sources
        ],
        "kinds": KIND_NAMES,
        "free_name": _free_name(sources),
        "test": find_message(request.workspace.id, stored.source_id, request.GET.get("test", "")),
    }


def _stages(request: WorkspaceRequest, stored: Forwarding, sources: list[Source]) -> dict[str, Any]:
    """What the strip and the panel beside it show, which ask for themselves again and again."""
    target = next((source for source in sources if source.id == stored.source_id), None)
    progress = progress_of(stored)
    strip = forwarding_strip(request, stored, target, progress)
    return strip_context(strip, _home(request), spans=(strip.span,)) | {
        "strip_title": "Right now",
        "stored": stored,
        "target": target,
        "progress": progress,
        "backfill": backfill_of(stored),
        "way": whole_way(stored, progress, strip),
    }


def _initial(request: WorkspaceRequest, stored: Forwarding) -> dict[str, object]:
    address = read_box(stored.query, Address("")).address
    actors = facets(request.viewer, EventFilter()).actors if address.values("actor") else ()
    return {
        "is_on": stored.is_on,
        "source_id": request.GET.get("source") or stored.source_id,
        "query": box_text(address, actors),
        "has_one_name": stored.has_one_name,
        "start": "continue",
    }


def _asked(request: WorkspaceRequest, form: ForwardingForm) -> dict[str, Any]:
    """What the form asks for, its query in canonical form.

    Raises:  Invalid, with what is wrong in the query
    """
    cleaned = form.cleaned_data
    box = read_box(cleaned["query"], Address(""), request.viewer)
    if box.problems:
        raise Invalid(" ".join(map(str, box.problems)), field="query", code="bad_query")
    return {
        "source_id": cleaned["source_id"],
        "is_on": cleaned["is_on"],
        "query": box_text(box.address),
        "has_one_name": cleaned["has_one_name"],
        "start": cleaned["start"] or "continue",
    }


def _matching(request: WorkspaceRequest, line: str) -> dict[str, Any]:
    box = read_box(line, Address(""), request.viewer)
    problems = [str(problem) for problem in box.problems]
    count = None if problems else matching_in_a_day(request.viewer, box_text(box.address))
    return {"matching": count, "matching_problems": problems, "matching_line": box_text(box.address)}


def _free_name(sources: list[Source]) -> str:
    taken = {source.name.casefold() for source in sources}
    return next(
        name
        for number in range(1, len(sources) + 2)
        if (name := f"Audit events{f' {number}' if number > 1 else ''}").casefold() not in taken
    )


def _home(request: HttpRequest) -> str:
    return reverse("forwarding:forwarding", args=[request.workspace.slug])  # type: ignore[attr-defined]
