"""What a new function starts with, and the events that one can be tried on."""

from typing import Any, Final

import orjson

NEW_CODE: Final = """// Each handler gets an event and the settings, and returns the event to pass it on.
// Errors say what becomes of it: DropEvent, EventNotSupported, InvalidEventPayload, ValidationError, RetryError.

async function onTrack(event, settings) {
  event.properties.seen = true;
  return event;
}

async function onIdentify(event, settings) {
  return event;
}

async function onPage(event, settings) {
  return event;
}

async function onScreen(event, settings) {
  return event;
}

async function onGroup(event, settings) {
  return event;
}

async function onAlias(event, settings) {
  return event;
}
"""
_OWN: Final[dict[str, dict[str, Any]]] = {
    "track": {
        "event": "Order Completed",
        "properties": {"order_id": "A-1007", "total": 49.5, "email": "ana@example.com"},
    },
    "identify": {"traits": {"email": "ana@example.com", "plan": "gold"}},
    "page": {"name": "Pricing", "properties": {"url": "https://shop.example/pricing"}},
    "screen": {"name": "Basket", "properties": {"items": 2}},
    "group": {"groupId": "grp-7", "traits": {"name": "Halden Outdoor"}},
    "alias": {"previousId": "anon-1"},
}


def sample(call: str) -> str:
    """An event of this call as JSON to edit."""
    event = {
        "type": call if call in _OWN else "track",
        **_OWN.get(call, _OWN["track"]),
        "userId": "usr-1",
        "messageId": "msg-1",
        "timestamp": "2026-01-01T12:00:00.000Z",
        "context": {"ip": "203.0.113.9"},
    }
    return orjson.dumps(event, option=orjson.OPT_INDENT_2).decode()


CALLS: Final = tuple(_OWN)
