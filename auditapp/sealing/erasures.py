"""Recorded erasures: which values of which events somebody was allowed to take away. Erasing itself is in `record`."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import orjson
from django.db import connection

from auditapp.lib.errors import Invalid
from auditapp.lib.ids import parse_event_key

ERASED: Final = "personal_data.erased"
# Only this program erases: an event of this type that came by the API or an import permits nothing.
# Units of an event start with actor, targets, context, meta. What waits for its seal counts: it will be sealed as it is.
ERASURE = """
SELECT e.envelope, e.units[4] FROM event AS e WHERE e.workspace_id = %(workspace_id)s AND e.id = %(id)s AND e.type = %(type)s
AND (EXISTS (SELECT FROM leaf AS l WHERE l.workspace_id = e.workspace_id AND l.event_id = e.id)
     OR EXISTS (SELECT FROM pending AS p WHERE p.workspace_id = e.workspace_id AND p.event_id = e.id))
"""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What one event of the type personal_data.erased lists in its meta: `event_ids` and `units`."""

    id: UUID
    events: frozenset[UUID]
    units: frozenset[str]


class Erasures:
    """The erasures of one workspace, each read once."""

    def __init__(self, workspace_id: int) -> None:
        self._workspace_id = workspace_id
        self._known: dict[UUID, Erasure | None] = {}

    def find(self, erasure_id: UUID) -> Erasure | None:
        """The erasure with this event id; None where no such event tells of one."""
        if erasure_id not in self._known:
            self._known[erasure_id] = self._read(erasure_id)
        return self._known[erasure_id]

    def _read(self, erasure_id: UUID) -> Erasure | None:
        with connection.cursor() as cursor:
            row = cursor.execute(
                ERASURE, {"workspace_id": self._workspace_id, "id": erasure_id, "type": ERASED}
            ).fetchone()
        try:
            is_ours = row is not None and orjson.loads(row[0])["origin"] == "app"
            meta = orjson.loads(row[1]) if is_ours and row[1] is not None else {}
            events = frozenset(parse_event_key(key) for key in meta["event_ids"])
            return Erasure(erasure_id, events, frozenset(meta["units"]))
        except (ValueError, KeyError, TypeError, AttributeError, Invalid):
            return None
