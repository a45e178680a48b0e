"""The preview of a revert, and the revert itself: what was looked at is what is done, or nothing."""

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from auditapp.access.decorators import workspace_page
from auditapp.access.requests import WorkspaceRequest
from auditapp.access.step_up import is_proved, proof_url
from auditapp.lib.errors import Conflict, Invalid, NotFound
from auditapp.record.event_row import EventRow
from auditapp.revert.elsewhere.services import callback_of
from auditapp.revert.elsewhere.views import SLOT, elsewhere
from auditapp.revert.errors import NotUndoable
from auditapp.revert.models import What
from auditapp.revert.preview import Preview, make_preview, request_size
from auditapp.revert.queries import event_with
from auditapp.revert.services import StalePreview, revert
from auditapp.revert.showing import Stops, part_views, stops
from auditapp.trail.moments import PageTime, zone_named
from auditapp.web.pages import render_page

PREVIEW = "revert"
FIELD, SECRET = "field", "secret:"
DONE = {
    What.CHANGE: "Undone. The change and its undoing name each other.",
    What.VERSION: "Restored as it was after this event.",
    What.REQUEST: "The whole request is undone.",
}


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page("audit.read")
def undo(request: WorkspaceRequest, event: str) -> HttpResponse:
    """What undoing an event would do; posted, it is done as it was looked at."""
    row, what = event_with(request.viewer, event), _what(request)
    if callback := callback_of(row):
        return elsewhere(request, row, callback)
    if request.method != "POST":
        return _page(request, row, what, _preview(request, row, what))
    stamp, chosen = request.POST.get("stamp", ""), request.POST.getlist(FIELD)
    secrets = {
        name.removeprefix(SECRET): value
        for name, value in request.POST.items()
        if name.startswith(SECRET) and isinstance(value, str)
    }
    try:
        if _needs_proof(request, make_preview(request.member_permissions, request.viewer, row, what), chosen):
            return redirect(_proof_url(request, row, what))
        # Of its own, so that what is shown after a refusal is what stayed.
        with transaction.atomic():
            revert(event_id=row.id, what=what, stamp=stamp, chosen=chosen, secrets=secrets)
    except StalePreview as stale:
        return _page(request, row, what, stale.fresh, problem=stale.message, status=409)
    except (Conflict, Invalid, NotFound) as refused:
        status = 409 if isinstance(refused, Conflict) else 422
        fresh = _preview(request, row, what)
        return _page(request, row, what, fresh, problem=refused.message, chosen=chosen, status=status)
    messages.success(request, DONE[what])
    return redirect("trail:event_page", request.workspace.slug, row.key)


def _what(request: WorkspaceRequest) -> What:
    asked = request.POST.get("what") or request.GET.get("what") or What.CHANGE
    if asked not in What.values:
        raise Invalid("Choose the change, the version or the request.", field="what", code="unknown_what")
    return What(asked)


def _preview(request: WorkspaceRequest, row: EventRow, what: What) -> Preview | None:
    try:
        return make_preview(request.member_permissions, request.viewer, row, what)
    except NotUndoable:
        return None


def _needs_proof(request: WorkspaceRequest, preview: Preview, chosen: Collection[str]) -> bool:
    """Whether it has to be proved first who sits there."""
    keys = preview.keys(chosen)
    is_risky = any(part.is_risky and part.chosen(keys) for part in preview.parts)
    return is_risky and not is_proved(request)


def _proof_url(request: WorkspaceRequest, row: EventRow, what: What) -> str:
    return proof_url(f"{reverse('revert:undo', args=[request.workspace.slug, row.key])}?{urlencode({'what': what})}")


def _page(
    request: WorkspaceRequest,
    row: EventRow,
    what: What,
    preview: Preview | None,
    *,
    problem: str = "",
    chosen: Collection[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    zone = zone_named(request.workspace.time_zone)
    in_request = request_size(request.viewer, row)
    context: dict[str, Any] = {
        "row": row,
        "what": what,
        "ways": _ways(in_request),
        "preview": preview,
        "parts": part_views(preview) if preview else [],
        "stops": stops(preview) if preview else Stops.NONE,
        "chosen": chosen,
        "problem": problem or (_why_not(request, row, what) if preview is None else ""),
        "needs_proof": bool(preview and preview.is_risky) and not is_proved(request),
        "proof_url": _proof_url(request, row, what),
        "time": PageTime.in_zone(zone),
    }
    return render_page(
        request,
        "revert/preview.html",
        context,
        fragments={SLOT: "revert/_preview.html", PREVIEW: "revert/_preview.html"},
        status=status,
    )


def _ways(in_request: int) -> Mapping[str, str]:
    """What can be asked for, in words."""
    ways = {str(What.CHANGE): "Undo this change", str(What.VERSION): "Restore this version"}
    if in_request > 1:
        ways[str(What.REQUEST)] = f"Undo the whole request, {in_request} events"
    return ways


def _why_not(request: WorkspaceRequest, row: EventRow, what: What) -> str:
    try:
        make_preview(request.member_permissions, request.viewer, row, what)
    except NotUndoable as refused:
        return refused.message
    return ""
