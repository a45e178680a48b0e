"""Where a destination stands in the inbox of its source: begun, moved, woken and forgotten by what is done to it.

What the worker writes is in settling.py. Whoever writes here has locked the destination first.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.db.models import F, QuerySet

from auditapp.pipeline.delivery.models import DeadLetter, Delivery, DeliveryAttempt, DeliveryCount, Replay
from auditapp.pipeline.destinations.models import Destination
from auditapp.sources.models import SourceHead

OWN_LANE: Final = ""
COUNT = """
INSERT INTO delivery_count AS c (workspace_id, destination_id, hour, code, events)
SELECT %(workspace_id)s, %(destination_id)s, date_trunc('hour', %(at)s::timestamptz, 'UTC'), one.code, one.events
FROM unnest(%(codes)s::text[], %(counts)s::bigint[]) AS one (code, events)
ON CONFLICT (workspace_id, destination_id, hour, code) DO UPDATE SET events = c.events + EXCLUDED.events
"""


def open_delivery(destination: Destination) -> None:
    """Begin at the end of the inbox: a new destination gets what comes in from now on.

    Writes:  Delivery
    """
    Delivery.objects.create(
        workspace_id=destination.workspace_id,
        destination_id=destination.id,
        lane=OWN_LANE,
        source_id=destination.source_id,
        next_index=head_of(destination),
    )


def skip_to_now(destination: Destination) -> int:
    """Leave out what waits, and say how many events that was.

    Writes:  Delivery
    """
    own = own_delivery(destination, locked=True)
    head = head_of(destination)
    skipped = max(head - own.next_index, 0)
    _of(destination).filter(lane=OWN_LANE).update(
        next_index=head,
        batch_end=None,
        suspect_end=0,
        last_outcome="",
        is_told=False,
        # Out of the hands of who may be sending a batch still: it would write down that this goes on behind it.
        lease=F("lease") + 1,
    )
    return skipped


def wake_delivery(destination: Destination) -> None:
    """Try again at once, in all lanes, as if nothing had failed: somebody has looked after it.

    Writes:  Delivery
    """
    _of(destination).update(retry_at=None, failures=0, failing_since=None)


def forget_delivery(destination: Destination) -> None:
    """Take all away that hangs on a destination.

    Writes:  Delivery, DeliveryAttempt, DeadLetter, DeliveryCount, Replay
    """
    for kept in (Delivery, DeliveryAttempt, DeadLetter, DeliveryCount, Replay):
        kept.objects.filter(workspace_id=destination.workspace_id, destination_id=destination.id).delete()


def own_delivery(destination: Destination, *, locked: bool = False) -> Delivery:
    """How far the destination itself has been read."""
    rows = _of(destination).filter(lane=OWN_LANE)
    return (rows.select_for_update() if locked else rows).get()


def count_events(workspace_id: int, destination_id: str, at: datetime, counts: Iterable[tuple[str, int]]) -> None:
    """Add to the counts of an hour, in the caller's transaction.

    Writes:  DeliveryCount
    """
    ordered = sorted(counts)  # in one order, so that two transactions never wait for each other's rows
    told: dict[str, Any] = {"workspace_id": workspace_id, "destination_id": destination_id, "at": at}
    with connection.cursor() as cursor:
        cursor.execute(COUNT, told | {"codes": [code for code, _ in ordered], "counts": [n for _, n in ordered]})


def _of(destination: Destination) -> QuerySet[Delivery]:
    return Delivery.objects.filter(workspace_id=destination.workspace_id, destination_id=destination.id)


def head_of(destination: Destination) -> int:
    """Where the inbox of its source ends."""
    head = SourceHead.objects.get(workspace_id=destination.workspace_id, source_id=destination.source_id)
    return head.next_index
