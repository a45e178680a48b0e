"""The bytes of an event that are hashed: an envelope without personal data, and one salted commitment for each value.

A value can be erased with its salt and the hash still stands. Database rows are made of this in writer.py.

The envelope is canonical JSON (RFC 8785):
{"v":1,"id","ws","type","area","occurred_at","received_at","actor","actor_kind","resource":[type,id],"scope","outcome","read",
 "origin","c":{"actor","targets","context","meta","changes":[[path, old, new], ...]}}
where each value under "c" is the commitment in base64, or null where there was no value.
"""

import os
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import orjson

from auditapp.lib.canonical_json import canonical_bytes
from auditapp.lib.clock import parse_utc, utc_text
from auditapp.lib.errors import Invalid
from auditapp.merkle.hashing import leaf_hash
from auditapp.record.drafts import MISSING, Actor, Change, EventDraft, Target

VERSION: Final = 1
SALT_BYTES: Final = 16
# C2SP tlog-tiles entry bundles carry a length of 16 bits.
MAX_ENVELOPE_BYTES: Final = 65_535
FIRST_UNITS: Final = ("actor", "targets", "context", "meta")
_COMMIT: Final = b"audit.commit.v1\x00"


@dataclass(frozen=True, slots=True)
class SealedBytes:
    """An event's envelope, its leaf hash, and what it commits to, in the order of `unit_paths`."""

    envelope: bytes
    leaf_hash: bytes
    units: list[bytes | None]
    salts: list[bytes | None]


def commitment(path: str, salt: bytes, value: bytes) -> bytes:
    """The 32 bytes that bind a value without showing it.

    Takes:   path, as in `unit_paths`; salt, 16 random bytes; value, canonical JSON
    """
    return sha256(_COMMIT + path.encode() + b"\x00" + salt + value).digest()


def unit_paths(changes: int) -> list[str]:
    """The paths of an event's values in the order in which they are stored, for this many changes."""
    return [*FIRST_UNITS, *(f"changes/{number}/{side}" for number in range(changes) for side in ("old", "new"))]


def committed(envelope: dict[str, Any]) -> list[str | None]:
    """The commitments of a parsed envelope in the order of `unit_paths`: base64, None where there was no value."""
    values = envelope["c"]
    return [*(values[unit] for unit in FIRST_UNITS), *(side for change in values["changes"] for side in change[1:])]


def seal_bytes(draft: EventDraft) -> SealedBytes:
    """Everything about an event that its hash covers.

    Raises:  Invalid, with a pointer, for values that canonical JSON cannot carry or an envelope over 65,535 bytes
    """
    units: list[bytes | None] = []
    salts: list[bytes | None] = []
    commitments: list[str | None] = []
    randomness = os.urandom(SALT_BYTES * (len(FIRST_UNITS) + 2 * len(draft.changes)))
    for number, (path, value) in enumerate(zip(unit_paths(len(draft.changes)), _values(draft), strict=True)):
        if value is MISSING:
            units.append(None)
            salts.append(None)
            commitments.append(None)
            continue
        salt, unit = randomness[number * SALT_BYTES : (number + 1) * SALT_BYTES], _canonical(path, value)
        units.append(unit)
        salts.append(salt)
        commitments.append(b64encode(commitment(path, salt, unit)).decode())
    envelope = canonical_bytes(_envelope(draft, commitments))
    if len(envelope) > MAX_ENVELOPE_BYTES:
        raise Invalid(
            f"The event has too many changes: its envelope would have {len(envelope):,} of {MAX_ENVELOPE_BYTES:,} bytes."
        )
    return SealedBytes(envelope, leaf_hash(envelope), units, salts)


def _values(draft: EventDraft) -> Iterator[Any]:
    yield draft.actor.as_value()
    yield [{"type": target.type, "id": target.id, "name": target.name} for target in draft.targets] or MISSING
    yield dict(draft.context) or MISSING
    yield dict(draft.meta) or MISSING
    for change in draft.changes:
        yield change.old
        yield change.new


def _canonical(path: str, value: Any) -> bytes:
    try:
        return canonical_bytes(value)
    except Invalid as refused:
        raise Invalid(refused.message, pointer=f"/{path}{refused.pointer}", code="not_canonical") from None


def _envelope(draft: EventDraft, commitments: list[str | None]) -> dict[str, Any]:
    sides = commitments[len(FIRST_UNITS) :]
    changes = [[change.path, sides[2 * n], sides[2 * n + 1]] for n, change in enumerate(draft.changes)]
    first = draft.targets[0] if draft.targets else None
    return {
        "v": VERSION,
        "id": str(draft.id),
        "ws": f"ws_{draft.workspace_id}",
        "type": draft.type,
        "area": draft.area,
        "occurred_at": utc_text(draft.occurred_at),
        "received_at": utc_text(draft.received_at),
        "actor": draft.actor.id,
        "actor_kind": draft.actor.kind,
        "resource": [first.type, first.id] if first else ["", ""],
        "scope": draft.scope_id,
        "outcome": draft.outcome,
        "read": draft.is_read,
        "origin": draft.origin,
        "c": {**dict(zip(FIRST_UNITS, commitments, strict=False)), "changes": changes},
    }


def opened(envelope: dict[str, Any], units: Sequence[bytes | None]) -> EventDraft:
    """The event again, from its parsed envelope and values; what was erased is empty, and a change's sides MISSING.

    Takes:   units, from the first on; later ones may be left out (a list shows few changes)
    """
    values: list[Any] = [MISSING if unit is None else orjson.loads(unit) for unit in units]
    values += [MISSING] * (len(FIRST_UNITS) - len(values))
    actor, targets, context, meta = (None if value is MISSING else value for value in values[: len(FIRST_UNITS)])
    sides = values[len(FIRST_UNITS) :]
    changes = [
        Change(change[0], *sides[2 * n : 2 * n + 2])
        for n, change in enumerate(envelope["c"]["changes"])
        if 2 * n < len(sides)
    ]
    first = Target(*envelope["resource"])
    return EventDraft(
        workspace_id=int(envelope["ws"].removeprefix("ws_")),
        id=UUID(envelope["id"]),
        type=envelope["type"],
        area=envelope["area"],
        actor=_actor(actor) if actor else Actor(envelope["actor_kind"], envelope["actor"]),
        targets=[Target(**target) for target in targets] if targets else [first] if first.type or first.id else [],
        occurred_at=parse_utc(envelope["occurred_at"]),
        received_at=parse_utc(envelope["received_at"]),
        origin=envelope["origin"],
        scope_id=envelope["scope"],
        outcome=envelope["outcome"],
        is_read=envelope["read"],
        context=context or {},
        meta=meta or {},
        changes=changes,
    )


def _actor(value: dict[str, Any]) -> Actor:
    real = value.get("real")
    return Actor(value["kind"], value["id"], value["name"], value.get("email"), _actor(real) if real else None)
