"""The event of an access that was denied: what was tried, with what, and why not. Who is told what, and with which status, is decided elsewhere."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from auditapp.access.errors import Denied
from auditapp.access.models import ApiToken, Grant, Group, Invitation, Member, Role, Workspace
from auditapp.access.permissions import Access, Permission, acting_access
from auditapp.access.resources import resource_kinds
from auditapp.access.role_queries import roles_in
from auditapp.access.support_models import SupportAccess
from auditapp.access.tokens import is_elsewhere
from auditapp.lib.errors import NotAllowed
from auditapp.record.acting import acting
from auditapp.record.drafts import Actor, HasTarget, Target
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace

# How the names of views end that say what they do.
_DONE: Final = frozenset(
    {
        *("add", "approve", "cancel", "change", "check", "clear", "connect", "copy", "create", "declare", "decline"),
        *("default", "delete", "deploy", "describe", "disable", "disconnect", "edit", "enable", "enter", "export"),
        *(
            "find",
            "grant",
            "import",
            "invite",
            "leave",
            "move",
            "networks",
            "pause",
            "read",
            "record",
            "remove",
            "rename",
        ),
        *(
            "replace",
            "replay",
            "request",
            "resend",
            "restore",
            "resume",
            "retry",
            "revert",
            "revoke",
            "rotate",
            "save",
            "send",
        ),
        *("set", "start", "stop", "test", "transfer", "try", "undo", "update", "verify", "write"),
    }
)


class Tried(NamedTuple):
    """What was tried: the view, by the name that it has in code, as `member_role_grant`, and what its address names."""

    view: str = ""
    named: Mapping[str, Any] = {}
    method: str = "GET"

    @classmethod
    def of(cls, view: Callable[..., Any], named: Mapping[str, Any], method: str | None) -> "Tried":
        return cls(getattr(view, "__name__", ""), named, method or "GET")

    @property
    def words(self) -> str:
        """`grant member role`, `open group list`, `change source settings`; "" of what is not known."""
        parts = self.view.removeprefix("api_").strip("_").split("_")
        if not self.view or not parts[0]:
            return ""
        if parts[-1] in _DONE:
            return " ".join([parts[-1], *parts[:-1]])
        return " ".join(["open" if self.method in ("GET", "HEAD") else "change", *parts])


def record_denial(
    error: NotAllowed, workspace: Workspace, actor: Actor, context: Mapping[str, Any], tried: Tried | None = None
) -> None:
    """Record that somebody was denied something: of the resource where it is known, else of the workspace.

    Writes:  user.access_denied, in a transaction of its own
    """
    named = error if isinstance(error, Denied) else Denied(error.message)
    # A permission that is missing says it all; any other refusal has its reason in words.
    meta = {"permission": named.permission} if named.permission else {"refusal": error.message}
    _record(workspace, actor, context, named.resource, meta, tried or Tried())


def record_refused_use(
    refusal: str,
    token: ApiToken,
    scope: str,
    workspace: Workspace,
    context: Mapping[str, Any],
    tried: Tried | None = None,
) -> None:
    """Record that a token was refused: why, for what, and where it was tried outside of its networks from which address.

    Writes:  user.access_denied, in a transaction of its own
    """
    meta: dict[str, Any] = {"scope": scope, "refusal": refusal}
    if is_elsewhere(token, context["ip"]):
        meta["address"] = context["ip"] or "unknown"
    _record(workspace, token.audit_actor, context, workspace, meta, tried or Tried())


def _record(
    workspace: Workspace,
    actor: Actor,
    context: Mapping[str, Any],
    resource: HasTarget | None,
    meta: Mapping[str, Any],
    tried: Tried,
) -> None:
    said = {"tried": tried.words} if tried.words else {}
    with in_workspace(workspace.id), acting(workspace.id, actor, **context):
        target = resource or _named(acting_access(), tried.named) or workspace
        record("user.access_denied", target=target, meta=said | dict(meta), outcome="failure")


def _named(access: Access, named: Mapping[str, Any]) -> HasTarget | None:
    """What the address names, where whoever tried may see it: their own event tells them no name that is hidden from them."""
    ids = {key: value for key, value in named.items() if isinstance(value, str)}
    for kind in resource_kinds():
        keys = (f"{kind.key}_id", f"{kind.key.rpartition('_')[2]}_id")
        one = next((ids[key] for key in keys if key in ids), "")
        if one and access.can(kind.reading, one) and (name := kind.names(access.workspace_id).get(one)):
            return Target(kind.key, one, name)
    if not access.can(Permission.ACCESS_READ):
        return None
    here = access.workspace_id
    ways: dict[str, Callable[[str], HasTarget | None]] = {
        "user_id": lambda one: _member(here, one),
        "grant_id": lambda one: _holder(here, one),
        "group_id": lambda one: Group.objects.filter(workspace_id=here, id=one).first(),
        "role_key": lambda one: _role(here, one),
        "role_id": lambda one: _role(here, one),
        "token_id": lambda one: ApiToken.objects.filter(workspace_id=here, id=one).first(),
        "invitation_id": lambda one: Invitation.objects.filter(workspace_id=here, id=one).first(),
        "support_id": lambda one: SupportAccess.objects.filter(workspace_id=here, id=one).first(),
    }
    return next((found for key, way in ways.items() if key in ids and (found := way(ids[key]))), None)


def _member(workspace_id: int, user_id: str) -> Member | None:
    return Member.objects.filter(workspace_id=workspace_id, user_id=user_id).select_related("user").first()


def _role(workspace_id: int, key: str) -> Role | None:
    return roles_in(workspace_id).filter(key=key).first()


def _holder(workspace_id: int, grant_id: str) -> Member | Group | None:
    """Who has the role that a grant gives."""
    grant = Grant.objects.filter(workspace_id=workspace_id, id=grant_id).first()
    if grant is None:
        return None
    if grant.subject_kind == "member":
        return _member(workspace_id, grant.subject_id)
    return Group.objects.filter(workspace_id=workspace_id, id=grant.subject_id).first()
