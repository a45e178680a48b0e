"""Which rules an event may concern, found without asking each: by what its type decides, and by its actor where a rule names some.

Whether it does is decided by `matches`. Pure; the rules come in from the reader.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from auditapp.alerts.models import AlertRule
from auditapp.alerts.queries import wanted_by
from auditapp.catalogue.types import Risk
from auditapp.record.drafts import EventDraft
from auditapp.record.event_filter import EventFilter
from auditapp.record.event_matches import is_of_type

MOST_SHAPES = 5_000
_Shape = tuple[str, str, str, str, bool, Risk]


@dataclass(frozen=True, slots=True)
class Watch:
    """A rule with its query as a filter, its owner's own actions left out where they do not count."""

    rule: AlertRule
    wanted: EventFilter


@dataclass(slots=True)
class _Bucket:
    """The rules that events of one shape may concern: those that name actors, by these, and the others."""

    by_actor: dict[str, list[Watch]] = field(default_factory=dict)
    others: list[Watch] = field(default_factory=list)


class RuleIndex:
    """The enabled rules of a workspace. Events come in few shapes (type, area, outcome, ...), each of which is sorted out once."""

    def __init__(self, rules: Iterable[AlertRule]) -> None:
        self.watches = [Watch(rule, wanted_by(rule)) for rule in rules]
        self._buckets: dict[_Shape, _Bucket] = {}

    def candidates(self, event: EventDraft, risk: Risk) -> Iterator[Watch]:
        """The rules that this event may concern."""
        shape = (event.type, event.area, event.outcome, event.actor.kind, event.is_read, risk)
        bucket = self._buckets.get(shape)
        if bucket is None:
            if len(self._buckets) >= MOST_SHAPES:  # types that nobody declared may be without number
                self._buckets.clear()
            bucket = self._buckets[shape] = self._sorted(event, risk)
        yield from bucket.others
        yield from bucket.by_actor.get(event.actor.id, ())

    def _sorted(self, event: EventDraft, risk: Risk) -> _Bucket:
        bucket = _Bucket()
        for watch in self.watches:
            wanted = watch.wanted
            if not _has_shape(wanted, event, risk):
                continue
            if wanted.actors.include:
                for actor_id in wanted.actors.include:
                    bucket.by_actor.setdefault(actor_id, []).append(watch)
            else:
                bucket.others.append(watch)
        return bucket


def _has_shape(wanted: EventFilter, event: EventDraft, risk: Risk) -> bool:
    if event.is_read and wanted.hides_reads:
        return False
    if wanted.risks and risk not in wanted.allowed_risks:
        return False
    plain = ((wanted.outcomes, event.outcome), (wanted.actor_kinds, event.actor.kind))
    for choice, value in plain:
        if (choice.include and value not in choice.include) or value in choice.exclude:
            return False
    return is_of_type(wanted, event.type, event.area)
