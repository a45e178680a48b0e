"""Our own events, one a line: what POST /api/audit-events takes, and what an export of the trail writes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from auditapp.ingest.event_input import Door, draft_of
from auditapp.ingest.event_input import type_text as type_text
from auditapp.lib.errors import Invalid
from auditapp.lib.ids import parse_event_key
from auditapp.lib.redaction import is_redacted
from auditapp.record.drafts import EventDraft
from auditapp.record.event_types import KnownType

# What an export says beside the event: made anew here, or of no meaning elsewhere.
_OF_EXPORTS: Final = frozenset({"id", "eventName", "receivedAt", "origin", "leafHash", "leafIndex", "erasedBy"})
# What an event of the trail keeps of its request, and no sender may write.
_CONTEXT_OF_EXPORTS: Final = {"tokenId": "token_id", "method": "method", "path": "path"}
# And which events it set back.
_LINKS_OF_EXPORTS: Final = ("reverts", "restores")
MOST_LINKS: Final = 100


def record_id(record: Mapping[str, Any]) -> str | None:
    """The line's own id, or its idempotency key."""
    found = record.get("id") or record.get("idempotencyKey")
    return found if isinstance(found, str) else None


def draft_of_record(
    record: Mapping[str, Any], *, event_id: UUID, door: Door, known: Mapping[str, KnownType]
) -> EventDraft:
    """The line as an event.

    Raises:  Invalid, with all problems of its shape or the first of its meaning
    """
    if record.get("occurredAt") is None:
        raise Invalid("This line does not say when it was.", pointer="/occurredAt")
    event = {key: value for key, value in record.items() if key not in _OF_EXPORTS}
    kind = known.get(type_text(record))
    if kind and kind.is_declared:
        event.pop("area", None)  # it may belong elsewhere where the line comes from
    if not event.get("targets"):
        event.pop("targets", None)
    context = event.get("context")
    kept: dict[str, Any] = {}
    if is_redacted(event.get("reason")):
        kept["reason"] = event.pop("reason")
    if isinstance(context, dict):
        kept |= {
            ours: context[theirs][:512]
            for theirs, ours in _CONTEXT_OF_EXPORTS.items()
            if isinstance(context.get(theirs), str)
        }
        kept |= {key: context[key] for key in _LINKS_OF_EXPORTS if _are_keys(context.get(key))}
        ours_alone = {*_CONTEXT_OF_EXPORTS, *_LINKS_OF_EXPORTS}
        event["context"] = {key: value for key, value in context.items() if key not in ours_alone}
    real = None
    if isinstance(event.get("actor"), dict) and "real" in event["actor"]:
        event["actor"] = dict(event["actor"])
        real = event["actor"].pop("real")
    draft = draft_of(event, event_id=event_id, door=door, known=known)
    if real is not None:
        # Who was behind the actor is told as an actor is, and checked as one.
        behind = draft_of({**event, "actor": real}, event_id=event_id, door=door, known=known).actor
        draft = replace(draft, actor=replace(draft.actor, real=behind))
    return replace(draft, context={**draft.context, **kept})


def _are_keys(value: Any) -> bool:
    if not isinstance(value, list) or len(value) > MOST_LINKS:
        return False
    try:
        return all(isinstance(one, str) and parse_event_key(one) for one in value)
    except Invalid:
        return False
