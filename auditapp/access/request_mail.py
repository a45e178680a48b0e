"""Mail about a request for access: to the owners while it waits, then to the member."""

import logging

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse

from auditapp.access.models import AccessRequest, RequestState, User, Workspace
from auditapp.access.queries import managers_of
from auditapp.record.workspace_scope import in_workspace

logger = logging.getLogger(__name__)


def mail_request(*, workspace_id: int, request_id: str) -> None:
    """Tell whom it concerns now; somebody who cannot be reached costs the others nothing."""
    with in_workspace(workspace_id):
        workspace = Workspace.objects.get(id=workspace_id)
        asked = AccessRequest.objects.filter(workspace_id=workspace_id, id=request_id).select_related("user").first()
        managers = managers_of(workspace_id)
    if asked is None:
        return
    is_waiting = asked.state == RequestState.WAITING
    told = User.objects.filter(id__in=managers - {asked.user_id} if is_waiting else {asked.user_id}, is_active=True)
    page = "access:overview" if is_waiting else "access:own_requests"
    context = {
        "asked": asked,
        "workspace": workspace,
        "was_approved": asked.state == RequestState.APPROVED,
        "link": settings.PUBLIC_URL + reverse(page, args=[workspace.slug]),
    }
    template = "emails/access_requested.txt" if is_waiting else "emails/access_answered.txt"
    # A subject holds one line: a name could bring another header.
    subject = f"{asked.user} asks for access to {workspace.name}" if is_waiting else f"Your access to {workspace.name}"
    for one in told.order_by("id"):
        try:
            send_mail(" ".join(subject.split()), render_to_string(template, context), None, [one.email])
        except OSError as fault:  # SMTPException is one
            logger.error("The mail server did not take a mail about a request for access: %s", type(fault).__name__)
