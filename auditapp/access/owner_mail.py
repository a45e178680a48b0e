"""Mail to the owners who are left when somebody is an owner no more: removed, or without what made them one."""

import logging
from typing import Final

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse

from auditapp.access.models import ApiToken, User, Workspace
from auditapp.access.queries import owners_of
from auditapp.record.workspace_scope import in_workspace

logger = logging.getLogger(__name__)

OWNER_MAIL_JOB: Final = "access.mail_owner_cut"


def mail_owner_cut(*, workspace_id: int, user_id: str, by_id: str) -> None:
    """Tell every owner but who did it; somebody who cannot be reached costs the others nothing."""
    with in_workspace(workspace_id):
        workspace = Workspace.objects.get(id=workspace_id)
        who = User.objects.filter(id=user_id).first()
        by = User.objects.filter(id=by_id).first()
        token = ApiToken.objects.filter(workspace_id=workspace_id, id=by_id).first()
        told = owners_of(workspace_id) - {by_id, user_id}
    if who is None:
        return
    context = {
        "who": who,
        "by": by or (f"the access token {token.name}" if token else "Audit Trail"),
        "was_theirs": by_id == user_id,
        "workspace": workspace,
        "link": settings.PUBLIC_URL + reverse("access:member", args=[workspace.slug, user_id]),
    }
    text = render_to_string("emails/owner_cut.txt", context)
    # A subject holds one line: a name could bring another header.
    subject = " ".join(f"{who} owns {workspace.name} no more".split())
    for one in User.objects.filter(id__in=told, is_active=True).order_by("id"):
        try:
            send_mail(subject, text, None, [one.email])
        except OSError as fault:  # SMTPException is one
            logger.error("The mail server did not take a mail about an owner: %s", type(fault).__name__)
