"""Housekeeping of the inboxes: weeks ahead of time, and what is older than it is kept."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from django.conf import settings
from django.db import connection

from auditapp.lib import clock
from auditapp.sources.models import SourceCount

WEEKS_AHEAD: Final = timedelta(weeks=6)
COUNTS_KEPT: Final = timedelta(days=60)


def make_weeks() -> int:
    """Make the partitions of this week and the next six, where they are missing; gives how many."""
    today = clock.now().date()
    return _called("SELECT audit_make_weeks(%s, %s)", [today, today + WEEKS_AHEAD])


def forget_inboxes() -> int:
    """Drop weeks of the inboxes that ended more than SOURCE_DAYS ago, and counts after 60 days; gives how many weeks."""
    now = clock.now()
    SourceCount.objects.filter(hour__lt=now - COUNTS_KEPT).delete()
    return _called("SELECT audit_drop_weeks(%s)", [(now - timedelta(days=settings.SOURCE_DAYS)).date()])


def _called(function: str, takes: Sequence[date]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(function, takes)
        done: int = cursor.fetchone()[0]
    return done
