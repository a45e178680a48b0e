"""What a request carries once somebody has entered a workspace, and what its events keep of it."""

import hashlib
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from auditapp.access.models import ApiToken, User, Workspace
from auditapp.access.permissions import Access
from auditapp.access.support_models import SupportAccess
from auditapp.lib.ids import UUID_WIDTH, base62
from auditapp.record.drafts import Actor
from auditapp.record.viewer import Viewer
from auditapp.web.client_address import client_ip

USER_AGENT_LENGTH = 512
PATH_LENGTH = 512


class WorkspaceRequest(HttpRequest):
    """A request of a member inside a workspace, as `@workspace_page` passes it on."""

    user: User
    support: SupportAccess | None  # by which the person is here, who is no member then
    acting_as: Actor
    workspace: Workspace
    workspaces: list[Workspace]  # all that the person belongs to
    member_permissions: Access
    viewer: Viewer
    second_factor_due: datetime | None  # when the workspace will need one that the member does not have


class TokenRequest(HttpRequest):
    """A request made with an access token, as `@api_token` passes it on."""

    token: ApiToken
    workspace: Workspace
    viewer: Viewer


def context_of(request: HttpRequest, *, with_path: bool = True) -> dict[str, Any]:
    """What an event keeps of the request that caused it; for `acting(..., **context)`.

    Takes:   with_path, False where the path holds a secret, as the links of mails do
    """
    session = getattr(request, "session", None)
    context = {
        "ip": client_ip(request),
        "user_agent": request.headers.get("User-Agent", "")[:USER_AGENT_LENGTH],
        "request_id": getattr(request, "request_id", None),
        "session_id": session_id(session.session_key) if session and session.session_key else None,
    }
    if with_path:
        context |= {"method": request.method, "path": request.path[:PATH_LENGTH]}
    return context


def session_id(session_key: str) -> str:
    """Tells one session from another without being a key to it."""
    digest = hashlib.sha256(b"audit.session\0" + session_key.encode()).digest()
    return "ses_" + base62(int.from_bytes(digest[:16]), width=UUID_WIDTH)
