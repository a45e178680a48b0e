"""The rules of a plan as JSON text, in the fields of Segment's API, and back."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from auditapp.lib import strict_json
from auditapp.lib.errors import Invalid, Problem
from auditapp.lib.json_pointer import json_pointer
from auditapp.pipeline.plans.rules import Rule, RuleType, require_good_rules

MAX_BYTES: Final = 15 * 1024 * 1024
# Each rule by itself: {"rules": [rule, rule]}.
_LIMITS: Final = strict_json.Limits(depth=40, keys=5_000, item_level=2)


def rule_as_json(rule: Rule) -> dict[str, Any]:
    """One rule as the API says it."""
    said: dict[str, Any] = {"type": rule.type}
    if rule.key:
        said["key"] = rule.key
    said |= {"version": rule.version, "jsonSchema": rule.json_schema}
    if rule.labels:
        pairs = (label.partition(":") for label in rule.labels)
        said["labels"] = [{"key": key, "value": value} for key, _, value in pairs]
    return said


def rules_as_json(rules: Iterable[Rule]) -> bytes:
    """A file of the rules."""
    return orjson.dumps({"rules": [rule_as_json(rule) for rule in rules]}, option=orjson.OPT_INDENT_2) + b"\n"


def rules_from_json(body: bytes) -> list[Rule]:
    """The rules of such a file, checked.

    Raises:  Invalid, with a pointer to each problem
    """
    return rules_of(items_from_json(body))


def items_from_json(body: bytes) -> list[Any]:
    """What stands for rules in such a file, not looked at yet.

    Raises:  Invalid
    """
    value = strict_json.parse(body, max_bytes=MAX_BYTES, limits=_LIMITS)
    rules = value.get("rules") if isinstance(value, dict) else None
    if not isinstance(rules, list):
        raise Invalid(
            'Send {"rules": [...]} with at least the type and jsonSchema of each.', pointer="/rules", field="rules"
        )
    return rules


def rules_of(items: Iterable[Any]) -> list[Rule]:
    """Rules out of JSON values, checked.

    Raises:  Invalid, with a pointer to each problem
    """
    rules: list[Rule] = []
    problems: list[Problem] = []
    for number, item in enumerate(items):
        rule = _rule(item)
        if isinstance(rule, Rule):
            rules.append(rule)
        elif len(problems) < 20:
            problems.append(Problem(json_pointer(None, "rules", number, *([rule] if rule else [])), _MESSAGES[rule]))
    if problems:
        raise Invalid(problems=problems, field="rules")
    require_good_rules(rules)
    return rules


_MESSAGES: Final = {
    "": "A rule is an object.",
    "type": f"Take one of {', '.join(RuleType)}.",
    "jsonSchema": "Send the JSON Schema of the event, an object.",
    "labels": "Send a list of objects with a key and a value.",
}


def _rule(item: Any) -> Rule | str:
    """The rule, or the field that is wrong."""
    if not isinstance(item, Mapping):
        return ""
    kind, schema = item.get("type"), item.get("jsonSchema")
    if not isinstance(kind, str) or kind not in list(RuleType):
        return "type"
    if not isinstance(schema, dict):
        return "jsonSchema"
    labels = _labels(item.get("labels"))
    if labels is None:
        return "labels"
    key = item.get("key")
    return Rule(RuleType(kind), "" if key is None else key, schema, item.get("version", 1), labels)


def _labels(value: Any) -> tuple[str, ...] | None:
    """Labels as `key:value`; None where the value is nothing of the kind."""
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        return None
    return tuple(f"{one.get('key')}:{one.get('value')}".lower() for one in value)
