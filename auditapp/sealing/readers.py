"""Named readers of the sealed log: each goes forward by leaf index, from a stored position, and can skip nothing.

What a reader does with events is its own package's matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from auditapp.lib import clock
from auditapp.lib.errors import Conflict
from auditapp.record.binary_rows import binary_rows
from auditapp.record.event_row import StoredEvent
from auditapp.sealing.models import Reader

MAX_LIMIT: Final = 5_000
# Leaves have no gaps: two bounds do what a LIMIT would, and the planner cannot think that it must read the rest of the log.
LEAVES = """
SELECT index, event_id, occurred_at FROM leaf WHERE workspace_id = %s AND index >= %s AND index < %s ORDER BY index
"""
# Each event by its key, between the times of the leaves: given as values, these let the planner open one month or two. LATERAL
# and LIMIT keep it from joining the event table as a whole.
EVENTS = """
SELECT e.id, e.envelope, e.leaf_hash, e.units, cardinality(e.units), e.erased_by
FROM unnest(%(at)s::timestamptz[], %(ids)s::uuid[]) AS k (occurred_at, id) CROSS JOIN LATERAL (
    SELECT * FROM event WHERE workspace_id = %(workspace_id)s AND occurred_at = k.occurred_at AND id = k.id
    AND occurred_at BETWEEN %(since)s AND %(until)s LIMIT 1
) AS e
"""
START = """
INSERT INTO reader (workspace_id, name, position, moved_at) VALUES (%s, %s, %s, %s) ON CONFLICT (workspace_id, name) DO NOTHING
"""
MOVE = "UPDATE reader SET position = %s, moved_at = %s WHERE workspace_id = %s AND name = %s AND position = %s"


class ReaderMoved(Conflict):
    """Another worker has moved this reader meanwhile. Read again from where it stands."""


@dataclass(frozen=True, slots=True)
class SealedEvent:
    """One place of the log. `stored` is None where somebody took the event away: the place is still told of."""

    index: int
    event_id: UUID
    stored: StoredEvent | None


@dataclass(frozen=True, slots=True)
class Forward:
    """What a reader reads next: the events from index `start` on, in the order of the log."""

    start: int
    events: Sequence[SealedEvent]

    @property
    def end(self) -> int:
        """Where the reader stands once it is done with all of them."""
        return self.events[-1].index + 1 if self.events else self.start


def reader_position(workspace_id: int, name: str) -> int:
    """The index that the reader reads next; 0 where it never read."""
    return Reader.objects.filter(workspace_id=workspace_id, name=name).values_list("position", flat=True).first() or 0


def read_forward(workspace_id: int, name: str, limit: int = 500) -> Forward:
    """The next events for this reader, whose caller is in the workspace; none where it has read all that is sealed.

    Takes:   limit, events, 1 to 5_000
    """
    start = reader_position(workspace_id, name)
    leaves = binary_rows(LEAVES, [workspace_id, start, start + min(limit, MAX_LIMIT)])
    if not leaves:
        return Forward(start, [])
    events = binary_rows(EVENTS, event_keys(workspace_id, [leaf[1:] for leaf in leaves]))
    stored = {event_id: StoredEvent(*columns) for event_id, *columns in events}
    return Forward(start, [SealedEvent(index, event_id, stored.get(event_id)) for index, event_id, _ in leaves])


def event_keys(workspace_id: int, leaves: Sequence[tuple[UUID, datetime]]) -> dict[str, Any]:
    """What finds the events of some leaves: their keys, and the times between which they lie."""
    at = [occurred_at for _, occurred_at in leaves]
    ids = [event_id for event_id, _ in leaves]
    return {"workspace_id": workspace_id, "at": at, "ids": ids, "since": min(at), "until": max(at)}


def move_reader(workspace_id: int, name: str, *, start: int, end: int) -> None:
    """Put the reader from `start`, where it must stand, forward to `end`, in the caller's transaction.

    Before its first read, this is also how a reader begins at the end of the log: from 0 to its size.

    Raises:  ReaderMoved, when it stands elsewhere; ValueError, when this is not forward
    Writes:  Reader
    """
    if not 0 <= start <= end:
        raise ValueError(f"a reader goes forward, not from {start} to {end}")
    with connection.cursor() as cursor:
        if start == 0:
            cursor.execute(START, [workspace_id, name, 0, clock.now()])
        cursor.execute(MOVE, [end, clock.now(), workspace_id, name, start])
        if cursor.rowcount != 1:
            raise ReaderMoved
