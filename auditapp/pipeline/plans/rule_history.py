"""What each change of a plan did to its rules, kept beside the events that tell of it: a rule may be longer than an event is.

A field of a rule is `rules.TRACK/1/Order Completed`, and its value a few words that differ where the rule does.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple

import orjson

from auditapp.lib.errors import Conflict
from auditapp.pipeline.plans.models import PlanRule, PlanRuleChange, TrackingPlan
from auditapp.pipeline.plans.rules import Rule, RuleType

RULE: Final = "rules."
DIGITS: Final = 16
CHANGES_KEPT: Final = 64


class RuleForgotten(Conflict):
    """How this rule was is not known any more. Write it anew on the page of the plan."""


class RuleChange(NamedTuple):
    """What became of one rule, in words; None where it was not there."""

    type: str
    key: str
    version: int
    was: str | None
    is_now: str | None

    @property
    def path(self) -> str:
        return rule_path(self.type, self.key, self.version)


def rule_path(type: str, key: str, version: int) -> str:
    """The field that a rule is."""
    return f"{RULE}{type}/{version}/{key}"


def identity_at(path: str) -> tuple[RuleType, str, int]:
    """The rule that a field is."""
    kind, version, key = path.removeprefix(RULE).split("/", 2)
    return RuleType(kind), key, int(version)


def rule_words(rule: Rule) -> str:
    """A rule in short, other words wherever anything in it is other."""
    fields = rule.json_schema.get("properties", {})
    own = fields.get(rule.type.group, {}) if isinstance(fields, Mapping) else {}
    named = own.get("properties", {}) if isinstance(own, Mapping) else {}
    number = len(named) if isinstance(named, Mapping) else 0
    digest = sha256(_text(rule).encode()).hexdigest()[:DIGITS]
    return f"{number} field{'' if number == 1 else 's'}, schema {digest}"


def keep_changes(plan: TrackingPlan, changes: Iterable[tuple[Rule | None, Rule | None]]) -> None:
    """Keep what a change did to these rules of a plan, each before and after, under the revision that it made.

    Writes:  PlanRuleChange
    """
    kept = []
    for before, after in changes:
        rule = after or before
        if rule is not None:
            kept.append(
                PlanRuleChange(
                    workspace_id=plan.workspace_id,
                    plan_id=plan.id,
                    revision=plan.revision,
                    type=str(rule.type),
                    key=rule.key,
                    version=rule.version,
                    before=_text(before) if before else None,
                    was=rule_words(before) if before else None,
                    is_now=rule_words(after) if after else None,
                )
            )
    PlanRuleChange.objects.bulk_create(kept)


# Pages ask for the same ones again, and they never change.
@lru_cache(maxsize=CHANGES_KEPT)
def rule_changes(workspace_id: int, plan_id: str, revision: str) -> tuple[RuleChange, ...]:
    """What the change that made this revision did to rules, in the order of their names; nothing where none was kept."""
    rows = PlanRuleChange.objects.filter(workspace_id=workspace_id, plan_id=plan_id, revision=revision)
    names = ("type", "key", "version", "was", "is_now")
    return tuple(RuleChange(*row) for row in rows.order_by("type", "key", "version").values_list(*names))


def rules_as_fields(plan: TrackingPlan) -> dict[str, str]:
    """The rules of a plan now, by the field that each is."""
    rows = PlanRule.objects.filter(workspace_id=plan.workspace_id, plan_id=plan.id).order_by("type", "key", "version")
    return {rule_path(row.type, row.key, row.version): rule_words(row.rule) for row in rows}


def former_rules(workspace_id: int, plan_id: str, wanted: Mapping[str, str]) -> list[Rule]:
    """Rules as they were, by field and words.

    Raises:  RuleForgotten
    """
    words: Collection[str] = set(wanted.values())
    rows = PlanRuleChange.objects.filter(workspace_id=workspace_id, plan_id=plan_id, was__in=words)
    found: dict[str, Rule] = {}
    for row in rows:
        path = rule_path(row.type, row.key, row.version)
        if row.before is not None and wanted.get(path) == row.was:
            kept = orjson.loads(row.before)
            found[path] = Rule(RuleType(row.type), row.key, kept["schema"], row.version, tuple(kept["labels"]))
    if found.keys() != wanted.keys():
        raise RuleForgotten
    return list(found.values())


def _text(rule: Rule) -> str:
    labels: Sequence[str] = sorted(rule.labels)
    return orjson.dumps({"schema": rule.json_schema, "labels": labels}).decode()
