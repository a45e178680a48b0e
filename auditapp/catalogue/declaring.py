"""How one event type is declared: fields, sample and the usual meaning of its verb from a single call.

Field and sample come from the same word, so they cannot drift apart. The declarations themselves are elsewhere.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from auditapp.catalogue.types import EventType, Field, Risk, Sensitivity, Verb

WITHHELD = {"redacted": "declared"}


class Usual(NamedTuple):
    """What a verb means unless a declaration says otherwise."""

    verb: Verb
    risk: Risk
    icon: str
    revertible: bool = False


USUAL: dict[str, Usual] = {
    "added": Usual(Verb.CREATE, Risk.ROUTINE, "plus", revertible=True),
    "allowed": Usual(Verb.UPDATE, Risk.ROUTINE, "check", revertible=True),
    "archived": Usual(Verb.UPDATE, Risk.ROUTINE, "eye-off", revertible=True),
    "blocked": Usual(Verb.UPDATE, Risk.RISKY, "stop", revertible=True),
    "completed": Usual(Verb.UPDATE, Risk.ROUTINE, "check"),
    "connected": Usual(Verb.UPDATE, Risk.ROUTINE, "link", revertible=True),
    "created": Usual(Verb.CREATE, Risk.ROUTINE, "plus"),
    "deleted": Usual(Verb.DELETE, Risk.RISKY, "trash"),
    "deployed": Usual(Verb.UPDATE, Risk.ROUTINE, "publish", revertible=True),
    "detected": Usual(Verb.UPDATE, Risk.NOTABLE, "warning"),
    "disabled": Usual(Verb.UPDATE, Risk.RISKY, "power", revertible=True),
    "disconnected": Usual(Verb.UPDATE, Risk.RISKY, "minus", revertible=True),
    "downloaded": Usual(Verb.CREATE, Risk.ROUTINE, "download"),
    "enabled": Usual(Verb.UPDATE, Risk.ROUTINE, "power", revertible=True),
    "exported": Usual(Verb.CREATE, Risk.ROUTINE, "download"),
    "failed": Usual(Verb.UPDATE, Risk.RISKY, "warning"),
    "granted": Usual(Verb.UPDATE, Risk.NOTABLE, "key", revertible=True),
    "listed": Usual(Verb.READ, Risk.ROUTINE, "eye"),
    "modified": Usual(Verb.UPDATE, Risk.ROUTINE, "pencil", revertible=True),
    "omitted": Usual(Verb.UPDATE, Risk.RISKY, "minus", revertible=True),
    "paused": Usual(Verb.UPDATE, Risk.ROUTINE, "pause", revertible=True),
    "published": Usual(Verb.UPDATE, Risk.ROUTINE, "publish"),
    "recovered": Usual(Verb.UPDATE, Risk.NOTABLE, "retry"),
    "removed": Usual(Verb.DELETE, Risk.RISKY, "minus"),
    "restored": Usual(Verb.CREATE, Risk.NOTABLE, "undo", revertible=True),
    "resumed": Usual(Verb.UPDATE, Risk.ROUTINE, "play", revertible=True),
    "revoked": Usual(Verb.DELETE, Risk.RISKY, "trash"),
    "rotated": Usual(Verb.UPDATE, Risk.NOTABLE, "key"),
    "started": Usual(Verb.UPDATE, Risk.ROUTINE, "play"),
    "updated": Usual(Verb.UPDATE, Risk.ROUTINE, "pencil", revertible=True),
    "uploaded": Usual(Verb.UPDATE, Risk.ROUTINE, "inbox"),
    "viewed": Usual(Verb.READ, Risk.ROUTINE, "eye"),
}


@dataclass(frozen=True, slots=True)
class Target:
    """A resource of the sample; `personal` when its name is a person's."""

    type: str
    id: str
    name: str
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Meta:
    """A value in meta: its field and what the sample says."""

    key: str
    label: str
    value: Any
    sensitivity: Sensitivity = Sensitivity.PUBLIC


@dataclass(frozen=True, slots=True)
class Change:
    """A changed value: its field and the two sides of the sample."""

    path: str
    label: str
    old: Any
    new: Any
    sensitivity: Sensitivity = Sensitivity.PUBLIC


def secret(path: str, label: str) -> Change:
    """A change whose values nobody may see."""
    return Change(path, label, WITHHELD, WITHHELD, Sensitivity.SECRET)


@dataclass(frozen=True, slots=True)
class TaskAttempt:
    """Which try of one task an event tells of, and of how many; events of one task have its id in common."""

    number: int
    of: int = 6

    def told(self, *, is_failure: bool) -> tuple[Meta, ...]:
        """Its fields; whether it was the last one is said of failures alone."""
        fields = (
            Meta("attempt", "Attempt", self.number),
            Meta("of", "Attempts at most", self.of),
            Meta("task", "Task", "tsk_5vGk2RqWnD8xTj0LbYc7Hm"),
        )
        return (*fields, Meta("final", "Last attempt", self.number == self.of)) if is_failure else fields


def attempt(number: int) -> Meta:
    """Which try an event tells of, of what is tried again without being a task."""
    return Meta("attempt", "Attempt", number)


def reason(text: str) -> Meta:
    """Why something failed or did not happen."""
    return Meta("reason", "Reason", text)


def declare(
    key: str,
    name: str,
    sentence: str,
    *told: Target | Meta | Change | TaskAttempt,
    area: str,
    like: str | None = None,
    verb: Verb | None = None,
    risk: Risk | None = None,
    icon: str | None = None,
    revertible: bool | None = None,
    outcome: str | None = None,
    aliases: tuple[str, ...] = (),
    section: str = "",
) -> EventType:
    """Make an event type from its sentence and what it tells of; the first target is its resource.

    Takes:   like, the verb of `USUAL` to follow when the last word of the key is not one, or is the wrong one
    """
    action = like or re.split(r"[._]", key)[-1]
    usual = USUAL[action]
    about = tuple(_spread(told, is_failure=action == "failed"))
    targets = [item for item in about if isinstance(item, Target)]
    return EventType(
        key=key,
        name=name,
        area=area,
        resource_type=targets[0].type,
        verb=verb or usual.verb,
        risk=risk or usual.risk,
        icon=icon or usual.icon,
        sentence=sentence,
        fields=_fields(about, targets),
        sample={
            "targets": [{"type": item.type, "id": item.id, "name": item.name} for item in targets],
            "meta": {item.key: item.value for item in about if isinstance(item, Meta)},
            "changes": [
                {"path": item.path, "old": item.old, "new": item.new} for item in about if isinstance(item, Change)
            ],
            "outcome": outcome or ("failure" if action == "failed" else "success"),
        },
        revertible=usual.revertible if revertible is None else revertible,
        aliases=aliases,
        section=section,
    )


def _spread(
    told: tuple[Target | Meta | Change | TaskAttempt, ...], *, is_failure: bool
) -> Iterator[Target | Meta | Change]:
    for item in told:
        if isinstance(item, TaskAttempt):
            yield from item.told(is_failure=is_failure)
        else:
            yield item


def _fields(about: tuple[Target | Meta | Change, ...], targets: list[Target]) -> tuple[Field, ...]:
    named = [
        Field(f"targets.{number}.name", "Name", Sensitivity.PERSONAL)
        for number, item in enumerate(targets)
        if item.personal
    ]
    for item in about:
        if isinstance(item, Meta):
            named.append(Field(item.key, item.label, item.sensitivity))
        elif isinstance(item, Change):
            named.append(Field(item.path, item.label, item.sensitivity))
    return tuple(named)
