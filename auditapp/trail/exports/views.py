"""Pages of exports: a file sent at once, and those that are written in the background."""

from contextlib import nullcontext
from functools import partial
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from auditapp.access.decorators import workspace_page
from auditapp.access.requests import WorkspaceRequest
from auditapp.lib.errors import Invalid, NotFound
from auditapp.trail.address import Address, read_address
from auditapp.trail.asking import what_is_asked
from auditapp.trail.exports.errors import ExportTooLarge
from auditapp.trail.exports.formats import FORMATS
from auditapp.trail.exports.menu import background_formats, missing_parquet
from auditapp.trail.exports.queries import content_type_of, exports_shown, file_for, manifest, refuse_narrowed, sent_to
from auditapp.trail.exports.services import begin_export, cancel_export, filename, open_file, request_export
from auditapp.trail.exports.streaming import streamed_lines
from auditapp.trail.filters import TrailQuery
from auditapp.trail.moments import PageTime, zone_named
from auditapp.web.pages import render_page
from auditapp.web.streaming import stream_file

POLLED = "exports"  # the id of what htmx swaps


@require_safe
@workspace_page("audit.export")
def event_export(request: WorkspaceRequest, suffix: str) -> HttpResponseBase:
    """The filtered trail as a file, or where it is too large the way to have it written."""
    if suffix not in FORMATS:
        raise NotFound
    query = _query(request, read_address(_trail(request), request.GET))
    time, form = PageTime.in_zone(query.zone), FORMATS[suffix]
    try:
        export = begin_export(
            workspace=request.workspace,
            viewer=request.viewer,
            wanted=query.wanted,
            format_name=form.name,
            filters=query.address.query,
        )
    except ExportTooLarge as refused:
        context = {"query": query, "suffix": suffix, "format": form.name, "message": refused.message}
        return render_page(request, "trail/exports/too_large.html", context, status=422)
    viewer, zone, user_id = request.viewer, query.zone, request.user.id
    return stream_file(
        lambda: streamed_lines(form, viewer, export, zone, may_go_on=partial(refuse_narrowed, user_id, viewer)),
        inside=nullcontext,  # a transaction of its own for each thousand events
        filename=filename(
            slug=request.workspace.slug, wanted=export.wanted, events=export.events, time=time, suffix=suffix
        ),
        content_type=form.content_type,
    )


@require_safe
@workspace_page("audit.export")
def export_list(request: WorkspaceRequest) -> HttpResponse:
    """Exports in the background and how they stand; the table is fetched anew while one of them goes on."""
    shown = exports_shown(request.member_permissions)
    context = {
        "exports": shown,
        "is_live": any(one.is_live for one in shown),
        "trail": _trail(request),
        "time": PageTime.in_zone(_home_zone(request)),
        "formats": background_formats(),
        "missing": missing_parquet(),
    }
    return render_page(
        request, "trail/exports/export_list.html", context, fragments={POLLED: "trail/exports/_exports.html"}
    )


@require_POST
@workspace_page("audit.export")
def export_request(request: WorkspaceRequest) -> HttpResponse:
    """Have the filtered trail written in the background."""
    query = _query(request, read_address(_trail(request), request.GET))
    request_export(workspace=request.workspace, query=query, format_key=request.POST.get("format", ""))
    messages.success(
        request, "The export is under way. It goes on while you are elsewhere, and a mail says when it ends."
    )
    return redirect("trail:export_list", request.workspace.slug)


@require_POST
@workspace_page("audit.export")
def export_cancel(request: WorkspaceRequest, export: str) -> HttpResponse:
    cancel_export(workspace=request.workspace, export_id=export)
    messages.success(request, "The export was cancelled.")
    return redirect("trail:export_list", request.workspace.slug)


@require_safe
@workspace_page("audit.export")
def export_file(request: WorkspaceRequest, export: str) -> HttpResponseBase:
    """The finished file."""
    found, user_id = open_file(workspace=request.workspace, export_id=export), request.user.id
    response = stream_file(
        lambda: sent_to(user_id, found),
        inside=nullcontext,
        filename=found.filename,
        content_type=content_type_of(found),
    )
    response.headers["Content-Length"] = str(found.file_bytes)
    return response


@require_safe
@workspace_page("audit.export")
def export_manifest(request: WorkspaceRequest, export: str) -> HttpResponse:
    """What the file holds, as JSON to keep beside it."""
    found = file_for(request.member_permissions, export)
    response = JsonResponse(manifest(request.workspace, found), json_dumps_params={"indent": 2})
    response.headers["Content-Disposition"] = f'attachment; filename="{found.filename}.manifest.json"'
    return response


def _query(request: WorkspaceRequest, address: Address) -> TrailQuery:
    query = what_is_asked(request, address, zone=_home_zone(request), is_page=False, has_links=False).query
    if query.problems:
        raise Invalid(str(query.problems[0]), field="query")
    if query.errors:
        key, message = next(iter(query.errors.items()))
        raise Invalid(message, field=key)
    return query


def _trail(request: WorkspaceRequest) -> str:
    return reverse("trail:event_list", args=[request.workspace.slug])


def _home_zone(request: WorkspaceRequest) -> ZoneInfo:
    return zone_named(request.workspace.time_zone)
