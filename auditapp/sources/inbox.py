"""The inbox of a source: its events in the order in which they came in, numbered without gaps under the lock of its head.

What is decided about an event before it gets here is the pipeline's matter; who reads it from here on goes by its index.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from auditapp.lib import clock
from auditapp.lib.errors import NotFound
from auditapp.record.binary_rows import binary_rows
from auditapp.record.prepared import prepared_cursor

ACCEPTED: Final = "accepted"
# Another event with a message id of the last two days is the same one, sent again.
SAME_FOR: Final = timedelta(hours=48)
MAX_LIMIT: Final = 5_000

LOCK_ALL = "SELECT 1 FROM source_head WHERE workspace_id = %s AND source_id = ANY(%s) ORDER BY source_id FOR UPDATE"
LOCK = "SELECT next_index FROM source_head WHERE workspace_id = %s AND source_id = %s FOR UPDATE"
KNOWN = """
SELECT message_id FROM source_event
WHERE workspace_id = %s AND source_id = %s AND message_id = ANY(%b) AND received_at >= %s AND received_at <= %s
"""
INSERT = """
INSERT INTO source_event (workspace_id, source_id, index, received_at, message_id, type, name, verdict, payload)
SELECT %(workspace_id)s, %(source_id)s, %(start)s + one.n - 1, %(received_at)s,
       one.message_id, one.type, one.name, one.verdict, one.payload
FROM unnest(%(message_ids)b::text[], %(types)b::text[], %(names)b::text[], %(verdicts)b::text[], %(payloads)b::bytea[])
     WITH ORDINALITY AS one (message_id, type, name, verdict, payload, n)
"""
MOVE = "UPDATE source_head SET next_index = %s WHERE workspace_id = %s AND source_id = %s"
COUNT = """
INSERT INTO source_count AS c (workspace_id, source_id, hour, type, name, verdict, events, last_at)
SELECT %(workspace_id)s, %(source_id)s, date_trunc('hour', %(received_at)s::timestamptz, 'UTC'),
       one.type, one.name, one.verdict, one.events, %(received_at)s
FROM unnest(%(types)s::text[], %(names)s::text[], %(verdicts)s::text[], %(counts)s::int[]) AS one (type, name, verdict, events)
ON CONFLICT (workspace_id, source_id, hour, type, name, verdict)
DO UPDATE SET events = c.events + EXCLUDED.events, last_at = greatest(c.last_at, EXCLUDED.last_at)
"""
BY_MESSAGE = """
SELECT index, received_at, message_id, type, name, verdict, payload FROM source_event
WHERE workspace_id = %s AND source_id = %s AND message_id = %s ORDER BY received_at DESC LIMIT 1
"""
# Partitions have an index by message id each, and there are as many as weeks are kept.
AMONG = """
SELECT DISTINCT ON (source_id, message_id) source_id, message_id, index, verdict FROM source_event
WHERE workspace_id = %s AND source_id = ANY(%s) AND message_id = ANY(%s) ORDER BY source_id, message_id, received_at DESC
"""
# Two bounds do what a LIMIT would: the index has no gaps.
FORWARD = """
SELECT index, received_at, message_id, type, name, verdict, payload FROM source_event
WHERE workspace_id = %s AND source_id = %s AND index >= %s AND index < %s ORDER BY index
"""


class SourceGone(NotFound):
    """The source was deleted while its events were on their way."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """An event as it goes into the inbox.

    `name` is the event of a track call, the name of a page or screen, else ""; `counted_as` is the name it is counted by, which
    for a source that makes up names without end is "".
    """

    message_id: str
    type: str
    name: str
    payload: bytes
    verdict: str = ACCEPTED
    counted_as: str | None = None


@dataclass(frozen=True, slots=True)
class InboxEvent:
    """An event in the inbox."""

    index: int
    received_at: datetime
    message_id: str
    type: str
    name: str
    verdict: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """Where an event is in the inbox of a source, and what was decided about it."""

    source_id: str
    message_id: str
    index: int
    verdict: str


def lock_heads(workspace_id: int, source_ids: Iterable[str]) -> None:
    """Keep other writers out of these sources until the caller's transaction ends.

    All that is written about what came into a source is written under this lock, and who needs several takes them here, in one
    order: no two transactions wait for each other.
    """
    with prepared_cursor() as cursor:
        cursor.execute(LOCK_ALL, [workspace_id, sorted(source_ids)]).fetchall()


def append(workspace_id: int, source_id: str, incoming: Sequence[Incoming]) -> list[int | None]:
    """Put events into the inbox in the caller's transaction, whose other writers to this source wait until it ends.

    Gives:   the index of each; None for one whose message id came in within the last 48 hours, or twice here
    Raises:  SourceGone
    Writes:  SourceEvent, SourceHead, SourceCount
    """
    where = [workspace_id, source_id]
    with prepared_cursor() as cursor:
        head = cursor.execute(LOCK, where).fetchone()
        if head is None:
            raise SourceGone
        # After the lock, so that times in the inbox go forward as its numbers do.
        received_at = clock.now()
        known = [one.message_id for one in incoming]
        seen = {
            row[0] for row in cursor.execute(KNOWN, [*where, known, received_at - SAME_FOR, received_at]).fetchall()
        }
        new: list[Incoming] = []
        indexes: list[int | None] = []
        for one in incoming:
            is_new = one.message_id not in seen
            indexes.append(head[0] + len(new) if is_new else None)
            if is_new:
                seen.add(one.message_id)
                new.append(one)
        if new:
            told = {"workspace_id": workspace_id, "source_id": source_id, "received_at": received_at}
            cursor.execute(INSERT, told | {"start": head[0]} | _columns(new))
            cursor.execute(MOVE, [head[0] + len(new), *where])
            cursor.execute(COUNT, told | _counts(new))
    return indexes


def count_rejected(workspace_id: int, source_id: str, codes: Mapping[str, int]) -> None:
    """Count calls that became no event, by the code of why, in the caller's transaction.

    Writes:  SourceCount
    """
    ordered = sorted(codes.items())
    told = {"workspace_id": workspace_id, "source_id": source_id, "received_at": clock.now()}
    columns = {
        "types": [""] * len(ordered),
        "names": [""] * len(ordered),
        "verdicts": [code for code, _ in ordered],
        "counts": [count for _, count in ordered],
    }
    with prepared_cursor() as cursor:
        cursor.execute(COUNT, told | columns)


def read_inbox(workspace_id: int, source_id: str, start: int, *, limit: int = 500) -> list[InboxEvent]:
    """Events from an index on, in their order; none where nothing came in since, or what was there is no longer kept.

    Takes:   limit, events, 1 to 5_000
    """
    end = start + min(limit, MAX_LIMIT)
    return [InboxEvent(*row) for row in binary_rows(FORWARD, [workspace_id, source_id, start, end])]


def find_messages(workspace_id: int, source_ids: Sequence[str], message_ids: Sequence[str]) -> list[Found]:
    """The places of the events with these message ids in these sources, of those that their inboxes still keep; one query."""
    return [Found(*row) for row in binary_rows(AMONG, [workspace_id, list(source_ids), list(message_ids)])]


def find_message(workspace_id: int, source_id: str, message_id: str) -> InboxEvent | None:
    """The event with this message id, of those that the inbox still keeps."""
    rows = (
        binary_rows(BY_MESSAGE, [workspace_id, source_id, message_id])
        if message_id and "\x00" not in message_id
        else []
    )
    return InboxEvent(*rows[0]) if rows else None


def _columns(new: Sequence[Incoming]) -> dict[str, Any]:
    return {
        "message_ids": [one.message_id for one in new],
        "types": [one.type for one in new],
        "names": [one.name for one in new],
        "verdicts": [one.verdict for one in new],
        "payloads": [one.payload for one in new],
    }


def _counts(new: Sequence[Incoming]) -> dict[str, Any]:
    counts = Counter((one.type, one.name if one.counted_as is None else one.counted_as, one.verdict) for one in new)
    # In one order, so that two transactions never wait for each other's rows.
    ordered = sorted(counts.items())
    return {
        "types": [key[0] for key, _ in ordered],
        "names": [key[1] for key, _ in ordered],
        "verdicts": [key[2] for key, _ in ordered],
        "counts": [count for _, count in ordered],
    }
