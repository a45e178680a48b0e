"""Housekeeping of tasks: what ended long ago is forgotten."""

from datetime import timedelta
from typing import Final

from django.db import connection, transaction

from auditapp.lib import clock

KEPT: Final = timedelta(days=90)
FORGET = """
WITH gone AS (DELETE FROM task WHERE finished_at < %s RETURNING workspace_id, id),
steps AS (DELETE FROM task_step AS s USING gone WHERE s.workspace_id = gone.workspace_id AND s.task_id = gone.id),
attempts AS (DELETE FROM task_attempt AS a USING gone WHERE a.workspace_id = gone.workspace_id AND a.task_id = gone.id)
SELECT count(*) FROM gone
"""


def forget_tasks() -> int:
    """Delete the tasks that ended more than 90 days ago; gives how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FORGET, [clock.now() - KEPT])
        gone: int = cursor.fetchone()[0]
    return gone
