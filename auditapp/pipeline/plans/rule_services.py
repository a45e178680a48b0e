"""What is done to the rules of a plan, one or many at a time. Each is one transaction with its events in it."""

from collections.abc import Collection, Sequence
from typing import Final

from django.db import transaction

from auditapp.lib.errors import Invalid
from auditapp.pipeline.plans.errors import RuleGone, RuleThere
from auditapp.pipeline.plans.locking import plan_to_change
from auditapp.pipeline.plans.models import TrackingPlan
from auditapp.pipeline.plans.plan_csv import number_of_rows, rules_from_csv
from auditapp.pipeline.plans.plan_json import MAX_BYTES, rules_from_json
from auditapp.pipeline.plans.rule_store import Identity, RuleChanges, put_rules, stored_rules
from auditapp.pipeline.plans.rules import MAX_RULES, Rule, require_good_rules
from auditapp.pipeline.plans.telling import tell_rules
from auditapp.record.services import record

MAX_FILE_NAME: Final = 200


@transaction.atomic
def add_rule(*, plan_id: str, rule: Rule) -> RuleChanges:
    """Add a rule to a plan.

    Raises:  NotFound, Denied, Invalid, RuleThere
    Writes:  PlanRule, TrackingPlan; tracking_plan.event_added
    """
    plan, before = _begun(plan_id)
    if rule.identity in before:
        raise RuleThere
    return _put(plan, before, [rule])


@transaction.atomic
def change_rule(*, plan_id: str, rule: Rule) -> RuleChanges:
    """Change the schema and labels of the rule of this type, name and version.

    Raises:  NotFound, Denied, Invalid, RuleGone
    Writes:  PlanRule, TrackingPlan; tracking_plan.event_modified, unless nothing differs
    """
    plan, before = _begun(plan_id)
    if rule.identity not in before:
        raise RuleGone
    return _put(plan, before, [rule])


@transaction.atomic
def update_rules(*, plan_id: str, rules: Sequence[Rule], instead_of: Collection[Identity] = ()) -> RuleChanges:
    """Add these rules, or change those that are there; the others stay.

    Takes:   instead_of, rules that some of them take the place of under another name
    Raises:  NotFound, Denied, Invalid, RuleGone, where one of instead_of is not in the plan
    Writes:  PlanRule, TrackingPlan; what tell_rules records
    """
    plan, before = _begun(plan_id)
    if not before.keys() >= set(instead_of):
        raise RuleGone
    return _put(plan, before, rules, gone=set(instead_of) - {rule.identity for rule in rules})


@transaction.atomic
def replace_rules(*, plan_id: str, rules: Sequence[Rule]) -> RuleChanges:
    """Make these the rules of a plan; those that are not among them are gone.

    Raises:  NotFound, Denied, Invalid
    Writes:  PlanRule, TrackingPlan; what tell_rules records
    """
    return _put(*_begun(plan_id), rules, replaces=True)


@transaction.atomic
def remove_rules(*, plan_id: str, identities: Collection[Identity]) -> RuleChanges:
    """Take rules out of a plan.

    Raises:  NotFound, Denied, RuleGone, where one of them is not in it
    Writes:  PlanRule, TrackingPlan; what tell_rules records
    """
    plan, before = _begun(plan_id)
    if not before.keys() >= set(identities):
        raise RuleGone
    changes = put_rules(plan, before, {key: rule for key, rule in before.items() if key not in identities})
    tell_rules(plan, changes)
    return changes


@transaction.atomic
def import_rules(*, plan_id: str, file_name: str, body: bytes, replaces: bool = False) -> RuleChanges:
    """Take the rules of a file into a plan: CSV or JSON, by the end of its name.

    Takes:   replaces, whether rules that are not in the file are taken out
    Raises:  NotFound, Denied, Invalid, with the lines or places that are wrong
    Writes:  PlanRule, TrackingPlan; tracking_plan.csv_uploaded or tracking_plan.json_uploaded, and what tell_rules records
    """
    plan, before = _begun(plan_id)
    if len(body) > MAX_BYTES:
        raise Invalid(f"A file has at most {MAX_BYTES // 1024**2} MB.", field="file", code="too_large")
    name = file_name.replace("\x00", "")[-MAX_FILE_NAME:]
    if name.lower().endswith(".json"):
        rules = rules_from_json(body)
        record("tracking_plan.json_uploaded", target=plan, meta={"rules": len(rules), "file": name})
    elif name.lower().endswith(".csv"):
        text = _decoded(body)
        rules = rules_from_csv(text)
        record("tracking_plan.csv_uploaded", target=plan, meta={"rows": number_of_rows(text), "file": name})
    else:
        raise Invalid("Choose a file whose name ends with .csv or .json.", field="file", code="bad_file")
    return _put(plan, before, rules, replaces=replaces)


def _begun(plan_id: str) -> tuple[TrackingPlan, dict[Identity, Rule]]:
    plan = plan_to_change(plan_id)
    return plan, {rule.identity: rule for rule in stored_rules(plan.workspace_id, plan.id)}


def _put(
    plan: TrackingPlan,
    before: dict[Identity, Rule],
    rules: Sequence[Rule],
    *,
    replaces: bool = False,
    gone: Collection[Identity] = (),
) -> RuleChanges:
    require_good_rules(rules)
    put = {rule.identity: rule for rule in rules}
    kept = {} if replaces else {identity: rule for identity, rule in before.items() if identity not in gone}
    after = kept | put
    if len(after) > MAX_RULES:
        raise Invalid(f"A plan has at most {MAX_RULES:,} rules, and this would be {len(after):,}.", field="rules")
    changes = put_rules(plan, before, after)
    tell_rules(plan, changes)
    return changes


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise Invalid(f"Save the file as UTF-8: byte {fault.start} is not.", field="file", code="bad_file") from None
