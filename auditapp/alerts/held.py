"""What was held in 30 days because failed attempts wait for the last one: how much, of which tasks, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Max, Min, Q

from auditapp.alerts.firings import waiting_until
from auditapp.alerts.models import Hold
from auditapp.alerts.queries import DAYS_SHOWN
from auditapp.alerts.seen import seen_firings
from auditapp.lib import clock
from auditapp.record.event_query import visible_events
from auditapp.record.event_row import EventRow
from auditapp.record.viewer import Viewer

MOST_LISTED: Final = 20


@dataclass(frozen=True, slots=True)
class HeldTask:
    """A task with notices that were held. `row` is its last attempt among them, None where the viewer may not see it.

    `due_at` is when the message about it goes out, None where none waits.
    """

    notices: int
    last_at: datetime
    until: datetime | None
    became: Hold
    row: EventRow | None
    due_at: datetime | None

    @property
    def words(self) -> str:
        """What became of it; of what is held `until` says the rest, of what is yet to be told `due_at`."""
        told = "told" if self.due_at is None else "the message goes out"
        return {
            Hold.HELD: "Held",
            Hold.RECOVERED: "Recovered, nobody was told",
            Hold.FAILED: f"Failed for good, {told}",
            Hold.SILENT: f"Nothing heard for 24 hours, {told}",
        }.get(self.became, "Not told: the rule was turned off")


@dataclass(frozen=True, slots=True)
class Held:
    notices: int
    tasks: int
    recovered: int
    waiting: int
    latest: Sequence[HeldTask]


def held_of(viewer: Viewer) -> Held:
    """What the rules of a workspace held in 30 days of the tasks that the viewer may see, and the latest of these.

    Of one task, several rules may have held as many notices each.
    """
    held = seen_firings(viewer).exclude(hold=Hold.NONE).filter(fired_at__gte=clock.now() - timedelta(days=DAYS_SHOWN))
    counts = held.aggregate(
        notices=Count("*"),
        tasks=Count("task", distinct=True),
        recovered=Count("task", distinct=True, filter=Q(hold=Hold.RECOVERED)),
        waiting=Count("task", distinct=True, filter=Q(hold=Hold.HELD)),
    )
    latest_first = ["-fired_at", "-index"]
    tasks = held.values("task").annotate(
        notices=Count("*"),
        last_at=Max("fired_at"),
        until=Min("held_until"),
        events=ArrayAgg("event_id", order_by="-index"),
        became=ArrayAgg("hold", order_by=latest_first),
        told_by=ArrayAgg("notice_id", order_by=latest_first),
    )
    found = list(tasks.order_by("-last_at", "task")[:MOST_LISTED]) if counts["notices"] else []
    seen = visible_events(viewer).many([one["events"][0] for one in found if one["events"][0]])
    due = waiting_until(viewer.workspace_id, [one["told_by"][0] for one in found])
    latest = [
        HeldTask(
            one["notices"],
            one["last_at"],
            one["until"],
            Hold(one["became"][0]),
            seen.get(one["events"][0]),
            due.get(one["told_by"][0]),
        )
        for one in found
    ]
    return Held(**counts, latest=latest)
