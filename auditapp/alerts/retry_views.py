"""The switch "Notify only after the last retry" on the page of alerts."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from auditapp.access.decorators import workspace_page
from auditapp.access.requests import WorkspaceRequest
from auditapp.alerts.hold_setting import notify_after_last_retry
from auditapp.lib.errors import Invalid


@require_POST
@workspace_page("workspace.manage")
def last_retry(request: WorkspaceRequest) -> HttpResponse:
    """Hold what failed attempts say until the last one, or tell of each again."""
    chosen = request.POST.get("is_on")
    if chosen not in ("0", "1"):
        raise Invalid("Choose on or off.", field="is_on", code="required")
    notify_after_last_retry(is_on=chosen == "1")
    messages.success(
        request,
        "Failed attempts are held until the last retry. What was told of before stays told."
        if chosen == "1"
        else "Every failed attempt notifies again. What is held stays held until its task ends.",
    )
    return redirect("alerts:rule_list", request.workspace.slug)
