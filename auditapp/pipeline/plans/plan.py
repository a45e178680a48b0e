"""A plan as it meets events: which rule is whose, what breaks it, and what the settings of the source make of that.

An event is checked against its rule first; then, without what that left out, against the common schema.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import jsonschema_rs

from auditapp.pipeline.field_paths import NOT_THERE, Steps, value_at, with_value, without_value
from auditapp.pipeline.plans.planned_fields import PlannedFields
from auditapp.pipeline.plans.rules import KEYLESS, Rule, RuleType, compile_rule
from auditapp.pipeline.plans.settings import CallSettings, OnCommon, SchemaSettings
from auditapp.pipeline.plans.violations import Violation, violations_of
from auditapp.pipeline.verdicts import Verdict

Event = Mapping[str, Any]
_TYPES: Final = {one.lower(): one for one in RuleType if one is not RuleType.COMMON}
# Rows of a plan that stand for all calls of a kind.
_ROW_OF_CALL: Final = {RuleType.PAGE: "Page Viewed", RuleType.SCREEN: "Screen Viewed"}
_VERSION: Final = ("context", "protocols", "event_version")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a plan says of an event: whether it goes on, as which event, and what is wrong with it.

    A blocked event is as it came, to be forwarded whole.
    """

    event: Event
    verdict: Verdict = Verdict.ACCEPTED
    is_planned: bool = True
    violations: tuple[Violation, ...] = ()
    omitted: tuple[str, ...] = ()
    omitted_on_violation: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _CompiledRule:
    validator: jsonschema_rs.Validator
    fields: PlannedFields


class CompiledPlan:
    """The rules of a plan, compiled once.

    Raises:  Invalid, where a schema is not one
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._common: jsonschema_rs.Validator | None = None
        self._rules: dict[tuple[RuleType, str], dict[int, _CompiledRule]] = {}
        for rule in sorted(rules, key=lambda one: one.version):
            validator = compile_rule(rule)
            if rule.type is RuleType.COMMON:
                self._common = validator
            else:
                compiled = _CompiledRule(validator, PlannedFields(rule.json_schema, rule.type.group))
                # In the order of versions: the first is the oldest.
                self._rules.setdefault((rule.type, rule.key), {})[rule.version] = compiled

    def check(self, event: Event, settings: SchemaSettings) -> Checked:
        """What becomes of an event of a source with these settings."""
        call = event.get("type")
        kind = _TYPES.get(call) if isinstance(call, str) else None
        own = settings.of(call)
        group = kind.group if kind else "properties"
        rule = self._rule_of(kind, event) if kind else None
        is_planned = rule is not None or kind is not RuleType.TRACK
        broken = violations_of(rule.validator, event, group) if rule else ()
        left = event
        omitted: list[str] = []
        for_violation: list[str] = []
        if not (own.allows_unplanned_fields and (own.allows_fields_on_violations or not broken)):
            left, omitted, for_violation = _left_out(event, kind, rule, broken, own)
        common = violations_of(self._common, left, group) if self._common else ()
        if is_planned and not broken and not common and left is event:
            return Checked(event)
        if common and own.on_common_violations is OnCommon.OMIT:
            left = _without(left, _fields_of(common), for_violation)
        verdict = _verdict(own, is_planned, bool(broken), bool(common))
        if verdict is not Verdict.ACCEPTED:
            return Checked(event, verdict, is_planned, (*broken, *common))
        if omitted or for_violation:
            left = _noted(left, omitted, for_violation)
        return Checked(left, verdict, is_planned, (*broken, *common), tuple(omitted), tuple(for_violation))

    def _rule_of(self, kind: RuleType, event: Event) -> _CompiledRule | None:
        name = event.get("event" if kind is RuleType.TRACK else "name")
        versions = self._rules.get((kind, name)) if isinstance(name, str) and kind not in KEYLESS else None
        if versions is None and kind is not RuleType.TRACK:
            # The row without a name, else the one that stands for all calls of the kind.
            versions = self._rules.get((kind, "")) or self._rules.get((RuleType.TRACK, _ROW_OF_CALL.get(kind, "")))
        if versions is None:
            return None
        wanted = value_at(event, _VERSION) if len(versions) > 1 else None
        found = versions.get(wanted) if type(wanted) is int else None
        return found or next(iter(versions.values()))


def _verdict(own: CallSettings, is_planned: bool, is_broken: bool, breaks_common: bool) -> Verdict:
    is_unplanned = not is_planned and not own.allows_unplanned_events
    blocks_common = breaks_common and own.on_common_violations is OnCommon.BLOCK
    if is_unplanned:
        return Verdict.UNPLANNED_AND_SCHEMA_VIOLATION if blocks_common else Verdict.UNPLANNED
    if is_broken and not own.allows_event_on_violations:
        return Verdict.SCHEMA_VIOLATION
    return Verdict.COMMON_SCHEMA_VIOLATION if blocks_common else Verdict.ACCEPTED


def _left_out(
    event: Event, kind: RuleType | None, rule: _CompiledRule | None, broken: tuple[Violation, ...], own: CallSettings
) -> tuple[Event, list[str], list[str]]:
    """The event without the fields that its rule does not know or that break it, and their names."""
    omitted: list[str] = []
    for_violation: list[str] = []
    if kind and not own.allows_unplanned_fields:
        fields = value_at(event, (kind.group,))
        # A track, page or screen call that is in no row is allowed as a whole, or not.
        if isinstance(fields, dict) and (rule or kind.group == "traits"):
            unplanned = rule.fields.unplanned(fields) if rule else [*fields]
            event = _without(event, ((kind.group, name) for name in unplanned), omitted)
    if broken and not own.allows_fields_on_violations:
        event = _without(event, _fields_of(broken), for_violation)
    return event, omitted, for_violation


def _fields_of(violations: Iterable[Violation]) -> Iterator[Steps]:
    return (steps for violation in violations for steps in violation.omits)


def _without(event: Event, fields: Iterable[Steps], names: list[str]) -> Event:
    for steps in fields:
        if value_at(event, steps) is not NOT_THERE:
            event = without_value(event, steps)
            names.append(".".join(map(str, steps[1:])))
    return event


def _noted(event: Event, omitted: list[str], for_violation: list[str]) -> Event:
    """With the names of what was left out, where Segment writes them."""
    for name, fields in (("omitted", omitted), ("omitted_on_violation", for_violation)):
        if fields:
            event = with_value(event, ("context", "protocols", name), fields)
    return event
