"""Which rules an event may concern, found without asking each: by what its type decides, and by its actor where a rule names some.

Whether it does is decided by `matches`. Pure; the rules come in from the reader.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from auditapp.alerts.models import AlertRule
from auditapp.alerts.queries import wanted_by
from auditapp.catalogue.types import Risk
from auditapp.record.event_filter import Choice, EventFilter
from auditapp.record.event_matches import is_of_type

MOST_SHAPES = 5_000


class Shape(NamedTuple):
    """What an event's envelope says of it, which decides about most rules before the event is opened."""

    type: str
    area: str
    outcome: str
    actor_kind: str
    is_read: bool
    risk: Risk

    @classmethod
    def sealed(cls, envelope: Mapping[str, Any], risk: Risk) -> "Shape":
        return cls(
            envelope["type"], envelope["area"], envelope["outcome"], envelope["actor_kind"], envelope["read"], risk
        )


@dataclass(frozen=True, slots=True)
class Watch:
    """A rule with its query as a filter, its owner's own actions left out where they do not count.

    `rest` is what the index does not decide: of its candidates, nothing else has to be asked.
    """

    rule: AlertRule
    wanted: EventFilter
    rest: EventFilter


@dataclass(slots=True)
class _Bucket:
    """The rules that events of one shape may concern: those that name actors, by these, and the others."""

    by_actor: dict[str, list[Watch]] = field(default_factory=dict)
    others: list[Watch] = field(default_factory=list)


class RuleIndex:
    """The enabled rules of a workspace. Events come in few shapes (type, area, outcome, ...), each of which is sorted out once."""

    def __init__(self, rules: Iterable[AlertRule]) -> None:
        self.watches = [Watch(rule, wanted := wanted_by(rule), _undecided(wanted)) for rule in rules]
        self._buckets: dict[Shape, _Bucket] = {}

    def candidates(self, shape: Shape, actor_id: str) -> list[Watch]:
        """The rules that an event of this shape and actor may concern."""
        bucket = self._buckets.get(shape)
        if bucket is None:
            if len(self._buckets) >= MOST_SHAPES:  # types that nobody declared may be without number
                self._buckets.clear()
            bucket = self._buckets[shape] = self._sorted(shape)
        of_actor = bucket.by_actor.get(actor_id)
        return [*bucket.others, *of_actor] if of_actor else bucket.others

    def _sorted(self, shape: Shape) -> _Bucket:
        bucket = _Bucket()
        for watch in self.watches:
            wanted = watch.wanted
            if not _has_shape(wanted, shape):
                continue
            if wanted.actors.include:
                for actor_id in wanted.actors.include:
                    bucket.by_actor.setdefault(actor_id, []).append(watch)
            else:
                bucket.others.append(watch)
        return bucket


def _undecided(wanted: EventFilter) -> EventFilter:
    """What neither the shape of an event nor the choice by its actor decides."""
    decided = dict.fromkeys(("types", "areas", "risks", "outcomes", "actor_kinds"), Choice())
    return replace(wanted, **decided, actors=Choice((), wanted.actors.exclude), with_reads=True)  # type: ignore[arg-type]


def _has_shape(wanted: EventFilter, shape: Shape) -> bool:
    if shape.is_read and wanted.hides_reads:
        return False
    if wanted.risks and shape.risk not in wanted.allowed_risks:
        return False
    plain = ((wanted.outcomes, shape.outcome), (wanted.actor_kinds, shape.actor_kind))
    for choice, value in plain:
        if (choice.include and value not in choice.include) or value in choice.exclude:
            return False
    return is_of_type(wanted, shape.type, shape.area)
