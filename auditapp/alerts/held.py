"""What was held in 30 days because failed attempts wait for the last one: how much, of which tasks, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from auditapp.alerts.models import Hold
from auditapp.alerts.queries import DAYS_SHOWN, OWN_ID, waiting_until
from auditapp.lib import clock
from auditapp.record.event_query import visible_events
from auditapp.record.event_row import EventRow
from auditapp.record.viewer import Viewer

MOST_LISTED: Final = 20
COUNTS = """
SELECT count(*), count(DISTINCT task), count(DISTINCT task) FILTER (WHERE hold = 'recovered'),
    count(DISTINCT task) FILTER (WHERE hold = 'held')
FROM alert_firing WHERE workspace_id = %s AND NOT hold = '' AND fired_at >= %s AND NOT starts_with(rule_id, %s) AND NOT starts_with(rule_id, 'own_')
"""
# What members chose for themselves is nobody's business. Of one task, several rules may have held as many notices each. What members chose for themselves is not counted.
TASKS = """
SELECT task, count(*), max(fired_at), min(held_until), (array_agg(event_id ORDER BY index DESC))[1],
    (array_agg(hold ORDER BY fired_at DESC, index DESC))[1], (array_agg(notice_id ORDER BY fired_at DESC, index DESC))[1]
FROM alert_firing WHERE workspace_id = %s AND NOT hold = '' AND fired_at >= %s AND NOT starts_with(rule_id, %s) AND NOT starts_with(rule_id, 'own_')
GROUP BY task ORDER BY max(fired_at) DESC, task LIMIT %s
"""


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
    """What the rules of a workspace held in 30 days; its latest tasks as the viewer may see them."""
    first = clock.now() - timedelta(days=DAYS_SHOWN)
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, [viewer.workspace_id, first, OWN_ID])
        notices, tasks, recovered, waiting = cursor.fetchone()
        cursor.execute(TASKS, [viewer.workspace_id, first, OWN_ID, MOST_LISTED])
        found = cursor.fetchall()
    seen = visible_events(viewer).many([row[4] for row in found if row[4]]) if found else {}
    due = waiting_until(viewer.workspace_id, [row[6] for row in found])
    latest = [
        HeldTask(count, last_at, until, Hold(became), seen.get(event_id), due.get(notice_id))
        for _, count, last_at, until, event_id, became, notice_id in found
    ]
    return Held(notices, tasks, recovered, waiting, latest)
