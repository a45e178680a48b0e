"""What somebody sees of an event, and may ask of the trail, who may not see e-mail and IP addresses (`Viewer.sees_personal`).

Hidden, wherever it stands:
  actor, and who is behind it   the e-mail; name and id that say an address
  targets                       the name that says an address or that the type declares as personal; the id that says an address
  context                       ip, user agent, the reason, and whatever says an address
  meta                          what the type declares as personal or sensitive; values that say an address, objects with such keys
  changes                       the same, each side whole; the path that says an address
  scope                         an id that says an address
Nothing is hidden of one's own events, unless somebody else acted in one's name. A hidden value is {"redacted": "hidden"}, hidden text
is "•••", so that pages, API and exports tell it from one that was never there. Words of what is hidden are searched by who sees it
alone (search_tokens.py); a filter by such a value asks for nothing (`askable`). Proofs hold no more than their reader sees.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from auditapp.catalogue import sentence
from auditapp.lib.personal_text import holds_address, says_address
from auditapp.record.drafts import MISSING, Actor, Change, EventDraft, Target
from auditapp.record.event_filter import Choice, EventFilter, Word
from auditapp.record.viewer import Viewer

HIDDEN: Final = {"redacted": "hidden"}
HIDDEN_TEXT: Final = sentence.HIDDEN
PERSONAL_CONTEXT: Final = frozenset({"ip", "user_agent", "reason"})
# Dimensions whose values are ids; those of `resources` have the kind in front.
ID_DIMENSIONS: Final = ("actors", "behind", "resources", "target_ids", "tokens", "requests", "sessions")


def is_own(event: EventDraft, viewer: Viewer) -> bool:
    """Whether the viewer did this themselves: what somebody else did in their name tells of that person's address."""
    own, behind = viewer.own_actor_ids, event.actor.real
    return event.actor.id in own and (behind is None or behind.id in own)


def without_personal(event: EventDraft, paths: frozenset[str]) -> EventDraft:
    """The event without what this module's docstring names.

    Takes:   paths, that its type declares as personal or sensitive
    """
    return replace(
        event,
        actor=_masked_actor(event.actor),
        targets=[_masked_target(target, f"targets.{n}.name" in paths) for n, target in enumerate(event.targets)],
        scope_id=masked_id(event.scope_id) if event.scope_id else event.scope_id,
        context={
            key: value
            for key, value in event.context.items()
            if key not in PERSONAL_CONTEXT and not says_address(key) and not holds_address(value)
        },
        meta=_masked_meta(event.meta, paths),
        changes=[_masked_change(change, paths) for change in event.changes],
    )


def masked_id(text: str) -> str:
    """An id, or a path, as it is shown to who may not see addresses."""
    return HIDDEN_TEXT if says_address(text) else text


def masked_envelope(envelope: dict[str, Any]) -> dict[str, Any]:
    """A parsed envelope whose ids and paths say no address. What it commits to stays, and its hash is another one."""
    commitments = envelope["c"]
    return envelope | {
        "actor": masked_id(envelope["actor"]),
        "resource": [*map(masked_id, envelope["resource"])],
        "scope": masked_id(envelope["scope"]) if envelope["scope"] else envelope["scope"],
        "c": commitments | {"changes": [[masked_id(path), *sides] for path, *sides in commitments["changes"]]},
    }


def askable(wanted: EventFilter, viewer: Viewer) -> EventFilter:
    """The filter as far as its viewer may ask it: who may not see addresses finds nothing by one, and leaves nothing out."""
    if viewer.sees_personal:
        return wanted
    narrowed: dict[str, Any] = {}
    for name in ID_DIMENSIONS:
        choice: Choice = getattr(wanted, name)
        if any(map(says_address, (*choice.include, *choice.exclude))):
            narrowed[name] = Choice(
                tuple(_nobody(value) if says_address(value) else value for value in choice.include),
                tuple(value for value in choice.exclude if not says_address(value)),
            )
    if any(says_address(word.text) for word in wanted.words):
        narrowed["words"] = tuple(_askable_words(wanted.words))
    return replace(wanted, **narrowed) if narrowed else wanted


def asks_personal(wanted: EventFilter) -> bool:
    """Whether a filter asks by what is hidden from who may not see personal data: its text alone would tell them an address."""
    ids = (
        value
        for name in ID_DIMENSIONS
        for choice in (getattr(wanted, name),)
        for value in (*choice.include, *choice.exclude)
    )
    words = (word.text for word in wanted.words)
    return bool(wanted.ips or wanted.reasons) or any(map(says_address, (*ids, *words)))


def _nobody(value: str) -> str:
    kind, colon, _ = value.partition(":")
    return f"{kind}:{HIDDEN_TEXT}" if colon and not says_address(kind) else HIDDEN_TEXT


def _askable_words(words: Iterable[Word]) -> Iterable[Word]:
    for word in words:
        if not says_address(word.text):
            yield word
        elif not word.is_excluded:
            yield Word(HIDDEN_TEXT)  # no word at all, so that nothing has it


def _masked_actor(actor: Actor) -> Actor:
    name = "" if says_address(actor.name) else actor.name
    return Actor(actor.kind, masked_id(actor.id), name, None, _masked_actor(actor.real) if actor.real else None)


def _masked_target(target: Target, is_declared: bool) -> Target:
    is_hidden = is_declared or "@" in target.name or says_address(target.name)
    return Target(target.type, masked_id(target.id), "" if is_hidden else target.name)


def _masked_meta(meta: Mapping[str, Any], paths: frozenset[str]) -> dict[str, Any]:
    if any(map(says_address, meta)):
        # A name of a field that says an address is hidden with all that stands beside it.
        return {"hidden": HIDDEN}
    return {key: _masked(value, key, paths) for key, value in meta.items()}


def _masked_change(change: Change, paths: frozenset[str]) -> Change:
    path = masked_id(change.path)
    is_hidden = path is HIDDEN_TEXT or any(_begins(path, one) for one in paths)
    return Change(path, *(_masked_side(side, change.path, paths, is_hidden) for side in (change.old, change.new)))


def _masked_side(side: Any, path: str, paths: frozenset[str], is_hidden: bool) -> Any:
    """One side of a change: whole or not at all, since a revert puts back what it finds there."""
    if side is MISSING:
        return side
    return HIDDEN if is_hidden or _masked(side, path, paths) != side else side


def _begins(path: str, declared: str) -> bool:
    return path == declared or path.startswith(f"{declared}.")


def _masked(value: Any, path: str, paths: frozenset[str]) -> Any:
    """A value of meta or a change. Elements of a list have the path of the list, as in redaction."""
    if path in paths:
        return HIDDEN
    if isinstance(value, str):
        return HIDDEN if says_address(value) else value
    if isinstance(value, Mapping):
        if any(map(says_address, value)):
            return HIDDEN
        return {key: _masked(item, f"{path}.{key}", paths) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(item, path, paths) for item in value]
    return value
