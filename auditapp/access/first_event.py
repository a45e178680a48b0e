"""The first event that a newcomer sends: a line to paste into a terminal, shown until a token of the workspace was used."""

import json
from typing import Final

from django.conf import settings
from django.urls import reverse

from auditapp.access.models import ApiToken

VARIABLE: Final = "$TOKEN"
# Of no area of the catalogue: a first event is the newcomer's own.
FIRST_EVENT: Final = {
    "type": "invoice.approved",
    "actor": {"id": "usr_1", "name": "Maya Lindqvist"},
    "target": {"type": "invoice", "id": "inv_1", "name": "Invoice 1"},
}


def first_event_line(secret: str = VARIABLE) -> str:
    """A curl command that sends an event, for a shell.

    Takes:   secret, of a token; without one the line asks for a variable TOKEN
    """
    address = settings.PUBLIC_URL + reverse("api:api_record")
    return (
        f'curl {address} -H "Authorization: Bearer {secret}" \\\n'
        f"  -H 'Content-Type: application/json' -d '{json.dumps(FIRST_EVENT)}'"
    )


def is_token_used(workspace_id: int) -> bool:
    """Whether any access token of the workspace was ever used."""
    return ApiToken.objects.filter(workspace_id=workspace_id).exclude(last_used_at=None).exists()
