"""How events and their types look in the API: the fields of Segment's Public API with its names, then those that it lacks."""

from base64 import b64encode
from typing import Any
from uuid import UUID

from auditapp.catalogue import registry
from auditapp.lib.clock import utc_text
from auditapp.lib.ids import event_key
from auditapp.record.attempts import attempt_of
from auditapp.record.drafts import MISSING, Change, Target
from auditapp.record.event_row import EventRow
from auditapp.record.event_types import KnownType
from auditapp.record.scopes import section_scope
from auditapp.sealing.queries import Proof


def event_answer(row: EventRow, index: int | None) -> dict[str, Any]:
    """One event; what its reader may not see is gone from the row already.

    Takes:   index, of its leaf; None where it waits for its seal
    """
    event = row.event
    resource = row.resource or Target("", "")
    answer: dict[str, Any] = {
        "id": row.key,
        "timestamp": utc_text(event.occurred_at),
        "type": row.type.name,
        "actor": event.actor.id,
        "resourceId": resource.id,
        "resourceType": resource.type,
        "resourceName": resource.name,
        "eventType": row.type.key,
        "declared": row.type.is_declared,
        "area": event.area,
        "outcome": event.outcome,
        "actorName": event.actor.name,
        "actorKind": event.actor.kind,
        "targets": [{"type": target.type, "id": target.id, "name": target.name} for target in event.targets],
        "changes": [_change(change) for change in event.changes],
        "changeCount": row.change_count,
        "meta": event.meta,
        "ip": event.context.get("ip"),
        "userAgent": event.context.get("user_agent"),
        "requestId": event.context.get("request_id"),
        "sessionId": event.context.get("session_id"),
        "reason": event.context.get("reason"),
        "scopeId": event.scope_id,
        "receivedAt": utc_text(event.received_at),
        "sealed": None if index is None else {"index": index},
        "leafHash": row.leaf_hash.hex(),
        "erasedBy": [event_key(erasure) for erasure in row.erased_by],
    }
    for link in ("reverts", "restores"):
        if link in event.context:
            answer[link] = event.context[link]
    if attempt := attempt_of(event):
        answer |= {"task": attempt.task, "attempt": attempt.number, "of": attempt.of}
        if event.outcome == "failure":
            answer["final"] = attempt.is_final
    # Segment leaves it out where the actor is no person; its SDKs read null as text.
    if event.actor.email:
        answer["actorEmail"] = event.actor.email
    if real := event.actor.real:
        answer["realActor"] = {"id": real.id, "name": real.name} | ({"email": real.email} if real.email else {})
    return answer


def proof_answer(proof: Proof) -> dict[str, Any]:
    """What proves that a leaf is below a signed root, hashes in base64 as in the note."""
    return {
        "index": proof.index,
        "size": proof.size,
        "path": [b64encode(node).decode() for node in proof.path],
        "checkpoint": proof.note,
    }


def recorded_answer(event_id: UUID, leaf_hash: bytes) -> dict[str, str]:
    """What a sender learns of an event that was recorded."""
    return {"id": event_key(event_id), "leafHash": leaf_hash.hex()}


def type_answer(kind: KnownType, events: int) -> dict[str, Any]:
    """One event type. A type of the catalogue also has a sample and its fields; one of a workspace its schema.

    Takes:   events, how many sealed ones there are
    """
    answer: dict[str, Any] = {
        "key": kind.key,
        "name": kind.name,
        "area": kind.area,
        "resourceType": kind.resource_type,
        "verb": kind.verb,
        "risk": kind.risk,
        "sentence": kind.sentence,
        "source": kind.source,
        "events": events,
    }
    if scope := section_scope(kind):
        answer["scope"] = scope
    if kind.schema is not None:
        answer["schema"] = kind.schema
    if kind.source == "workspace" and kind.personal_paths:
        answer["sensitivePaths"] = sorted(kind.personal_paths)
    if declared := registry.event_type(kind.key):
        answer["sample"] = declared.sample
        answer["fields"] = [
            {"path": field.path, "label": field.label, "sensitivity": field.sensitivity} for field in declared.fields
        ]
    return answer


def _change(change: Change) -> dict[str, Any]:
    sides = {side: value for side, value in (("old", change.old), ("new", change.new)) if value is not MISSING}
    return {"path": change.path, **sides}
