"""What the clock has done for alerts: what is old is forgotten."""

from datetime import timedelta
from typing import Final

from django.db import connection

from auditapp.alerts.models import AlertCount, AlertFiring, AlertMessage, AlertNotice
from auditapp.lib import clock

KEPT: Final = timedelta(days=90)
LONGEST_WINDOW: Final = timedelta(days=31)
# What nobody counts on any more: nothing in it, or all of it older than any window. Of a silence the last time is kept for ever.
FORGET_WINDOWS = """
DELETE FROM alert_window AS w USING alert_rule AS u
WHERE u.workspace_id = w.workspace_id AND u.id = w.rule_id AND u.trigger <> 'silence'
  AND (cardinality(w.times) = 0 OR w.times[cardinality(w.times)] < %s)
"""


def forget_firings() -> None:
    """Firings of 90 days stay, with what was sent; run outside of any workspace, as the worker."""
    before = clock.now() - KEPT
    AlertMessage.objects.filter(ended_at__lt=before).delete()
    AlertFiring.objects.filter(fired_at__lt=before).delete()
    AlertNotice.objects.filter(fixed_at__lt=before).delete()
    AlertCount.objects.filter(day__lt=before.date()).delete()
    with connection.cursor() as cursor:
        cursor.execute(FORGET_WINDOWS, [clock.now() - LONGEST_WINDOW])
