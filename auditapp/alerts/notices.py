"""Firings as they are written down, gathered into notices: what a message will tell of, and when it may go out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from auditapp.access.models import Workspace
from auditapp.alerts.models import AlertFiring, AlertNotice, AlertRule
from auditapp.alerts.windows import may_be_sent_at
from auditapp.lib import clock
from auditapp.lib.ids import new_id
from auditapp.trail.moments import zone_named

EVENTS_TOLD: Final = 5
COUNT = """
INSERT INTO alert_count (workspace_id, rule_id, day, firings, last_at) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (workspace_id, rule_id, day) DO UPDATE
SET firings = alert_count.firings + excluded.firings, last_at = greatest(alert_count.last_at, excluded.last_at)
"""


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule that fires. Of a silence there is no event, `index` is the place of the last one before it, and `occurred_at` its time."""

    rule: AlertRule
    index: int
    event_id: UUID | None
    occurred_at: datetime
    events: int = 1
    actor_id: str = ""


def store_firings(workspace_id: int, firings: Sequence[Firing]) -> None:
    """Write firings down, and open or lengthen the notice of each rule, in the caller's transaction.

    Writes:  AlertFiring, AlertNotice, AlertCount
    """
    if not firings:
        return
    zone = zone_named(Workspace.objects.values_list("time_zone", flat=True).get(id=workspace_id))
    of_rules: dict[str, list[Firing]] = {}
    for one in firings:
        of_rules.setdefault(one.rule.id, []).append(one)
    now, rows = clock.now(), []
    for rule_id, of_rule in of_rules.items():
        notice = _lengthened(workspace_id, of_rule, now, zone)
        rows += [
            AlertFiring(
                workspace_id=workspace_id,
                rule_id=rule_id,
                is_silence=one.event_id is None,
                index=one.index,
                event_id=one.event_id,
                occurred_at=one.occurred_at,
                events=one.events,
                fired_at=now,
                notice_id=notice.id,
            )
            for one in of_rule
        ]
        with connection.cursor() as cursor:
            cursor.execute(COUNT, [workspace_id, rule_id, now.date(), len(of_rule), now])
    AlertFiring.objects.bulk_create(rows)


def _lengthened(workspace_id: int, firings: Sequence[Firing], now: datetime, zone: ZoneInfo) -> AlertNotice:
    """The open notice of a rule with these firings in it."""
    rule = firings[0].rule
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
            sole_actor=firings[0].actor_id,
            first_at=now,
            due_at=due_at,
        )
    notice.firings += len(firings)
    notice.last_at = now
    told = [*notice.event_ids, *(one.event_id for one in firings if one.event_id)]
    notice.event_ids = told[:EVENTS_TOLD]
    if any(one.actor_id != notice.sole_actor for one in firings):
        notice.sole_actor = ""
    if firings[-1].event_id is None:
        notice.quiet_since = firings[-1].occurred_at
    notice.save(force_insert=is_new)
    return notice
