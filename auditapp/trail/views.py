"""The trail's pages: the list with a drawer beside it, one event and its proof."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from auditapp.access.decorators import workspace_page
from auditapp.access.first_event import first_event_line, is_token_used
from auditapp.access.permissions import Permission
from auditapp.access.requests import WorkspaceRequest
from auditapp.lib.errors import Invalid
from auditapp.lib.ids import parse_event_key
from auditapp.lib.keyset import PageKey, parse_page_key
from auditapp.record.event_query import visible_events
from auditapp.record.query_language import CLOSED
from auditapp.record.token_query import MAX_WORDS
from auditapp.sealing.queries import proof_for
from auditapp.trail.address import FOLD, Address, read_address
from auditapp.trail.asking import typed_address, what_is_asked
from auditapp.trail.bars import ASKED, bars_of
from auditapp.trail.detail import EventDetail, event_detail, neighbours
from auditapp.trail.errors import EventNotFound
from auditapp.trail.exports.menu import export_menu
from auditapp.trail.exports.services import note_visit
from auditapp.trail.filters import MAX_LENGTH, NO_EVENT, TrailQuery, read_query
from auditapp.trail.live import AFTER, Live, new_events
from auditapp.trail.moments import PageTime, zone_named
from auditapp.trail.proof_file import proof_file
from auditapp.trail.queries import TrailList, nothing_found, trail_frame, trail_list
from auditapp.trail.query_box import MAX_QUERY
from auditapp.trail.query_help import HOW, KEYS_EXPLAINED
from auditapp.trail.saved_views.menu import views_menu
from auditapp.trail.zones import settled, zone_choices
from auditapp.web.pages import render_page

LIST, DRAWER, COUNTS, LIVE, BARS = "events", "drawer", "show-counts", "live", "bars"  # ids of what htmx swaps
APPLY_IDS = ("apply-more", "apply-events", "apply-actors", "apply-resource", "apply-date")
FRAGMENTS = {
    LIST: "trail/_list_update.html",
    DRAWER: "trail/_drawer.html",
    COUNTS: "trail/_show_counts.html",
    LIVE: "trail/_new_events.html",
    BARS: "trail/_bars.html",
}


@require_safe
@workspace_page("audit.read")
def event_list(request: WorkspaceRequest) -> HttpResponseBase:
    """The trail, or the part of it that htmx asks for."""
    target = _htmx_target(request)
    has_links = target not in (COUNTS, LIVE)
    address = _address(request, request.path, keep_finds=target is None)
    asked = what_is_asked(request, address, zone=_home_zone(request), is_page=target is None, has_links=has_links)
    query = asked.query
    if target is None and asked.is_elsewhere:
        return HttpResponseRedirect(str(query.address))
    time = PageTime.in_zone(query.zone)
    if target == COUNTS:
        count = visible_events(request.viewer).count(query.wanted)
        context: dict[str, Any] = {"count": count, "apply_ids": APPLY_IDS}
    elif target == LIVE:
        context = _new_events(request, query)
    elif target == BARS:
        context = {"bars": bars_of(request.viewer, query, time, may_search=True), "query": query}
    elif target == DRAWER:
        context = _drawer(request, query, time)
    else:
        context = _list(request, query, time, has_drawer=target is None)
    if target is None:
        note_visit(workspace=request.workspace, user_id=request.user.id, filters=query.address.query)
    response = render_page(request, "trail/event_list.html", context, fragments=FRAGMENTS, status=_status(query))
    if target == LIST:
        response.headers["HX-Push-Url"] = typed_address(request.path, query)
    return response


@require_safe
@workspace_page("audit.read")
def event_page(request: WorkspaceRequest, event: str) -> HttpResponseBase:
    """One event on a page of its own; `?verify=1` checks it against its seal."""
    query = read_query(_address(request, _home(request).path), zone=_home_zone(request))
    trail = query.address.without("open")
    time = PageTime.in_zone(query.zone)
    detail = _detail(request, _event_id(event), time, trail=trail)
    if detail is None:
        return render_page(request, "trail/event_missing.html", {"trail": _home(request), "key": event}, status=404)
    slug = request.workspace.slug
    context = {
        "trail": trail,
        "beside": neighbours(request.viewer, query, detail.row, to=lambda key: _page_of(slug, key, trail)),
    }
    return render_page(request, "trail/event_page.html", context | _detail_context(request, detail, time, trail=trail))


@require_safe
@workspace_page("audit.read")
def query_help(request: WorkspaceRequest) -> HttpResponseBase:
    """What can be written in the search box."""
    context = {
        "how": HOW,
        "keys": KEYS_EXPLAINED,
        "areas": CLOSED["area"],
        "max_query": f"{MAX_QUERY:,}",
        "max_text": MAX_LENGTH,
        "max_words": MAX_WORDS,
    }
    return render_page(request, "trail/query_help.html", context)


@require_safe
@workspace_page("audit.verify")
def event_proof(request: WorkspaceRequest, event: str) -> HttpResponseBase:
    """The proof of one event as a JSON file."""
    row = visible_events(request.viewer).get(_event_id(event))
    if row is None:
        raise EventNotFound
    value = proof_file(request.workspace.id, row, proof_for(request.workspace.id, row.id))
    response = JsonResponse(value, json_dumps_params={"indent": 2})
    response.headers["Content-Disposition"] = f'attachment; filename="{row.key}.proof.json"'
    return response


def _list(request: WorkspaceRequest, query: TrailQuery, time: PageTime, *, has_drawer: bool) -> dict[str, Any]:
    home = PageTime(_home_zone(request), time.now)
    found, page = trail_list(request.viewer, query, time, access=request.member_permissions, after=_after(request))
    frame = trail_frame(request.viewer, query, time, page, home=home, may_search=ASKED in request.GET)
    is_empty = not found.shown and query.older is None and query.newer is None and found.further is None
    context = {
        "list": found,
        "count": found.count,
        "nothing": nothing_found(request.viewer, query, frame.toolbar.chips, time) if is_empty else None,
        "toolbar": frame.toolbar,
        "bars": frame.bars,
        "limits": frame.limits,
        "views": views_menu(request.member_permissions, query),
        "query": query,
        "time": time,
        "origin": _origin(request),
        "zones": zone_choices(query.address, request.COOKIES, home.zone, time.zone),
        "exports": None
        if query.problems
        else export_menu(request.workspace, request.member_permissions, query.address),
        "is_live": request.COOKIES.get("live") != "off",  # written by trail_live.js
        "first_event_line": _first_event_line(request, query, found) if has_drawer else "",
    }
    return context | (_drawer(request, query, time) if has_drawer else {})


def _new_events(request: WorkspaceRequest, query: TrailQuery) -> dict[str, Any]:
    after = _after(request)
    if after is None:
        raise Invalid("Say after which event: after=<key>.", field=AFTER)
    return {"count": new_events(request.viewer, query, after), "live": Live(query.address.first_page, after)}


def _after(request: WorkspaceRequest) -> PageKey | None:
    """The newest place of the page that asks, where one does."""
    text = request.GET.get(AFTER)
    return parse_page_key(text) if text else None


def _drawer(request: WorkspaceRequest, query: TrailQuery, time: PageTime) -> dict[str, Any]:
    closed = query.address.without("open")
    context: dict[str, Any] = {"query": query, "time": time, "closed": closed, "is_open": query.open is not None}
    if query.open is None:
        return context
    detail = _detail(request, query.open, time, trail=closed)
    if detail is None:
        return context | {"is_missing": True}
    beside = neighbours(request.viewer, query, detail.row, to=query.address.opening)
    return context | _detail_context(request, detail, time, trail=closed) | {"beside": beside}


def _detail(request: WorkspaceRequest, event_id: UUID, time: PageTime, *, trail: Address) -> EventDetail | None:
    wants_check = "verify" in request.GET and request.member_permissions.can(Permission.AUDIT_VERIFY)
    return event_detail(
        request.viewer,
        event_id,
        access=request.member_permissions,
        time=time,
        trail=trail,
        home=_home(request),
        with_check=wants_check,
    )


def _detail_context(
    request: WorkspaceRequest, detail: EventDetail, time: PageTime, *, trail: Address
) -> dict[str, Any]:
    slug, key = request.workspace.slug, detail.row.key
    page = _page_of(slug, key, trail)
    return {
        "detail": detail,
        "time": time,
        "origin": _origin(request),
        "page_url": page,
        "can_verify": request.member_permissions.can(Permission.AUDIT_VERIFY),
        "verify_url": f"{page}{'&' if page.pairs else '?'}verify=1#seal",
        "event_zones": zone_choices(page, request.COOKIES, _home_zone(request), time.zone),
        "api_url": request.build_absolute_uri(f"/api/audit-events/{key}"),
        "proof_url": reverse("trail:event_proof", args=[slug, key]),
    }


def _first_event_line(request: WorkspaceRequest, query: TrailQuery, found: TrailList) -> str:
    """What to paste, where the trail is young, nothing came from outside yet and the viewer may change that."""
    is_young = not query.address.without("tz", FOLD, "open").pairs and found.older is None
    if not is_young or not request.member_permissions.can(Permission.TOKEN_MANAGE):
        return ""
    return "" if is_token_used(request.workspace.id) else first_event_line()


def _page_of(slug: str, event: str, trail: Address) -> Address:
    """The page of an event, which keeps the filters of the list that it was opened from."""
    return trail.without("older", "newer", "open").at(reverse("trail:event_page", args=[slug, event]))


def _origin(request: WorkspaceRequest) -> str:
    """What stands before a path where it is read on paper."""
    return f"{request.scheme}://{request.get_host()}"


def _home(request: WorkspaceRequest) -> Address:
    """The trail without filters."""
    return Address(reverse("trail:event_list", args=[request.workspace.slug]))


def _address(request: WorkspaceRequest, path: str, *, keep_finds: bool = True) -> Address:
    """What the request asks for, in the zone that its viewer keeps."""
    return settled(read_address(path, request.GET, keep_finds=keep_finds), request.COOKIES, _home_zone(request))


def _home_zone(request: WorkspaceRequest) -> ZoneInfo:
    return zone_named(request.workspace.time_zone)


def _event_id(text: str) -> UUID:
    try:
        return parse_event_key(text)
    except Invalid:
        return NO_EVENT


def _htmx_target(request: HttpRequest) -> str | None:
    """The element that htmx will swap; None for a whole page, also where the Back button asks for one."""
    htmx = getattr(request, "htmx", None)
    return (htmx.target or "") if htmx and not htmx.history_restore_request else None


def _status(query: TrailQuery) -> int:
    return 200 if query.is_sound else 422
