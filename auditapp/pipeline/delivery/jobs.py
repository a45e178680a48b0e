"""Housekeeping of delivery: what is forgotten, and a warning before events are that nobody took."""

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import connection

from auditapp.jobs.schedule import enqueue
from auditapp.lib import clock
from auditapp.pipeline.delivery.models import DeadLetter, Delivery, DeliveryAttempt, DeliveryCount, Replay
from auditapp.pipeline.delivery.positions import OWN_LANE
from auditapp.pipeline.delivery.settling import MAIL_JOB
from auditapp.pipeline.flow.models import StageCount
from auditapp.record.workspace_scope import in_workspace

COUNTS_KEPT: Final = timedelta(days=60)
REPLAYS_KEPT: Final = timedelta(days=90)
# Of the time that the inbox keeps events: then their owners are told that some will be gone.
WARNED_AT: Final = 0.8
EXPIRING = """
SELECT d.workspace_id, d.destination_id FROM delivery AS d
JOIN destination AS t ON t.workspace_id = d.workspace_id AND t.id = d.destination_id
JOIN source_head AS h ON h.workspace_id = d.workspace_id AND h.source_id = d.source_id
JOIN LATERAL (
    SELECT e.received_at FROM source_event AS e
    WHERE e.workspace_id = d.workspace_id AND e.source_id = d.source_id AND e.index >= d.next_index
    ORDER BY e.index LIMIT 1
) AS oldest ON true
WHERE d.lane = '' AND t.is_enabled AND NOT d.is_expiry_told AND d.next_index < h.next_index AND oldest.received_at < %s
"""


def warn_of_expiry() -> int:
    """Tell owners, once, of destinations whose oldest event waits nearly as long as the inbox keeps it; gives how many."""
    with connection.cursor() as cursor:
        cursor.execute(EXPIRING, [clock.now() - WARNED_AT * timedelta(days=settings.SOURCE_DAYS)])
        found = cursor.fetchall()
    told = 0
    for workspace_id, destination_id in found:
        with in_workspace(workspace_id):
            of = {"workspace_id": workspace_id, "destination_id": destination_id, "lane": OWN_LANE}
            if Delivery.objects.filter(**of, is_expiry_told=False).update(is_expiry_told=True):
                enqueue(MAIL_JOB, workspace_id=workspace_id, destination_id=destination_id, about="expiring")
                told += 1
    return told


def forget_attempts() -> None:
    """Forget what is older than SOURCE_DAYS; dead letters that nobody replayed stay."""
    now = clock.now()
    inbox_kept_from = now - timedelta(days=settings.SOURCE_DAYS)
    DeliveryAttempt.objects.filter(at__lt=inbox_kept_from).delete()
    DeadLetter.objects.filter(replayed_at__lt=inbox_kept_from).delete()
    DeliveryCount.objects.filter(hour__lt=now - COUNTS_KEPT).delete()
    StageCount.objects.filter(hour__lt=now - COUNTS_KEPT).delete()
    Replay.objects.filter(ended_at__lt=now - REPLAYS_KEPT).delete()
