"""What a sender's idempotency keys stand for: the same key and event is the same event, however often and by whomever it is sent.

Rows are only ever added here; a job of `record` takes away those that are old.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import connection

from auditapp.lib import clock
from auditapp.lib.canonical_json import canonical_bytes
from auditapp.record.writer import Recorded

# As one array: a thousand parameters take Django's ORM longer than the rest of a batch's keys.
KEPT = """
SELECT i.key_digest, i.body_digest, i.event_id, i.leaf_hash FROM idempotency AS i
WHERE i.workspace_id = %s AND i.key_digest = ANY(%s::bytea[])
"""
# In the order of the keys: two batches with the same keys in another order would wait for each other for ever. Where another
# transaction has just taken a key, this waits for its end and then leaves the row out of what comes back.
KEEP = """
INSERT INTO idempotency (workspace_id, key_digest, body_digest, event_id, leaf_hash, created_at)
SELECT %s, k.key_digest, k.body_digest, k.event_id, k.leaf_hash, %s
FROM unnest(%s::bytea[], %s::bytea[], %s::uuid[], %s::bytea[]) AS k (key_digest, body_digest, event_id, leaf_hash)
ORDER BY k.key_digest
ON CONFLICT DO NOTHING
"""


class KeyTaken(Exception):
    """Another transaction has recorded an event with one of these keys meanwhile; what this one wrote must be rolled back."""


@dataclass(frozen=True, slots=True)
class Key:
    """An idempotency key with the event it was sent with, both as SHA-256."""

    digest: bytes
    body_digest: bytes


def key_of(text: str, item: dict[str, Any]) -> Key:
    """The key and the event as sent, without the key: two spellings of the same JSON are the same event."""
    body = {name: value for name, value in item.items() if name != "idempotencyKey"}
    return Key(sha256(text.encode()).digest(), sha256(canonical_bytes(body)).digest())


def kept_events(workspace_id: int, keys: Iterable[Key]) -> dict[bytes, tuple[bytes, Recorded]]:
    """By the digest of each key that is known: the digest of its body, and the event it stands for."""
    with connection.cursor() as cursor:
        cursor.execute(KEPT, [workspace_id, list({key.digest for key in keys})])
        return {bytes(key): (bytes(body), Recorded(id_, bytes(leaf))) for key, body, id_, leaf in cursor.fetchall()}


def keep_keys(workspace_id: int, keyed: Sequence[tuple[Key, Recorded]]) -> None:
    """Let each of these keys stand for its event from now on; each key occurs once.

    Raises:  KeyTaken
    Writes:  Idempotency
    """
    if not keyed:
        return
    columns: tuple[list[bytes], list[bytes], list[UUID], list[bytes]] = (
        [key.digest for key, _ in keyed],
        [key.body_digest for key, _ in keyed],
        [recorded.id for _, recorded in keyed],
        [recorded.leaf_hash for _, recorded in keyed],
    )
    with connection.cursor() as cursor:
        cursor.execute(KEEP, [workspace_id, clock.now(), *columns])
        if cursor.rowcount != len(keyed):
            raise KeyTaken
