"""Writes events: one raw INSERT each, in the caller's transaction, together with the number that waits for the sealer.

What an event says is decided before (services.py, ingest); nothing here updates or deletes.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import connection

from auditapp.lib.ids import event_key
from auditapp.record.drafts import EventDraft
from auditapp.record.envelope import seal_bytes
from auditapp.record.search_tokens import tokens_of, tsvector_text

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
    Writes:  Event, Pending
    """
    rows = [_row(draft) for draft in drafts]
    with connection.wrap_database_errors, _prepared_cursor() as cursor:
        if len(rows) == 1:
            cursor.execute(INSERT, rows[0][0])
        else:
            cursor.executemany(INSERT, [row for row, _ in rows])  # all in one pipeline
    return [recorded for _, recorded in rows]


@contextmanager
def _prepared_cursor() -> Iterator["psycopg.Cursor[Any]"]:
    """A cursor whose statements PostgreSQL reads and plans once a connection: half of what this INSERT costs otherwise.

    Django's own cursors write the values into the text of the statement, which is another one each time.
    """
    connection.ensure_connection()
    own = connection.connection
    before, own.prepare_threshold = own.prepare_threshold, 0 if _prepares() else None
    try:
        with psycopg.Cursor(own) as cursor:
            yield cursor
    finally:
        own.prepare_threshold = before


def _prepares() -> bool:
    # A Django project that installs this app may leave the setting out.
    return getattr(settings, "DATABASE_PREPARED_STATEMENTS", True)


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
