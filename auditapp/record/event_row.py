"""One event as it is read: opened from its bytes, with what its reader may not see taken out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

import orjson

from auditapp.lib.ids import event_key
from auditapp.lib.keyset import PageKey
from auditapp.record.drafts import MISSING, Actor, Change, EventDraft, Target
from auditapp.record.envelope import FIRST_UNITS, opened
from auditapp.record.event_types import KnownType
from auditapp.record.viewer import Viewer

HIDDEN: Final = {"redacted": "hidden"}
PERSONAL_CONTEXT: Final = frozenset({"ip", "user_agent", "reason"})


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event, its type, and how many fields it changed. Values that the viewer may not see are gone from it.

    `erased_by` names the events that recorded the erasure of some of its values.
    """

    event: EventDraft
    type: KnownType
    change_count: int
    leaf_hash: bytes
    erased_by: tuple[UUID, ...] = ()

    @property
    def id(self) -> UUID:
        return self.event.id

    @property
    def key(self) -> str:
        return event_key(self.event.id)

    @property
    def page_key(self) -> PageKey:
        return PageKey(self.event.occurred_at, self.event.id)

    @property
    def resource(self) -> Target | None:
        return self.event.targets[0] if self.event.targets else None


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """The columns that an event is opened from."""

    envelope: bytes
    leaf_hash: bytes
    units: Sequence[bytes | None]
    unit_count: int
    erased_by: Sequence[UUID] | None

    def parsed(self) -> dict[str, Any]:
        parsed: dict[str, Any] = orjson.loads(self.envelope)
        return parsed


def open_row(stored: StoredEvent, envelope: dict[str, Any], kind: KnownType, viewer: Viewer) -> EventRow:
    """The event as this viewer may see it."""
    event = opened(envelope, stored.units)
    if not viewer.sees_personal and event.actor.id not in viewer.own_actor_ids:
        event = without_personal(event, kind)
    changes = (stored.unit_count - len(FIRST_UNITS)) // 2
    return EventRow(event, kind, changes, bytes(stored.leaf_hash), tuple(stored.erased_by or ()))


def without_personal(event: EventDraft, kind: KnownType) -> EventDraft:
    """The event without addresses (e-mail and IP), the actor's own words, and every field that its type declares as personal."""
    paths = kind.personal_paths
    targets = [
        replace(target, name="") if f"targets.{n}.name" in paths or "@" in target.name else target
        for n, target in enumerate(event.targets)
    ]
    context = {key: value for key, value in event.context.items() if key not in PERSONAL_CONTEXT}
    changes = [_hidden(change) if change.path in paths else change for change in event.changes]
    return replace(
        event,
        actor=_without_email(event.actor),
        targets=targets,
        context=context,
        meta=_hide_paths(event.meta, paths),
        changes=changes,
    )


def _without_email(actor: Actor) -> Actor:
    return replace(actor, email=None, real=_without_email(actor.real) if actor.real else None)


def _hidden(change: Change) -> Change:
    return Change(change.path, *(side if side is MISSING else HIDDEN for side in (change.old, change.new)))


def _hide_paths(value: Mapping[str, Any], paths: frozenset[str], prefix: str = "") -> dict[str, Any]:
    hidden: dict[str, Any] = {}
    for key, item in value.items():
        path = f"{prefix}{key}"
        if path in paths:
            hidden[key] = HIDDEN
        else:
            hidden[key] = _hide_paths(item, paths, f"{path}.") if isinstance(item, Mapping) else item
    return hidden
