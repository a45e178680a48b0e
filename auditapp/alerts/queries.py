"""Reads about alert rules: which there are, what a query of one means, how they fared."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from auditapp.access.models import ApiToken, Member, User
from auditapp.access.permissions import (
    Access,
    Permission,
    access_of_system,
    access_of_token,
    permissions_for,
    viewer_for,
)
from auditapp.alerts.models import AlertCount, AlertFiring, AlertMessage, AlertNotice, AlertRule, Hold, Own
from auditapp.lib import clock
from auditapp.lib.errors import Invalid, NotFound
from auditapp.record.event_filter import EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.event_row import EventRow
from auditapp.record.masking import asks_personal
from auditapp.record.viewer import Viewer
from auditapp.sealing.models import TreeHead
from auditapp.trail.address import Address
from auditapp.trail.filters import read_query
from auditapp.trail.moments import UTC_ZONE
from auditapp.trail.query_box import read_box

DAYS_SHOWN: Final = 30
FIRINGS_SHOWN: Final = 50
# How the ids of rules begin that stand for a member's own notifications.
OWN_ID: Final = "own_"


@dataclass(frozen=True, slots=True)
class Fared:
    """How a rule fared in 30 days: firings by day, the oldest first, and when it fired last."""

    days: tuple[int, ...]
    last_at: datetime | None

    @property
    def total(self) -> int:
        return sum(self.days)


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


@lru_cache(maxsize=2_000)
def filter_of(line: str) -> EventFilter:
    """The filter that a line of the trail's language in canonical form means."""
    return read_query(read_box(line, Address("")).address, zone=UTC_ZONE).wanted


def wanted_by(rule: AlertRule) -> EventFilter:
    """The filter of a rule; what its owner did is left out, unless asked for."""
    wanted = filter_of(rule.query)
    if rule.with_own:
        return wanted
    return replace(wanted, not_of=rule.owner_id)


def access_of(workspace_id: int, owner_id: str) -> Access:
    """What the owner of a rule may do now; nothing where they are gone."""
    if owner_id == "system":
        return access_of_system(workspace_id)
    if owner_id.startswith("tok_"):
        return access_of_token(workspace_id, owner_id)
    if not Member.objects.filter(workspace_id=workspace_id, user_id=owner_id, user__is_active=True).exists():
        return Access(workspace_id, owner_id)
    return permissions_for(workspace_id, owner_id)


def viewer_of(workspace_id: int, owner_id: str) -> Viewer:
    """How much of the trail the owner of a rule sees now."""
    access = access_of(workspace_id, owner_id)
    # Nobody keeps even the view of their own actions where they may not open the trail at all.
    sees = access.can(Permission.AUDIT_READ) or access.can(Permission.AUDIT_READ_ALL)
    return viewer_for(access) if sees else Viewer(workspace_id)


def rules_of(access: Access) -> QuerySet[AlertRule]:
    """The rules of a workspace, by name. What members chose for themselves is nobody's business."""
    return AlertRule.objects.filter(workspace_id=access.workspace_id, own=Own.NONE).order_by(Lower("name"), "id")


def rule_for(access: Access, rule_id: str) -> AlertRule:
    """One rule.

    Raises:  NotFound
    """
    rule = rules_of(access).filter(id=rule_id).first()
    if rule is None:
        raise NotFound
    return rule


def may_change(access: Access, rule: AlertRule) -> bool:
    """Whether somebody may change a rule: their own, and as a manager of the workspace each."""
    return rule.owner_id == access.subject_id or access.can(Permission.WORKSPACE_MANAGE)


def is_query_hidden(access: Access, rule: AlertRule) -> bool:
    """Whether what a rule looks for would tell somebody an address that they may not see: its line is shown to others and its owner."""
    sees = rule.owner_id == access.subject_id or access.can(Permission.AUDIT_READ_PERSONAL)
    return not sees and asks_personal(filter_of(rule.query))


def refuse_wider_query(access: Access, rule: AlertRule, query: str) -> None:
    """Go on only where somebody sees as much as the owner, by whose right a rule looks, or leaves what it looks for as it is: when it
    fires would tell them of events and values that their own role hides.

    Raises:  Denied, Invalid
    """
    if is_query_hidden(access, rule):
        access.require(Permission.AUDIT_READ_PERSONAL)
    if query != rule.query and not _finds_all_of(viewer_of(rule.workspace_id, rule.owner_id), viewer_for(access)):
        message = "Its owner sees more of the trail than you, and a rule looks with its owner's eyes. Make one of your own for this."
        raise Invalid(message, field="query", code="too_wide")


def viewer_of_trial(access: Access, rule: AlertRule) -> Viewer:
    """With whose eyes somebody may try a rule: its owner's, where they see as much themselves."""
    owner, own = viewer_of(rule.workspace_id, rule.owner_id), viewer_for(access)
    return owner if _finds_all_of(owner, own) else own


def _finds_all_of(owner: Viewer, other: Viewer) -> bool:
    """Whether somebody finds at least what the owner of a rule does, by whatever they search."""
    has_own, has_scopes = (
        set(getattr(other, name)) >= set(getattr(owner, name)) for name in ("own_actor_ids", "scope_ids")
    )
    finds_events = other.sees_all or (not owner.sees_all and has_own and has_scopes)
    return finds_events and (other.sees_personal or not owner.sees_personal)


def fared(workspace_id: int, rule_ids: Sequence[str]) -> dict[str, Fared]:
    """How these rules fared in 30 days, from the counts by day."""
    today = clock.now().date()
    first = today - timedelta(days=DAYS_SHOWN - 1)
    days: dict[str, list[int]] = {rule_id: [0] * DAYS_SHOWN for rule_id in rule_ids}
    last: dict[str, datetime] = {}
    for count in AlertCount.objects.filter(workspace_id=workspace_id, rule_id__in=rule_ids):
        if count.day >= first:
            place = min((count.day - first).days, DAYS_SHOWN - 1)
            days[count.rule_id][place] += count.firings
        last[count.rule_id] = max(count.last_at, last.get(count.rule_id, count.last_at))
    return {rule_id: Fared(tuple(days[rule_id]), last.get(rule_id)) for rule_id in rule_ids}


def size_of_log(workspace_id: int) -> int:
    """How many events are sealed."""
    return TreeHead.objects.filter(workspace_id=workspace_id).values_list("size", flat=True).first() or 0


def members_of(workspace_id: int) -> list[User]:
    """Everybody who can be told, by name."""
    members = Member.objects.filter(workspace_id=workspace_id, user__is_active=True).select_related("user")
    return [member.user for member in members.order_by(Lower("user__name"), "user_id")]


def names_of(workspace_id: int, user_ids: Sequence[str]) -> dict[str, str]:
    """What these members, and tokens with rules of their own, are called."""
    members = Member.objects.filter(workspace_id=workspace_id, user_id__in=set(user_ids)).select_related("user")
    names = {member.user_id: str(member.user) for member in members}
    token_ids = {one for one in user_ids if one.startswith("tok_")}
    if token_ids:
        tokens = ApiToken.objects.filter(workspace_id=workspace_id, id__in=token_ids)
        names |= {token_id: f"token {name}" for token_id, name in tokens.values_list("id", "name")}
    return names


def firings_page(
    viewer: Viewer, *, rule_id: str | None = None, before: str = "", size: int = FIRINGS_SHOWN
) -> FiringPage:
    """Firings, newest first.

    Takes:   rule_id, None for all rules; before, as `older` of another page says it; what cannot be read asks for the newest
    """
    firings = AlertFiring.objects.filter(workspace_id=viewer.workspace_id).exclude(rule_id__startswith=OWN_ID)
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
