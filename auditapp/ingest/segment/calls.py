"""One call as an event of the pipeline: checked, completed and timed. Pure; who sent it and where it goes is views.py's.

Names, limits and codes are those of Segment's HTTP API (its spec's common fields, and "failed on ingest").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from auditapp.lib import clock
from auditapp.lib.ids import random_base62

TYPES: Final = ("track", "identify", "page", "screen", "group", "alias")
MAX_MESSAGE_ID: Final = 100
MAX_NAME: Final = 1_000
MAX_PROPERTIES: Final = 10_000
VERSION: Final = 2
# What a call may carry, and what must be an object or text where it is there at all.
_OBJECTS: Final = {
    "properties": "properties_not_object",
    "traits": "traits_not_object",
    "context": "bad_request",
    "integrations": "bad_request",
}
_TEXTS: Final = {"name": "name_not_string", "category": "category_not_string", "channel": "bad_request"}
# What belongs to the request, and what the server alone may say.
_DROPPED: Final = {"writeKey", "batch", "_metadata", "receivedAt", "originalTimestamp", "projectId"}
_IDS: Final = ("userId", "anonymousId", "groupId", "previousId")
_NEEDED: Final = {"group": "groupId", "alias": "previousId"}


class Rejected(Exception):
    """Why a call cannot become an event: one of Segment's codes, and what to do in plain words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the server knows of a request: when it came, from where, and when its sender says that it was sent."""

    received_at: datetime
    ip: str | None = None
    sent_at: str | None = None


def event_of(call: Any, arrival: Arrival, *, kind: str | None = None) -> dict[str, Any]:
    """The event that a call means, with ids and times filled in.

    Takes:   kind, of the endpoint; None in a batch, whose items say it themselves
    Raises:  Rejected
    """
    if not isinstance(call, dict):
        raise Rejected("bad_request", "An event is a JSON object.")
    kind = kind or call.get("type")
    if kind not in TYPES:
        raise Rejected("bad_request", f"Give type one of: {', '.join(TYPES)}.")
    event = {key: value for key, value in call.items() if value is not None and key not in _DROPPED}
    event["type"] = kind
    _check_ids(event, kind)
    _check_fields(event, kind)
    event["messageId"] = _message_id(event)
    event["context"] = _context(event.get("context", {}), arrival)
    event.setdefault("integrations", {})
    event["channel"] = event.get("channel") or "server"
    event["version"] = VERSION
    return event | _times(event, arrival)


def merged(call: Any, outer: Mapping[str, Any]) -> Any:
    """An item of a batch with the context and integrations that stand outside of it; its own values win."""
    if not isinstance(call, dict):
        return call
    with_outer = dict(call)
    for key in ("context", "integrations"):
        shared, own = outer.get(key), call.get(key)
        if isinstance(shared, dict) and (own is None or isinstance(own, dict)):
            with_outer[key] = {**shared, **(own or {})}
    return with_outer


def _check_ids(event: Mapping[str, Any], kind: str) -> None:
    for key in _IDS:
        if not isinstance(event.get(key, ""), str):
            raise Rejected("id_not_string", f"{key} is text, not a number or an object.")
    if not event.get("userId") and not event.get("anonymousId"):
        raise Rejected("no_user_anon_id", "Say who it was: userId or anonymousId.")
    needed = _NEEDED.get(kind)
    if needed and not event.get(needed):
        raise Rejected("id_required", f"A {kind} call needs {needed}.")
    if kind == "alias" and not event.get("userId"):
        raise Rejected("id_required", "An alias call needs userId.")


def _check_fields(event: Mapping[str, Any], kind: str) -> None:
    for key, code in _OBJECTS.items():
        if key in event and not isinstance(event[key], dict):
            raise Rejected(code, f"{key} is an object.")
    for key, code in _TEXTS.items():
        if not isinstance(event.get(key, ""), str):
            raise Rejected(code, f"{key} is text.")
    if kind == "track":
        name = event.get("event")
        if name is None or name == "":
            raise Rejected("event_not_defined", "A track call needs event, the name of what happened.")
        if not isinstance(name, str):
            raise Rejected("event_not_string", "event is text.")
    for key in ("event", "name"):
        text = event.get(key, "")
        if isinstance(text, str) and (len(text) > MAX_NAME or "\x00" in text):
            raise Rejected("bad_request", f"{key} has at most {MAX_NAME:,} characters and no NUL.")
    values = event.get("traits" if kind in ("identify", "group") else "properties", {})
    if len(values) > MAX_PROPERTIES:
        raise Rejected("bad_request", f"An event has at most {MAX_PROPERTIES:,} properties.")


def _message_id(event: Mapping[str, Any]) -> str:
    given = event.get("messageId")
    if given is None or given == "":
        return f"api-{random_base62(27)}"
    if not isinstance(given, str) or len(given) > MAX_MESSAGE_ID or "\x00" in given:
        raise Rejected("bad_request", f"messageId is text of at most {MAX_MESSAGE_ID} characters.")
    return given


def _context(sent: Mapping[str, Any], arrival: Arrival) -> dict[str, Any]:
    """The sender's context. The address that it came from is the user's own only where `direct` says so."""
    context = {key: value for key, value in sent.items() if key != "direct"}
    context.setdefault("library", {"name": "unknown", "version": "unknown"})
    if sent.get("direct") is True and arrival.ip and "ip" not in context:
        context["ip"] = arrival.ip
    return context


def _times(event: Mapping[str, Any], arrival: Arrival) -> dict[str, str]:
    """Segment's four times: `timestamp` is when it happened by the server's clock, whatever the sender's clock shows."""
    received_at = arrival.received_at
    sent_at = _moment(event.get("sentAt")) or _moment(arrival.sent_at)
    original = _moment(event.get("timestamp")) or sent_at or received_at
    try:
        happened = received_at - (sent_at - original) if sent_at else original
    except OverflowError:
        happened = received_at
    times = {
        "timestamp": clock.utc_text(happened),
        "originalTimestamp": clock.utc_text(original),
        "receivedAt": clock.utc_text(received_at),
    }
    return times | ({"sentAt": clock.utc_text(sent_at)} if sent_at else {})


def _moment(value: Any) -> datetime | None:
    """An ISO 8601 time, of UTC where it names no zone; None for anything else, which loses no event."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
