"""The link at the end of a mail that stops such mails: who follows it needs no session, and can do nothing else with it."""

from typing import Final, NamedTuple

from django.conf import settings
from django.core import signing
from django.urls import NoReverseMatch, reverse

from auditapp.lib.errors import NotFound

SALT: Final = "auditapp.alerts.unsubscribe"


class Unsubscribes(NamedTuple):
    """Whose mails of which workspace a link stops."""

    workspace_id: int
    user_id: str


def unsubscribe_link(workspace_id: int, user_id: str) -> str:
    """Where the reader of a mail stops such mails; "" in a project of its own that has no such page."""
    try:
        path = reverse("unsubscribe", args=[signing.dumps([workspace_id, user_id], salt=SALT)])
    except NoReverseMatch:
        return ""
    return f"{settings.PUBLIC_URL}{path}"


def whose_link(secret: str) -> Unsubscribes:
    """Whose link this is. It never expires: an old mail can be unsubscribed from as well.

    Raises:  NotFound
    """
    try:
        return Unsubscribes(*signing.loads(secret, salt=SALT))
    except signing.BadSignature:
        raise NotFound from None
