"""Folding: the counts of days that are over go into the totals of their month and of all time, which is what long ranges read.

A workspace is folded under its head's lock, by the first batch of a new UTC day. Whatever is sealed later into a folded day goes
straight into the totals as well (services.py).
"""

from datetime import date
from typing import Any

from django.db import connection

# One range of the key for each scope: the key has the scope before the day.
FOLD = """
WITH RECURSIVE scope AS (
    (SELECT scope_id AS id FROM {days} WHERE workspace_id = %(workspace_id)s ORDER BY scope_id LIMIT 1)
    UNION ALL
    SELECT next.id FROM scope CROSS JOIN LATERAL (
        SELECT c.scope_id AS id FROM {days} AS c WHERE c.workspace_id = %(workspace_id)s AND c.scope_id > scope.id
        ORDER BY c.scope_id LIMIT 1) AS next
)
INSERT INTO {totals} AS kept (workspace_id, scope_id, period, {what}, events)
SELECT %(workspace_id)s, scope.id, p.period, c.{what}, sum(c.events)
FROM scope CROSS JOIN LATERAL (
    SELECT d.day, d.{what}, d.events FROM {days} AS d
    WHERE d.workspace_id = %(workspace_id)s AND d.scope_id = scope.id AND d.day >= %(since)s AND d.day < %(until)s) AS c
CROSS JOIN LATERAL unnest(ARRAY['all', to_char(c.day, 'YYYY-MM')]) AS p (period)
GROUP BY scope.id, p.period, c.{what}
ON CONFLICT (workspace_id, scope_id, period, {what}) DO UPDATE SET events = kept.events + excluded.events
"""
FOLD_TYPES = FOLD.format(days="type_count", totals="type_total", what="type")
FOLD_ACTORS = FOLD.format(days="actor_count", totals="actor_total", what="actor_id")
MOVE_FOLD = "UPDATE tree_head SET folded_before = %(until)s WHERE workspace_id = %(workspace_id)s"

# Midnight makes all of them due at once, and events wait meanwhile; nothing is wrong while a workspace is not folded yet.
AT_ONCE = 20


def fold_days(folded_before: dict[int, date], today: date) -> dict[int, date]:
    """Bring the totals of workspaces whose heads are locked up to the day before `today`, some of those that are due.

    Takes:   folded_before, by workspace
    Gives:   the same, as it is now
    Writes:  TypeTotal, ActorTotal, TreeHead; in the caller's transaction
    """
    due = {workspace_id: day for workspace_id, day in folded_before.items() if day < today}
    folded = dict(sorted(due.items(), key=lambda item: item[1])[:AT_ONCE])
    spans: list[dict[str, Any]] = [
        {"workspace_id": workspace_id, "since": day, "until": today} for workspace_id, day in folded.items()
    ]
    with connection.cursor() as cursor:
        for statement in (FOLD_TYPES, FOLD_ACTORS, MOVE_FOLD) if spans else ():
            cursor.executemany(statement, spans)
    return folded_before | dict.fromkeys(folded, today)
