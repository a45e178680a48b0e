"""What the filters of a destination would do to the last events of its source: which pass, which are changed or dropped, and by which filter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from auditapp.pipeline.destination_filters.actions import Filter, FilterChain
from auditapp.pipeline.transformations.preview import Line, side_by_side
from auditapp.pipeline.verdicts import Verdict
from auditapp.sources.inbox_queries import latest_events
from auditapp.sources.models import Source

SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Tested:
    """One event and what became of it: passed, changed, dropped or failed."""

    name: str
    state: str
    by: str = ""
    message: str = ""
    before: list[Line] = field(default_factory=list)
    after: list[Line] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FilterTest:
    """All that was looked at, and the newest of it one by one."""

    looked_at: int
    counts: dict[str, int]
    events: list[Tested]


def filter_test(filters: Sequence[Filter], titles: Mapping[str, str], source: Source) -> FilterTest:
    """Try filters on the last events that came into the source and were not stopped there."""
    chain = FilterChain(filters)
    counts = {"passed": 0, "changed": 0, "dropped": 0, "failed": 0}
    tested: list[Tested] = []
    latest = [one for one in latest_events(source) if not one.is_blocked]
    for one in latest:
        made = chain.apply(one.event)
        name, by = one.stored.name or one.stored.type, titles.get(made.filter_id, "")
        if made.event is None:
            state = "failed" if made.verdict is Verdict.INTERNAL else "dropped"
            result = Tested(name, state, by, made.message)
        elif made.event == one.event:
            result = Tested(name, "passed")
        else:
            result = Tested(name, "changed")
            if len(tested) < SHOWN:
                result = Tested(name, "changed", "", "", *side_by_side(one.event, made.event))
        counts[result.state] += 1
        if len(tested) < SHOWN:
            tested.append(result)
    return FilterTest(len(latest), counts, tested)
