"""Violations on pages: of a plan whatever the source, and of a source with what it does about them."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from auditapp.access.decorators import workspace_page
from auditapp.access.permissions import Access, Permission
from auditapp.access.requests import WorkspaceRequest
from auditapp.lib.errors import Invalid
from auditapp.pipeline.plans.connections import change_schema_settings, connect_source, disconnect_source
from auditapp.pipeline.plans.forms import SourceSettingsForm, chosen_settings
from auditapp.pipeline.plans.models import TrackingPlan
from auditapp.pipeline.plans.queries import following_of, plan_for, plan_of, visible_plans
from auditapp.pipeline.plans.views import about_plan, sources_seen
from auditapp.pipeline.plans.violation_queries import (
    DAY,
    WINDOWS,
    broken_events,
    violation_kinds,
    violation_samples,
    window_of,
)
from auditapp.sources.models import Source
from auditapp.sources.queries import source_for, visible_sources
from auditapp.sources.views import about_source
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page


@require_safe
@workspace_page("tracking_plan.read")
def plan_violations(request: WorkspaceRequest, plan_id: str) -> HttpResponse:
    """The events that broke the plan within a window; one of them by kinds, with some to look at."""
    plan = plan_for(request.member_permissions, plan_id)
    context = about_plan(request, plan) | _violations(request, plan, request.GET.get("window", DAY))
    return render_page(request, "plans/plan_violations.html", context)


@workspace_page("source.read")
def source_plan(request: WorkspaceRequest, source_id: str) -> HttpResponse:
    """Which plan a source follows, what it does with the rest, and the violations of the last day."""
    access = request.member_permissions
    source = source_for(access, source_id)
    follows = following_of(source)
    # Those that it goes to stay on offer, also for who may not choose them anew.
    sent_to = {follows.forwarding_violations_to, follows.forwarding_blocked_to}
    others = visible_sources(access).exclude(id=source.id)
    targets = [one for one in others if one.id in sent_to or access.can(Permission.SOURCE_WRITE, one.id)]
    if request.method == "POST":
        form = SourceSettingsForm(request.POST, targets=targets)
        if form.is_valid():
            try:
                change_schema_settings(source_id=source_id, **form.asked())
            except Invalid as error:
                add_refusal(form, error)
            else:
                messages.success(request, "Saved. It holds from the next event on.")
                return redirect("sources:source_plan", request.workspace.slug, source_id)
    else:
        form = SourceSettingsForm(initial=chosen_settings(follows), targets=targets)
    plan = plan_of(source)
    context = about_source(request, source) | _violations(request, source, DAY) | _plans(access, plan)
    status = 422 if form.errors else 200
    return render_page(request, "plans/source_plan.html", context | {"form": form}, status=status)


@require_POST
@workspace_page("source.read")
def source_plan_connect(request: WorkspaceRequest, source_id: str) -> HttpResponse:
    connect_source(plan_id=request.POST.get("plan_id", "").replace("\x00", ""), source_id=source_id)
    messages.success(request, "The source follows the plan from now on.")
    return redirect("sources:source_plan", request.workspace.slug, source_id)


@require_POST
@workspace_page("source.read")
def source_plan_disconnect(request: WorkspaceRequest, source_id: str) -> HttpResponse:
    source = source_for(request.member_permissions, source_id)
    disconnect_source(plan_id=following_of(source).plan_id or "", source_id=source_id)
    messages.success(request, "The source follows no plan any more.")
    return redirect("sources:source_plan", request.workspace.slug, source_id)


def _plans(access: Access, plan: TrackingPlan | None) -> dict[str, Any]:
    """The plan of a source, as far as this person may see plans, and those that they may choose."""
    reads = access.can(Permission.TRACKING_PLAN_READ)
    writes = access.can(Permission.TRACKING_PLAN_WRITE)
    return {
        "plan": plan,
        "reads_plans": reads,
        "writes_plans": writes,
        "plans": list(visible_plans(access)) if reads and plan is None else [],
    }


def _violations(request: WorkspaceRequest, about: TrackingPlan | Source, key: str) -> dict[str, Any]:
    window, sources = window_of(key), sources_seen(request)
    chosen = (request.GET.get("source", ""), request.GET.get("type", ""), request.GET.get("event", ""))
    has_chosen = "event" in request.GET
    return {
        "window": window,
        "windows": [(one, name) for one, (name, _) in WINDOWS.items()],
        "broken": [(one, sources.get(one.source_id)) for one in broken_events(about, window)],
        "chosen": {"source_id": chosen[0], "type": chosen[1], "name": chosen[2]} if has_chosen else None,
        "chosen_source": sources.get(chosen[0]),
        "violation_kinds": violation_kinds(about, window, chosen) if has_chosen else [],
        "samples": violation_samples(about, window, chosen) if has_chosen else [],
    }
