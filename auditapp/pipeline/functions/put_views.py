"""The page on which a function is put into a source or a destination, and set up there."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from auditapp.access.decorators import workspace_page
from auditapp.access.permissions import Permission
from auditapp.access.requests import WorkspaceRequest
from auditapp.lib.errors import Conflict, Invalid
from auditapp.pipeline.destinations.queries import destination_for
from auditapp.pipeline.destinations.views import about_destination
from auditapp.pipeline.functions.forms import SettingsForm, shown_values
from auditapp.pipeline.functions.models import Function, FunctionUse
from auditapp.pipeline.functions.process import HOW_TO_INSTALL, has_functions
from auditapp.pipeline.functions.queries import secrets_of, use_in, visible_functions
from auditapp.pipeline.functions.uses import put_function, take_function_out
from auditapp.sources.models import Source
from auditapp.sources.queries import source_for
from auditapp.sources.views import about_source
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page


@workspace_page("source.read")
def source_function(request: WorkspaceRequest, source_id: str) -> HttpResponse:
    """The function of a source."""
    source = source_for(request.member_permissions, source_id)
    return put_page(request, source, "", about_source(request, source), "functions/source_function.html")


@workspace_page("source.read")
def destination_function(request: WorkspaceRequest, destination_id: str) -> HttpResponse:
    """The function of a destination."""
    destination = destination_for(request.member_permissions, destination_id)
    about = about_destination(request, destination)
    return put_page(request, about["source"], destination.id, about, "functions/destination_function.html")


def put_page(
    request: WorkspaceRequest, source: Source, destination_id: str, about: dict[str, Any], template: str
) -> HttpResponse:
    """Which function is chosen stands in the address; what that one asks for is the form below."""
    access = request.member_permissions
    wanted = "INSERT_DESTINATION" if destination_id else "INSERT_SOURCE"
    functions = {one.id: one for one in visible_functions(access).filter(resource_type=wanted)}
    use = use_in(source, destination_id)
    there = use.function_id if use else ""
    chosen = functions.get(request.POST.get("function", request.GET.get("function", there)))
    form = _settings_form(request, chosen, use)
    if request.method == "POST" and form.is_valid():
        try:
            done = _saved(source, destination_id, chosen, form)
        except Invalid as error:
            add_refusal(form, error)
        except Conflict as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, done)
            return redirect(request.path)
    context = {
        **about,
        "form": form,
        "functions": list(functions.values()),
        "chosen": chosen,
        "use": use,
        "used": functions.get(there),
        "can_see_functions": access.can(Permission.FUNCTION_READ),
        "how_to_install": "" if has_functions() else HOW_TO_INSTALL,
    }
    return render_page(request, template, context, status=422 if form.errors else 200)


def _settings_form(request: WorkspaceRequest, chosen: Function | None, use: FunctionUse | None) -> SettingsForm:
    is_there = use is not None and chosen is not None and use.function_id == chosen.id
    asked = chosen.settings if chosen else []
    kept = secrets_of(use) if use and is_there else {}
    initial = shown_values(asked, use.settings) if use and is_there else {}
    sent = request.POST if request.method == "POST" else None
    return SettingsForm(sent, settings=asked, kept=kept, initial=initial)


def _saved(source: Source, destination_id: str, chosen: Function | None, settings: SettingsForm) -> str:
    if chosen is None:
        take_function_out(source_id=source.id, destination_id=destination_id)
        return "No function is here any more."
    put_function(source_id=source.id, destination_id=destination_id, function_id=chosen.id, settings=settings.entered())
    return f"Events go through {chosen.name} from now on."
