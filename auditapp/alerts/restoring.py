"""Brings a deleted rule back, as its deletion told of it. Addresses were never told: who brings it back enters them."""

from dataclasses import replace

from django.db import transaction

from auditapp.access.models import Member
from auditapp.access.permissions import Permission, acting_access
from auditapp.alerts.errors import TooManyRules
from auditapp.alerts.models import AlertRule
from auditapp.alerts.queries import access_of, rules_of
from auditapp.alerts.services import (
    MAX_RULES,
    RuleInput,
    begin_looking,
    fill_rule,
    locked_reading,
    save_rule,
    whole_of_rule,
)
from auditapp.lib import clock
from auditapp.lib.errors import Conflict, Invalid
from auditapp.record.drafts import changed
from auditapp.record.services import record


class RuleThere(Conflict):
    """This rule is there: it was brought back already."""


class OwnerGone(Conflict):
    """Whoever kept this rule is gone, and a rule sees what its owner may see. Make a new one."""


@transaction.atomic
def restore_alert_rule(given: RuleInput, *, rule_id: str, owner_id: str, is_enabled: bool = True) -> AlertRule:
    """Make a rule again under the id and for the owner that it had; it looks at what comes from now on.

    Takes:   given, of whose people those who left are left out; a webhook is signed with a new secret
    Raises:  Denied, Invalid, RuleThere, OwnerGone, TooManyRules
    Writes:  AlertRule, AlertReading, AlertWindow; alert_rule.restored
    """
    access = acting_access()
    access.require(Permission.AUDIT_READ)
    if owner_id != access.subject_id:
        access.require(Permission.WORKSPACE_MANAGE)
    reading = locked_reading(access.workspace_id)
    here = AlertRule.objects.filter(workspace_id=access.workspace_id)
    if here.filter(id=rule_id).exists():
        raise RuleThere
    if not access_of(access.workspace_id, owner_id).can(Permission.AUDIT_READ):
        raise OwnerGone
    if rules_of(access).count() >= MAX_RULES:
        raise TooManyRules
    members = Member.objects.filter(workspace_id=access.workspace_id, user_id__in=given.told_ids)
    known = set(members.values_list("user_id", flat=True))
    told_ids = [one for one in given.told_ids if one in known]
    if not (told_ids or given.slack_url or given.webhook_url):
        raise Invalid("Enter the address that it told. Without it there is nobody whom it would tell.", field="told")
    rule = AlertRule(workspace_id=access.workspace_id, id=rule_id, owner_id=owner_id, created_at=clock.now())
    fill_rule(access, rule, replace(given, told_ids=told_ids))
    rule.is_enabled = is_enabled
    if is_enabled:
        begin_looking(rule, reading)
    save_rule(rule, force_insert=True)
    record("alert_rule.restored", target=rule, changes=changed({}, whole_of_rule(rule)))
    return rule
