"""The trail read from its newest end to its oldest for exports: a page at a time, its values as the bytes that are stored.

Only what a viewer may not see is taken apart here; what is written of the rest is decided by whoever exports.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

import orjson

from auditapp.lib.keyset import PageKey
from auditapp.record.binary_rows import binary_rows
from auditapp.record.drafts import MISSING
from auditapp.record.envelope import FIRST_UNITS, opened
from auditapp.record.event_filter import EventFilter
from auditapp.record.event_keys import find_keys
from auditapp.record.event_row import EventRow
from auditapp.record.event_types import KnownType, known_types
from auditapp.record.masking import is_own, masked_envelope, without_personal
from auditapp.record.viewer import Viewer

# Numbered as the keys are, which are here already.
BY_KEYS: Final = """
SELECT k.n, e.type, e.received_at, e.envelope, e.units, e.leaf_hash, e.erased_by
FROM unnest(%(at)b::timestamptz[], %(ids)b::uuid[]) WITH ORDINALITY AS k (occurred_at, id, n)
JOIN event AS e ON e.workspace_id = %(workspace_id)s AND e.occurred_at = k.occurred_at AND e.id = k.id
"""


@dataclass(frozen=True, slots=True)
class SeenEvent:
    """An event as its viewer may see it: the envelope, and the values in the order of `unit_paths`, each as JSON.

    They are parsed one at a time by whoever writes them: a thousand at once keep the garbage collector busier than the writer.
    """

    key: PageKey
    envelope: bytes
    units: Sequence[bytes | None]
    type: KnownType
    leaf_hash: bytes
    erased_by: tuple[UUID, ...]

    def parsed(self) -> dict[str, Any]:
        """The envelope."""
        parsed: dict[str, Any] = orjson.loads(self.envelope)
        return parsed

    def opened(self) -> EventRow:
        """The same as pages show it."""
        changes = (len(self.units) - len(FIRST_UNITS)) // 2
        return EventRow(opened(self.parsed(), self.units), self.type, changes, self.leaf_hash, self.erased_by)


@dataclass(frozen=True, slots=True)
class ExportPage:
    """Events, newest first, and where the next page starts; None at the end of the trail."""

    events: list[SeenEvent]
    end: PageKey | None


def export_page(
    viewer: Viewer, wanted: EventFilter, *, start: PageKey | None, received_until: datetime, size: int
) -> ExportPage:
    """The next events that match and were received by a moment; a page may hold few or none and still not be the last.

    Takes:   start, the end of the page before; received_until, so that what is recorded meanwhile does not come in, however
             long ago it happened
    Raises:  Invalid, from the filter
    """
    found = find_keys(viewer, wanted, limit=size, start=start)
    is_full = len(found.keys) >= size
    end = found.keys[-1] if is_full else found.searched_to
    if not found.keys:
        return ExportPage([], end)
    parameters = {
        "workspace_id": viewer.workspace_id,
        "at": [key.occurred_at for key in found.keys],
        "ids": [key.event_id for key in found.keys],
    }
    rows = sorted(binary_rows(BY_KEYS, parameters), key=itemgetter(0))
    kinds = known_types(viewer.workspace_id, {row[1] for row in rows})
    events = []
    for number, type_key, received_at, envelope, units, leaf_hash, erased_by in rows:
        if received_at > received_until:
            continue
        kind = kinds[type_key]
        if not viewer.sees_personal:
            envelope, units = _without_personal(envelope, units, kind, viewer)
        key = found.keys[number - 1]
        events.append(SeenEvent(key, envelope, units, kind, leaf_hash, tuple(erased_by) if erased_by else ()))
    return ExportPage(events, end)


def _without_personal(
    envelope: bytes, units: Sequence[bytes | None], kind: KnownType, viewer: Viewer
) -> tuple[bytes, Sequence[bytes | None]]:
    """Envelope and values again as somebody sees them who may not see addresses; what was never there or erased stays so."""
    parsed = orjson.loads(envelope)
    event = opened(parsed, units)
    if is_own(event, viewer):
        return envelope, units
    event = without_personal(event, kind.personal_paths)
    targets = [{"type": target.type, "id": target.id, "name": target.name} for target in event.targets]
    values: list[Any] = [event.actor.as_value(), targets, dict(event.context), dict(event.meta)]
    values += [side for change in event.changes for side in (change.old, change.new)]
    seen = [
        None if unit is None or value is MISSING else orjson.dumps(value)
        for unit, value in zip(units, values, strict=True)
    ]
    return orjson.dumps(masked_envelope(parsed)), seen
