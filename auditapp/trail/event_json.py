"""One event as JSON: what the page shows raw, what an export writes a line of, and what the API and the importer take."""

import json
from typing import Any, Final

from auditapp.lib.clock import utc_text
from auditapp.lib.ids import event_key
from auditapp.lib.visible_text import Run, visible
from auditapp.record.drafts import MISSING, Actor, Change, Target
from auditapp.record.event_row import EventRow

CONTEXT_NAMES: Final = {
    "user_agent": "userAgent",
    "request_id": "requestId",
    "session_id": "sessionId",
    "token_id": "tokenId",
}


def event_as_json(row: EventRow, *, leaf_index: int | None = None) -> dict[str, Any]:
    """The event as this row's viewer may see it; what was erased or never there is left out.

    Takes:   leaf_index, its place in the sealed log, None while it waits
    """
    event = row.event
    value: dict[str, Any] = {
        "id": row.key,
        "type": event.type,
        "eventName": row.type.name,
        "area": event.area,
        "occurredAt": utc_text(event.occurred_at),
        "receivedAt": utc_text(event.received_at),
        "outcome": event.outcome,
        "actor": actor_as_json(event.actor),
        "targets": [target_as_json(target) for target in event.targets],
        "changes": [change_as_json(change) for change in event.changes],
        "meta": dict(event.meta),
        "reason": event.context.get("reason"),
        "context": {CONTEXT_NAMES.get(key, key): item for key, item in event.context.items() if key != "reason"},
        "scopeId": event.scope_id,
        "origin": event.origin,
        "leafHash": row.leaf_hash.hex(),
        "leafIndex": leaf_index,
    }
    if row.erased_by:
        value["erasedBy"] = [event_key(event_id) for event_id in row.erased_by]
    return value


def actor_as_json(actor: Actor) -> dict[str, Any]:
    """Who acted, and who was behind them; without an e-mail address where there is none or it is hidden."""
    value: dict[str, Any] = {"kind": actor.kind, "id": actor.id, "name": actor.name}
    if actor.email:
        value["email"] = actor.email
    if actor.real:
        value["real"] = actor_as_json(actor.real)
    return value


def target_as_json(target: Target) -> dict[str, str]:
    """A resource by kind, id and the name it had."""
    return {"type": target.type, "id": target.id, "name": target.name}


def change_as_json(change: Change) -> dict[str, Any]:
    """A field before and after; a side is left out where the field was added or removed."""
    sides = {"old": change.old, "new": change.new}
    return {"path": change.path, **{name: side for name, side in sides.items() if side is not MISSING}}


def readable_json(value: dict[str, Any]) -> str:
    """The value as indented JSON for the eye: unseen characters are escaped, and it is still the same JSON."""
    lines = json.dumps(value, ensure_ascii=False, indent=2).split("\n")
    return "\n".join("".join(_escaped(run) for run in visible(line)) for line in lines)


def _escaped(run: Run) -> str:
    return json.dumps(chr(int(run.text.removeprefix("U+"), 16)))[1:-1] if run.is_escape else run.text
