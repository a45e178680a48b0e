"""What somebody may know of how rules fared: a count, a time or a bar tells no more than the events behind it, of which each sees their own.

A rule looks with its owner's eyes, so it fires at events that others may not see. Of those they are shown nothing, not that there were any.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import TruncDate

from auditapp.alerts.models import AlertCount, AlertFiring, AlertNotice, AlertRule, By, Trigger
from auditapp.alerts.queries import DAYS_SHOWN, OWN_ID, finds_all_of, viewer_of
from auditapp.lib import clock
from auditapp.record.event_query import is_seen
from auditapp.record.viewer import Viewer

EVENTS_TOLD: Final = 5


@dataclass(frozen=True, slots=True)
class Fared:
    """How a rule fared in 30 days: firings by day, the oldest first, and when it fired last.

    `is_partly` where the rule watches more than its viewer sees: then only firings at what they see are in it.
    """

    days: tuple[int, ...]
    last_at: datetime | None
    is_partly: bool = False

    @property
    def total(self) -> int:
        return sum(self.days)

    @property
    def is_hidden(self) -> bool:
        """Whether there is no number to show: none would say that there was nothing, which nobody told them."""
        return self.is_partly and self.last_at is None


def seen_firings(viewer: Viewer) -> QuerySet[AlertFiring]:
    """The firings of rules that this viewer may know of.

    At one event: those at events that they see. What counts several events, or tells that none came, says something of events that are
    not named: it is known to its owner and to whom the rule tells, and what fired at one resource to who sees that.
    """
    firings = AlertFiring.objects.filter(workspace_id=viewer.workspace_id).exclude(rule_id__startswith=OWN_ID)
    if viewer.sees_all:
        return firings
    rules = AlertRule.objects.filter(workspace_id=viewer.workspace_id)
    own = list(viewer.own_actor_ids)
    told = rules.filter(Q(owner_id__in=own) | Q(told_ids__overlap=own)).values("id")
    of_one = rules.filter(Q(trigger=Trigger.EACH) | Q(trigger=Trigger.THRESHOLD, by=By.RESOURCE)).values("id")
    at_seen = Q(is_seen(viewer, occurred_at="occurred_at", event_id="event_id"))
    return firings.filter(
        Q(is_silence=True, rule_id__in=told)
        | (Q(is_silence=False) & (Q(rule_id__in=of_one) | Q(rule_id__in=told)) & at_seen)
    )


def fared(viewer: Viewer, rules: Sequence[AlertRule]) -> dict[str, Fared]:
    """How these rules fared in 30 days: from the counts by day, and for who does not see all from the firings that they may know of."""
    first = clock.now().date() - timedelta(days=DAYS_SHOWN - 1)
    days: dict[str, list[int]] = {rule.id: [0] * DAYS_SHOWN for rule in rules}
    last: dict[str, datetime] = {}
    for rule_id, day, firings, last_at in _counts(viewer, [rule.id for rule in rules]):
        if day >= first:
            days[rule_id][min((day - first).days, DAYS_SHOWN - 1)] += firings
        last[rule_id] = max(last_at, last.get(rule_id, last_at))
    partly = _watching_more(viewer, rules)
    return {rule.id: Fared(tuple(days[rule.id]), last.get(rule.id), rule.id in partly) for rule in rules}


def _counts(viewer: Viewer, rule_ids: Sequence[str]) -> Iterable[tuple[str, date, int, datetime]]:
    """Of each rule and UTC day how many firings, and the last one."""
    if viewer.sees_all:
        counts = AlertCount.objects.filter(workspace_id=viewer.workspace_id, rule_id__in=rule_ids)
        return counts.values_list("rule_id", "day", "firings", "last_at")
    found = seen_firings(viewer).filter(rule_id__in=rule_ids)
    by_day = found.annotate(day=TruncDate("fired_at", tzinfo=UTC)).order_by().values("rule_id", "day")
    return by_day.annotate(firings=Count("*"), last_at=Max("fired_at")).values_list(
        "rule_id", "day", "firings", "last_at"
    )


def _watching_more(viewer: Viewer, rules: Iterable[AlertRule]) -> set[str]:
    """Those of these rules that see more of the trail than this viewer, and are not theirs."""
    if viewer.sees_all:
        return set()
    others = [rule for rule in rules if rule.owner_id not in viewer.own_actor_ids]
    finds = {
        one: finds_all_of(viewer_of(viewer.workspace_id, one), viewer) for one in {rule.owner_id for rule in others}
    }
    return {rule.id for rule in others if not finds[rule.owner_id]}


def told_ids_of(viewer: Viewer, notice: AlertNotice, seen: Collection[UUID]) -> list[UUID]:
    """Those events that a notice names to this viewer: its first ones or, where they see none of these, the first that they see.

    Takes:   seen, those of the named events that they may see
    """
    if viewer.sees_all or any(one in seen for one in named_in(notice)):
        return notice.event_ids
    fired = seen_firings(viewer).filter(rule_id=notice.rule_id, notice_id=notice.id, is_silence=False)
    fired = fired.filter(fired_at__gte=notice.first_at).order_by("index")
    return [one for one in fired.values_list("event_id", flat=True)[:EVENTS_TOLD] if one]


def may_count(viewer: Viewer, rule: AlertRule, notice: AlertNotice, seen: Collection[UUID]) -> bool:
    """Whether they are told how many more there were beside the events that a notice names: of an own rule that shows all it names."""
    return viewer.sees_all or (rule.owner_id in viewer.own_actor_ids and all(one in seen for one in named_in(notice)))


def named_in(notice: AlertNotice) -> list[UUID]:
    """The events that a notice tells of one by one; none of a silence."""
    return [*notice.event_ids, *notice.recovered_ids]
