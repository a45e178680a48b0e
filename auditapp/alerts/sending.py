"""Messages on their way: a notice becomes messages once it is due, each is leased, sent outside of any transaction, and tried again.

At least once, with an id that stays the same: whoever crashes between sending and writing that down sends it once more.
"""

import logging
from datetime import timedelta
from typing import Final, NamedTuple

from django.db import connection

from auditapp.access.models import Member, User, Workspace
from auditapp.access.permissions import Permission, permissions_for, viewer_for
from auditapp.alerts.messages import Sent, send_email, send_slack, send_webhook
from auditapp.alerts.models import AlertMessage, AlertNotice, AlertRule, Channel, State
from auditapp.alerts.queries import access_of, viewer_of
from auditapp.alerts.telling import Told, told
from auditapp.alerts.unsubscribing import unsubscribe_link
from auditapp.lib import clock
from auditapp.lib.errors import AppError
from auditapp.lib.ids import new_id
from auditapp.pipeline.destinations.kind import Outcome
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace

logger = logging.getLogger(__name__)

# Longer than a try, which has 15 s for all of it.
LEASE_S: Final = 60
MAX_ATTEMPTS: Final = 10
FIRST_PAUSE_S: Final = 5
LONGEST_PAUSE_S: Final = 1_800
# In which another try could not help.
FINAL: Final = {Outcome.GONE, Outcome.AUTH, Outcome.REFUSED}

DUE_NOTICES = """
SELECT workspace_id, id FROM alert_notice WHERE fixed_at IS NULL AND due_at <= %s ORDER BY due_at LIMIT %s
"""
DUE_MESSAGES = """
SELECT workspace_id, id FROM alert_message
WHERE state = 'waiting' AND retry_at <= %s AND (leased_until IS NULL OR leased_until < clock_timestamp())
ORDER BY retry_at LIMIT %s
"""
LEASE = """
UPDATE alert_message SET lease = lease + 1, attempts = attempts + 1, leased_until = clock_timestamp() + make_interval(secs => %s)
WHERE workspace_id = %s AND id = %s AND state = 'waiting' AND (leased_until IS NULL OR leased_until < clock_timestamp())
RETURNING lease
"""


class Due(NamedTuple):
    workspace_id: int
    id: str


def due_notices(*, limit: int) -> list[Due]:
    """Notices whose time has come; asked outside of any workspace, as the worker."""
    return _due(DUE_NOTICES, limit)


def due_messages(*, limit: int) -> list[Due]:
    """Messages that may be tried now; asked outside of any workspace, as the worker."""
    return _due(DUE_MESSAGES, limit)


def fix_notice(due: Due) -> int:
    """Close a notice, and make the messages that tell of it, to whom the rule tells by now.

    Gives:   how many messages
    Writes:  AlertNotice, AlertMessage; one transaction
    """
    with in_workspace(due.workspace_id):
        notices = AlertNotice.objects.filter(workspace_id=due.workspace_id, id=due.id, fixed_at=None)
        notice = notices.select_for_update(skip_locked=True).first()
        if notice is None:
            return 0
        notice.fixed_at = clock.now()
        notice.save(update_fields=["fixed_at"])
        rule = AlertRule.objects.filter(workspace_id=due.workspace_id, id=notice.rule_id).first()
        if rule is None or not rule.is_enabled:
            return 0
        made = [
            AlertMessage(
                workspace_id=due.workspace_id,
                id=new_id("msg"),
                notice_id=notice.id,
                channel=channel,
                recipient_id=recipient,
                is_closing=is_closing,
                retry_at=notice.fixed_at,
            )
            for (channel, recipient), is_closing in _receivers(rule, notice).items()
        ]
        AlertMessage.objects.bulk_create(made)
        return len(made)


def _receivers(rule: AlertRule, notice: AlertNotice) -> dict[tuple[str, str], bool]:
    """Where a notice goes, and whether it only tells there of what recovered: to whom the rule tells no more, but told of the failure."""
    found: dict[tuple[str, str], bool] = {}
    if notice.told_before:
        before = AlertMessage.objects.filter(workspace_id=notice.workspace_id, notice_id__in=notice.told_before)
        told_before = before.exclude(state=State.FAILED).values_list("channel", "recipient_id")
        found |= dict.fromkeys(told_before.order_by("channel", "recipient_id"), True)
    if notice.firings:
        told_now = [(Channel.EMAIL, one) for one in rule.told_ids if rule.by_email and is_told(rule, notice, one)]
        told_now += [(Channel.SLACK, "")] if rule.has_slack else []
        told_now += [(Channel.WEBHOOK, "")] if rule.webhook_url else []
        found |= dict.fromkeys(told_now, False)
    return found


def is_told(rule: AlertRule, notice: AlertNotice, user_id: str) -> bool:
    """Whether this person is told of a notice: of what they did all by themselves only where the rule says so."""
    return rule.with_own or notice.sole_actor != user_id


def deliver(due: Due) -> bool:
    """Try a message once; False where another worker has it or it went meanwhile.

    Writes:  AlertMessage, before and after the try
    """
    with in_workspace(due.workspace_id):
        lease = _taken(due)
        if lease is None:
            return False
        prepared = _prepared(due)
    sent = prepared if isinstance(prepared, Sent) else _sent(prepared)
    with in_workspace(due.workspace_id):
        return _settled(due, lease, sent)


class _Prepared(NamedTuple):
    message: AlertMessage
    notice: AlertNotice
    rule: AlertRule
    told: Told
    address: str


def _taken(due: Due) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(LEASE, [LEASE_S, *due])
        row = cursor.fetchone()
    return row[0] if row else None


def _prepared(due: Due) -> _Prepared | Sent:
    """All that a try needs; what keeps it from being tried, where something does."""
    message = AlertMessage.objects.get(workspace_id=due.workspace_id, id=due.id)
    notice = AlertNotice.objects.filter(workspace_id=due.workspace_id, id=message.notice_id).first()
    rule = AlertRule.objects.filter(workspace_id=due.workspace_id, id=notice.rule_id).first() if notice else None
    if notice is None or rule is None:
        return Sent(Outcome.GONE, "The rule is not there any more.")
    if message.channel == Channel.EMAIL:
        person = recipient_of(due.workspace_id, message.recipient_id)
        if person is None:
            return Sent(Outcome.GONE, "Does not belong to the workspace any more, or may not open its trail.")
        address, viewer = person
    else:
        if not access_of(due.workspace_id, rule.owner_id).can(Permission.AUDIT_EXPORT):
            return Sent(Outcome.AUTH, "The owner of the rule may not export events any more, and this would be one.")
        if (message.channel == Channel.SLACK and not rule.has_slack) or (
            message.channel == Channel.WEBHOOK and not rule.webhook_url
        ):
            return Sent(Outcome.GONE, "The rule does not send there any more.")
        address, viewer = "", viewer_of(due.workspace_id, rule.owner_id)
    workspace = Workspace.objects.get(id=due.workspace_id)
    words = told(rule, notice, viewer, workspace, is_closing=message.is_closing)
    if words.tells_nothing:
        return Sent(
            Outcome.GONE, "Their roles show nothing of it." if address else "Its owner sees nothing of it any more."
        )
    return _Prepared(message, notice, rule, words, address)


def recipient_of(workspace_id: int, user_id: str) -> tuple[str, Viewer] | None:
    """The address of a member, and what of the trail they may see."""
    member = Member.objects.filter(workspace_id=workspace_id, user_id=user_id, user__is_active=True)
    person: User | None = next((one.user for one in member.select_related("user")), None)
    access = permissions_for(workspace_id, user_id)
    if person is None or not access.can(Permission.AUDIT_READ):
        return None
    return person.email, viewer_for(access)


def _sent(prepared: _Prepared) -> Sent:
    """What came of sending; a fault of ours is a failure like others, tried again ever more rarely."""
    message, notice, rule, words, address = prepared
    try:
        if message.channel == Channel.EMAIL:
            unsubscribe = unsubscribe_link(rule.workspace_id, rule.owner_id) if rule.own else ""
            return send_email(words, message, notice, address, unsubscribe=unsubscribe)
        if message.channel == Channel.SLACK:
            return send_slack(words, rule)
        return send_webhook(words, rule, message, notice)
    except AppError as fault:  # its secrets do not open
        return Sent(Outcome.RETRY, fault.message)
    except Exception as fault:
        logger.exception("Alert message %s could not be sent.", message.id)
        return Sent(Outcome.RETRY, f"It could not be sent: {type(fault).__name__}.")


def _settled(due: Due, lease: int, sent: Sent) -> bool:
    """Write down what came of a try, unless another worker has the message by now."""
    mine = AlertMessage.objects.filter(workspace_id=due.workspace_id, id=due.id, lease=lease, state=State.WAITING)
    attempts = mine.values_list("attempts", flat=True).first()
    if attempts is None:
        return False
    now = clock.now()
    if sent.outcome is Outcome.DELIVERED:
        mine.update(state=State.DELIVERED, said=sent.said, ended_at=now, leased_until=None)
    elif sent.outcome in FINAL or attempts >= MAX_ATTEMPTS:
        mine.update(state=State.FAILED, said=sent.said, ended_at=now, leased_until=None)
    else:
        pause_s = min(FIRST_PAUSE_S * 2 ** (attempts - 1), LONGEST_PAUSE_S)
        if sent.retry_after_s:
            pause_s = max(pause_s, min(sent.retry_after_s, LONGEST_PAUSE_S))
        mine.update(said=sent.said, retry_at=now + timedelta(seconds=pause_s), leased_until=None)
    return True


def _due(sql: str, limit: int) -> list[Due]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [clock.now(), limit])
        return [Due(*row) for row in cursor.fetchall()]
