"""The event of an access that was denied. Who is told what, and with which status, is decided elsewhere."""

from collections.abc import Mapping
from typing import Any

from auditapp.access.errors import Denied
from auditapp.access.models import Workspace
from auditapp.lib.errors import NotAllowed
from auditapp.record.acting import acting
from auditapp.record.drafts import Actor
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace


def record_denial(error: NotAllowed, workspace: Workspace, actor: Actor, context: Mapping[str, Any]) -> None:
    """Record that somebody was denied something: of the resource where it is known, else of the workspace.

    Writes:  user.access_denied, in a transaction of its own
    """
    named = error if isinstance(error, Denied) else Denied(error.message)
    meta = {"permission": named.permission} if named.permission else {}
    with in_workspace(workspace.id), acting(workspace.id, actor, **context):
        record("user.access_denied", target=named.resource or workspace, meta=meta, outcome="failure")
