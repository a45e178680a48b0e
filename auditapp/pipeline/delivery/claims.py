"""Which destinations are due, and who has one in hand: a lease with a number, so that a former holder changes nothing any more."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce, Now

from auditapp.lib import clock
from auditapp.pipeline.delivery.models import Delivery
from auditapp.pipeline.destinations.kind import Outcome

# Longer than a try, which has 15 s for all of it.
LEASE_S: Final = 30
INTERNAL: Final = "internal"

# By turns, those that fail and the others: neither a crowd of dead destinations nor a crowd of busy ones keeps the other kind out.
DUE = """
SELECT workspace_id, destination_id, lane, is_failing
FROM (
    SELECT d.workspace_id, d.destination_id, d.lane, d.failures > 0 AS is_failing, row_number() OVER (
        PARTITION BY d.failures > 0 ORDER BY coalesce(d.retry_at, d.delivered_at) NULLS FIRST
    ) AS place
    FROM delivery AS d
    JOIN destination AS t ON t.workspace_id = d.workspace_id AND t.id = d.destination_id
    JOIN source_head AS h ON h.workspace_id = d.workspace_id AND h.source_id = d.source_id
    WHERE t.is_enabled AND t.paused_at IS NULL
      AND d.next_index < least(h.next_index, coalesce(d.end_index, h.next_index))
      AND (d.retry_at IS NULL OR d.retry_at <= %(now)s)
      AND (d.leased_until IS NULL OR d.leased_until < clock_timestamp())
) AS due
WHERE place <= %(limit)s ORDER BY place, is_failing
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

    def lock(self) -> None:
        """Lock the row before anything is written that hangs on it, as who deletes a destination does: nobody waits in a circle.

        Raises:  LeaseLost
        """
        if self._mine().select_for_update().values_list("lease").first() is None:
            raise LeaseLost

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
    """The lanes that are due, those that wait longest first; asked outside of any workspace, as the worker.

    Takes:   limit, of those that fail, and of the others
    """
    with connection.cursor() as cursor:
        cursor.execute(DUE, {"now": now or clock.now(), "limit": limit})
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


def put_off(due: Due, *, until: datetime, message: str) -> None:
    """Have a lane left alone for a while that could not be served for a reason of our own, and say so on its page."""
    lanes = Delivery.objects.filter(workspace_id=due.workspace_id, destination_id=due.destination_id, lane=due.lane)
    lanes.update(
        retry_at=until,
        failures=F("failures") + 1,
        failing_since=Coalesce("failing_since", Now()),
        last_outcome=Outcome.RETRY,
        last_code=INTERNAL,
        last_message=message,
    )
