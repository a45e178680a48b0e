"""Lists of what fired, each firing with its event and what was sent about it, as a viewer may know of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q

from auditapp.alerts.models import AlertFiring, AlertMessage, AlertNotice, AlertRule, Hold
from auditapp.alerts.seen import seen_firings
from auditapp.lib import clock
from auditapp.lib.errors import Invalid
from auditapp.record.event_query import visible_events
from auditapp.record.event_row import EventRow
from auditapp.record.viewer import Viewer

FIRINGS_SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class FiringShown:
    """A firing with its event as the viewer may see it, None where they may not, and the messages that told of it.

    `unsent` says where it was told of without any, `due_at` when a message goes out that waits.
    """

    firing: AlertFiring
    rule_name: str
    unsent: str
    event: EventRow | None
    messages: tuple[AlertMessage, ...]
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FiringPage:
    rows: list[FiringShown]
    older: str


def firings_page(
    viewer: Viewer, *, rule_id: str | None = None, before: str = "", size: int = FIRINGS_SHOWN
) -> FiringPage:
    """The firings that this viewer may know of, newest first.

    Takes:   rule_id, None for all rules; before, as `older` of another page says it; what cannot be read asks for the newest
    """
    firings = seen_firings(viewer)
    if rule_id is not None:
        firings = firings.filter(rule_id=rule_id)
    if place := _place(before):
        at, index = place
        firings = firings.filter(Q(fired_at__lt=at) | Q(fired_at=at, index__lt=index))
    found = list(firings.order_by("-fired_at", "-index")[: size + 1])
    shown = found[:size]
    last = shown[-1] if len(found) > size else None
    return FiringPage(shown_firings(viewer, shown), f"{clock.utc_text(last.fired_at)}~{last.index}" if last else "")


def shown_firings(viewer: Viewer, shown: Sequence[AlertFiring]) -> list[FiringShown]:
    """Firings with their events as the viewer may see them, and what was sent about them."""
    events = visible_events(viewer).many([one.event_id for one in shown if one.event_id])
    messages: dict[str, list[AlertMessage]] = {}
    sent = AlertMessage.objects.filter(
        workspace_id=viewer.workspace_id, notice_id__in={one.notice_id for one in shown}
    ).order_by("channel", "recipient_id")
    for message in sent:
        messages.setdefault(message.notice_id, []).append(message)
    here = {"workspace_id": viewer.workspace_id}
    rules = {one.id: one for one in AlertRule.objects.filter(**here, id__in={one.rule_id for one in shown})}
    due = waiting_until(viewer.workspace_id, [one.notice_id for one in shown])
    return [
        FiringShown(
            one,
            rules[one.rule_id].name,
            _unsent(one, rules[one.rule_id], is_waiting=one.notice_id in due),
            _event(events, one.event_id),
            tuple(messages.get(one.notice_id, ())),
            due.get(one.notice_id),
        )
        for one in shown
    ]


def waiting_until(workspace_id: int, notice_ids: Iterable[str]) -> dict[str, datetime]:
    """When the messages go out of those of these notices that still wait, of rules that send any."""
    waiting = AlertNotice.objects.filter(workspace_id=workspace_id, id__in=set(notice_ids), fixed_at=None)
    found = list(waiting.values_list("id", "rule_id", "due_at"))
    if not found:
        return {}
    rules = AlertRule.objects.filter(workspace_id=workspace_id, id__in={rule_id for _, rule_id, _ in found})
    outward = rules.filter(Q(by_email=True) | Q(has_slack=True) | ~Q(webhook_url=""), is_enabled=True)
    sending = set(outward.values_list("id", flat=True))
    return {notice_id: due_at for notice_id, rule_id, due_at in found if rule_id in sending}


def _unsent(firing: AlertFiring, rule: AlertRule, *, is_waiting: bool) -> str:
    if not firing.notice_id and firing.hold:
        return {Hold.HELD: "Held until its last retry", Hold.RECOVERED: "Held, and it recovered"}.get(
            Hold(firing.hold), "Held until the rule was turned off"
        )
    if is_waiting:
        return "Goes out"
    return "In the bell" if rule.by_bell and rule.told_ids else "Nobody was told"


def _event(events: dict[UUID, EventRow], event_id: UUID | None) -> EventRow | None:
    return events.get(event_id) if event_id else None


def _place(text: str) -> tuple[datetime, int] | None:
    moment, _, index = text.partition("~")
    try:
        return clock.parse_utc(moment), int(index[:18])
    except (Invalid, ValueError):
        return None
