"""What is done to alert rules. Everyone who may open the trail keeps rules of their own; managers of the workspace change them all."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import time
from typing import Any, Final
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction

from auditapp.access.models import Member, Workspace
from auditapp.access.permissions import Access, Permission, acting_access
from auditapp.alerts.errors import NotSigned, TooManyRules
from auditapp.alerts.messages import SIGNING, SLACK, sealed, secrets_of
from auditapp.alerts.models import (
    AlertCount,
    AlertFiring,
    AlertMessage,
    AlertNotice,
    AlertReading,
    AlertRule,
    AlertWindow,
    By,
    Hold,
    Trigger,
)
from auditapp.alerts.queries import may_change, refuse_wider_query, rule_for, rules_of, size_of_log
from auditapp.lib import clock
from auditapp.lib.errors import Invalid, NotFound
from auditapp.lib.ids import new_id
from auditapp.lib.outbound import Refused, check_url
from auditapp.lib.webhook_signature import new_secret
from auditapp.record.drafts import Change, changed
from auditapp.record.query_language import parse_query
from auditapp.record.services import record
from auditapp.trail.query_box import MAX_QUERY

MAX_RULES: Final = 500
MAX_THRESHOLD: Final = 1_000
SHORTEST_S, LONGEST_S = 60, 30 * 86_400
MOST_TOLD: Final = 50
WITHHELD: Final = {"redacted": "secret"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleInput:
    """All that can be said about a rule. `slack_url` None leaves the address as it is, "" takes it away."""

    name: str
    query: str = ""
    trigger: str = Trigger.EACH
    threshold: int = 1
    window_s: int = 0
    by: str = ""
    with_own: bool = False
    told_ids: Sequence[str] = ()
    by_email: bool = False
    by_bell: bool = False
    slack_url: str | None = field(default=None, repr=False)
    webhook_url: str = ""
    quiet_from: time | None = None
    quiet_to: time | None = None


@transaction.atomic
def create_alert_rule(given: RuleInput) -> tuple[AlertRule, str]:
    """Make a rule, which looks at what comes from now on.

    Gives:   the rule, and the secret that signs its webhook, "" where it calls none: it is given here and nowhere again
    Raises:  Denied, Invalid, TooManyRules
    Writes:  AlertRule, AlertReading, AlertWindow; alert_rule.created
    """
    access = acting_access()
    access.require(Permission.AUDIT_READ)
    access.refuse_support()
    reading = locked_reading(access.workspace_id)
    if rules_of(access).count() >= MAX_RULES:
        raise TooManyRules
    rule = AlertRule(workspace_id=access.workspace_id, id=new_id("alr"), owner_id=access.subject_id)
    secret = fill_rule(access, rule, given)
    begin_looking(rule, reading)
    save_rule(rule, force_insert=True)
    record("alert_rule.created", target=rule, changes=changed({}, told_of_rule(rule)))
    return rule, secret


@transaction.atomic
def change_alert_rule(given: RuleInput, *, rule_id: str) -> tuple[AlertRule, str]:
    """Change a rule; where it looks for something else, it counts anew.

    Gives:   the rule, and its signing secret where it calls a webhook for the first time
    Raises:  NotFound, Denied, Invalid
    Writes:  AlertRule, AlertReading, AlertWindow; alert_rule.modified, where something differs
    """
    access = acting_access()
    reading = locked_reading(access.workspace_id)
    rule = rule_to_change(access, rule_id)
    refuse_wider_query(access, rule, given.query.strip())
    before, looked_for = told_of_rule(rule), _looked_for(rule)
    slack, url = secrets_of(rule).get(SLACK), rule.webhook_url
    secret = fill_rule(access, rule, given)
    changes = changed(before, told_of_rule(rule))
    if secrets_of(rule).get(SLACK) != slack and not any(one.path == "slack" for one in changes):
        changes.append(Change("slack_url", WITHHELD, WITHHELD))
    if rule.webhook_url != url and not any(one.path == "webhook_host" for one in changes):
        changes.append(Change("webhook_url", WITHHELD, WITHHELD))
    if changes:
        if _looked_for(rule) != looked_for:
            _count_anew(rule)
        save_rule(rule)
        rules_changed(reading)
        record("alert_rule.modified", target=rule, changes=changes)
    return rule, secret


@transaction.atomic
def enable_alert_rule(*, rule_id: str) -> AlertRule:
    """Turn a rule on; it looks at what comes from now on.

    Raises:  NotFound, Denied
    Writes:  AlertRule, AlertReading, AlertWindow; alert_rule.enabled, unless it is so
    """
    access = acting_access()
    reading = locked_reading(access.workspace_id)
    rule = rule_to_change(access, rule_id)
    if not rule.is_enabled:
        begin_looking(rule, reading)
        rule.is_enabled = True
        rule.save(update_fields=["is_enabled", "start_index"])
        record("alert_rule.enabled", target=rule, changes=[Change("enabled", False, True)])
    return rule


@transaction.atomic
def disable_alert_rule(*, rule_id: str) -> AlertRule:
    """Turn a rule off. What it has fired for and not told of yet stays untold.

    Raises:  NotFound, Denied
    Writes:  AlertRule, AlertReading, AlertFiring; alert_rule.disabled, unless it is so
    """
    access = acting_access()
    reading = locked_reading(access.workspace_id)
    rule = rule_to_change(access, rule_id)
    if rule.is_enabled:
        rule.is_enabled = False
        rule.save(update_fields=["is_enabled"])
        rules_changed(reading)
        firings = AlertFiring.objects.filter(workspace_id=access.workspace_id, rule_id=rule_id, is_open=True)
        firings.filter(hold=Hold.HELD).update(hold=Hold.DROPPED, held_until=None)
        firings.update(is_open=False)
        record("alert_rule.disabled", target=rule, changes=[Change("enabled", True, False)])
    return rule


@transaction.atomic
def delete_alert_rule(*, rule_id: str) -> None:
    """Delete a rule with its firings.

    Raises:  NotFound, Denied
    Writes:  AlertRule and all that hangs on it; alert_rule.deleted
    """
    access = acting_access()
    reading = locked_reading(access.workspace_id)
    rule = rule_to_change(access, rule_id)
    record("alert_rule.deleted", target=rule, changes=changed(whole_of_rule(rule), {}))
    of_rule = {"workspace_id": access.workspace_id, "rule_id": rule_id}
    notices = AlertNotice.objects.filter(**of_rule)
    AlertMessage.objects.filter(workspace_id=access.workspace_id, notice_id__in=notices.values("id")).delete()
    for model in (AlertFiring, AlertNotice, AlertCount, AlertWindow):
        model.objects.filter(**of_rule).delete()
    rule.delete()
    rules_changed(reading)


@transaction.atomic
def rotate_alert_secret(*, rule_id: str) -> tuple[AlertRule, str]:
    """Sign the webhook of a rule with a new secret from now on.

    Gives:   the rule and the secret, which is given here and nowhere again
    Raises:  NotFound, Denied, NotSigned
    Writes:  AlertRule; alert_rule.secret_rotated
    """
    access = acting_access()
    rule = rule_to_change(access, rule_id)
    if not rule.webhook_url:
        raise NotSigned
    secret = new_secret()
    rule.secrets = sealed(secrets_of(rule) | {SIGNING: secret})
    rule.save(update_fields=["secrets"])
    record("alert_rule.secret_rotated", target=rule)
    return rule, secret


def told_of_rule(rule: AlertRule) -> dict[str, Any]:
    """What events tell of a rule: never an address that is a secret, nor those of people."""
    return {
        "name": rule.name,
        "query": rule.query,
        "trigger": rule.trigger,
        "threshold": rule.threshold,
        "window_s": rule.window_s,
        "by": rule.by,
        "with_own": rule.with_own,
        "told": list(rule.told_ids),
        "email": rule.by_email,
        "bell": rule.by_bell,
        "slack": rule.has_slack,
        "webhook_host": urlsplit(rule.webhook_url).hostname or "",
        "quiet_from": f"{rule.quiet_from:%H:%M}" if rule.quiet_from else "",
        "quiet_to": f"{rule.quiet_to:%H:%M}" if rule.quiet_to else "",
    }


def whole_of_rule(rule: AlertRule) -> dict[str, Any]:
    """All that events tell of a rule, which is what one that was deleted comes back with."""
    return {**told_of_rule(rule), "enabled": rule.is_enabled, "owner": rule.owner_id}


def locked_reading(workspace_id: int) -> AlertReading:
    """The reader's row, under its lock: rules change one at a time, and never in the middle of a batch."""
    if not Workspace.objects.filter(id=workspace_id).exists():
        raise NotFound
    AlertReading.objects.bulk_create([AlertReading(workspace_id=workspace_id)], ignore_conflicts=True)
    return AlertReading.objects.select_for_update().get(workspace_id=workspace_id)


def begin_looking(rule: AlertRule, reading: AlertReading) -> None:
    """Have a rule look from the end of the log on; where none looked before, so does the reader, which is another one then."""
    size = size_of_log(rule.workspace_id)
    if not AlertRule.objects.filter(workspace_id=rule.workspace_id, is_enabled=True).exists():
        reading.generation += 1
        reading.start_index = size
    rule.start_index = size
    _count_anew(rule)
    rules_changed(reading)


def rules_changed(reading: AlertReading) -> None:
    """Have readers read the rules anew."""
    reading.revision = new_id("rev")
    reading.save(update_fields=["revision", "generation", "start_index"])


def _count_anew(rule: AlertRule) -> None:
    AlertWindow.objects.filter(workspace_id=rule.workspace_id, rule_id=rule.id).delete()
    if rule.trigger == Trigger.SILENCE:
        now = clock.now()
        # No place of the log, and another one each time: no event began this silence.
        no_place = -round(now.timestamp() * 1_000)
        AlertWindow.objects.create(workspace_id=rule.workspace_id, rule_id=rule.id, times=[now], index=no_place)


def _looked_for(rule: AlertRule) -> tuple[Any, ...]:
    return rule.query, rule.trigger, rule.threshold, rule.window_s, rule.by, rule.with_own


def rule_to_change(access: Access, rule_id: str) -> AlertRule:
    """A rule that somebody may change.

    Raises:  NotFound, Denied
    """
    rule = rule_for(access, rule_id)
    if not may_change(access, rule):
        access.require(Permission.WORKSPACE_MANAGE)
    access.require(Permission.AUDIT_READ)
    return rule


def fill_rule(access: Access, rule: AlertRule, given: RuleInput) -> str:
    """Put what was given into a rule, which the caller saves, or not; gives a signing secret that was made."""
    rule.name = given.name.strip()
    if not rule.name or len(rule.name) > 100:
        raise Invalid("Give the rule a name of at most 100 characters.", field="name", code="required")
    _refuse_taken(rule)
    rule.query = _checked_query(given.query)
    _fill_trigger(rule, given)
    rule.with_own = given.with_own
    _fill_people(access, rule, given)
    secret = _fill_addresses(access, rule, given)
    if (given.quiet_from is None) != (given.quiet_to is None):
        raise Invalid("Quiet hours have a beginning and an end.", field="quiet_to", code="required")
    rule.quiet_from, rule.quiet_to = given.quiet_from, given.quiet_to
    return secret


def _checked_query(line: str) -> str:
    line = line.strip()
    if len(line) > MAX_QUERY:
        raise Invalid(f"A query has at most {MAX_QUERY:,} characters.", field="query", code="too_long")
    parsed = parse_query(line)
    if parsed.problems:
        raise Invalid(str(parsed.problems[0]), field="query", code="bad_query")
    if any(term.key in ("from", "to") for term in parsed.terms):
        raise Invalid("A rule looks at what is to come. Take from: and to: out.", field="query", code="bad_query")
    return line


def _fill_trigger(rule: AlertRule, given: RuleInput) -> None:
    if given.trigger not in Trigger.values:
        raise Invalid("Choose when the rule fires.", field="trigger", code="required")
    rule.trigger, rule.by, rule.threshold, rule.window_s = given.trigger, "", 1, 0
    if given.trigger == Trigger.EACH:
        return
    if not SHORTEST_S <= given.window_s <= LONGEST_S:
        raise Invalid("Choose a time of one minute to 30 days.", field="window", code="out_of_range")
    rule.window_s = given.window_s
    if given.trigger == Trigger.SILENCE:
        return
    if not 2 <= given.threshold <= MAX_THRESHOLD:
        raise Invalid(f"Count 2 to {MAX_THRESHOLD:,} events.", field="threshold", code="out_of_range")
    if given.by not in By.values:
        raise Invalid("Choose what is counted together.", field="by", code="required")
    rule.threshold, rule.by = given.threshold, given.by


def _fill_people(access: Access, rule: AlertRule, given: RuleInput) -> None:
    chosen = list(dict.fromkeys(given.told_ids))
    added = set(chosen) - set(rule.told_ids) - {access.subject_id}
    if added and not access.can(Permission.WORKSPACE_MANAGE):
        raise Invalid(
            "Only an owner of the workspace chooses others to be told. Choose yourself.",
            field="told_ids",
            code="denied",
        )
    known = set(
        Member.objects.filter(workspace_id=rule.workspace_id, user_id__in=added).values_list("user_id", flat=True)
    )
    if added - known or len(chosen) > MOST_TOLD:
        message = f"Choose up to {MOST_TOLD} members of this workspace."
        raise Invalid(message, field="told_ids", code="unknown")
    rule.told_ids, rule.by_email, rule.by_bell = chosen, given.by_email, given.by_bell
    if chosen and not (given.by_email or given.by_bell):
        raise Invalid("Choose how people are told: by e-mail, in the bell, or both.", field="by_bell", code="required")


def _fill_addresses(access: Access, rule: AlertRule, given: RuleInput) -> str:
    secrets, secret = secrets_of(rule), ""
    url = given.webhook_url.strip()
    goes_out = bool(given.slack_url) or url != rule.webhook_url
    if goes_out and (given.slack_url or url):
        access.require(Permission.AUDIT_EXPORT)
    if given.slack_url is not None:
        if given.slack_url.strip():
            secrets[SLACK] = _checked_url(given.slack_url.strip(), "slack_url")
        else:
            secrets.pop(SLACK, None)
    rule.has_slack = SLACK in secrets
    rule.webhook_url = _checked_url(url, "webhook_url") if url else ""
    if url and SIGNING not in secrets:
        secret = secrets[SIGNING] = new_secret()
    elif not url:
        secrets.pop(SIGNING, None)
    rule.secrets = sealed(secrets)
    if not (rule.told_ids or rule.has_slack or rule.webhook_url):
        raise Invalid("Choose at least one way to be told.", field="told_ids", code="required")
    return secret


def _checked_url(url: str, field_name: str) -> str:
    try:
        check_url(url)
    except Refused as refused:
        raise Invalid(refused.message, field=field_name, code="bad_url") from None
    return url


def _refuse_taken(rule: AlertRule) -> None:
    same = AlertRule.objects.filter(
        workspace_id=rule.workspace_id, owner_id=rule.owner_id, own="", name__iexact=rule.name
    )
    if same.exclude(id=rule.id).exists():
        raise _name_taken()


def _name_taken() -> Invalid:
    return Invalid("Another rule of the same owner has this name.", field="name", code="taken")


def save_rule(rule: AlertRule, **how: Any) -> None:
    """Save it, also where two of its owner's get one name at once.

    Raises:  Invalid
    """
    try:
        with transaction.atomic():
            rule.save(**how)
    except IntegrityError:  # the name was taken between the look and the write
        raise _name_taken() from None


def draft_of(given: RuleInput, rule: AlertRule | None, *, owner_id: str, workspace_id: int) -> AlertRule:
    """The rule that would be saved, to be tried; who is told does not matter yet.

    Raises:  Invalid
    """
    draft = AlertRule(workspace_id=workspace_id, owner_id=rule.owner_id if rule else owner_id, name=given.name)
    draft.query, draft.with_own = _checked_query(given.query), given.with_own
    _fill_trigger(draft, given)
    return draft
