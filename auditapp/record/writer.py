"""Writes events: one raw INSERT each, in the caller's transaction, together with the number that waits for the sealer.

What an event says is decided before (services.py, ingest); nothing here updates or deletes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from auditapp.lib.ids import event_key
from auditapp.record.attempts import keep_attempts
from auditapp.record.drafts import EventDraft
from auditapp.record.envelope import seal_bytes
from auditapp.record.prepared import prepared_cursor
from auditapp.record.search_tokens import tokens_of, tsvector_text
from auditapp.record.written import tell_followers

# One statement for both rows, so that an event without its place in the queue cannot exist. An imported record that is there
# already keeps its row and is not queued again; all other ids are new.
INSERT = """
WITH written AS (
    INSERT INTO event (workspace_id, occurred_at, id, received_at, type, area, actor_kind, actor_id, resource_type, resource_id,
                       scope_id, outcome, is_read, request_id, session_id, tokens, envelope, leaf_hash, units, salts)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::tsvector, %b, %b, %b, %b)
    ON CONFLICT (workspace_id, occurred_at, id) DO NOTHING
    RETURNING workspace_id, occurred_at, id, leaf_hash, type, actor_id, scope_id, outcome
)
INSERT INTO pending (workspace_id, occurred_at, event_id, leaf_hash, type, actor_id, scope_id, is_failure)
SELECT workspace_id, occurred_at, id, leaf_hash, type, actor_id, scope_id, outcome = 'failure' FROM written
"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the caller learns of an event that was written: its id and the hash that will be sealed."""

    id: UUID
    leaf_hash: bytes

    @property
    def key(self) -> str:
        return event_key(self.id)


def write_events(drafts: Sequence[EventDraft]) -> list[Recorded]:
    """Insert events in the caller's transaction; they are seen by everybody once it commits.

    Takes:   drafts, complete and redacted, all of the workspace that the transaction is in
    Raises:  Invalid, for values that canonical JSON cannot carry
    Writes:  Event, Pending, EventAttempt, and what the followers of written.py keep
    """
    rows = [_row(draft) for draft in drafts]
    with prepared_cursor() as cursor:
        if len(rows) == 1:
            cursor.execute(INSERT, rows[0][0])
        else:
            cursor.executemany(INSERT, [row for row, _ in rows])  # all in one pipeline
    keep_attempts(drafts)
    tell_followers(drafts)
    return [recorded for _, recorded in rows]


def _row(draft: EventDraft) -> tuple[tuple[Any, ...], Recorded]:
    sealed = seal_bytes(draft)
    first = draft.targets[0] if draft.targets else None
    row = (
        draft.workspace_id,
        draft.occurred_at,
        draft.id,
        draft.received_at,
        draft.type,
        draft.area,
        draft.actor.kind,
        draft.actor.id,
        first.type if first else "",
        first.id if first else "",
        draft.scope_id,
        draft.outcome,
        draft.is_read,
        draft.context.get("request_id"),
        draft.context.get("session_id"),
        tsvector_text(tokens_of(draft)),
        sealed.envelope,
        sealed.leaf_hash,
        sealed.units,
        sealed.salts,
    )
    return row, Recorded(draft.id, sealed.leaf_hash)
