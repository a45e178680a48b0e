"""One event as it is read: opened from its bytes, with what its reader may not see taken out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from auditapp.lib.ids import event_key
from auditapp.lib.keyset import PageKey
from auditapp.record.drafts import EventDraft, Target
from auditapp.record.envelope import FIRST_UNITS, opened
from auditapp.record.event_types import KnownType
from auditapp.record.masking import is_own, without_personal
from auditapp.record.viewer import Viewer


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
    if not viewer.sees_personal and not is_own(event, viewer):
        event = without_personal(event, kind.personal_paths)
    changes = (stored.unit_count - len(FIRST_UNITS)) // 2
    return EventRow(event, kind, changes, bytes(stored.leaf_hash), tuple(stored.erased_by or ()))
