"""Pages of tracking plans: the list, what is in one, its sources, its history. Rules and violations have modules of their own."""

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.core.files import File
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from auditapp.access.decorators import workspace_page
from auditapp.access.permissions import Permission
from auditapp.access.requests import WorkspaceRequest
from auditapp.lib.errors import Invalid
from auditapp.pipeline.plans.connections import connect_source, disconnect_source
from auditapp.pipeline.plans.forms import ConnectForm, ImportForm, NewPlanForm, PlanForm
from auditapp.pipeline.plans.models import SourcePlan, TrackingPlan
from auditapp.pipeline.plans.plan_csv import rules_as_csv
from auditapp.pipeline.plans.plan_json import MAX_BYTES, rules_as_json
from auditapp.pipeline.plans.queries import connections_of, plan_for, plans_shown
from auditapp.pipeline.plans.rule_services import import_rules
from auditapp.pipeline.plans.rule_store import stored_rules
from auditapp.pipeline.plans.services import (
    change_plan,
    create_plan,
    create_plan_from_file,
    delete_plan,
    infer_plan,
)
from auditapp.record.event_query import visible_events
from auditapp.sources.models import Source
from auditapp.sources.queries import visible_sources
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page

CHANGES_SHOWN: Final = 50
FORMATS: Final = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


@require_safe
@workspace_page("tracking_plan.read")
def plan_list(request: WorkspaceRequest) -> HttpResponse:
    access = request.member_permissions
    context = {"plans": plans_shown(access), "can_create": access.reach(Permission.TRACKING_PLAN_WRITE).everywhere}
    return render_page(request, "plans/plan_list.html", context)


@workspace_page("tracking_plan.write")
def plan_create(request: WorkspaceRequest) -> HttpResponse:
    sources = visible_sources(request.member_permissions)
    form = NewPlanForm(request.POST or None, request.FILES or None, sources=sources)
    if request.method == "POST" and form.is_valid():
        try:
            plan = _created(form.cleaned_data)
        except Invalid as error:
            _add_problems(form, error)
        else:
            return redirect("plans:plan", request.workspace.slug, plan.id)
    return render_page(request, "plans/plan_create.html", {"form": form}, status=422 if form.errors else 200)


@workspace_page("tracking_plan.read")
def plan_settings(request: WorkspaceRequest, plan_id: str) -> HttpResponse:
    plan = plan_for(request.member_permissions, plan_id)
    if request.method == "POST":
        form = PlanForm(request.POST)
        if form.is_valid():
            try:
                change_plan(plan_id=plan_id, **form.cleaned_data)
            except Invalid as error:
                add_refusal(form, error)
            else:
                messages.success(request, "Saved.")
                return redirect("plans:plan_settings", request.workspace.slug, plan_id)
    else:
        form = PlanForm(initial={"name": plan.name, "description": plan.description})
    followers = SourcePlan.objects.filter(workspace_id=plan.workspace_id, plan_id=plan.id).count()
    context = about_plan(request, plan) | {"form": form, "followers": followers}
    return render_page(request, "plans/plan_settings.html", context, status=422 if form.errors else 200)


@require_POST
@workspace_page("tracking_plan.read")
def plan_delete(request: WorkspaceRequest, plan_id: str) -> HttpResponse:
    delete_plan(plan_id=plan_id)
    messages.success(request, "The tracking plan was deleted.")
    return redirect("plans:plan_list", request.workspace.slug)


@workspace_page("tracking_plan.read")
def plan_import(request: WorkspaceRequest, plan_id: str) -> HttpResponse:
    """Export and import; what a file holds is added to the plan, or takes the place of what is in it."""
    plan = plan_for(request.member_permissions, plan_id)
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file: File[bytes] = form.cleaned_data["file"]
        try:
            name, body = _read(file)
            done = import_rules(plan_id=plan_id, file_name=name, body=body, replaces=form.cleaned_data["replaces"])
        except Invalid as error:
            _add_problems(form, error)
        else:
            said = f"{len(done.added)} added, {len(done.changed)} changed, {len(done.removed)} removed."
            messages.success(request, f"The file was taken in: {said}")
            return redirect("plans:plan", request.workspace.slug, plan_id)
    context = about_plan(request, plan) | {"form": form}
    return render_page(request, "plans/plan_import.html", context, status=422 if form.errors else 200)


@require_safe
@workspace_page("tracking_plan.read")
def plan_export(request: WorkspaceRequest, plan_id: str, suffix: str) -> HttpResponse:
    plan = plan_for(request.member_permissions, plan_id)
    rules = stored_rules(plan.workspace_id, plan.id)
    body = rules_as_csv(rules).encode() if suffix == "csv" else rules_as_json(rules)
    response = HttpResponse(body, content_type=FORMATS[suffix])
    response.headers["Content-Disposition"] = f'attachment; filename="{plan.slug}.{suffix}"'
    return response


@require_safe
@workspace_page("tracking_plan.read")
def plan_sources(request: WorkspaceRequest, plan_id: str) -> HttpResponse:
    access = request.member_permissions
    plan = plan_for(access, plan_id)
    following = SourcePlan.objects.filter(workspace_id=plan.workspace_id).exclude(plan_id=None)
    free = visible_sources(access).exclude(id__in=following.values("source_id"))
    sources = [source for source in free if access.can(Permission.SOURCE_WRITE, source.id)]
    context = about_plan(request, plan) | {
        "connections": connections_of(access, plan),
        "form": ConnectForm(sources=sources),
        "has_choice": bool(sources),
    }
    return render_page(request, "plans/plan_sources.html", context)


@require_safe
@workspace_page("tracking_plan.read")
def plan_changelog(request: WorkspaceRequest, plan_id: str) -> HttpResponse:
    """What happened to the plan, as far as this person may see it: the newest events of the trail about it."""
    plan = plan_for(request.member_permissions, plan_id)
    page = visible_events(request.viewer).history_of("tracking_plan", plan.id, size=CHANGES_SHOWN)
    context = about_plan(request, plan) | {"rows": page.rows, "has_more": page.older is not None}
    return render_page(request, "plans/plan_changelog.html", context)


def _connection(service: Callable[..., object], done: str) -> Callable[..., HttpResponseBase]:
    """A POST about one source of one plan, which goes back to the plan's sources."""

    @require_POST
    @workspace_page("tracking_plan.read")
    def act(request: WorkspaceRequest, plan_id: str) -> HttpResponse:
        service(plan_id=plan_id, source_id=request.POST.get("source_id", "").replace("\x00", ""))
        messages.success(request, done)
        return redirect("plans:plan_sources", request.workspace.slug, plan_id)

    return act


plan_source_connect = _connection(connect_source, "The source follows the plan from now on.")
plan_source_disconnect = _connection(disconnect_source, "The source follows no plan any more.")


def about_plan(request: WorkspaceRequest, plan: TrackingPlan) -> dict[str, Any]:
    """What every page of a plan shows."""
    return {"plan": plan, "can_write": request.member_permissions.can(Permission.TRACKING_PLAN_WRITE, plan.id)}


def sources_seen(request: WorkspaceRequest) -> dict[str, Source]:
    """The sources that this person may see, by id."""
    return {source.id: source for source in visible_sources(request.member_permissions)}


def _created(asked: dict[str, Any]) -> TrackingPlan:
    named = {"name": asked["name"], "description": asked["description"]}
    if asked["start"] == "file":
        file_name, body = _read(asked["file"])
        return create_plan_from_file(**named, file_name=file_name, body=body)
    if asked["start"] == "source":
        return infer_plan(**named, source_id=asked["source_id"])
    return create_plan(**named)


def _read(file: "File[bytes]") -> tuple[str, bytes]:
    """Name and content of an uploaded file, never more of it in memory than may be.

    Raises:  Invalid
    """
    if (file.size or 0) > MAX_BYTES:
        raise Invalid(f"A file has at most {MAX_BYTES // 1024**2} MB.", field="file", code="too_large")
    return file.name or "", file.read()


def _add_problems(form: NewPlanForm | ImportForm, error: Invalid) -> None:
    """Each thing that is wrong with a file, with its place; what is wrong with a name is at the name."""
    if error.field in form.fields and error.field != "file":
        add_refusal(form, error)
        return
    for problem in error.problems:
        place = f"{problem.pointer}: " if problem.pointer else ""
        form.add_error("file", f"{place}{problem.message}")
