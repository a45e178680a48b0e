"""The proof of one event as a file: enough for a stranger with the public key and `merkle/` to check it.

A value is in it only where this viewer sees the whole of it; for what is left out its commitment in the envelope stands. The
envelope itself is left out where an id or a path in it is an address that is hidden from them: then the hash alone is proven.
"""

from base64 import b64encode
from collections.abc import Iterator
from typing import Any, Final

import orjson
from django.db import connection

from auditapp.lib.canonical_json import canonical_bytes
from auditapp.record.drafts import MISSING
from auditapp.record.envelope import unit_paths
from auditapp.record.event_row import EventRow
from auditapp.sealing.checked_event import BY_ID, CheckedEvent
from auditapp.sealing.keys import known_verifiers
from auditapp.sealing.queries import Proof

FORMAT: Final = "audit.proof.v1"


def proof_file(workspace_id: int, row: EventRow, proof: Proof | None) -> dict[str, Any]:
    """Envelope, values with their salts, and the way to the signed root, as JSON.

    Takes:   row, as its viewer sees it; proof, None while the event waits for its seal
    """
    with connection.cursor() as cursor:
        stored = CheckedEvent._make(cursor.execute(BY_ID, [workspace_id, row.id]).fetchone())
    return {
        "format": FORMAT,
        "event": row.key,
        "envelope": _text(stored.envelope) if _is_seen_whole(row, orjson.loads(stored.envelope)) else None,
        "leafHash": _text(stored.leaf_hash),
        "values": dict(_values(stored, row)),
        "inclusion": _inclusion(proof) if proof else None,
        "publicKeys": [verifier.format() for verifier in known_verifiers()],
        "how": "leafHash is SHA-256(0x00 || envelope). A value's commitment in the envelope is SHA-256("
        '"audit.commit.v1" || 0x00 || path || 0x00 || salt || value). The path leads from leafHash to the root '
        "of the checkpoint as in RFC 6962; the checkpoint is a signed note of C2SP. All bytes are base64.",
    }


def _is_seen_whole(row: EventRow, envelope: dict[str, Any]) -> bool:
    event, resource = row.event, row.resource
    return (
        envelope["actor"] == event.actor.id
        and envelope["resource"] == ([resource.type, resource.id] if resource else ["", ""])
        and envelope["scope"] == event.scope_id
        and [change[0] for change in envelope["c"]["changes"]] == [change.path for change in event.changes]
    )


def _inclusion(proof: Proof) -> dict[str, Any]:
    return {
        "leafIndex": proof.index,
        "treeSize": proof.size,
        "path": [_text(hash_) for hash_ in proof.path],
        "checkpoint": proof.note,
    }


def _values(stored: CheckedEvent, row: EventRow) -> Iterator[tuple[str, dict[str, str]]]:
    paths = unit_paths(row.change_count)
    for path, seen, unit, salt in zip(paths, _seen(row), stored.units, stored.salts, strict=True):
        if unit is not None and salt is not None and seen is not MISSING and canonical_bytes(seen) == bytes(unit):
            yield path, {"value": _text(unit), "salt": _text(salt)}


def _seen(row: EventRow) -> Iterator[Any]:
    """What the viewer sees of each value, in the order in which they are sealed."""
    event = row.event
    yield event.actor.as_value()
    yield [{"type": target.type, "id": target.id, "name": target.name} for target in event.targets]
    yield dict(event.context)
    yield dict(event.meta)
    for change in event.changes:
        yield change.old
        yield change.new


def _text(raw: bytes) -> str:
    return b64encode(bytes(raw)).decode()
