"""The page of the bell, and marking it read."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from auditapp.access.decorators import workspace_page
from auditapp.access.requests import WorkspaceRequest
from auditapp.alerts.bell import mark_bell_read, news_for, rung_for
from auditapp.lib import clock
from auditapp.trail.moments import PageTime, zone_named
from auditapp.web.pages import render_page


@require_safe
@workspace_page("audit.read")
def bell(request: WorkspaceRequest) -> HttpResponse:
    """What rules tell the member, the newest first."""
    time = PageTime.in_zone(zone_named(request.workspace.time_zone))
    rung = rung_for(request.member_permissions, request.viewer, request.workspace)
    news = news_for(request.member_permissions)
    latest = [*(one.notice.last_at for one in rung[:1]), *(one.news.at for one in news[:1])]
    context = {
        "rung": rung,
        "news": news,
        "newest": clock.utc_text(max(latest)) if latest else "",
        "unread": sum(one.is_unread for one in rung) + sum(one.is_unread for one in news),
        "time": time,
    }
    return render_page(request, "alerts/bell.html", context)


@require_POST
@workspace_page("audit.read")
def bell_read(request: WorkspaceRequest) -> HttpResponse:
    """Mark read what the page showed; what came meanwhile stays new."""
    mark_bell_read(up_to=clock.parse_utc(request.POST.get("up_to", "")))
    return redirect("alerts:bell", request.workspace.slug)
