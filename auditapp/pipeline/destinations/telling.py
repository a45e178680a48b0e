"""An event as people are told of it, in a chat or a mail: plain words on one line each, and where to read more.

What is here is text as it was sent, made visible; escaping for a medium stays with the medium.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.urls import NoReverseMatch, reverse

from auditapp.catalogue import registry
from auditapp.catalogue.sentence import default_sentence, plain_sentence, sentence_parts, value_text
from auditapp.catalogue.types import Risk
from auditapp.lib.visible_text import terminal_safe
from auditapp.pipeline.formats.reading import Facts, read, text

MAX_TOLD: Final = 150
MAX_SENTENCE: Final = 250
MAX_VALUE: Final = 60
MAX_REASON: Final = 300
MOST_CHANGES: Final = 3
_EVENT_ID: Final = re.compile(r"evt_[0-9A-Za-z]{1,40}", re.ASCII)
_SLUG: Final = re.compile(r"[a-z0-9-]{1,60}", re.ASCII)

Things = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Told:
    """Who did what to which resource. Empty where the event does not say.

    Of an audit event `sentence` is the trail's own, with its actor, and `changes` what changed in short; of any other it is
    its name and its user.
    """

    facts: Facts
    is_audit: bool
    who: str
    sentence: str
    changes: str
    ip: str
    link: str
    reason: str

    @property
    def at(self) -> datetime:
        return self.facts.at

    @property
    def is_failure(self) -> bool:
        return self.facts.is_success is False

    @property
    def is_risky(self) -> bool:
        return self.facts.risk is Risk.RISKY

    @property
    def outcome(self) -> str:
        return "" if self.facts.is_success is None else "success" if self.facts.is_success else "failure"

    @property
    def details(self) -> list[str]:
        """Why, from where, with what outcome and what effect: of an audit event, whose sentence leaves that out."""
        if not self.is_audit:
            return []
        why = f"reason: {self.reason}" if self.reason else ""
        return list(filter(None, [why, f"from {self.ip}" if self.ip else "", self.outcome, self.changes]))


def told(event: Mapping[str, Any]) -> Told:
    """What people are told of an event."""
    facts, properties = read(event), properties_of(event)
    is_audit = is_audit_event(facts, properties)
    what, resource = plain(facts.name), plain(facts.resource.name or facts.resource.id)
    who = plain(actor_of(facts, properties))
    return Told(
        facts=facts,
        is_audit=is_audit,
        who=who,
        sentence=_audit_sentence(facts, properties, who) if is_audit else _sentence(facts, what, resource, who),
        changes=changes_in_short(facts.key, changes_of(properties)) if is_audit else "",
        ip=plain(facts.ip),
        link=_link(properties),
        reason=plain(facts.reason, MAX_REASON),
    )


def is_audit_event(facts: Facts, properties: Mapping[str, Any]) -> bool:
    """Whether an event is shaped as Audit Forwarding makes them: a type of the trail, and an actor."""
    has_type = registry.event_type(facts.key) is not None or bool(_EVENT_ID.fullmatch(text(properties.get("event_id"))))
    return facts.call == "track" and has_type and isinstance(properties.get("actor"), Mapping)


def properties_of(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The properties of an event, none where they are something else."""
    found = event.get("properties")
    return found if isinstance(found, Mapping) else {}


def actor_of(facts: Facts, properties: Mapping[str, Any]) -> str:
    """Who acted, by name; "Ana as Bo" where Ana acted as Bo."""
    name = facts.actor.name or facts.actor.email or facts.actor.id
    said = properties.get("actor")
    real = said.get("real") if isinstance(said, Mapping) else None
    behind = text(real.get("name") or real.get("id")) if isinstance(real, Mapping) else ""
    return f"{behind} as {name}" if behind else name


def targets_of(facts: Facts, properties: Mapping[str, Any]) -> Things:
    """The resources of an audit event as sentences take them, the first of them what it is about."""
    found = [
        {name: text(one.get(name)) for name in ("type", "id", "name")}
        for one in _list(properties.get("targets"))
        if isinstance(one, Mapping)
    ]
    resource = facts.resource
    return found or ([{"type": resource.kind, "id": resource.id, "name": resource.name}] if resource.id else [])


def changes_of(properties: Mapping[str, Any]) -> Things:
    """The changes of an audit event as sentences take them."""
    return [
        {"path": text(one.get("path")), "old": one.get("old"), "new": one.get("new")}
        for one in _list(properties.get("changes"))
        if isinstance(one, Mapping)
    ]


def meta_of(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an audit event says beside its changes."""
    found = properties.get("meta")
    return found if isinstance(found, Mapping) else {}


def changes_in_short(key: str, changes: Things) -> str:
    """`Enabled: yes → no`, `Name: Web shop` of what was not there before; the first few of them."""
    known = registry.event_type(key)
    labels: dict[str, str] = {one.path: one.label for one in known.fields} if known else {}
    shown = [
        f"{plain(labels.get(path) or path, MAX_VALUE)}: {_sides(old, new)}"
        for path, old, new in (one.values() for one in changes[:MOST_CHANGES])
    ]
    more = len(changes) - MOST_CHANGES
    return plain("; ".join([*shown, f"and {more} more"] if more > 0 else shown), MAX_SENTENCE)


def plain(said: str, most: int = MAX_TOLD) -> str:
    """Text on one line, without what steers or hides, and not too long."""
    line = terminal_safe(" ".join(said[: most * 2].split()))
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _audit_sentence(facts: Facts, properties: Mapping[str, Any], who: str) -> str:
    known = registry.event_type(facts.key)
    # A type that a workspace declared says so itself: only there its words are known.
    own = text(properties.get("sentence")) if known is None else ""
    parts = sentence_parts(
        known.sentence if known else default_sentence(facts.key),
        targets=targets_of(facts, properties),
        meta=meta_of(properties),
        changes=changes_of(properties),
    )
    said = f"{who or 'Somebody'} {own or plain_sentence(parts)}"
    # What failed by its type says so already.
    says_so = known.sample["outcome"] == "failure" if known else facts.key.endswith("failed")
    failed = " (failed)" if facts.is_success is False and not says_so else ""
    return plain(said, MAX_SENTENCE - len(failed)) + failed


def _sentence(facts: Facts, what: str, resource: str, who: str) -> str:
    about = f": {resource}" if resource else ""
    by = f" by {who}" if who else ""
    return f"{what}{about}{by}{' (failed)' if facts.is_success is False else ''}"


def _sides(old: Any, new: Any) -> str:
    if isinstance(new, Mapping) and "redacted" in new:
        return "changed, value withheld"
    # What was made just now was nothing before.
    return _side(new) if old in (None, "", [], {}) else f"{_side(old)} → {_side(new)}"


def _side(value: Any) -> str:
    return plain(value_text(value) or ("(more)" if value not in (None, "", [], {}) else "nothing"), MAX_VALUE)


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _link(properties: Mapping[str, Any]) -> str:
    """Where an audit event is in this trail. Addresses that events bring along are not made into links."""
    event_id, slug = text(properties.get("event_id")), text(properties.get("workspace"))
    if not (_EVENT_ID.fullmatch(event_id) and _SLUG.fullmatch(slug)):
        return ""
    try:
        return str(settings.PUBLIC_URL) + reverse("trail:event_page", args=[slug, event_id])
    except NoReverseMatch:  # a project of its own that has no pages of the trail
        return ""
