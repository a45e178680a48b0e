"""Who is acting, in which workspace and from where: a context variable that middleware, token auth, a job or a command opens.

`record()` reads it; without one there is no event.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from auditapp.lib.errors import AppError, Invalid
from auditapp.record.drafts import Actor


class NobodyActs(AppError):
    """An event needs somebody who acts. Wrap the call in `with acting(...)`."""


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts in which workspace. `context` may hold ip, user_agent, request_id, session_id, token_id, and the actor's `reason`.

    `needs_reason` says that the workspace wants one for what is risky (reasons.py); `refused` holds what was refused for want of it.
    """

    workspace_id: int
    actor: Actor
    context: Mapping[str, Any] = field(default_factory=dict)
    needs_reason: bool = False
    refused: list[Invalid] = field(default_factory=list)

    @property
    def reason(self) -> str:
        return str(self.context.get("reason", ""))


_current: ContextVar[Acting | None] = ContextVar("acting", default=None)


@contextmanager
def acting(workspace_id: int, actor: Actor, *, needs_reason: bool = False, **context: Any) -> Iterator[Acting]:
    """Everything recorded inside the block was done by this actor; empty context values are left out.

    Raises:  ReasonNeeded, at the end of the block where somebody inside caught it: what was refused is not done by half

    >>> with acting(workspace.id, Actor("user", user.id, user.name, user.email), ip="203.0.113.7"):
    ...     disable_warehouse(warehouse_id=...)
    """
    kept = {key: value for key, value in context.items() if value not in (None, "")}
    now_acting = Acting(workspace_id, actor, kept, needs_reason)
    token = _current.set(now_acting)
    try:
        yield now_acting
    finally:
        outside = token.old_value
        if now_acting.refused and isinstance(outside, Acting):
            outside.refused.extend(now_acting.refused)
        _current.reset(token)
    if now_acting.refused:
        raise now_acting.refused[0]


def current_acting() -> Acting:
    """Who acts now.

    Raises:  NobodyActs
    """
    found = _current.get()
    if found is None:
        raise NobodyActs
    return found
