"""Which destinations are due, and who has one in hand: a lease with a number, so that a former holder changes nothing any more."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now

from auditapp.lib import clock
from auditapp.pipeline.delivery.models import Delivery

# Longer than a try, which has 15 s for all of it.
LEASE_S: Final = 30

DUE = """
SELECT d.workspace_id, d.destination_id, d.lane, d.failures > 0
FROM delivery AS d
JOIN destination AS t ON t.workspace_id = d.workspace_id AND t.id = d.destination_id
JOIN source_head AS h ON h.workspace_id = d.workspace_id AND h.source_id = d.source_id
WHERE t.is_enabled AND t.paused_at IS NULL
  AND d.next_index < least(h.next_index, coalesce(d.end_index, h.next_index))
  AND (d.retry_at IS NULL OR d.retry_at <= %s)
  AND (d.leased_until IS NULL OR d.leased_until < clock_timestamp())
ORDER BY d.retry_at NULLS FIRST, d.delivered_at NULLS FIRST
LIMIT %s
"""
LEASE = """
UPDATE delivery SET lease = lease + 1, leased_until = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE workspace_id = %(workspace_id)s AND destination_id = %(destination_id)s AND lane = %(lane)s
  AND (leased_until IS NULL OR leased_until < clock_timestamp())
RETURNING lease
"""


class Due(NamedTuple):
    """A lane that has something to send and may be tried now."""

    workspace_id: int
    destination_id: str
    lane: str
    is_failing: bool


class LeaseLost(Exception):
    """Another worker took over, or the destination was deleted: what was done here since is for nobody to write down."""


@dataclass(slots=True)
class Held:
    """A lane in the hand of this worker: its row as it was written last."""

    row: Delivery

    def write(self, **values: Any) -> None:
        """Write to the row, and hold it for another while.

        Raises:  LeaseLost
        """
        if not self._mine().update(leased_until=Now() + timedelta(seconds=LEASE_S), **values):
            raise LeaseLost
        for name, value in values.items():
            setattr(self.row, name, value)

    def let_go(self) -> None:
        """Give the lane back, unless another has it already."""
        self._mine().update(leased_until=None)

    def _mine(self) -> QuerySet[Delivery]:
        return Delivery.objects.filter(
            workspace_id=self.row.workspace_id,
            destination_id=self.row.destination_id,
            lane=self.row.lane,
            lease=self.row.lease,
        )


def due_lanes(*, limit: int, now: datetime | None = None) -> list[Due]:
    """The lanes that are due, those that wait longest first; asked outside of any workspace, as the worker."""
    with connection.cursor() as cursor:
        cursor.execute(DUE, [now or clock.now(), limit])
        return [Due(*row) for row in cursor.fetchall()]


def take(due: Due) -> Held | None:
    """Take a lane in hand, in the caller's transaction in its workspace; None where another was faster."""
    told: dict[str, Any] = {
        "workspace_id": due.workspace_id,
        "destination_id": due.destination_id,
        "lane": due.lane,
        "seconds": LEASE_S,
    }
    with connection.cursor() as cursor:
        cursor.execute(LEASE, told)
        if cursor.rowcount != 1:
            return None
    return Held(Delivery.objects.get(workspace_id=due.workspace_id, destination_id=due.destination_id, lane=due.lane))
