"""The rules of a plan as rows: read, and written as far as they differ. Who may, and what is told of it, is the services' to know."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection

from auditapp.lib import clock
from auditapp.lib.ids import new_id
from auditapp.lib.labels import checked_labels
from auditapp.pipeline.plans.models import PlanRule, TrackingPlan
from auditapp.pipeline.plans.rule_history import keep_changes
from auditapp.pipeline.plans.rules import Rule, RuleType

Identity = tuple[RuleType, str, int]

PUT = """
INSERT INTO tracking_plan_rule (workspace_id, plan_id, type, key, version, schema, labels, created_at, updated_at)
SELECT %(workspace_id)s, %(plan_id)s, one.type, one.key, one.version, one.schema, string_to_array(one.labels, ','), %(now)s, %(now)s
FROM unnest(%(types)s::text[], %(keys)s::text[], %(versions)s::int[], %(schemas)s::text[], %(labels)s::text[])
     AS one (type, key, version, schema, labels)
ON CONFLICT (workspace_id, plan_id, type, key, version)
DO UPDATE SET schema = EXCLUDED.schema, labels = EXCLUDED.labels, updated_at = EXCLUDED.updated_at
"""
TAKE = """
DELETE FROM tracking_plan_rule AS r USING unnest(%(types)s::text[], %(keys)s::text[], %(versions)s::int[]) AS one (type, key, version)
WHERE r.workspace_id = %(workspace_id)s AND r.plan_id = %(plan_id)s
  AND r.type = one.type AND r.key = one.key AND r.version = one.version
"""


@dataclass(frozen=True, slots=True)
class RuleChanges:
    """What became of the rules of a plan; of a changed one, how it was and how it is."""

    added: tuple[Rule, ...] = ()
    changed: tuple[tuple[Rule, Rule], ...] = ()
    removed: tuple[Rule, ...] = ()

    @property
    def number(self) -> int:
        return len(self.added) + len(self.changed) + len(self.removed)


def rule_id(plan_id: str, type: str, key: str, version: int) -> str:
    """What names a rule in an address, where the name of an event, which may be anything, cannot stand."""
    said = "\x1f".join((plan_id, type, str(version), key))
    return hashlib.sha256(said.encode()).hexdigest()[:20]


def stored_rules(workspace_id: int, plan_id: str) -> list[Rule]:
    """The rules of a plan, in the order of types, names and versions."""
    rows = PlanRule.objects.filter(workspace_id=workspace_id, plan_id=plan_id).order_by("type", "key", "version")
    return [row.rule for row in rows]


def put_rules(plan: TrackingPlan, before: Mapping[Identity, Rule], after: Mapping[Identity, Rule]) -> RuleChanges:
    """Make the rows of a locked plan what they shall be, in the caller's transaction.

    Writes:  PlanRule, PlanRuleChange, TrackingPlan
    """
    added = tuple(rule for identity, rule in after.items() if identity not in before)
    both = ((before[identity], rule) for identity, rule in after.items() if identity in before)
    changes = RuleChanges(
        added,
        tuple((old, new) for old, new in both if _text(old) != _text(new) or set(old.labels) != set(new.labels)),
        tuple(rule for identity, rule in before.items() if identity not in after),
    )
    if not changes.number:
        return changes
    put = [*added, *(new for _, new in changes.changed)]
    with connection.cursor() as cursor:
        if changes.removed:
            cursor.execute(TAKE, _columns(plan, changes.removed))
        if put:
            texts = {"schemas": list(map(_text, put)), "labels": [",".join(checked_labels(one.labels)) for one in put]}
            cursor.execute(PUT, _columns(plan, put) | texts | {"now": clock.now()})
    plan.revision = new_id("rev")
    plan.updated_at = clock.now()
    plan.save(update_fields=["revision", "updated_at"])
    keep_changes(
        plan, [*((None, rule) for rule in added), *changes.changed, *((rule, None) for rule in changes.removed)]
    )
    return changes


def _columns(plan: TrackingPlan, rules: Iterable[Rule]) -> dict[str, Any]:
    listed = list(rules)
    return {
        "workspace_id": plan.workspace_id,
        "plan_id": plan.id,
        "types": [str(one.type.value) for one in listed],
        "keys": [one.key for one in listed],
        "versions": [one.version for one in listed],
    }


def _text(rule: Rule) -> str:
    return orjson.dumps(rule.json_schema).decode()
