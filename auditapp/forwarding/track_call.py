"""An audit event as the `track` call that forwards it. Pure: the same event gives the same call for ever.

Shaped as Segment's (facts of captured deliveries), with what its users miss: the event's own name, the e-mail of who acted,
every target, every change.
"""

from datetime import datetime
from typing import Any, Final

from auditapp.catalogue.sentence import plain_sentence
from auditapp.lib.clock import utc_text
from auditapp.lib.ids import event_key
from auditapp.record.drafts import Actor, EventDraft, Target
from auditapp.record.event_types import KnownType
from auditapp.trail.dressing import event_parts
from auditapp.trail.event_json import CONTEXT_NAMES, actor_as_json, change_as_json, target_as_json

# Segment's one name for every forwarded event, and its id for what nobody in particular did.
ONE_NAME: Final = "Audit"
TEST_NAME: Final = "Audit Test"
SYSTEM_USER: Final = "__system__"
LIBRARY: Final = {"name": "audit-forwarding", "version": "1"}
CONTEXT_TOLD: Final = ("ip", *CONTEXT_NAMES, "reason", "reverts", "restores")
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
        "actor": actor_as_json(event.actor),
        "resource": target_as_json(resource),
        "targets": [target_as_json(target) for target in event.targets],
        "changes": [change_as_json(change) for change in event.changes],
        "meta": dict(event.meta),
    }
    if kind.source == "workspace":
        # Nobody but the workspace knows how its own types read.
        properties["sentence"] = plain_sentence(event_parts(event, kind.sentence))
    if has_one_name:
        properties["details"] = _details(event, resource)
    happened = utc_text(event.occurred_at)
    return {
        "type": "track",
        "event": ONE_NAME if has_one_name else kind.name,
        "userId": SYSTEM_USER if event.actor.kind == "system" else event.actor.id,
        "messageId": message_id_of(event_key(event.id)),
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


def message_id_of(key: str) -> str:
    """The message id under which the event with this key goes into the source."""
    return f"audit-{key}"


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
            "actor": actor_as_json(actor),
        },
    }


def _context(event: EventDraft) -> dict[str, Any]:
    named = {CONTEXT_NAMES.get(key, key): value for key, value in event.context.items() if key in CONTEXT_TOLD}
    return {"library": LIBRARY, **named}


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
