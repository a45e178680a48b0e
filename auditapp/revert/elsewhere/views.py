"""The page on which another system is asked to undo, and what it answered."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from auditapp.access.permissions import Permission
from auditapp.access.requests import WorkspaceRequest
from auditapp.access.step_up import is_proved, proof_url
from auditapp.record.event_row import EventRow
from auditapp.revert.elsewhere.services import TASK_KIND, AskedAlready, ask_elsewhere
from auditapp.revert.models import RequestState, RevertCallback, RevertRequest
from auditapp.revert.showing import value_words
from auditapp.tasks.queries import live_task
from auditapp.trail.moments import PageTime, zone_named
from auditapp.web.pages import render_page

SLOT = "event-slot"  # in the detail of an event


def elsewhere(request: WorkspaceRequest, row: EventRow, callback: RevertCallback) -> HttpResponse:
    """What the other system is asked for; posted, it is asked."""
    back = reverse("revert:undo", args=[request.workspace.slug, row.key])
    problem = ""
    if request.method == "POST":
        if not is_proved(request):
            return redirect(proof_url(back))
        try:
            ask_elsewhere(event_id=row.id)
        except AskedAlready as asked:
            problem = asked.message
        else:
            messages.success(request, f"{callback.host} is asked to undo it. Its answer will be shown here.")
            return redirect(back)
    asked_for = RevertRequest.objects.filter(workspace_id=request.workspace.id, event_id=row.id).first()
    is_allowed = request.member_permissions.can(Permission.EVENT_TYPE_MANAGE)
    context = {
        "row": row,
        "callback": callback,
        "asked": asked_for,
        "may_ask": is_allowed and (asked_for is None or asked_for.state == RequestState.FAILED),
        "refusal": "" if is_allowed else "Your role does not include asking other systems. An owner can.",
        "task": live_task(request.workspace.id, TASK_KIND, row.key),
        "changes": [(one.path, value_words(one.new), value_words(one.old)) for one in row.event.changes],
        "problem": problem,
        "needs_proof": not is_proved(request),
        "proof_url": proof_url(back),
        "time": PageTime.in_zone(zone_named(request.workspace.time_zone)),
    }
    status = 409 if problem else 200
    return render_page(
        request, "revert/elsewhere.html", context, fragments={SLOT: "revert/_elsewhere.html"}, status=status
    )
