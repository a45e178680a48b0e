"""The bell: what rules tell a member of inside the product, and how far they have read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction

from auditapp.access.models import Workspace
from auditapp.access.permissions import Access
from auditapp.access.support_queries import NEWS_FOR, SupportNews, support_news
from auditapp.alerts.models import AlertBell, AlertNotice, AlertRule
from auditapp.alerts.telling import Told, told
from auditapp.lib import clock
from auditapp.record.acting import current_acting
from auditapp.record.event_query import visible_events
from auditapp.record.viewer import Viewer

SHOWN: Final = 50
MOST_COUNTED: Final = 99
# That a notice tells of an event which its reader may see, or of a silence; of all others not even that there was one.
SEEN = """
(%(sees_all)s OR (n.quiet_since IS NOT NULL AND n.event_ids = '{}') OR EXISTS (
    SELECT FROM event AS e WHERE e.workspace_id = n.workspace_id AND e.id = ANY(n.event_ids || n.recovered_ids)
    AND (e.scope_id = ANY(%(scope_ids)s::text[]) OR e.actor_id = ANY(%(own_ids)s::text[]))
) OR EXISTS (
    SELECT FROM alert_firing AS f
    JOIN event AS e ON e.workspace_id = f.workspace_id AND e.occurred_at = f.occurred_at AND e.id = f.event_id
    WHERE f.workspace_id = n.workspace_id AND f.rule_id = n.rule_id AND f.notice_id = n.id
    AND f.fired_at >= n.first_at
    AND (e.scope_id = ANY(%(scope_ids)s::text[]) OR e.actor_id = ANY(%(own_ids)s::text[]))
))
"""
UNREAD = """
SELECT count(*) FROM (
    SELECT FROM alert_rule AS u
    JOIN alert_notice AS n ON n.workspace_id = u.workspace_id AND n.rule_id = u.id
    LEFT JOIN alert_bell AS b ON b.workspace_id = u.workspace_id AND b.user_id = %(user_id)s
    WHERE u.workspace_id = %(workspace_id)s AND u.by_bell AND u.told_ids @> ARRAY[%(user_id)s]
      AND (u.with_own OR n.sole_actor <> %(user_id)s) AND n.last_at > coalesce(b.read_to, '-infinity')
      AND {seen}
    UNION ALL
    SELECT FROM support_access AS s
    CROSS JOIN LATERAL (VALUES (s.created_at, s.granted_by_id <> %(user_id)s), (s.first_used_at, true)) AS m (at, is_told)
    LEFT JOIN alert_bell AS b ON b.workspace_id = s.workspace_id AND b.user_id = %(user_id)s
    WHERE %(manages)s AND s.workspace_id = %(workspace_id)s AND s.created_at > %(news_since)s
      AND m.is_told AND m.at > coalesce(b.read_to, '-infinity')
    LIMIT %(limit)s
) AS unread
"""
RUNG = """
SELECT n.id FROM alert_rule AS u
JOIN alert_notice AS n ON n.workspace_id = u.workspace_id AND n.rule_id = u.id
WHERE u.workspace_id = %(workspace_id)s AND u.by_bell AND u.told_ids @> ARRAY[%(user_id)s]
  AND (u.with_own OR n.sole_actor <> %(user_id)s) AND {seen}
ORDER BY n.last_at DESC, n.id LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Rung:
    """One line of the bell: a notice in words, and whether it is new to the member."""

    notice: AlertNotice
    rule: AlertRule
    told: Told
    is_unread: bool


def unread_count(viewer: Viewer, user_id: str, *, manages: bool = False) -> int:
    """How many notices a member has not read, up to 100, of those that tell of something that they may see.

    Takes:   manages, whether they manage access, and so are told of support access
    """
    asked: dict[str, Any] = {
        **_asked(viewer, user_id),
        "manages": manages,
        "news_since": clock.now() - NEWS_FOR,
        "limit": MOST_COUNTED + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(UNREAD.replace("{seen}", SEEN), asked)
        return int(cursor.fetchone()[0])


def _asked(viewer: Viewer, user_id: str) -> dict[str, Any]:
    return {
        "workspace_id": viewer.workspace_id,
        "user_id": user_id,
        "sees_all": viewer.sees_all,
        "scope_ids": list(viewer.scope_ids),
        "own_ids": list(viewer.own_actor_ids),
    }


def rung_for(access: Access, viewer: Viewer, workspace: Workspace) -> list[Rung]:
    """What the bell tells a member, newest first, each as they may see it."""
    with connection.cursor() as cursor:
        cursor.execute(RUNG.replace("{seen}", SEEN), _asked(viewer, access.subject_id) | {"limit": SHOWN})
        ids = [row[0] for row in cursor.fetchall()]
    here = {"workspace_id": access.workspace_id}
    notices = {one.id: one for one in AlertNotice.objects.filter(**here, id__in=ids)}
    rules = {one.id: one for one in AlertRule.objects.filter(**here, id__in={n.rule_id for n in notices.values()})}
    bell = AlertBell.objects.filter(**here, user_id=access.subject_id).first()
    seen = visible_events(viewer).many(
        [one for notice in notices.values() for one in (*notice.event_ids, *notice.recovered_ids)]
    )
    found = []
    for notice in (notices[one] for one in ids):
        rule = rules[notice.rule_id]
        is_unread = bell is None or notice.last_at > bell.read_to
        found.append(Rung(notice, rule, told(rule, notice, viewer, workspace, seen=seen), is_unread))
    return found


@dataclass(frozen=True, slots=True)
class News:
    """What an owner is told of support access, and whether it is new to them."""

    news: SupportNews
    is_unread: bool


def news_for(access: Access) -> list[News]:
    """What the bell tells of support access to who manages access, the newest first."""
    bell = AlertBell.objects.filter(workspace_id=access.workspace_id, user_id=access.subject_id).first()
    return [News(one, bell is None or one.at > bell.read_to) for one in support_news(access)]


@transaction.atomic
def mark_bell_read(*, up_to: datetime) -> None:
    """Have the acting member's bell be read up to a moment, never further than now and never back.

    Writes:  AlertBell
    """
    acting = current_acting()
    place = {"workspace_id": acting.workspace_id, "user_id": acting.actor.doer.id}
    bell, _ = AlertBell.objects.select_for_update().get_or_create(**place, defaults={"read_to": up_to})
    if bell.read_to < (read_to := min(up_to, clock.now())):
        bell.read_to = read_to
        bell.save(update_fields=["read_to"])
