"""What the filters of a destination do to an event: let a share of them through, drop them, take fields out or keep only some.

A filter is a condition with actions; the chain of a destination runs Sample, Drop, Drop Properties, Allow Properties, in this order
whatever the filters' own, and every condition is asked of the event as it came. What cannot be decided is dropped.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from auditapp.lib.canonical_json import canonical_bytes
from auditapp.lib.errors import Invalid
from auditapp.pipeline.destination_filters.fql import EVERYTHING, Condition
from auditapp.pipeline.destination_filters.fql_errors import FqlFailed
from auditapp.pipeline.field_names import Names, only_names, without_names
from auditapp.pipeline.field_paths import NOT_THERE, Steps, value_at
from auditapp.pipeline.verdicts import Verdict

Event = Mapping[str, Any]
# Fields that a filter leaves: without them an event is none, or nobody can tell it from another.
KEPT: Final = ("type", "event", "messageId", "timestamp", "originalTimestamp", "receivedAt", "sentAt", "version")


class ActionType(StrEnum):
    """In the order in which they are done."""

    SAMPLE = "SAMPLE"
    DROP = "DROP"
    DROP_PROPERTIES = "DROP_PROPERTIES"
    ALLOW_PROPERTIES = "ALLOW_PROPERTIES"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing done to events that fulfil the condition.

    `fields` are places and the names there, "" is the event itself; in a list, each of its objects is such a place.
    `percent` is the share let through, 0 to 1; `path` a field whose equal values share one fate.
    """

    type: ActionType
    fields: tuple[tuple[Steps, Names], ...] = ()
    percent: float = 1.0
    path: Steps = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """An enabled filter of a destination."""

    id: str
    condition: Condition
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Filtered:
    """What a chain made of an event: the event to go on with, or why there is none, and by which filter.

    `applied` are the transformations that changed it after that.
    """

    event: Event | None
    verdict: Verdict = Verdict.ACCEPTED
    filter_id: str = ""
    message: str = ""
    applied: tuple[str, ...] = ()


class FilterChain:
    """All filters of a destination, in the order of their actions. Made once, asked for every event."""

    def __init__(self, filters: Iterable[Filter]) -> None:
        pairs = [(one, action) for one in filters for action in one.actions]
        stages = list(ActionType)
        self._stages = tuple(sorted(pairs, key=lambda pair: stages.index(pair[1].type)))

    def apply(self, event: Event) -> Filtered:
        """The event as the destination may see it, or the verdict that it does not; the given event stays as it is."""
        kept = event
        held: dict[str, bool] = {}
        for one, action in self._stages:
            try:
                holds = held.get(one.id)
                if holds is None:
                    holds = held[one.id] = one.condition.matches(event)
                if not holds:
                    continue
                if action.type is ActionType.DROP or (
                    action.type is ActionType.SAMPLE and not _is_taken(one, action, event)
                ):
                    return Filtered(None, Verdict.FILTERED_BY_RULES, one.id)
                kept = _CHANGES[action.type](kept, action) if action.type in _CHANGES else kept
            except (FqlFailed, Invalid, RecursionError) as fault:
                # Fail closed: the filter may be what keeps personal data from a destination.
                return Filtered(None, Verdict.INTERNAL, one.id, str(fault))
        return Filtered(kept)


def only_send(condition: str) -> str:
    """The condition of the drop that sends only what fulfils this one."""
    return "false" if condition.strip() == EVERYTHING else f"!({condition})"


def _is_taken(one: Filter, action: Action, event: Event) -> bool:
    """By a hash and not by chance: an event that is read again, after a crash or for a replay, has the same fate."""
    if action.path:
        value = value_at(event, action.path)
        # Without the filter's id: destinations that sample by one field see the same users.
        drawn = canonical_bytes(None if value is NOT_THERE else value)
    else:
        drawn = canonical_bytes([one.id, event.get("messageId")])
    return int.from_bytes(hashlib.sha256(drawn).digest()[:8]) < action.percent * 2**64


def _drop_properties(event: Event, action: Action) -> Event:
    changed: Any = event
    for place, names in action.fields:
        changed = _changed_at(changed, place, names, without_names)
    return changed  # type: ignore[no-any-return]


def _allow_properties(event: Event, action: Action) -> Event:
    changed: Any = event
    for place, names in action.fields:
        if not place:
            names = {**dict.fromkeys(KEPT), **names}
        changed = _changed_at(changed, place, names, only_names)
    return changed  # type: ignore[no-any-return]


_CHANGES: Final = {
    ActionType.DROP_PROPERTIES: _drop_properties,
    ActionType.ALLOW_PROPERTIES: _allow_properties,
}


def _changed_at(value: Any, place: Steps, names: Names, change: Any) -> Any:
    """The value with its objects at the place changed; the same value where there are none."""
    if isinstance(value, list):
        return [_changed_at(item, place, names, change) for item in value]
    if not isinstance(value, dict):
        return value
    if not place:
        return change(value, names)
    if place[0] not in value:
        return value
    below = _changed_at(value[place[0]], place[1:], names, change)
    return value if below is value[place[0]] else {**value, place[0]: below}
