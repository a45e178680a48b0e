"""Firings as they are written down, gathered into notices: what a message will tell of, and when it may go out."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import QuerySet

from auditapp.access.models import Workspace
from auditapp.alerts.holding import Firing, Found, Say, settle
from auditapp.alerts.models import AlertFiring, AlertNotice, AlertRule
from auditapp.alerts.seen import EVENTS_TOLD
from auditapp.alerts.windows import may_be_sent_at
from auditapp.lib import clock
from auditapp.lib.ids import new_id
from auditapp.trail.moments import zone_named

COUNT = """
INSERT INTO alert_count (workspace_id, rule_id, day, firings, last_at) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (workspace_id, rule_id, day) DO UPDATE
SET firings = alert_count.firings + excluded.firings, last_at = greatest(alert_count.last_at, excluded.last_at)
"""
SETTLE = """
UPDATE alert_firing AS f SET hold = k.hold, held_until = NULL, is_open = k.is_open, notice_id = k.notice_id
FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::boolean[], %s::text[]) AS k (rule_id, index, hold, is_open, notice_id)
WHERE f.workspace_id = %s AND f.rule_id = k.rule_id AND NOT f.is_silence AND f.index = k.index
"""


def store_firings(workspace_id: int, found: Found) -> None:
    """Write down what fired and what became of tasks, and open or lengthen the notice of each rule, in the caller's transaction.

    Writes:  AlertFiring, AlertNotice, AlertCount
    """
    if not (found.firings or found.news):
        return
    known = AlertFiring.objects.filter(workspace_id=workspace_id, task__in=found.tasks, is_open=True)
    before = stored_firings(workspace_id, known) if found.news else []
    store_says(workspace_id, settle(found, before))
    _write(workspace_id, found.firings)
    _settle(workspace_id, before)


def stored_firings(workspace_id: int, rows: QuerySet[AlertFiring]) -> list[Firing]:
    """Firings from before with their rules, in the order of the log."""
    found = list(rows.order_by("index"))
    rules = {
        one.id: one
        for one in AlertRule.objects.filter(workspace_id=workspace_id, id__in={row.rule_id for row in found})
    }
    return [
        Firing(
            rule=rules[row.rule_id],
            index=row.index,
            event_id=row.event_id,
            occurred_at=row.occurred_at,
            events=row.events,
            task=row.task,
            is_open=row.is_open,
            hold=row.hold,
            held_until=row.held_until,
            notice_id=row.notice_id,
            stored=row,
        )
        for row in found
    ]


def store_says(workspace_id: int, says: Sequence[Say], *, settled: Iterable[Firing] = ()) -> None:
    """Put what rules have to say into their notices, in the caller's transaction.

    Takes:   settled, firings from before that are let go by it
    Writes:  AlertNotice, AlertFiring
    """
    if not says:
        return
    zone = zone_named(Workspace.objects.values_list("time_zone", flat=True).get(id=workspace_id))
    now = clock.now()
    for say in says:
        notice = _lengthened(workspace_id, say, now, zone)
        for firing in say.firings:
            firing.notice_id = notice.id
    _settle(workspace_id, settled)


def _write(workspace_id: int, firings: Sequence[Firing]) -> None:
    now = clock.now()
    # A member's own notifications are listed nowhere but in the bell: of them only tasks are followed, whatever the number of members.
    firings = [one for one in firings if one.task or not one.rule.own]
    counts: dict[str, int] = {}
    for one in firings:
        counts[one.rule.id] = counts.get(one.rule.id, 0) + 1
    AlertFiring.objects.bulk_create(
        AlertFiring(
            workspace_id=workspace_id,
            rule_id=one.rule.id,
            is_silence=one.event_id is None,
            index=one.index,
            event_id=one.event_id,
            occurred_at=one.occurred_at,
            events=one.events,
            fired_at=now,
            notice_id=one.notice_id,
            task=one.task,
            is_open=one.is_open,
            hold=one.hold,
            held_until=one.held_until,
        )
        for one in firings
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            COUNT, [[workspace_id, rule_id, now.date(), count, now] for rule_id, count in sorted(counts.items())]
        )


def _settle(workspace_id: int, firings: Iterable[Firing]) -> None:
    """Write down what became of firings from before, of those to which something happened."""
    moved = [one for one in firings if one.stored and (one.hold, one.is_open) != (one.stored.hold, one.stored.is_open)]
    if moved:
        rows = [(one.rule.id, one.index, str(one.hold), one.is_open, one.notice_id) for one in moved]
        with connection.cursor() as cursor:
            cursor.execute(SETTLE, [*map(list, zip(*rows, strict=True)), workspace_id])


def _lengthened(workspace_id: int, say: Say, now: datetime, zone: ZoneInfo) -> AlertNotice:
    """The open notice of a rule with what it has to say now."""
    rule = say.rule
    notices = AlertNotice.objects.filter(workspace_id=workspace_id, rule_id=rule.id)
    notice = notices.filter(fixed_at=None).select_for_update().first()
    is_new = notice is None
    if notice is None:
        last_sent = notices.exclude(fixed_at=None).order_by("-fixed_at").values_list("fixed_at", flat=True).first()
        due_at = may_be_sent_at(
            now,
            last_sent=last_sent,
            quiet_from=rule.quiet_from,
            quiet_to=rule.quiet_to,
            zone=zone,
        )
        notice = AlertNotice(
            workspace_id=workspace_id,
            id=new_id("ntc"),
            rule_id=rule.id,
            sole_actor=say.actors[0] if say.actors else "",
            first_at=now,
            due_at=due_at,
        )
    notice.firings += len(say.actors)
    notice.last_at = now
    notice.event_ids = [*notice.event_ids, *say.event_ids][:EVENTS_TOLD]
    notice.silent_ids = [one for one in (*notice.silent_ids, *say.silent_ids) if one in notice.event_ids]
    notice.recovered += len(say.recovered_ids)
    notice.recovered_ids = [*notice.recovered_ids, *say.recovered_ids][:EVENTS_TOLD]
    notice.told_before = sorted({*notice.told_before, *say.told_before} - {notice.id})
    if any(actor_id != notice.sole_actor for actor_id in say.actors):
        notice.sole_actor = ""
    notice.quiet_since = say.quiet_since or notice.quiet_since
    notice.save(force_insert=is_new)
    return notice
