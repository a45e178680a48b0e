"""Attempts at one task as one row of the list.

The rule. A page is a stretch of the log, as without folding: its events, its keys and its neighbours are the same. Of the attempts of one run
(record/attempts.py) that the viewer may see and the filter finds, the newest leads: its row tells of all of them, wherever they are. The others
are left out where the pages come to them; that is on the leader's page or on an older one, so each is told of once, and none is lost.

`top` keeps that true while events come in: it is the newest place when somebody began to turn pages, carried by their links. An attempt that is
newer is on none of those pages, so it leads nothing on them; newer attempts have a row of their own further up. An attempt that the viewer may
not see is in no row and no count. How a run went is told as it is known now, also where the filter leaves its last attempt out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Final
from uuid import UUID

from auditapp.lib import clock
from auditapp.lib.keyset import PageKey
from auditapp.record.attempts import Attempt, attempt_of
from auditapp.record.event_filter import EventFilter
from auditapp.record.event_query import EventQuery, TaskEvent
from auditapp.record.event_row import EventRow
from auditapp.tasks.queries import next_tries
from auditapp.trail.moments import PageTime

# After a day without another attempt nobody can say that a task is still being tried.
STILL_TRIED_FOR: Final = timedelta(days=1)
TIMES: Final = {1: "once", 2: "twice"}


@dataclass(frozen=True)
class Fold:
    """What a row tells of its task: the attempts that unfold under it, newest first, and how the task stands.

    `known` are all attempts of the run that the viewer may see, newest first.
    """

    attempts: Sequence[EventRow]
    known: Sequence[EventRow]
    next_at: datetime | None = None

    @cached_property
    def last(self) -> Attempt:
        found = attempt_of(self.known[0].event)
        assert found is not None  # a fold is made of nothing else
        return found

    @property
    def has_failed(self) -> bool:
        """Whether the last attempt failed and there will be no other."""
        return self.last.is_final

    @property
    def has_recovered(self) -> bool:
        return self.known[0].event.outcome == "success" and self.last.number > 1

    @property
    def is_failing(self) -> bool:
        return self.known[0].event.outcome == "failure" and not self.last.is_final

    def words(self, time: PageTime) -> str:
        """How the task stands: `Failed twice, recovered on attempt 3`; empty where it went well at once."""
        last = self.last
        if self.has_recovered:
            failures = sum(row.event.outcome == "failure" for row in self.known)
            recovered = f"ecovered on attempt {last.number}"
            # Only where each attempt before was told of: what is not known is not counted.
            return f"Failed {times(failures)}, r{recovered}" if failures == last.number - 1 else f"R{recovered}"
        if self.has_failed:
            if last.number < last.of:
                return f"Failed for good on attempt {last.number} of {last.of}"
            return f"Failed after {last.number} attempts" if last.number > 1 else "Failed, and is not tried again"
        if not self.is_failing:
            return ""
        if self.next_at is not None:
            return f"Failing: attempt {last.number} of {last.of}, next try {_soon(self.next_at, time)}"
        if time.now - self.known[0].event.occurred_at > STILL_TRIED_FOR:
            return f"Failed on attempt {last.number} of {last.of}, nothing heard since"
        return f"Failing: attempt {last.number} of {last.of}"


@dataclass(frozen=True, slots=True)
class FoldedPage:
    """The events of a page that have rows of their own, and what some of these rows tell of their tasks."""

    rows: list[EventRow]
    folds: Mapping[UUID, Fold] = field(default_factory=dict)

    @property
    def event_ids(self) -> list[UUID]:
        """Every event that the page shows, also under another."""
        unfolded = (row.id for fold in self.folds.values() for row in fold.attempts)
        return list(dict.fromkeys([*(row.id for row in self.rows), *unfolded]))


def folded_page(events: EventQuery, rows: Sequence[EventRow], wanted: EventFilter, *, top: PageKey) -> FoldedPage:
    """The events of a page with the attempts of each task under the newest of them.

    Takes:   rows, of one page of this filter; top, the newest place when its reader began to turn pages
    """
    tried = [row for row in rows if attempt_of(row.event)]
    if not tried:
        return FoldedPage(list(rows))
    members = [one for one in events.attempts_with(tried, wanted) if attempt_of(one.row.event)]
    led, known = _by_leader(members, top), _known(members)
    led |= {row.id: [row] for row in tried if row.id not in known}  # recorded before runs were told apart
    followers = {row.id for attempts in led.values() for row in attempts[1:]}
    shown = [row for row in rows if row.id not in followers]
    folds = {row.id: Fold(led[row.id], known.get(row.id, led[row.id])) for row in shown if row.id in led}
    return FoldedPage(shown, _with_next_tries(events.viewer.workspace_id, folds))


def task_of(events: EventQuery, row: EventRow) -> Fold | None:
    """All attempts at the task that an event tells of; None where it tells of none, or of the only one."""
    if attempt_of(row.event) is None:
        return None
    members = events.attempts_with([row], EventFilter(with_reads=True))
    known = [one.row for one in members if attempt_of(one.row.event)]
    if len(known) < 2:
        return None
    return _with_next_tries(events.viewer.workspace_id, {row.id: Fold(known, known)})[row.id]


def times(count: int) -> str:
    return TIMES.get(count, f"{count} times")


def _by_leader(members: Iterable[TaskEvent], top: PageKey) -> dict[UUID, list[EventRow]]:
    """The attempts that are found, by the event of the newest of each run on either side of `top`."""
    groups: dict[object, list[EventRow]] = {}
    for one in members:
        if one.is_wanted:
            groups.setdefault((one.run, one.row.page_key > top), []).append(one.row)
    return {attempts[0].id: attempts for attempts in groups.values()}


def _known(members: Iterable[TaskEvent]) -> dict[UUID, list[EventRow]]:
    """By event, all attempts of its run."""
    runs: dict[object, list[EventRow]] = {}
    for one in members:
        runs.setdefault(one.run, []).append(one.row)
    return {row.id: attempts for attempts in runs.values() for row in attempts}


def _with_next_tries(workspace_id: int, folds: dict[UUID, Fold]) -> dict[UUID, Fold]:
    """When this system's own tasks are tried again; of other systems' nobody has said."""
    since = clock.now() - STILL_TRIED_FOR
    failing = [fold.last.task for fold in folds.values() if fold.is_failing and fold.known[0].event.occurred_at > since]
    tries = next_tries(workspace_id, failing) if failing else {}
    return {
        event_id: Fold(fold.attempts, fold.known, tries.get(fold.last.task) if fold.is_failing else None)
        for event_id, fold in folds.items()
    }


def _soon(moment: datetime, time: PageTime) -> str:
    seconds = round((moment - time.now).total_seconds())
    return "is due" if seconds <= 0 else f"in {span(timedelta(seconds=seconds))}"


def span(length: timedelta) -> str:
    """A length of time as people say it: `51 s`, `2 min 5 s`, `3 h 10 min`, `2 d 4 h`."""
    seconds = max(0, round(length.total_seconds()))
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    for (name, size), (smaller, part) in pairwise(units):
        if seconds >= size:
            rest = seconds % size // part
            return f"{seconds // size} {name} {rest} {smaller}" if rest else f"{seconds // size} {name}"
    return f"{seconds} s"
