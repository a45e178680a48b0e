"""Reading the events of a POST: one, or many, out of a body that may be anything."""

from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest

from auditapp.lib.errors import Invalid
from auditapp.lib.strict_json import BATCH_MAX_BYTES, EVENT_MAX_BYTES, Limits, parse
from auditapp.web.api import WrongMediaType, has_json_body
from auditapp.web.bodies import read_body

MAX_EVENTS: Final = 1_000
_ARRAY: Final = Limits(item_level=1)
_WRAPPED: Final = Limits(item_level=2)


@dataclass(frozen=True, slots=True)
class SentEvents:
    """The events of one request, as they were written. A single event is answered by itself."""

    items: list[Any]
    is_single: bool


def sent_events(request: HttpRequest) -> SentEvents:
    """One event, {"events": [...]} or [...].

    Raises:  WrongMediaType; Invalid, with the code too_large for the body as a whole or too many events
    """
    body = _body(request, BATCH_MAX_BYTES)
    key = request.headers.get("Idempotency-Key")
    events = _parsed(body)
    if key is None:
        return events
    if not events.is_single:
        raise Invalid("In a batch, give each event an idempotencyKey of its own.", field="Idempotency-Key")
    return SentEvents([_with_key(events.items[0], key)], is_single=True)


def sent_value(request: HttpRequest) -> Any:
    """The one JSON value of a request that is not about events.

    Raises:  WrongMediaType, Invalid
    """
    return parse(_body(request, EVENT_MAX_BYTES), max_bytes=EVENT_MAX_BYTES)


def _body(request: HttpRequest, max_bytes: int) -> bytes:
    if not has_json_body(request):
        raise WrongMediaType
    return read_body(request, max_bytes=max_bytes)


def _parsed(body: bytes) -> SentEvents:
    if body[:100].lstrip().startswith(b"["):
        return _batch(parse(body, max_bytes=BATCH_MAX_BYTES, limits=_ARRAY))
    # Read as a batch first: only what is in it tells the two apart.
    value = parse(body, max_bytes=BATCH_MAX_BYTES, limits=_WRAPPED)
    if isinstance(value, dict) and value.keys() == {"events"}:
        return _batch(value["events"])
    return SentEvents([parse(body, max_bytes=EVENT_MAX_BYTES)], is_single=True)


def _batch(items: Any) -> SentEvents:
    if not isinstance(items, list) or not items:
        raise Invalid("Send a list with at least one event.", field="events")
    if len(items) > MAX_EVENTS:
        raise Invalid(f"Send at most {MAX_EVENTS:,} events at once.", field="events", code="too_large")
    return SentEvents(items, is_single=False)


def _with_key(item: Any, key: str) -> Any:
    if not isinstance(item, dict):
        return item
    if item.get("idempotencyKey", key) != key:
        raise Invalid("The header Idempotency-Key and the event's own key differ. Send one.", field="idempotencyKey")
    return {**item, "idempotencyKey": key}
