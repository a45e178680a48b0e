"""Housekeeping of the trail's tables."""

from datetime import timedelta
from typing import Final

from django.db import connection

from auditapp.lib import clock
from auditapp.record.models import Idempotency

# Clients may repeat a request for so long and get the first answer again.
KEYS_KEPT: Final = timedelta(days=7)
MONTHS_AHEAD: Final = timedelta(days=92)


def make_months() -> int:
    """Make the partitions of this and the next three months, where they are missing; gives how many."""
    today = clock.now().date()
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_make_months(%s, %s)", [today, today + MONTHS_AHEAD])
        made: int = cursor.fetchone()[0]
    return made


def forget_idempotency_keys() -> int:
    """Delete keys that are older than seven days; gives how many."""
    return Idempotency.objects.filter(created_at__lt=clock.now() - KEYS_KEPT).delete()[0]
