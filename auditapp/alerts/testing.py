"""A test message of a rule, sent now to each place that the rule tells, by the sender of real ones. It tells of no event and is no firing."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from django.db import transaction

from auditapp.access.models import Workspace
from auditapp.access.permissions import Access, Permission, acting_access
from auditapp.alerts.messages import Sent, send_email, send_slack, send_webhook
from auditapp.alerts.models import AlertMessage, AlertNotice, AlertRule, Channel
from auditapp.alerts.queries import names_of
from auditapp.alerts.sending import recipient_of
from auditapp.alerts.services import RuleInput, fill_rule, rule_to_change
from auditapp.alerts.telling import Told, link_to, plain
from auditapp.lib import clock
from auditapp.lib.errors import AppError
from auditapp.lib.ids import new_id
from auditapp.pipeline.destinations.kind import Outcome
from auditapp.record.acting import current_acting
from auditapp.record.drafts import Target
from auditapp.record.services import record

AT_ONCE: Final = 8
WEBHOOK_TYPE: Final = "alert.test"


@dataclass(frozen=True, slots=True)
class Tested:
    """What came of one test message: to whom, and what the receiver answered."""

    channel: Channel
    to: str
    to_id: str
    is_delivered: bool
    said: str


def send_test_message(*, rule_id: str = "", given: RuleInput | None = None) -> list[Tested]:
    """Send a test message to each channel of a rule, as it is or as it would be saved.

    Nothing is locked while receivers take their time.

    Takes:   rule_id, "" for a rule that is not saved yet; given, what would be saved
    Raises:  NotFound, Denied, Invalid
    Writes:  alert_rule.test_sent
    """
    access, actor = acting_access(), current_acting().actor
    access.require(Permission.AUDIT_READ)
    if rule_id:
        rule = rule_to_change(access, rule_id)
    else:
        rule = AlertRule(workspace_id=access.workspace_id, id=new_id("alr"), owner_id=access.subject_id)
    if given is not None:
        fill_rule(access, rule, given)
    workspace = Workspace.objects.get(id=access.workspace_id)
    told = Told(
        rule=plain(rule.name),
        workspace=plain(workspace.name),
        headline=f"This is a test that {plain(actor.name or actor.id)} sent. Nothing happened",
        events=(),
        more=0,
        firings=0,
        link=link_to("alerts:rule", workspace, rule_id) if rule_id else link_to("alerts:rule_list", workspace),
    )
    with ThreadPoolExecutor(AT_ONCE) as pool:
        tested = [future.result() for future in [pool.submit(one) for one in list(_tries(access, rule, told))]]
    arrived = sum(one.is_delivered for one in tested)
    with transaction.atomic():
        record(
            "alert_rule.test_sent",
            target=rule if rule_id else Target("alert_rule", "new", rule.name),
            meta={"messages": len(tested), "arrived": arrived},
            outcome="success" if arrived == len(tested) else "failure",
        )
    return tested


def _tries(access: Access, rule: AlertRule, told: Told) -> Iterator[Callable[[], Tested]]:
    """What sends each message; all that needs the database is looked up before."""
    now = clock.now()
    notice = AlertNotice(
        workspace_id=rule.workspace_id, rule_id=rule.id, first_at=now, last_at=now, due_at=now, fixed_at=now
    )

    def message(channel: Channel) -> AlertMessage:
        return AlertMessage(workspace_id=rule.workspace_id, id=new_id("msg"), channel=channel)

    def one(channel: Channel, to: str, send: Callable[[], Sent], to_id: str = "") -> Callable[[], Tested]:
        def tried() -> Tested:
            sent = _sent(send)
            return Tested(channel, to, to_id, sent.outcome is Outcome.DELIVERED, sent.said)

        return tried

    names = names_of(rule.workspace_id, rule.told_ids)
    for user_id in rule.told_ids if rule.by_email else ():
        person = recipient_of(rule.workspace_id, user_id)
        if person is None:
            yield one(Channel.EMAIL, names.get(user_id, "A former member"), lambda: GONE, user_id)
        else:
            yield one(
                Channel.EMAIL,
                names[user_id],
                lambda to=person[0]: send_email(told, message(Channel.EMAIL), notice, to),  # type: ignore[misc]
                user_id,
            )
    may_export = access.can(Permission.AUDIT_EXPORT)
    if rule.has_slack:
        yield one(Channel.SLACK, "", (lambda: send_slack(told, rule)) if may_export else lambda: NOT_ALLOWED)
    if rule.webhook_url:

        def webhook() -> Sent:
            return send_webhook(told, rule, message(Channel.WEBHOOK), notice, kind=WEBHOOK_TYPE)

        yield one(Channel.WEBHOOK, "", webhook if may_export else lambda: NOT_ALLOWED)


GONE: Final = Sent(Outcome.GONE, "Does not belong to the workspace any more, or may not open its trail.")
NOT_ALLOWED: Final = Sent(Outcome.AUTH, "Nothing was sent: only who may export events sends there.")


def _sent(send: Callable[[], Sent]) -> Sent:
    try:
        return send()
    except AppError as fault:  # its secrets do not open
        return Sent(Outcome.RETRY, fault.message)
