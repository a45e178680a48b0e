"""The bell: what rules tell a member of inside the product, and how far they have read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

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
UNREAD = """
SELECT count(*) FROM (
    SELECT FROM alert_rule AS u
    JOIN alert_notice AS n ON n.workspace_id = u.workspace_id AND n.rule_id = u.id
    LEFT JOIN alert_bell AS b ON b.workspace_id = u.workspace_id AND b.user_id = %(user_id)s
    WHERE u.workspace_id = %(workspace_id)s AND u.by_bell AND u.told_ids @> ARRAY[%(user_id)s]
      AND (u.with_own OR n.sole_actor <> %(user_id)s) AND n.last_at > coalesce(b.read_to, '-infinity')
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
  AND (u.with_own OR n.sole_actor <> %(user_id)s)
ORDER BY n.last_at DESC, n.id LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Rung:
    """One line of the bell: a notice in words, and whether it is new to the member."""

    notice: AlertNotice
    rule: AlertRule
    told: Told
    is_unread: bool


def unread_count(workspace_id: int, user_id: str, *, manages: bool = False) -> int:
    """How many notices a member has not read, up to 100.

    Takes:   manages, whether they manage access, and so are told of support access
    """
    asked: dict[str, str | int | datetime] = {
        "workspace_id": workspace_id,
        "user_id": user_id,
        "manages": manages,
        "news_since": clock.now() - NEWS_FOR,
        "limit": MOST_COUNTED + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(UNREAD, asked)
        return int(cursor.fetchone()[0])


def rung_for(access: Access, viewer: Viewer, workspace: Workspace) -> list[Rung]:
    """What the bell tells a member, newest first, each as they may see it."""
    asked: dict[str, str | int] = {"workspace_id": access.workspace_id, "user_id": access.subject_id, "limit": SHOWN}
    with connection.cursor() as cursor:
        cursor.execute(RUNG, asked)
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
