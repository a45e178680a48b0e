"""Pages of functions: the list, the editor with its try, versions and where a function is used."""

import zlib
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final

import orjson
from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from auditapp.access.decorators import workspace_page
from auditapp.access.permissions import Permission
from auditapp.access.requests import WorkspaceRequest
from auditapp.lib.errors import Busy, Invalid, NotFound, Problem
from auditapp.pipeline.functions.forms import (
    SETTING_TYPES,
    FunctionForm,
    NewFunctionForm,
    TryForm,
    declared_rows,
    setting_rows,
)
from auditapp.pipeline.functions.models import Function
from auditapp.pipeline.functions.outcomes import Outcome
from auditapp.pipeline.functions.pool import Key
from auditapp.pipeline.functions.process import HOW_TO_INSTALL, has_functions
from auditapp.pipeline.functions.queries import function_for, places_of, version_of, versions_of, visible_functions
from auditapp.pipeline.functions.running import Program, run_function
from auditapp.pipeline.functions.samples import CALLS, NEW_CODE, sample
from auditapp.pipeline.functions.services import (
    RESOURCE_TYPES,
    change_function,
    create_function,
    delete_function,
    deploy_function,
    restore_version,
)
from auditapp.pipeline.transformations.preview import side_by_side
from auditapp.record.services import record
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page

TRY: Final = "try"
RESULT: Final = "result"


@require_safe
@workspace_page("function.read")
def function_list(request: WorkspaceRequest) -> HttpResponse:
    access = request.member_permissions
    context = {
        "functions": [(one, RESOURCE_TYPES[one.resource_type]) for one in visible_functions(access)],
        "can_create": access.reach(Permission.FUNCTION_WRITE).everywhere,
        "how_to_install": "" if has_functions() else HOW_TO_INSTALL,
    }
    return render_page(request, "functions/function_list.html", context)


@workspace_page("function.write")
def function_create(request: WorkspaceRequest) -> HttpResponse:
    request.member_permissions.require_everywhere(Permission.FUNCTION_WRITE)
    form = NewFunctionForm(request.POST or None, initial={"code": NEW_CODE})
    return _edited(request, None, form, "", lambda values: create_function(**values))


@workspace_page("function.read")
def function(request: WorkspaceRequest, function_id: str) -> HttpResponse:
    """The editor. That somebody opened the code is an event."""
    one = function_for(request.member_permissions, function_id)
    code = version_of(one, one.latest_version).code
    if request.method == "POST":
        form = FunctionForm(request.POST)
    else:
        form = FunctionForm(initial={"name": one.name, "description": one.description, "code": code})
        record("function.viewed", target=one)
    return _edited(request, one, form, code, lambda values: change_function(function_id=one.id, **values))


@require_safe
@workspace_page("function.read")
def function_versions(request: WorkspaceRequest, function_id: str) -> HttpResponse:
    one = function_for(request.member_permissions, function_id)
    return render_page(request, "functions/versions.html", _about(request, one) | {"versions": versions_of(one)})


@require_safe
@workspace_page("function.read")
def function_version(request: WorkspaceRequest, function_id: str, number: str) -> HttpResponse:
    """The code of one version beside that of the latest."""
    one = function_for(request.member_permissions, function_id)
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise NotFound
    version = version_of(one, int(number))
    latest = version_of(one, one.latest_version)
    before, after = side_by_side(version.code.split("\n"), latest.code.split("\n"), is_json=False)
    record("function.viewed", target=one)
    context = _about(request, one) | {"version": version, "latest": latest, "before": before, "after": after}
    return render_page(request, "functions/version.html", context)


Save = Callable[[dict[str, Any]], Function]


def _edited(request: WorkspaceRequest, one: Function | None, form: FunctionForm, code: str, save: Save) -> HttpResponse:
    """The editor: shown, tried on a sample, or saved."""
    settings = declared_rows(request.POST) if request.method == "POST" else (one.settings if one else [])
    trying = TryForm(initial={"event": sample(request.GET.get("sample", "track"))})
    problems: tuple[Problem, ...] = ()
    context = _about(request, one) if one else {"how_to_install": "" if has_functions() else HOW_TO_INSTALL}
    if request.method == "POST":
        if TRY in request.POST or "event" in request.POST:
            trying = TryForm(request.POST)
        is_sound = form.is_valid()
        if TRY in request.POST:
            request.member_permissions.require(Permission.FUNCTION_WRITE, one)
            if trying.is_valid() and "code" in form.cleaned_data:
                context |= _tried(request, form.cleaned_data["code"], trying)
        elif is_sound:
            try:
                saved = save({**form.cleaned_data, "settings": settings})
            except Invalid as error:
                problems = error.problems if not error.field else ()
                _tell(form, error)
            else:
                messages.success(request, f"Saved as version {saved.latest_version}.")
                return redirect("functions:function", request.workspace.slug, saved.id)
        else:
            trying = TryForm(initial={"event": request.POST.get("event", ""), "values": request.POST.get("values", "")})
    context |= {
        "form": form,
        "trying": trying,
        "setting_rows": setting_rows(settings),
        "setting_types": SETTING_TYPES,
        "setting_problems": list(dict.fromkeys(one.message for one in problems)),
        "calls": CALLS,
        "code": code,
    }
    status = 422 if form.errors or problems or (trying.is_bound and trying.errors) else 200
    fragments = {RESULT: "functions/_result.html"}
    return render_page(request, "functions/function.html", context, fragments=fragments, status=status)


def _tell(form: FunctionForm, error: Invalid) -> None:
    """Problems of settings are shown at the settings, everything else where it belongs."""
    if error.field or not any(problem.pointer.startswith("/settings") for problem in error.problems):
        add_refusal(form, error)


def _tried(request: WorkspaceRequest, code: str, trying: TryForm) -> dict[str, Any]:
    if not has_functions():
        return {}
    event, values = trying.cleaned_data["event"], trying.cleaned_data["values"]
    # In a process that events of the workspace never go through.
    key = Key(request.workspace.id, f"try {request.user.id}", zlib.crc32(code.encode("utf-8", "replace")))
    started = perf_counter()  # here, since a process that did not end in time tells nothing
    try:
        outcome = run_function(Program(key, code, values), [event])[0]
    except Busy as busy:
        return {"busy": busy.message}
    return {"outcome": outcome, "took_ms": (perf_counter() - started) * 1000, **_compared(event, outcome)}


def _compared(event: dict[str, Any], outcome: Outcome) -> dict[str, Any]:
    if outcome.event is None:
        return {}
    before, after = side_by_side(event, outcome.event)
    pretty = orjson.dumps(outcome.event, option=orjson.OPT_INDENT_2).decode()
    return {"before": before, "after": after, "pretty": pretty}


def _about(request: WorkspaceRequest, one: Function) -> dict[str, Any]:
    access = request.member_permissions
    return {
        "function": one,
        "where": RESOURCE_TYPES[one.resource_type],
        "places": places_of(access, one),
        "can_write": access.can(Permission.FUNCTION_WRITE, one.id),
        "how_to_install": "" if has_functions() else HOW_TO_INSTALL,
    }


@require_POST
@workspace_page("function.read")
def function_deploy(request: WorkspaceRequest, function_id: str) -> HttpResponse:
    version = request.POST.get("version", "")
    number = int(version) if version.isascii() and version.isdigit() and len(version) <= 9 else None
    one = deploy_function(function_id=function_id, version=number)
    messages.success(request, f"Version {one.deployed_version} is deployed. Events go through it from now on.")
    return redirect("functions:function_versions", request.workspace.slug, function_id)


@require_POST
@workspace_page("function.read")
def function_restore(request: WorkspaceRequest, function_id: str, number: str) -> HttpResponse:
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise NotFound
    one = restore_version(function_id=function_id, version=int(number))
    messages.success(request, f"Version {number} is the latest again, as version {one.latest_version}.")
    return redirect("functions:function_versions", request.workspace.slug, function_id)


@require_POST
@workspace_page("function.read")
def function_delete(request: WorkspaceRequest, function_id: str) -> HttpResponseBase:
    delete_function(function_id=function_id)
    messages.success(request, "The function was deleted.")
    return redirect("functions:function_list", request.workspace.slug)
