"""How an event breaks a plan, in words, and the `Violation Generated` call that tells another source of it.

Values of the event are in none of this: the violation may be that one should not be there at all.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

import jsonschema_rs

from auditapp.lib.canonical_json import canonical_bytes
from auditapp.lib.clock import utc_text
from auditapp.lib.errors import Invalid
from auditapp.pipeline.field_paths import NOT_THERE, Steps, value_at

MAX_VIOLATIONS: Final = 20
_MAX_TEXT: Final = 300
REQUIRED, INVALID_TYPE, INVALID_VALUE = "Required", "Invalid Type", "Invalid Value"
VIOLATION_EVENT: Final = "Violation Generated"
VIOLATION_USER: Final = "schema-violations"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing wrong with an event. `omits` are the fields without which it would not be."""

    type: str
    field: str
    description: str
    omits: tuple[Steps, ...] = ()


# What no schema can look at: the ingest lets none of it in.
UNREADABLE: Final = Violation(INVALID_VALUE, "", "The event has values that JSON cannot carry.")


def violations_of(validator: jsonschema_rs.Validator, event: Mapping[str, Any], group: str) -> tuple[Violation, ...]:
    """What a validator finds wrong, the first twenty; none where the event is right.

    Takes:   group, the field that holds what may be omitted: properties or traits
    """
    try:
        if validator.is_valid(event):
            return ()
        faults = zip(validator.iter_errors(event), range(MAX_VIOLATIONS), strict=False)
        return tuple(_violation(fault, group) for fault, _ in faults)
    except ValueError:
        return (UNREADABLE,)


def _violation(fault: jsonschema_rs.ValidationError, group: str) -> Violation:
    place, kind = list(fault.instance_path), cast(Any, fault.kind)  # its classes have fields of their own
    if kind.name == "required":
        field = _dotted([*place, kind.property])
        return Violation(REQUIRED, field, f"{field} is required")
    if kind.name == "additionalProperties":
        field = _dotted([*place, kind.unexpected[0]])
        omits = tuple(_omitted([*place, name], group) for name in kind.unexpected)
        return Violation(INVALID_VALUE, field, f"{field} is not allowed", tuple(filter(None, omits)))
    field, omit = _dotted(place), _omitted(place, group)
    said = fault.message.removeprefix("this").strip()[:_MAX_TEXT]
    sort = INVALID_TYPE if kind.name == "type" else INVALID_VALUE
    return Violation(sort, field, f"{field} {said}".strip(), (omit,) if omit else ())


def _dotted(place: Iterable[str | int]) -> str:
    return ".".join(map(str, place))[:_MAX_TEXT]


def _omitted(place: list[str | int], group: str) -> Steps:
    """The field to leave out: what is wrong, or the list that it is in; nothing outside of the group."""
    steps: list[str] = []
    for step in place:
        if not isinstance(step, str):
            break
        steps.append(step)
    return tuple(steps) if len(steps) > 1 and steps[0] == group else ()


@dataclass(frozen=True, slots=True)
class Origin:
    """The source that an event came to, and its plan, as a violation names them."""

    source_id: str
    source_name: str
    source_slug: str
    plan_id: str
    plan_name: str


def violation_event(violation: Violation, event: Mapping[str, Any], origin: Origin, *, at: datetime) -> dict[str, Any]:
    """The track call that tells another source of a violation; the same for the same violation of the same event.

    Takes:   at, when it was found
    Source:  facts on violation forwarding in Segment's documentation
    """
    moment = utc_text(at)
    return {
        "type": "track",
        "event": VIOLATION_EVENT,
        "messageId": f"sch-{_fingerprint(violation, event, origin)}",
        "userId": VIOLATION_USER,
        "context": {name: value for name in ("app", "library") if (value := _at(event, "context", name)) is not None},
        "integrations": {},
        "properties": {
            "appVersion": _text(_at(event, "context", "app", "version")),
            "eventMessageID": _text(event.get("messageId")),
            "eventName": _text(event.get("event") or event.get("name")),
            "eventSentAt": _text(event.get("sentAt")),
            "eventTimestamp": _text(event.get("timestamp")),
            "eventType": _text(event.get("type")),
            "sourceID": origin.source_id,
            "sourceName": origin.source_name,
            "sourceSlug": origin.source_slug,
            "trackingPlanID": origin.plan_id,
            "trackingPlanName": origin.plan_name,
            "violationDescription": violation.description,
            "violationField": violation.field,
            "violationType": violation.type,
        },
        "timestamp": moment,
        "receivedAt": moment,
        "forwardedFromProject": origin.source_id,
    }


def _fingerprint(violation: Violation, event: Mapping[str, Any], origin: Origin) -> str:
    parts = [origin.source_id, origin.plan_id, event.get("messageId"), *_texts(violation)]
    try:
        said = canonical_bytes(parts)
    except (Invalid, RecursionError):
        said = repr(tuple(_texts(violation))).encode("utf-8", "backslashreplace")
    return hashlib.sha256(said).hexdigest()[:32]


def _texts(violation: Violation) -> Iterator[str]:
    yield from (violation.type, violation.field, violation.description)


def _at(event: Mapping[str, Any], *steps: str) -> Any:
    value = value_at(event, steps)
    return None if value is NOT_THERE else value


def _text(value: Any) -> str:
    return value[:_MAX_TEXT] if isinstance(value, str) else ""
