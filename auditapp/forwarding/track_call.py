"""An audit event as the `track` call that forwards it. Pure: the same event gives the same call for ever.

Shaped as Segment's (facts of captured deliveries), with what its users miss: the event's own name, the e-mail of who acted,
every target, every change.
"""

from datetime import datetime
from typing import Any, Final

from auditapp.lib.clock import utc_text
from auditapp.lib.ids import event_key
from auditapp.record.drafts import MISSING, Actor, Change, EventDraft, Target
from auditapp.record.event_types import KnownType

# Segment's one name for every forwarded event, and its id for what nobody in particular did.
ONE_NAME: Final = "Audit"
TEST_NAME: Final = "Audit Test"
SYSTEM_USER: Final = "__system__"
LIBRARY: Final = {"name": "audit-forwarding", "version": "1"}
_NOBODY: Final = Target("", "")


def track_call(
    event: EventDraft, kind: KnownType, *, workspace_slug: str, forwarded_at: datetime, has_one_name: bool = False
) -> dict[str, Any]:
    """The call for one event.

    Takes:   event, with all its values but those that were erased; has_one_name, Segment's old form: the event is called
             "Audit", its type is its display name, and `details` stands beside the rest
    """
    resource = event.targets[0] if event.targets else _NOBODY
    properties: dict[str, Any] = {
        "type": kind.name if has_one_name else event.type,
        "area": event.area,
        "workspace_id": f"ws_{event.workspace_id}",
        "workspace": workspace_slug,
        "event_id": event_key(event.id),
        "outcome": event.outcome,
        "risk": str(kind.risk),
        "actor": _actor(event.actor),
        "resource": _target(resource),
        "targets": [_target(target) for target in event.targets],
        "changes": [_change(change) for change in event.changes],
        "meta": dict(event.meta),
    }
    if has_one_name:
        properties["details"] = _details(event, resource)
    happened = utc_text(event.occurred_at)
    return {
        "type": "track",
        "event": ONE_NAME if has_one_name else kind.name,
        "userId": SYSTEM_USER if event.actor.kind == "system" else event.actor.id,
        "messageId": f"audit-{event_key(event.id)}",
        "timestamp": happened,
        "originalTimestamp": happened,
        "sentAt": utc_text(forwarded_at),
        "receivedAt": utc_text(forwarded_at),
        "channel": "server",
        "version": 2,
        "context": _context(event),
        "integrations": {},
        "properties": properties,
    }


def test_call(*, workspace_id: int, workspace_slug: str, actor: Actor, at: datetime, message_id: str) -> dict[str, Any]:
    """The call of "Send test event": it tells of nothing that happened, and is in no trail."""
    return {
        "type": "track",
        "event": TEST_NAME,
        "userId": actor.id,
        "messageId": message_id,
        **dict.fromkeys(("timestamp", "originalTimestamp", "sentAt", "receivedAt"), utc_text(at)),
        "channel": "server",
        "version": 2,
        "context": {"library": LIBRARY},
        "integrations": {},
        "properties": {
            "type": "audit_forwarding.test",
            "workspace_id": f"ws_{workspace_id}",
            "workspace": workspace_slug,
            "actor": _actor(actor),
        },
    }


def _context(event: EventDraft) -> dict[str, Any]:
    sent = event.context
    named = {
        "ip": sent.get("ip"),
        "userAgent": sent.get("user_agent"),
        "requestId": sent.get("request_id"),
        "sessionId": sent.get("session_id"),
        "tokenId": sent.get("token_id"),
    }
    return {"library": LIBRARY, **{key: value for key, value in named.items() if value}}


def _actor(actor: Actor) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": actor.kind, "id": actor.id, "name": actor.name}
    if actor.email:
        told["email"] = actor.email
    if actor.real:
        told["real"] = _actor(actor.real)
    return told


def _target(target: Target) -> dict[str, str]:
    return {"type": target.type, "id": target.id, "name": target.name}


def _change(change: Change) -> dict[str, Any]:
    sides = {"old": change.old, "new": change.new}
    return {"path": change.path, **{side: value for side, value in sides.items() if value is not MISSING}}


def _details(event: EventDraft, resource: Target) -> dict[str, str]:
    """Segment's `details`, all of whose values are text."""
    details = {
        "resource_id": resource.id,
        "resource_type": resource.type,
        "subject": f"users/{event.actor.id}" if event.actor.kind == "user" else f"{event.actor.kind}s/{event.actor.id}",
        "target": resource.name,
    }
    if event.scope_id and resource.type == "source":
        details["source_id"] = event.scope_id
    if resource.type == "warehouse":
        details["warehouse_id"] = resource.id
    return details
