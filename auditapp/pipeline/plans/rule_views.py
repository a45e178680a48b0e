"""The pages of a plan's rules: the list, and one rule as a form of its fields or as JSON Schema."""

from typing import Any, Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from auditapp.access.decorators import workspace_page
from auditapp.access.permissions import Permission
from auditapp.access.requests import WorkspaceRequest
from auditapp.lib.errors import Invalid
from auditapp.pipeline.plans.models import PlanRule, TrackingPlan
from auditapp.pipeline.plans.queries import plan_for, rule_in, rules_in
from auditapp.pipeline.plans.rule_form import (
    FIELD_TYPES,
    NEW_SCHEMA,
    TYPE_NAMES,
    RowInput,
    RuleForm,
    entered_rows,
    inputs_of,
    pretty,
    schema_of_inputs,
    schema_of_text,
    with_spare,
)
from auditapp.pipeline.plans.rule_services import add_rule, change_rule, remove_rules
from auditapp.pipeline.plans.rule_store import rule_id
from auditapp.pipeline.plans.rules import Rule, RuleType
from auditapp.pipeline.plans.telling import rule_name
from auditapp.pipeline.plans.views import about_plan
from auditapp.web.pages import render_page

PAGE_SIZE: Final = 100
AS_JSON: Final = "json"


@require_safe
@workspace_page("tracking_plan.read")
def plan(request: WorkspaceRequest, plan_id: str) -> HttpResponse:
    """The rules, searched and by page."""
    found = plan_for(request.member_permissions, plan_id)
    text, kind = request.GET.get("q", ""), request.GET.get("type", "")
    kind = kind if kind in list(RuleType) else ""
    page = Paginator(rules_in(found, text=text, kind=kind), PAGE_SIZE).get_page(request.GET.get("page"))
    context = about_plan(request, found) | {
        "page": page,
        "rows": [_shown(row) for row in page],
        "is_empty": not rules_in(found).exists(),
        "text": text,
        "kind": kind,
        "kinds": [(kind.value, kind.title()) for kind in RuleType],
    }
    return render_page(request, "plans/plan.html", context)


@workspace_page("tracking_plan.read")
def rule_create(request: WorkspaceRequest, plan_id: str) -> HttpResponse:
    found = _to_change(request, plan_id)
    return _edited(request, found, None)


@workspace_page("tracking_plan.read")
def rule_edit(request: WorkspaceRequest, plan_id: str, rule: str) -> HttpResponse:
    found = plan_for(request.member_permissions, plan_id)
    row = rule_in(found, rule)
    if request.method != "POST" and not request.member_permissions.can(Permission.TRACKING_PLAN_WRITE, plan_id):
        context = about_plan(request, found) | {"rule": row.rule, "title": rule_name(row.rule)}
        return render_page(request, "plans/rule.html", context | {"schema": pretty(row.rule.json_schema)})
    request.member_permissions.require(Permission.TRACKING_PLAN_WRITE, found)
    return _edited(request, found, row)


@require_POST
@workspace_page("tracking_plan.read")
def rule_remove(request: WorkspaceRequest, plan_id: str, rule: str) -> HttpResponse:
    row = rule_in(plan_for(request.member_permissions, plan_id), rule)
    remove_rules(plan_id=plan_id, identities=[row.rule.identity])
    messages.success(request, f"{rule_name(row.rule)} is not in the plan any more.")
    return redirect("plans:plan", request.workspace.slug, plan_id)


def _to_change(request: WorkspaceRequest, plan_id: str) -> TrackingPlan:
    found = plan_for(request.member_permissions, plan_id)
    request.member_permissions.require(Permission.TRACKING_PLAN_WRITE, found)
    return found


def _edited(request: WorkspaceRequest, found: TrackingPlan, row: PlanRule | None) -> HttpResponse:
    """The form of a rule: shown, with more rows, or saved."""
    said = inputs_of(row.rule) if row else ("", [])
    is_json = request.GET.get("as") == AS_JSON or said is None
    inputs: list[RowInput] = said[1] if said else []
    if request.method == "POST":
        form = RuleForm(request.POST, initial=_initial(row, said), is_new=row is None)
        inputs = entered_rows(request.POST)
        if "more" in request.POST:
            form.errors.clear()
        elif (
            form.is_valid()
            and (rule := _entered(form, inputs, is_json=is_json))
            and _saved(form, found, row, rule, is_json)
        ):
            messages.success(request, f"{rule_name(rule)} was saved. It holds from the next event on.")
            return redirect("plans:plan", request.workspace.slug, found.id)
    else:
        form = RuleForm(initial=_initial(row, said), is_new=row is None)
    context = about_plan(request, found) | {
        "form": form,
        "row": row,
        "title": rule_name(row.rule) if row else "Add event",
        "is_json": is_json,
        "can_be_rows": said is not None,
        "inputs": with_spare(inputs),
        "field_types": FIELD_TYPES,
        "rule_id": _id(row) if row else "",
    }
    return render_page(request, "plans/rule_edit.html", context, status=422 if form.errors else 200)


def _initial(row: PlanRule | None, said: tuple[str, list[RowInput]] | None) -> dict[str, Any]:
    if row is None:
        return {"schema": NEW_SCHEMA, "version": 1}
    rule = row.rule
    return {
        "type": rule.type.value,
        "key": rule.key,
        "version": rule.version,
        "labels": ", ".join(rule.labels),
        "description": said[0] if said else "",
        "schema": pretty(rule.json_schema),
    }


def _entered(form: RuleForm, inputs: list[RowInput], *, is_json: bool) -> Rule | None:
    """The rule that was entered; None where it cannot be one, which the form then says."""
    kind = RuleType(form.cleaned_data["type"])
    try:
        if is_json:
            return form.rule(schema_of_text(form.cleaned_data["schema"]))
        if kind is RuleType.COMMON:
            form.add_error("type", "Write the common schema as JSON: it is about the whole call.")
            return None
        return form.rule(schema_of_inputs(form.cleaned_data["description"], inputs, kind))
    except Invalid as error:
        place = f"{error.pointer}: " if error.pointer else ""
        form.add_error("schema" if is_json else None, f"{place}{error.message}")
        return None


def _saved(form: RuleForm, found: TrackingPlan, row: PlanRule | None, rule: Rule, is_json: bool) -> bool:
    service = add_rule if row is None else change_rule
    shown = {*form.fields} if is_json else {*form.fields} - {"schema"}
    try:
        service(plan_id=found.id, rule=rule)
    except Invalid as error:
        for problem in error.problems:
            field = error.field if error.field in form.fields else problem.pointer.rpartition("/")[2]
            field = {"jsonSchema": "schema"}.get(field, field)
            form.add_error(field if field in shown else None, problem.message)
        return False
    return True


def _shown(row: PlanRule) -> dict[str, Any]:
    rule = row.rule
    properties = rule.json_schema.get("properties")
    group = properties.get(rule.type.group) if isinstance(properties, dict) else None
    fields = group.get("properties") if isinstance(group, dict) else None
    description = rule.json_schema.get("description")
    return {
        "rule": rule,
        "name": rule.key or TYPE_NAMES[rule.type],
        "fields": len(fields) if isinstance(fields, dict) else 0,
        "description": description if isinstance(description, str) else "",
        "updated_at": row.updated_at,
        "id": _id(row),
    }


def _id(row: PlanRule) -> str:
    return rule_id(row.plan_id, row.type, row.key, row.version)
