"""Rules that fire when nothing comes: looked through by the clock, once all that happened until then has been seen."""

from datetime import timedelta
from typing import Final

from django.db import connection

from auditapp.alerts.holding import Firing, Found
from auditapp.alerts.models import AlertReading, AlertRule, AlertWindow, Trigger
from auditapp.alerts.notices import store_firings
from auditapp.alerts.queries import size_of_log
from auditapp.lib import clock
from auditapp.record.models import Pending
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.readers import reader_position

EVERY_S: Final = 1.0
# Of times of events and the clock that a test moves, not of the database's.
OVERDUE = """
SELECT DISTINCT u.workspace_id FROM alert_rule AS u
JOIN alert_window AS w ON w.workspace_id = u.workspace_id AND w.rule_id = u.id AND w.key = ''
WHERE u.is_enabled AND u.trigger = 'silence' AND NOT w.is_told AND w.times[1] + make_interval(secs => u.window_s) <= %s
ORDER BY u.workspace_id
"""


def silent_workspaces() -> list[int]:
    """The workspaces where a rule waits in vain; asked outside of any, as the worker."""
    with connection.cursor() as cursor:
        cursor.execute(OVERDUE, [clock.now()])
        return [row[0] for row in cursor.fetchall()]


def tell_silences(workspace_id: int) -> int:
    """Let the rules fire whose events did not come. Each fires once, until there was such an event again.

    Gives:   how many fired; none while events that may break the silence are not seen yet
    Writes:  AlertWindow and what `store_firings` writes; one transaction
    """
    with in_workspace(workspace_id):
        reading = AlertReading.objects.select_for_update(skip_locked=True).filter(workspace_id=workspace_id).first()
        if reading is None:
            return 0
        position = max(reader_position(workspace_id, reading.reader_name), reading.start_index)
        if position < size_of_log(workspace_id):
            return 0
        now = clock.now()
        rules = AlertRule.objects.filter(workspace_id=workspace_id, is_enabled=True, trigger=Trigger.SILENCE)
        named = {rule.id: rule for rule in rules}
        windows = AlertWindow.objects.filter(workspace_id=workspace_id, rule_id__in=named, key="", is_told=False)
        fired, told = [], []
        for window in windows.order_by("rule_id"):
            rule, last = named[window.rule_id], window.times[-1]
            over_at = last + timedelta(seconds=rule.window_s)
            if over_at > now or Pending.objects.filter(workspace_id=workspace_id, occurred_at__lte=over_at).exists():
                continue
            told.append(window.rule_id)
            fired.append(Firing(rule=rule, index=window.index, event_id=None, occurred_at=last, events=0))
        windows.filter(rule_id__in=told).update(is_told=True)
        store_firings(workspace_id, Found(fired))
        return len(fired)
