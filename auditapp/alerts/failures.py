"""Tasks that failed in 30 days, by what became of them: failed for good, recovered, still tried. Of the trail, as its viewer may see it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from auditapp.alerts.attempts import attempt_of
from auditapp.alerts.queries import DAYS_SHOWN
from auditapp.catalogue import registry
from auditapp.lib import clock
from auditapp.record.event_filter import Choice, EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.event_row import EventRow
from auditapp.record.event_types import declared_types
from auditapp.record.viewer import Viewer

MOST_READ: Final = 500
# Failures that are nobody's task crowd out no others.
NO_TASKS: Final = tuple(
    key
    for key, kind in sorted(registry.EVENT_TYPES.items())
    if kind.sample["outcome"] == "failure" and "task" not in kind.sample["meta"]
)
RECOVERIES: Final = tuple(key for key in sorted(registry.EVENT_TYPES) if key.endswith("recovered"))


@dataclass(frozen=True, slots=True)
class TaskShown:
    """A task by its last event, and how many of its attempts failed."""

    row: EventRow
    failures: int


@dataclass(frozen=True, slots=True)
class Failures:
    """Tasks that failed, the newest first. Where it was cut, only what came since `since` was looked at, and there is more before."""

    hard: Sequence[TaskShown]
    recovered: Sequence[TaskShown]
    still_tried: int
    since: datetime
    is_cut: bool

    @property
    def total(self) -> int:
        return len(self.hard) + len(self.recovered) + self.still_tried

    @property
    def loud_percent(self) -> float:
        return round(100 * len(self.hard) / self.total, 1) if self.total else 0.0

    @property
    def quiet_percent(self) -> float:
        """What the bar has beside the loud part and a gap."""
        return max(round(100 - self.loud_percent - (0.5 if self.hard else 0), 1), 0.0)

    @property
    def loud_from(self) -> float:
        return round(100 - self.loud_percent, 1)


def failures_of(viewer: Viewer) -> Failures:
    """What became of the tasks that failed in 30 days, from the newest 500 failures and recoveries."""
    first = clock.now() - timedelta(days=DAYS_SHOWN)
    failed = EventFilter(types=Choice((), NO_TASKS), outcomes=Choice(("failure",), ()), since=first)
    declared = [one.key for one in declared_types(viewer.workspace_id) if one.key.endswith("recovered")]
    back = EventFilter(types=Choice((*RECOVERIES, *declared), ()), outcomes=Choice(("success",), ()), since=first)
    tries, cut_at = _newest(viewer, failed)
    recoveries, cut_back_at = _newest(viewer, back) if tries else ([], None)
    since = max(one for one in (first, cut_at, cut_back_at) if one)
    hard, recovered, still = list[TaskShown](), list[TaskShown](), 0
    for events in _runs([*tries, *recoveries], since):
        last = attempt_of(events[-1].event)
        failures = sum(one.event.outcome == "failure" for one in events)
        if last is None or not failures:
            continue
        if not last.is_final:
            still += 1
        else:
            (hard if last.is_failure else recovered).append(TaskShown(events[-1], failures))
    is_cut = cut_at is not None or cut_back_at is not None
    return Failures(_newest_first(hard), _newest_first(recovered), still, since, is_cut)


def _runs(rows: Iterable[EventRow], since: datetime) -> list[list[EventRow]]:
    """The attempts of each task, oldest first. A number that is not above the last one begins the task anew, as on the trail."""
    last: dict[str, tuple[int, list[EventRow]]] = {}
    runs = []
    for row in sorted(rows, key=lambda one: (one.event.occurred_at, one.id)):
        attempt = attempt_of(row.event)
        if attempt is None or row.event.occurred_at < since:
            continue
        number, run = last.get(attempt.task, (attempt.number, []))
        if attempt.number <= number:
            run = []
            runs.append(run)
        run.append(row)
        last[attempt.task] = (attempt.number, run)
    return runs


def _newest(viewer: Viewer, wanted: EventFilter) -> tuple[list[EventRow], datetime | None]:
    page = visible_events(viewer).page(wanted, size=MOST_READ)
    older = page.searched_to or page.older
    return list(page.rows), older.occurred_at if older else None


def _newest_first(tasks: Iterable[TaskShown]) -> list[TaskShown]:
    return sorted(tasks, key=lambda one: one.row.event.occurred_at, reverse=True)
