"""What an event is made of before it is written: actor, targets, changes, context. Values only; nothing here touches a database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID


class Missing:
    """The value of a field that was not there: other than null."""

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing()


@dataclass(frozen=True, slots=True)
class Target:
    """A resource that an event is about. The first target is the resource of the event."""

    type: str
    id: str
    name: str = ""

    @property
    def audit_target(self) -> "Target":
        return self


class HasTarget(Protocol):
    """Anything an event can be about: a model with `audit_target`, or a Target itself."""

    @property
    def audit_target(self) -> Target: ...


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted. `kind` is user, token, system or service; the id is opaque and stays, name and e-mail can be erased.

    `real` is the person behind an impersonation: "Ana as Bo" has Bo as the actor and Ana as real.
    """

    kind: str
    id: str
    name: str = ""
    email: str | None = None
    real: "Actor | None" = None

    @property
    def doer(self) -> "Actor":
        """Who it really was: of an impersonation the person behind it."""
        return self.real or self

    def as_value(self) -> dict[str, Any]:
        value: dict[str, Any] = {"kind": self.kind, "id": self.id, "name": self.name}
        if self.email:
            value["email"] = self.email
        if self.real:
            value["real"] = self.real.as_value()
        return value


SYSTEM: Final = Actor("system", "system", "Audit Trail")


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after. `old` or `new` is MISSING where the field was added or removed."""

    path: str
    old: Any = MISSING
    new: Any = MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDraft:
    """An event that is complete but for its hash. Times are aware UTC.

    `origin` says by which door it came: app, api, or import:<format>. `context` may hold ip, user_agent, request_id,
    session_id and more; `meta` whatever the type declares. `personal_paths` are those that its type declares as personal: no part
    of the event, they only decide who may search for its words.
    """

    workspace_id: int
    id: UUID
    type: str
    area: str
    actor: Actor
    targets: Sequence[Target]
    occurred_at: datetime
    received_at: datetime
    origin: str = "app"
    scope_id: str | None = None
    outcome: str = "success"
    is_read: bool = False
    context: Mapping[str, Any] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)
    changes: Sequence[Change] = ()
    personal_paths: frozenset[str] = field(default=frozenset(), compare=False)


def _is_object(value: Any, other: Any) -> bool:
    """True for an object with fields, or nothing where such an object stands on the other side."""
    if value is MISSING:
        return isinstance(other, Mapping) and bool(other)
    return isinstance(value, Mapping)


def changed(before: Mapping[str, Any], after: Mapping[str, Any], *, prefix: str = "") -> list[Change]:
    """The fields that differ, nested objects by dotted path, in the order of `before` and then of what is new.

    >>> changed({"enabled": True, "sync": {"hour": 1}}, {"enabled": False, "sync": {"hour": 1}})
    [Change(path='enabled', old=True, new=False)]
    """
    changes: list[Change] = []
    for key in [*before, *(key for key in after if key not in before)]:
        old, new, path = before.get(key, MISSING), after.get(key, MISSING), f"{prefix}{key}"
        if _is_object(old, new) and _is_object(new, old):
            # Added or removed as a whole, it is still told field by field.
            changes += changed(old or {}, new or {}, prefix=f"{path}.")
        # JSON tells true from 1, Python's == does not.
        elif old != new or isinstance(old, bool) is not isinstance(new, bool):
            changes.append(Change(path, old, new))
    return changes
