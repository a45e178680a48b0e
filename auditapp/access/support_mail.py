"""Mail to the owners about support access: when it is given, and when it is used for the first time."""

import logging
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from auditapp.access.models import User, Workspace
from auditapp.access.queries import managers_of
from auditapp.access.support_models import SupportAccess
from auditapp.record.workspace_scope import in_workspace

logger = logging.getLogger(__name__)

TEMPLATES: Final = {"granted": "emails/support_granted.txt", "used": "emails/support_used.txt"}


def mail_support(*, workspace_id: int, support_id: str, what: str) -> None:
    """Tell the owners, but nobody of what they did themselves; somebody who cannot be reached costs the others nothing."""
    with in_workspace(workspace_id):
        workspace = Workspace.objects.get(id=workspace_id)
        given = SupportAccess.objects.filter(workspace_id=workspace_id, id=support_id)
        support = given.select_related("granted_by", "user").first()
        managers = managers_of(workspace_id)
    if support is None:
        return
    told = managers - {support.granted_by_id} if what == "granted" else managers
    context = {
        "support": support,
        "workspace": workspace,
        "link": settings.PUBLIC_URL + reverse("access:support", args=[workspace.slug]),
    }
    with timezone.override(ZoneInfo(workspace.time_zone)):
        text = render_to_string(TEMPLATES[what], context)
    # A subject holds one line: a name could bring another header.
    subject = " ".join(f"Support access to {workspace.name} was {what}".split())
    for one in User.objects.filter(id__in=told, is_active=True).order_by("id"):
        try:
            send_mail(subject, text, None, [one.email])
        except OSError as fault:  # SMTPException is one
            logger.error("The mail server did not take a mail about support access: %s", type(fault).__name__)
