"""The mail that says that an export has ended. A mail that cannot be sent costs nobody their file."""

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse

from auditapp.access.models import User, Workspace
from auditapp.trail.exports.models import Export, State

logger = logging.getLogger(__name__)


def tell_finished(workspace: Workspace, export: Export, person: User) -> None:
    """Tell who asked that the file is there, or why it is not."""
    is_done = export.state == State.DONE
    link = settings.PUBLIC_URL + reverse("trail:export_list", args=[workspace.slug])
    context = {"workspace": workspace, "export": export, "link": link, "is_done": is_done}
    subject = f"Your export of {workspace.name} is ready" if is_done else f"Your export of {workspace.name} has stopped"
    try:
        send_mail(subject, render_to_string("emails/export_ended.txt", context), None, [person.email])
    except (OSError, SMTPException) as refused:
        logger.warning("the mail about export %s was not sent: %s", export.id, refused)
