"""The shape of an event as other systems send it: one JSON Schema that checks every event and is shown in the API's documentation.

What the values mean (which type, what time) is decided in event_input.py.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

import jsonschema_rs

from auditapp.catalogue.areas import AREAS
from auditapp.catalogue.sections import SCOPES
from auditapp.lib.errors import Problem
from auditapp.lib.json_pointer import json_pointer
from auditapp.record.attempts import MAX_ATTEMPTS, MAX_TASK
from auditapp.record.declarations import KEY_SHAPE, MAX_KEY
from auditapp.record.event_types import OTHER_AREA
from auditapp.record.reasons import MAX_REASON

MAX_PROBLEMS: Final = 20
MAX_CHANGES: Final = 250

# No control characters: ids stand in URLs, logs and terminals.
PRINTABLE: Final = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"
_ID: Final = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": PRINTABLE}
_NAME: Final = {"type": "string", "maxLength": 500}
# "type:id" names a resource in filters, so a type has no colon.
RESOURCE_TYPE: Final = {
    "type": "string",
    "pattern": "^[A-Za-z][A-Za-z0-9_.-]*$",
    "maxLength": 100,
    "examples": ["warehouse"],
}
_TARGET: Final = {
    "type": "object",
    "properties": {"type": RESOURCE_TYPE, "id": _ID, "name": _NAME},
    "required": ["type", "id"],
    "additionalProperties": False,
}

EVENT_SCHEMA: Final[dict[str, Any]] = {
    "title": "EventInput",
    "type": "object",
    "properties": {
        "type": {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_KEY,
            "description": "A key such as warehouse.disabled, or the name of a known type such as Warehouse Disabled.",
            "examples": ["warehouse.disabled"],
        },
        "actor": {
            "type": "object",
            "description": "Who did it. Without it, the access token did.",
            "properties": {
                "id": _ID,
                "name": _NAME,
                "email": {"type": "string", "maxLength": 254, "pattern": "^[^\\s@]+@[^\\s@]+$"},
                "kind": {"enum": ["user", "token", "service", "system"], "default": "user"},
            },
            "required": ["id"],
            "additionalProperties": False,
        },
        "target": {**_TARGET, "description": "What it was done to; the first of several is the event's resource."},
        "targets": {"type": "array", "items": _TARGET, "minItems": 1, "maxItems": 50},
        "resourceId": {**_ID, "description": "With resourceType and resourceName: another way to write one target."},
        "resourceType": RESOURCE_TYPE,
        "resourceName": _NAME,
        "occurredAt": {
            "type": "string",
            "format": "date-time",
            "maxLength": 40,
            "description": "RFC 3339 with an offset; now by default, at most five minutes ahead.",
        },
        "outcome": {"enum": ["success", "failure"], "default": "success"},
        "changes": {
            "type": "array",
            "maxItems": MAX_CHANGES,
            "items": {
                "type": "object",
                "description": "A field before and after; one side is left out where it was added or removed.",
                "properties": {
                    "path": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": PRINTABLE},
                    "old": {},
                    "new": {},
                },
                "required": ["path"],
                "minProperties": 2,
                "additionalProperties": False,
            },
        },
        "reason": {
            "type": "string",
            "maxLength": MAX_REASON,
            "pattern": PRINTABLE,
            "description": "Why the actor did it, in a line of their own. Why something failed belongs into meta.",
            "examples": ["Cost spike, see OPS-2214"],
        },
        "task": {
            **_ID,
            "maxLength": MAX_TASK,
            "description": "The task that this is an attempt at: an id of its own for each run of it. With attempt and of. "
            "The trail folds its attempts into one row.",
            "examples": ["nightly-export-2026-11-24"],
        },
        "attempt": {
            "type": "integer",
            "minimum": 1,
            "maximum": MAX_ATTEMPTS,
            "description": "Which attempt it was, from 1 to of.",
        },
        "of": {
            "type": "integer",
            "minimum": 1,
            "maximum": MAX_ATTEMPTS,
            "description": "How many attempts there are at most.",
        },
        "final": {
            "type": "boolean",
            "description": "Of a failure, whether there will be no other attempt; the last of all is final anyway.",
        },
        "meta": {
            "type": "object",
            "description": "Whatever else is worth keeping; checked where its type has a schema.",
        },
        "context": {
            "type": "object",
            "description": "From where it was done, as the sender saw it.",
            "properties": {
                "ip": {"type": "string", "maxLength": 45},
                "userAgent": {"type": "string", "maxLength": 512},
                "requestId": {**_ID, "minLength": 0},
                "sessionId": {**_ID, "minLength": 0},
            },
            "additionalProperties": False,
        },
        "area": {
            "enum": [*(area.key for area in AREAS), OTHER_AREA],
            "description": "The product area of a type that nobody declared.",
        },
        "scope": {
            **_ID,
            "description": "Whose history the event belongs to, where its type and targets do not say: the id of a space that is "
            f"known or among the targets, or one of {', '.join(sorted(SCOPES))}. Who has a role over it sees the event.",
            "examples": ["spa_4nOi7QaBmF1yJl8ZeUr5Hc"],
        },
        "scopeId": {**_ID, "description": "Another name of scope, as events are answered with."},
        "idempotencyKey": {
            "type": "string",
            "minLength": 1,
            "maxLength": 255,
            "description": "The same key and event are recorded once. Kept for seven days at least.",
        },
    },
    "required": ["type"],
    "additionalProperties": False,
}

# The mask keeps values out of messages: they may be long, secret or both.
_VALIDATOR = jsonschema_rs.validator_for(
    EVENT_SCHEMA, mask="this", pattern_options=jsonschema_rs.RegexOptions(), offline=True
)


def shape_problems(item: Any) -> list[Problem]:
    """What is wrong with the shape of an event, the first twenty problems; none where it is right."""
    return [] if _VALIDATOR.is_valid(item) else problems_of(_VALIDATOR.iter_errors(item))


def problems_of(faults: Iterable[jsonschema_rs.ValidationError], below: tuple[str, ...] = ()) -> list[Problem]:
    """A validator's findings, each with the place it is about: a missing key's own, not that of its object.

    Takes:   below, where in the input the checked value stands
    """
    found = []
    for fault, _ in zip(faults, range(MAX_PROBLEMS), strict=False):
        place = [*below, *fault.instance_path]
        say = _MESSAGES.get(fault.kind.name)
        where, message = say(fault.kind) if say else ((), _sentence(fault.message))
        found.append(Problem(json_pointer(None, *place, *where), message))
    return found


# The place below its object that a finding is about, and what it says.
Said = tuple[tuple[str, ...], str]


def _missing(kind: Any) -> Said:
    name = kind.property[:100]
    return (name,), f'"{name}" is required.'


def _unexpected(kind: Any) -> Said:
    return (kind.unexpected[0][:100],), "There is no such field here. Put values of your own under meta."


def _pattern(kind: Any) -> Said:
    return (), "This has a character that is not allowed here, or lacks one that is needed."


_MESSAGES: dict[str, Callable[[Any], Said]] = {
    "required": _missing,
    "additionalProperties": _unexpected,
    "pattern": _pattern,
}


def _sentence(message: str) -> str:
    return f"{message[:1].upper()}{message[1:300]}."


def is_type_key(text: str) -> bool:
    """Whether this can be the key of an event type, known or not."""
    return len(text) <= MAX_KEY and KEY_SHAPE.fullmatch(text) is not None
