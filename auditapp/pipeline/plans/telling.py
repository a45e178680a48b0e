"""What the trail is told of rules that changed: each by itself, field by field, or all together where they are many."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

import orjson

from auditapp.pipeline.plans.field_rows import field_rows_of
from auditapp.pipeline.plans.models import TrackingPlan
from auditapp.pipeline.plans.rule_store import RuleChanges, rule_id
from auditapp.pipeline.plans.rules import Rule
from auditapp.record.drafts import Change, changed
from auditapp.record.services import record

# More rules than these at once are one event, with their names; more fields of one are cut, and how many is said.
MAX_RULES_TOLD: Final = 20
MAX_CHANGES_TOLD: Final = 100
MAX_NAMES_TOLD: Final = 50
MAX_SCHEMA_TOLD: Final = 16 * 1024
MAX_PATH: Final = 200


def tell_rules(plan: TrackingPlan, changes: RuleChanges) -> None:
    """Record what became of rules, in the caller's transaction.

    Writes:  tracking_plan.event_added, _modified and _removed, or one tracking_plan.rules_changed
    """
    if changes.number > MAX_RULES_TOLD:
        _tell_together(plan, changes)
        return
    for rule in changes.added:
        _tell(plan, "tracking_plan.event_added", rule, changed({}, _told(rule)))
    for old, new in changes.changed:
        before, after = _told(old), _told(new)
        if isinstance(before["schema"], str) is not isinstance(after["schema"], str):
            before, after = before | _whole(old), after | _whole(new)
        _tell(plan, "tracking_plan.event_modified", new, changed(before, after))
    for rule in changes.removed:
        _tell(plan, "tracking_plan.event_removed", rule, changed(_told(rule), {}))


def rule_name(rule: Rule) -> str:
    """As people call it: the name of the event, or the kind of call that has only one rule."""
    named = rule.key or rule.type.title()
    return named if rule.version == 1 else f"{named}, version {rule.version}"


def _tell(plan: TrackingPlan, type_key: str, rule: Rule, changes: Sequence[Change]) -> None:
    told = [Change(_short(one.path), one.old, one.new) for one in changes[:MAX_CHANGES_TOLD]]
    one_of = rule_id(plan.id, rule.type, rule.key, rule.version)
    meta: dict[str, Any] = {"event": rule_name(rule), "rule_type": str(rule.type)}
    meta |= {"rule": one_of, "revision": plan.revision}
    if len(told) < len(changes):
        meta["changes_left_out"] = len(changes) - len(told)
    record(type_key, target=plan, meta=meta, changes=told)


def _tell_together(plan: TrackingPlan, changes: RuleChanges) -> None:
    names = {
        "added": [rule_name(rule) for rule in changes.added],
        "changed": [rule_name(rule) for _, rule in changes.changed],
        "removed": [rule_name(rule) for rule in changes.removed],
    }
    meta: dict[str, Any] = {"rules": changes.number, "revision": plan.revision}
    for what, named in names.items():
        meta[what] = len(named)
        meta[f"{what}_events"] = named[:MAX_NAMES_TOLD]
    record("tracking_plan.rules_changed", target=plan, meta=meta)


def _told(rule: Rule) -> dict[str, Any]:
    """A rule as its fields, where rows can say them, else as the whole schema."""
    found = field_rows_of(rule.json_schema, rule.type.group)
    if found is None:
        return {"labels": list(rule.labels), **_whole(rule)}
    description, rows = found
    fields = {}
    for row in rows:
        said: dict[str, Any] = {"type": "|".join(row.types) or "any", "required": row.is_required}
        said |= {name: text for name in ("description", "pattern") if (text := getattr(row, name))}
        fields[row.path] = said
    return {"labels": list(rule.labels), "description": description, "schema": fields}


def _whole(rule: Rule) -> dict[str, Any]:
    text = orjson.dumps(rule.json_schema)
    if len(text) > MAX_SCHEMA_TOLD:
        return {"schema": f"{len(text):,} bytes, SHA-256 {hashlib.sha256(text).hexdigest()}"}
    return {"schema": text.decode()}


def _short(path: str) -> str:
    return path if len(path) <= MAX_PATH else f"{path[:MAX_PATH]}…"
