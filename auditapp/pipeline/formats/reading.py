"""What an event says, as far as it says it, whoever made it: the shape between a track call and a form for security systems.

A forwarded audit event has it all under known names; of any other call there is at least its name, its user and its time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from auditapp.catalogue import registry
from auditapp.catalogue.types import EventType, Risk, Verb
from auditapp.lib.clock import parse_utc
from auditapp.lib.errors import Invalid

PRODUCT: Final = "Audit Trail"
MAX_TEXT: Final = 1_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# What the facts below take from the properties; the rest goes along as it is.
_TAKEN: Final = ("type", "workspace", "workspace_id", "resource", "outcome", "risk", "actor")


@dataclass(frozen=True, slots=True)
class Thing:
    """A resource, a workspace, or whoever acted. Empty where nothing is said."""

    id: str = ""
    name: str = ""
    kind: str = ""
    email: str = ""

    @property
    def called(self) -> str:
        return self.name or self.email or self.id


@dataclass(frozen=True, slots=True)
class Facts:
    """An event, read. `key` is the audit event's type or, of any other call, its name."""

    message_id: str
    at: datetime
    received_at: datetime | None
    call: str
    name: str
    key: str
    verb: Verb
    risk: Risk
    area: str
    actor: Thing
    real: Thing  # who was behind the actor, where somebody acted as another
    resource: Thing
    workspace: Thing
    is_success: bool | None
    ip: str
    user_agent: str
    request_id: str
    reason: str
    rest: Mapping[str, Any]

    @property
    def sentence(self) -> str:
        """In a few words, for people."""
        who = self.actor.called
        who = f"{self.real.called} as {who}" if self.real.id else who
        what = f"{self.name}: {self.resource.name or self.resource.id}" if self.resource.id else self.name
        return f"{what} ({who})" if who else what


def read(event: Mapping[str, Any]) -> Facts:
    """The facts of an event. Nothing in it is trusted to be of any type."""
    properties, context = _object(event.get("properties")), _object(event.get("context"))
    name = text(event.get("event")) or text(event.get("name")) or text(event.get("type")) or "event"
    key = text(properties.get("type")) or name
    known = registry.event_type(key) or registry.by_name(key)
    outcome = properties.get("outcome")
    return Facts(
        message_id=text(event.get("messageId")),
        at=_moment(event, "timestamp", "originalTimestamp", "receivedAt") or _EPOCH,
        received_at=_moment(event, "receivedAt"),
        call=text(event.get("type")),
        name=known.name if known else name,
        key=known.key if known else key,
        verb=_verb(known, key),
        risk=known.risk if known else _RISKS.get(text(properties.get("risk")), Risk.ROUTINE),
        area=known.area if known else text(properties.get("area")),
        actor=_actor(event, properties),
        real=_thing(_real(properties)),
        resource=_resource(properties),
        workspace=_workspace(properties),
        is_success=None if outcome not in ("success", "failure") else outcome == "success",
        ip=text(context.get("ip")),
        user_agent=text(context.get("userAgent")),
        request_id=text(context.get("requestId") or context.get("request_id")),
        reason=text(context.get("reason")),
        rest=_rest(properties),
    )


def text(value: Any) -> str:
    """Text as it is, at most a thousand characters and none that UTF-8 cannot carry; numbers as text; nothing else."""
    if isinstance(value, str):
        shorter = value[:MAX_TEXT]
        return shorter if shorter.isascii() else shorter.encode("utf-8", "replace").decode()
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return str(value) if is_number and abs(value) < 1e21 else ""


def _verb(known: EventType | None, key: str) -> Verb:
    if known:
        return known.verb
    # A type that a workspace declared, or anybody's event: its last word, as far as that is plain.
    ending = key.replace(".", " ").replace("_", " ").casefold().split(" ")[-1]
    return _ENDINGS.get(ending, Verb.UPDATE)


_RISKS: Final = {str(risk): risk for risk in Risk}
_ENDINGS: Final = {
    **dict.fromkeys(("created", "added", "invited", "registered"), Verb.CREATE),
    **dict.fromkeys(("viewed", "read", "listed", "exported", "downloaded"), Verb.READ),
    **dict.fromkeys(("deleted", "removed", "revoked"), Verb.DELETE),
}


def _actor(event: Mapping[str, Any], properties: Mapping[str, Any]) -> Thing:
    said = _thing(properties.get("actor"))
    user = text(event.get("userId")) or text(event.get("anonymousId"))
    return said if said.id or not user else Thing(user, said.name, said.kind, said.email)


def _workspace(properties: Mapping[str, Any]) -> Thing:
    said = properties.get("workspace")
    if isinstance(said, dict):
        return _thing(said)
    return Thing(id=text(properties.get("workspace_id")) or text(said), name=text(said))


def _rest(properties: Mapping[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in properties.items() if name not in _TAKEN}
    real = _real(properties)
    return {**rest, "real_actor": real} if real else rest


def _real(properties: Mapping[str, Any]) -> Any:
    """Who was behind the actor, where somebody acted as another; "" where nobody was."""
    return _object(properties.get("actor")).get("real") or ""


def _resource(properties: Mapping[str, Any]) -> Thing:
    """The resource, else the first target, else what Segment's own audit events call so."""
    for said in (properties.get("resource"), _first(properties.get("targets")), properties.get("details")):
        if (found := _thing(said)).id:
            return found
    return Thing()


def _thing(value: Any) -> Thing:
    if not isinstance(value, dict):
        return Thing(text(value))
    return Thing(
        id=text(value.get("id") or value.get("resource_id")),
        name=text(value.get("name") or value.get("target")),
        kind=text(value.get("kind") or value.get("type") or value.get("resource_type")),
        email=text(value.get("email")),
    )


def _moment(event: Mapping[str, Any], *names: str) -> datetime | None:
    for name in names:
        value = event.get(name)
        if isinstance(value, str):
            try:
                return parse_utc(value)
            except Invalid:
                continue
    return None


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else None


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
