"""What a destination says of an event, by the event's type: templates as people write them, checked when they are kept.

A template is in the language of the trail's sentences (catalogue/sentence.py), with more slots; an event without one of its own is told by
`telling.py`. Escaping what events say is the work of who sends it.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final, NamedTuple

from auditapp.catalogue import registry
from auditapp.catalogue.sentence import sentence_parts, slots_in, stray_mark, value_text
from auditapp.catalogue.types import EventType
from auditapp.lib.clock import utc_text
from auditapp.lib.errors import Invalid
from auditapp.pipeline.destinations.kind import Field
from auditapp.pipeline.destinations.telling import Told, changes_of, meta_of, plain, properties_of, targets_of
from auditapp.pipeline.field_paths import NOT_THERE, steps_of, value_at

MESSAGES: Final = "messages"
MAX_MESSAGES: Final = 50
MAX_EVENT: Final = 150
MAX_TEXT: Final = 1_000
MESSAGES_FIELD: Final = Field(
    MESSAGES,
    "Messages",
    "messages",
    "Templates by event type or pattern, each an event and a text; what has none is told by the event's own sentence.",
    is_required=False,
)
# Slots that every event may fill, with what they say.
SLOTS: Final = {
    "sentence": "who did what to which resource",
    "actor": "who acted, by name",
    "actor.id": "their id",
    "actor.email": "their e-mail address",
    "actor.kind": "user, token, service or system",
    "event": "the event's name",
    "type": "its type",
    "area": "its product area",
    "resource": "kind and name of the resource",
    "resource.name": "its name",
    "resource.type": "its kind",
    "resource.id": "its id",
    "changes": "what changed, in short",
    "outcome": "success or failure",
    "risk": "routine, notable or risky",
    "when": "when it happened, in UTC",
    "reason": "why they did it, where they said so",
    "ip": "the address it came from",
    "request_id": "the request it came with",
    "workspace": "the workspace's address",
    "user": "the user id of the call",
    "link": "where the event is in the trail",
}
# Of resources of any kind; what events tell of them is declared by example.
_USUAL_PATHS: Final = frozenset({"name", "enabled", "labels", "description", "settings"})
_OPEN_ENDED: Final = re.compile(r"(target\.[0-9]{1,2}(\.name)?|properties\.[^{}]+)")


class Message(NamedTuple):
    """A template for the events of a type, or of all that a pattern with `*` fits."""

    event: str
    text: str


def messages_of(settings: Mapping[str, Any]) -> list[Message]:
    """The templates that a destination was given."""
    return [Message(one["event"], one["text"]) for one in settings.get(MESSAGES) or []]


def template_for(messages: Sequence[Message], said: Told) -> str:
    """The template of an event: that of its very type, else of the pattern that says most; "" where none fits."""
    names = (said.facts.key, said.facts.name)
    fitting = [one for one in messages if fits(one.event, names)]
    return max(fitting, key=_says, default=Message("", "")).text


def fits(pattern: str, names: Iterable[str]) -> bool:
    """Whether a pattern is for an event with one of these names: its type, or what it is called."""
    pieces = pattern.casefold().split("*")
    return any(_fits(pieces, name.casefold()) for name in names)


def types_of(pattern: str) -> list[EventType]:
    """The types of the catalogue that a pattern is for."""
    return [one for one in registry.EVENT_TYPES.values() if fits(pattern, (one.key, one.name))]


def filled(template: str, event: Mapping[str, Any], said: Told, value: Callable[[str], str] = str) -> str:
    """The template with what the event says.

    Takes:   value, how a medium escapes what events say; the words of the template are left as they are
    """
    properties = properties_of(event)
    parts = sentence_parts(
        template,
        targets=targets_of(said.facts, properties),
        meta=meta_of(properties),
        changes=changes_of(properties),
        more=_slots(template, event, said),
    )
    text = "".join(part.text if part.kind == "text" else value(_short(part.text, said)) for part in parts).strip()
    return text or value(said.sentence)


def message_for(event: Mapping[str, Any], said: Told, settings: Mapping[str, Any]) -> str:
    """What a destination says of an event in plain words."""
    template = template_for(messages_of(settings), said)
    return filled(template, event, said) if template else said.sentence


def checked_messages(value: Any) -> list[dict[str, str]]:
    """Templates as they may be stored.

    Raises:  Invalid, which names the field that no such event has
    """
    if value in (None, ""):
        return []
    if not isinstance(value, list) or len(value) > MAX_MESSAGES:
        raise _refused(f"Send a list of at most {MAX_MESSAGES} messages, each an event and a text.")
    found: dict[str, dict[str, str]] = {}
    for one in value:
        if not isinstance(one, Mapping) or one.keys() != {"event", "text"}:
            raise _refused("A message has an event and a text, and no more.")
        event, text = checked_message(one["event"], one["text"])
        if event.casefold() in found:
            raise _refused(f"There is a message for {event} already.")
        found[event.casefold()] = {"event": event, "text": text}
    return list(found.values())


def checked_message(event: Any, text: Any) -> Message:
    """One template as it may be stored.

    Raises:  Invalid
    """
    if not isinstance(event, str) or not isinstance(text, str):
        raise _refused("Event and text of a message are text.")
    event, text = event.strip(), text.replace("\r\n", "\n").strip()
    if not event or len(event) > MAX_EVENT or not event.isprintable():
        raise _refused(
            f"Name the event of a message, as warehouse.disabled or warehouse.*, in at most {MAX_EVENT} characters."
        )
    if not text or len(text) > MAX_TEXT or not all(one.isprintable() or one == "\n" for one in text):
        raise _refused(f"Write a text of at most {MAX_TEXT:,} visible characters for {event}.", "bad_text")
    if mark := stray_mark(text):
        raise _refused(
            f"In the message for {event} a {mark} stands alone. Fields are in braces: {{actor}}.", "bad_text"
        )
    types = types_of(event)
    for slot in slots_in(text):
        if not _is_known(slot, types):
            raise _refused(_unknown(slot, event, types), "unknown_field")
    return Message(event, text)


def fields_of(types: Sequence[EventType]) -> list[str]:
    """The slots that these types fill beside those that every event may."""
    found: dict[str, None] = {}
    for one in types:
        for change in one.sample["changes"]:
            found |= dict.fromkeys([f"change.{change['path']}.old", f"change.{change['path']}.new"])
        found |= dict.fromkeys(f"meta.{key}" for key in one.sample["meta"])
        found |= dict.fromkeys(f"target.{number}" for number in range(1, len(one.sample["targets"])))
    return list(found)


def _is_known(slot: str, types: Sequence[EventType]) -> bool:
    if slot in SLOTS or _OPEN_ENDED.fullmatch(slot):
        return True
    where, _, rest = slot.partition(".")
    if where == "change":
        path, _, side = rest.rpartition(".")
        return side in ("old", "new") and bool(path) and (not types or _has_change(path, types))
    return where == "meta" and bool(rest) and (not types or any(_has_meta(rest, one) for one in types))


def _has_change(path: str, types: Sequence[EventType]) -> bool:
    first = path.partition(".")[0]
    kinds = {one.resource_type for one in types}
    alike = (one for one in registry.EVENT_TYPES.values() if one.resource_type in kinds)
    declared = {change["path"] for one in alike for change in one.sample["changes"]}
    # Below a group of settings there may be more than the sample names.
    groups = {one.partition(".")[0] for one in declared if "." in one}
    return path in declared or first in groups | _USUAL_PATHS


def _has_meta(path: str, one: EventType) -> bool:
    return path.partition(".")[0] in one.sample["meta"]


def _unknown(slot: str, event: str, types: Sequence[EventType]) -> str:
    called = types[0].name if len(types) == 1 else f"the events of {event}"
    near = get_close_matches(slot, [*SLOTS, *fields_of(types)], n=1, cutoff=0.6)
    hint = f" Did you mean {{{near[0]}}}?" if near else " The fields there are stand beside the preview."
    return f"There is no field {{{slot}}} in {called}.{hint}"


def _slots(template: str, event: Mapping[str, Any], said: Told) -> dict[str, str]:
    facts = said.facts
    found = {
        "sentence": said.sentence,
        "actor": said.who,
        "actor.id": facts.actor.id,
        "actor.email": facts.actor.email,
        "actor.kind": facts.actor.kind,
        "event": facts.name,
        "type": facts.key,
        "area": facts.area,
        "resource.type": facts.resource.kind,
        "resource.id": facts.resource.id,
        "changes": said.changes,
        "outcome": said.outcome,
        "risk": str(facts.risk),
        "when": utc_text(facts.at),
        "reason": said.reason,
        "ip": facts.ip,
        "request_id": facts.request_id,
        "workspace": facts.workspace.name or facts.workspace.id,
        "user": facts.actor.id,
        "link": said.link,
    }
    for slot in slots_in(template):
        if slot.startswith("properties."):
            value = value_at(event, steps_of(slot))
            found[slot] = "" if value is NOT_THERE else value_text(value) or ""
    return found


def _short(text: str, said: Told) -> str:
    # What was made plain, and is ours, is whole.
    return text if text in (said.sentence, said.changes, said.reason, said.link) else plain(text)


def _says(message: Message) -> tuple[bool, int]:
    return "*" not in message.event, len(message.event.replace("*", ""))


def _fits(pieces: Sequence[str], name: str) -> bool:
    # Each piece at its first place after the one before: in one pass, however many stars somebody writes.
    first, *rest = pieces
    if not rest:
        return name == first
    *middle, last = rest
    if not name.startswith(first):
        return False
    at = len(first)
    for piece in middle:
        found = name.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return name.endswith(last) and len(name) - len(last) >= at


def _refused(message: str, code: str = "bad_messages") -> Invalid:
    return Invalid(message, field=MESSAGES, code=code)
