"""The event of an access that was denied. Who is told what, and with which status, is decided elsewhere."""

from collections.abc import Mapping
from typing import Any

from auditapp.access.errors import Denied
from auditapp.access.models import ApiToken, Workspace
from auditapp.access.tokens import is_elsewhere
from auditapp.lib.errors import NotAllowed
from auditapp.record.acting import acting
from auditapp.record.drafts import Actor, HasTarget
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace


def record_denial(error: NotAllowed, workspace: Workspace, actor: Actor, context: Mapping[str, Any]) -> None:
    """Record that somebody was denied something: of the resource where it is known, else of the workspace.

    Writes:  user.access_denied, in a transaction of its own
    """
    named = error if isinstance(error, Denied) else Denied(error.message)
    meta = {"permission": named.permission} if named.permission else {}
    _record(workspace, actor, context, named.resource or workspace, meta)


def record_refused_use(
    refusal: str, token: ApiToken, scope: str, workspace: Workspace, context: Mapping[str, Any]
) -> None:
    """Record that a token was refused: why, and where it was tried outside of its networks from which address.

    Writes:  user.access_denied, in a transaction of its own
    """
    meta: dict[str, Any] = {"scope": scope, "refusal": refusal}
    if is_elsewhere(token, context["ip"]):
        meta["address"] = context["ip"] or "unknown"
    _record(workspace, token.audit_actor, context, workspace, meta)


def _record(
    workspace: Workspace, actor: Actor, context: Mapping[str, Any], target: HasTarget, meta: Mapping[str, Any]
) -> None:
    with in_workspace(workspace.id), acting(workspace.id, actor, **context):
        record("user.access_denied", target=target, meta=meta, outcome="failure")
