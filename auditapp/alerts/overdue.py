"""What is held and hears no more of its task: told of after 24 hours, once all that was recorded until then has been seen."""

from typing import Final

from django.db import connection

from auditapp.alerts.holding import give_up
from auditapp.alerts.models import AlertFiring, AlertReading, Hold
from auditapp.alerts.notices import store_says, stored_firings
from auditapp.alerts.queries import size_of_log
from auditapp.lib import clock
from auditapp.record.models import Pending
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.readers import reader_position

OVERDUE: Final = """
SELECT DISTINCT workspace_id FROM alert_firing WHERE hold = 'held' AND held_until <= %s ORDER BY workspace_id
"""


def overdue_workspaces() -> list[int]:
    """The workspaces where something has been held for too long; asked outside of any, as the worker."""
    with connection.cursor() as cursor:
        cursor.execute(OVERDUE, [clock.now()])
        return [row[0] for row in cursor.fetchall()]


def tell_overdue(workspace_id: int) -> int:
    """Let go of what was held for 24 hours, with all that is held of the same tasks by the same rules.

    Gives:   how many tasks; none while events that may end one are not seen yet
    Writes:  AlertFiring, AlertNotice; one transaction
    """
    with in_workspace(workspace_id):
        reading = AlertReading.objects.select_for_update(skip_locked=True).filter(workspace_id=workspace_id).first()
        if reading is None:
            return 0
        position = max(reader_position(workspace_id, reading.reader_name), reading.start_index)
        if position < size_of_log(workspace_id):
            return 0
        held = AlertFiring.objects.filter(workspace_id=workspace_id, hold=Hold.HELD)
        overdue = list(held.filter(held_until__lte=clock.now()).values_list("rule_id", "task", "held_until"))
        if not overdue:
            return 0
        until = max(moment for _, _, moment in overdue if moment)
        if Pending.objects.filter(workspace_id=workspace_id, occurred_at__lte=until).exists():
            return 0
        tasks = {(rule_id, task) for rule_id, task, _ in overdue}
        of_tasks = stored_firings(workspace_id, held.filter(is_open=True, task__in={task for _, task in tasks}))
        let_go = [one for one in of_tasks if (one.rule.id, one.task) in tasks]
        store_says(workspace_id, give_up(let_go), settled=let_go)
        return len(tasks)
