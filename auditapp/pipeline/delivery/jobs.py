"""Housekeeping of delivery: attempts as old as the inbox, dead letters that were replayed, counts, replays that ended long ago."""

from datetime import timedelta
from typing import Final

from django.conf import settings

from auditapp.lib import clock
from auditapp.pipeline.delivery.models import DeadLetter, DeliveryAttempt, DeliveryCount, Replay

COUNTS_KEPT: Final = timedelta(days=60)
REPLAYS_KEPT: Final = timedelta(days=90)


def forget_attempts() -> None:
    """Forget what is older than SOURCE_DAYS; dead letters that nobody replayed stay."""
    now = clock.now()
    inbox_kept_from = now - timedelta(days=settings.SOURCE_DAYS)
    DeliveryAttempt.objects.filter(at__lt=inbox_kept_from).delete()
    DeadLetter.objects.filter(replayed_at__lt=inbox_kept_from).delete()
    DeliveryCount.objects.filter(hour__lt=now - COUNTS_KEPT).delete()
    Replay.objects.filter(ended_at__lt=now - REPLAYS_KEPT).delete()
