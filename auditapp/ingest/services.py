"""Records events that other systems send: each is judged for itself, those that are good are written in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import transaction

from auditapp.ingest.event_input import Door, draft_of, known_by_text, type_text
from auditapp.ingest.event_scope import said_scope
from auditapp.ingest.idempotency import Key, KeyTaken, keep_keys, kept_events, key_of
from auditapp.lib import clock
from auditapp.lib.errors import AppError, Conflict, Invalid
from auditapp.lib.ids import new_event_id
from auditapp.record.acting import current_acting
from auditapp.record.drafts import EventDraft
from auditapp.record.scopes import spaces_among
from auditapp.record.writer import Recorded, write_events
from auditapp.spaces.queries import known_spaces

ORIGIN = "api"


class OtherEventWithThisKey(Conflict):
    """This idempotency key was sent with another event before. Take a new key for a new event."""


class Verdict(StrEnum):
    """What became of an event that was sent."""

    RECORDED = "recorded"
    KNOWN = "known"
    CONFLICT = "conflict"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of one event: where it was recorded now or before, its id and leaf hash, else the reason why not."""

    verdict: Verdict
    event: Recorded | None = None
    error: AppError | None = None


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An event that is good, with its idempotency key where it has one."""

    draft: EventDraft
    key: Key | None


def accept_events(items: Sequence[Any]) -> list[Accepted]:
    """Record those of these events that are good, in the workspace of who acts; they are seen once the caller commits.

    Takes:   items, parsed by lib.strict_json, as their sender wrote them
    Gives:   what became of each, in their order
    Raises:  NobodyActs
    Writes:  Event, Pending, Idempotency
    """
    acting = current_acting()
    door = Door(
        acting.workspace_id,
        ORIGIN,
        clock.now(),
        acting.actor,
        acting.context,
        # Whoever an event says has acted: this is the token that said so.
        {"token_id": acting.context["token_id"]} if "token_id" in acting.context else {},
        spaces=known_spaces(acting.workspace_id, filter(None, map(said_scope, items))),
    )
    known = known_by_text(acting.workspace_id, map(type_text, items))
    answers: dict[int, Accepted] = {}
    waiting: dict[int, _Waiting] = {}
    for place, item in enumerate(items):
        try:
            draft = draft_of(item, event_id=new_event_id(), door=door, known=known)
        except Invalid as refused:
            answers[place] = Accepted(Verdict.REFUSED, error=refused)
        else:
            # An event may belong to a space that one before it in the same batch makes known.
            door.spaces.update(space.id for space in spaces_among(draft.targets))
            key = item.get("idempotencyKey")
            waiting[place] = _Waiting(draft, key_of(key, item) if key else None)
    answers |= _write_each_once(acting.workspace_id, waiting)
    return [answers[place] for place in range(len(items))]


def _write_each_once(workspace_id: int, waiting: dict[int, _Waiting]) -> dict[int, Accepted]:
    """Write what has no key or a new one; answer the rest with what its key stands for."""
    keys = [one.key for one in waiting.values() if one.key]
    while True:
        # Keys first, then events, again where somebody was faster: each turn knows one key more, so it ends.
        kept = kept_events(workspace_id, keys) if keys else {}
        firsts: dict[bytes | int, int] = {}
        for place, one in waiting.items():
            if one.key is None or one.key.digest not in kept:
                firsts.setdefault(one.key.digest if one.key else place, place)
        try:
            with transaction.atomic():
                written = write_events([waiting[place].draft for place in firsts.values()])
                recorded = dict(zip(firsts.values(), written, strict=True))
                keyed = [(one.key, recorded[place]) for place, one in waiting.items() if one.key and place in recorded]
                keep_keys(workspace_id, keyed)
        except KeyTaken:
            continue
        kept |= {key.digest: (key.body_digest, event) for key, event in keyed}
        return {
            place: Accepted(Verdict.RECORDED, recorded[place]) if place in recorded else _replayed(one.key, kept)
            for place, one in waiting.items()
        }


def _replayed(key: Key | None, kept: dict[bytes, tuple[bytes, Recorded]]) -> Accepted:
    assert key is not None  # an event without a key is always written
    body_digest, event = kept[key.digest]
    if body_digest != key.body_digest:
        return Accepted(Verdict.CONFLICT, error=OtherEventWithThisKey())
    return Accepted(Verdict.KNOWN, event)
