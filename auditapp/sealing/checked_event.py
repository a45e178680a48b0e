"""An event with all its columns, as it is read to be checked; how it is checked is in event_check.py."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID


class CheckedEvent(NamedTuple):
    """All columns of an event, in the order of COLUMNS."""

    occurred_at: datetime
    id: UUID
    received_at: datetime
    type: str
    area: str
    actor_kind: str
    actor_id: str
    resource_type: str
    resource_id: str
    scope_id: str | None
    outcome: str
    is_read: bool
    request_id: str | None
    session_id: str | None
    tokens: Sequence[str]
    envelope: bytes
    leaf_hash: bytes
    units: Sequence[bytes | None]
    salts: Sequence[bytes | None]
    erased_by: Sequence[UUID] | None


COLUMNS: Final = (
    "e.occurred_at, e.id, e.received_at, e.type, e.area, e.actor_kind, e.actor_id, e.resource_type, e.resource_id, e.scope_id,"
    " e.outcome, e.is_read, e.request_id, e.session_id, tsvector_to_array(e.tokens), e.envelope, e.leaf_hash, e.units, e.salts,"
    " e.erased_by"
)
BY_ID: Final = f"SELECT {COLUMNS} FROM event AS e WHERE e.workspace_id = %s AND e.id = %s LIMIT 1"  # noqa: S608  a constant
# By their keys, as readers read them: see readers.py for the shape.
BY_KEYS: Final = f"""
SELECT {COLUMNS} FROM unnest(%(at)s::timestamptz[], %(ids)s::uuid[]) AS k (occurred_at, id) CROSS JOIN LATERAL (
    SELECT * FROM event WHERE workspace_id = %(workspace_id)s AND occurred_at = k.occurred_at AND id = k.id
    AND occurred_at BETWEEN %(since)s AND %(until)s LIMIT 1
) AS e
"""  # noqa: S608  a constant
