"""The mail that tells owners of a workspace that a destination does not take what is sent to it."""

import logging
from smtplib import SMTPException
from typing import Final

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse

from auditapp.access.models import User, Workspace
from auditapp.access.queries import managers_of
from auditapp.pipeline.delivery.models import Delivery
from auditapp.pipeline.delivery.positions import OWN_LANE
from auditapp.pipeline.destinations.models import Destination
from auditapp.record.workspace_scope import in_workspace

logger = logging.getLogger(__name__)

_WAITS: Final = "Nothing is lost: events wait in the inbox of its source, for as long as that keeps them."
# By what came about: the subject, and what it means.
WORDS: Final = {
    "failing": ("does not take events", f"It is tried again, more and more rarely. {_WAITS}"),
    "gone": ("is gone and was turned off", f"It answered 410, which asks for nothing more. {_WAITS}"),
    "paused": (
        "was paused after five days of failures",
        f"It is not tried any more until somebody resumes it. {_WAITS}",
    ),
    "expiring": (
        "is about to lose events",
        "The oldest event that waits for it will soon be older than the inbox of its source keeps any (SOURCE_DAYS).",
    ),
    "dead_letter": (
        "refused an event again and again",
        "That event was set aside, so that the others go on. It can be replayed.",
    ),
}


def mail_owners(*, workspace_id: int, destination_id: str, about: str) -> None:
    """Tell the owners; one that cannot be reached costs the others nothing."""
    with in_workspace(workspace_id):
        workspace = Workspace.objects.get(id=workspace_id)
        destination = Destination.objects.filter(workspace_id=workspace_id, id=destination_id).first()
        delivery = Delivery.objects.filter(
            workspace_id=workspace_id, destination_id=destination_id, lane=OWN_LANE
        ).first()
        owners = list(User.objects.filter(id__in=managers_of(workspace_id), is_active=True).order_by("id"))
    if destination is None or delivery is None:
        return
    happened, consequence = WORDS[about]
    context = {
        "headline": f"The destination {destination.name} of the workspace {workspace.name} {happened}.",
        "consequence": consequence,
        "delivery": delivery,
        "link": settings.PUBLIC_URL + reverse("destinations:destination", args=[workspace.slug, destination.id]),
    }
    subject = f"{destination.name} in {workspace.name} {happened}"
    for owner in owners:
        try:
            send_mail(subject, render_to_string("emails/destination_stopped.txt", context), None, [owner.email])
        except (OSError, SMTPException) as refused:
            logger.warning("The mail about destination %s was not sent: %s", destination_id, refused)
