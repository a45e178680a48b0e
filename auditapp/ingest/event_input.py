"""Turns an event as somebody sent it into a draft that can be recorded, or says what is wrong with it and where.

Its shape is event_shape.py's; when and whether it is written is decided in services.py.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, Final
from uuid import UUID

import jsonschema_rs
import orjson

from auditapp.catalogue import registry
from auditapp.catalogue.types import Verb
from auditapp.ingest.attempt_input import attempt_said
from auditapp.ingest.event_scope import kept_scope, scope_of
from auditapp.ingest.event_shape import is_type_key, problems_of, shape_problems
from auditapp.lib import clock
from auditapp.lib.canonical_json import canonical_bytes
from auditapp.lib.clock import parse_utc
from auditapp.lib.errors import Invalid, Problem
from auditapp.lib.json_schema import compile_schema
from auditapp.lib.strict_json import EVENT_MAX_BYTES
from auditapp.record.drafts import MISSING, Actor, Change, EventDraft, Target
from auditapp.record.event_types import KnownType, declared_types, known_types, undeclared_type
from auditapp.record.reasons import one_line
from auditapp.record.services import redacted

# Clocks of senders differ a little; anything more would hide an event above what happens next.
MAX_AHEAD: Final = timedelta(minutes=5)
# The paths of changes stand in the envelope, which has room for 65,535 bytes with two hashes for each of 250 changes.
MAX_PATH_BYTES: Final = 24_000


@dataclass(frozen=True, slots=True)
class Door:
    """How events came in, and what holds for all of them.

    `actor` acts where an event names nobody, from where `context` says; `always` is in the context of every event. Where it
    `keeps_scopes`, events have the scope that they say, whatever it is; else one of a space among `spaces`, or of a section.
    """

    workspace_id: int
    origin: str
    received_at: datetime
    actor: Actor | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    always: Mapping[str, Any] = field(default_factory=dict)
    keeps_scopes: bool = False
    spaces: set[str] = field(default_factory=set)


def known_by_text(workspace_id: int, texts: Iterable[str]) -> dict[str, KnownType]:
    """What each text means as a type: by key or by name, in the catalogue or among the workspace's own, else as a new key.

    A text that is neither is left out.
    """
    wanted = set(texts)
    keys: dict[str, str] = {}
    for text in wanted:
        if is_type_key(text):
            keys[text] = text
        elif named := registry.by_name(text):
            keys[text] = named.key
    if unnamed := wanted - keys.keys():
        own = {kind.name.casefold(): kind.key for kind in declared_types(workspace_id)}
        keys |= {text: own[text.casefold()] for text in unnamed if text.casefold() in own}
    kinds = known_types(workspace_id, keys.values())
    return {text: kinds[key] for text, key in keys.items()}


def type_text(item: Any) -> str:
    """What an event says its type is; "" where it says nothing that could be one."""
    text = item.get("type") if isinstance(item, dict) else None
    return text if isinstance(text, str) else ""


def draft_of(item: Any, *, event_id: UUID, door: Door, known: Mapping[str, KnownType]) -> EventDraft:
    """The event as it will be recorded: complete, of a known or new type, its secrets taken out.

    Takes:   item, parsed by lib.strict_json; known, from `known_by_text`
    Raises:  Invalid, with all problems of its shape or the first of its meaning
    """
    if len(orjson.dumps(item)) > EVENT_MAX_BYTES:
        raise Invalid(f"An event has at most {EVENT_MAX_BYTES:,} bytes.", code="event_too_large")
    item = _without_nulls(item)
    if problems := shape_problems(item):
        raise Invalid(problems=problems, code="bad_shape")
    kind = _kind(item, known)
    changes = [Change(one["path"], one.get("old", MISSING), one.get("new", MISSING)) for one in item.get("changes", ())]
    if len(orjson.dumps([change.path for change in changes])) > MAX_PATH_BYTES:
        raise Invalid(f"Use at most {MAX_PATH_BYTES:,} bytes for the paths of all changes.", pointer="/changes")
    meta = item.get("meta", {})
    if kind.schema is not None:
        _check_meta(kind, meta)
    meta = meta | attempt_said(item)
    targets = _targets(item)
    draft = EventDraft(
        workspace_id=door.workspace_id,
        id=event_id,
        type=kind.key,
        area=kind.area,
        actor=_actor(item, door),
        targets=targets,
        occurred_at=occurred_at(item.get("occurredAt"), door.received_at),
        received_at=door.received_at,
        origin=door.origin,
        scope_id=kept_scope(item, kind, targets) if door.keeps_scopes else scope_of(item, kind, targets, door.spaces),
        outcome=item.get("outcome", "success"),
        is_read=kind.verb is Verb.READ,
        context=_context(item, door),
        meta=meta,
        changes=changes,
    )
    return redacted(draft, kind)


def occurred_at(text: str | None, received_at: datetime, *, pointer: str = "/occurredAt") -> datetime:
    """The moment that a sender wrote, or the present one.

    Raises:  Invalid
    """
    if text is None:
        return received_at
    try:
        moment = parse_utc(text)
    except Invalid as refused:
        raise Invalid(refused.message, pointer=pointer, code=refused.code) from None
    if moment > clock.now() + MAX_AHEAD:
        raise Invalid("This is more than five minutes ahead of this server's clock.", pointer=pointer, code="ahead")
    return moment


@lru_cache(maxsize=4096)
def plain_ip(text: str) -> str | None:
    """The address in its one spelling; None for anything else."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if "%" in text:  # the name of a network interface may be any text
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


def _without_nulls(item: Any) -> Any:
    """The event without fields that are null: many senders write null for what they leave out.

    Values stay as they are: a change to null and a null in meta say something.
    """
    if not isinstance(item, dict):
        return item
    item = {key: value for key, value in item.items() if value is not None}
    for part in ("actor", "context", "target"):
        if isinstance(item.get(part), dict):
            item[part] = {key: value for key, value in item[part].items() if value is not None}
    return item


def _kind(item: Mapping[str, Any], known: Mapping[str, KnownType]) -> KnownType:
    kind = known.get(item["type"])
    if kind is None:
        raise Invalid(
            "This is neither a key such as order.refunded nor the name of a known type.",
            pointer="/type",
            code="bad_type",
        )
    area = item.get("area")
    if area is None or area == kind.area:
        return kind
    if kind.is_declared:
        raise Invalid(
            f"{kind.key} belongs to the area {kind.area}. Leave the area out.", pointer="/area", code="bad_area"
        )
    return undeclared_type(kind.key, area)


def _targets(item: Mapping[str, Any]) -> list[Target]:
    written = [name for name in ("target", "targets", "resourceId") if name in item]
    if len(written) > 1:
        raise Invalid(f"Write either {written[0]} or {written[1]}.", pointer=f"/{written[1]}", code="bad_target")
    if "resourceId" in item or "resourceType" in item or "resourceName" in item:
        if not ("resourceId" in item and "resourceType" in item):
            lacking = "resourceType" if "resourceId" in item else "resourceId"
            raise Invalid(f'"{lacking}" is required.', pointer=f"/{lacking}", code="bad_target")
        return [Target(item["resourceType"], item["resourceId"], item.get("resourceName", ""))]
    listed = item.get("targets", [item["target"]] if "target" in item else [])
    return [Target(one["type"], one["id"], one.get("name", "")) for one in listed]


def _actor(item: Mapping[str, Any], door: Door) -> Actor:
    if "actor" not in item:
        if door.actor is None:
            raise Invalid('"actor" is required.', pointer="/actor", code="bad_shape")
        return door.actor
    named = item["actor"]
    return Actor(named.get("kind", "user"), named["id"], named.get("name", ""), named.get("email"))


_CONTEXT_KEYS: Final = {"userAgent": "user_agent", "requestId": "request_id", "sessionId": "session_id"}


def _context(item: Mapping[str, Any], door: Door) -> dict[str, Any]:
    """Where it was done: as sent, else where the sender acts for itself, that of its own request."""
    always = dict(door.always)
    if reason := one_line(item.get("reason", "")):
        always["reason"] = reason
    if "context" not in item:
        return {**({} if "actor" in item else door.context), **always}
    sent = item["context"]
    context = {ours: sent[theirs] for theirs, ours in _CONTEXT_KEYS.items() if sent.get(theirs)}
    if sent.get("ip"):
        address = plain_ip(sent["ip"])
        if address is None:
            raise Invalid("Write an address such as 203.0.113.7.", pointer="/context/ip", code="bad_ip")
        context["ip"] = address
    return {**context, **always}


def _check_meta(kind: KnownType, meta: Mapping[str, Any]) -> None:
    validator = _meta_validator(canonical_bytes(kind.schema))
    if not validator.is_valid(meta):
        problems: list[Problem] = problems_of(validator.iter_errors(meta), ("meta",))
        raise Invalid(problems=problems, code="bad_meta")


@lru_cache(maxsize=256)
def _meta_validator(schema: bytes) -> jsonschema_rs.Validator:
    # By content: a type that is declared anew with another schema is another entry.
    return compile_schema(orjson.loads(schema))
