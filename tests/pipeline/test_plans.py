"""Tracking plans: which rule an event is checked by, what is wrong with it, and what each setting makes of that."""

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from auditapp.lib.errors import Invalid
from auditapp.pipeline.plans.plan import CompiledPlan
from auditapp.pipeline.plans.rules import Rule, RuleType, require_good_rules
from auditapp.pipeline.plans.settings import (
    CallSettings,
    OnCommon,
    SchemaSettings,
    settings_as_json,
    settings_of,
)
from auditapp.pipeline.plans.violations import UNREADABLE, Origin, violation_event
from auditapp.pipeline.verdicts import Verdict

ORDER = {
    "type": "object",
    "properties": {
        "properties": {
            "type": "object",
            "properties": {
                "total": {"type": "number"},
                "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
                "paid_at": {"type": "string", "format": "date-time"},
                "products": {"type": "array", "items": {"properties": {"price": {"type": "number"}}}},
            },
            "required": ["total"],
        }
    },
}
PERSON = {"properties": {"traits": {"properties": {"email": {"type": "string"}}, "patternProperties": {"^x_": {}}}}}
COMMON = {"required": ["userId"], "properties": {"properties": {"properties": {"card": {"maxLength": 4}}}}}
PLAN = CompiledPlan(
    [
        Rule(RuleType.TRACK, "Order Completed", ORDER),
        Rule(RuleType.TRACK, "Page Viewed", {"properties": {"properties": {"required": ["path"]}}}),
        Rule(RuleType.IDENTIFY, "", PERSON),
        Rule(RuleType.COMMON, "", COMMON),
    ]
)
EVENT = {"type": "track", "event": "Order Completed", "messageId": "m-1", "userId": "u", "properties": {"total": 5}}
ALLOW = SchemaSettings()


def strict(**settings):
    return SchemaSettings(**{call: CallSettings(**settings) for call in ("track", "identify", "group")})


def event(**changes):
    properties = {**EVENT["properties"], **changes.pop("properties", {})}
    return {**EVENT, "properties": properties, **changes}


def checked(sent, settings=ALLOW, plan=PLAN):
    before = deepcopy(sent)
    result = plan.check(sent, settings)
    assert sent == before
    return result


def test_a_planned_event_passes_as_it_is():
    result = checked(EVENT, strict(allows_unplanned_events=False, allows_event_on_violations=False))
    assert result.event is EVENT
    assert (result.verdict, result.is_planned, result.violations) == (Verdict.ACCEPTED, True, ())


@pytest.mark.parametrize(
    ("properties", "kind", "field", "said"),
    [
        ({"total": "5"}, "Invalid Type", "properties.total", 'is not of type "number"'),
        ({"currency": "euro"}, "Invalid Value", "properties.currency", "does not match"),
        ({"paid_at": "yesterday"}, "Invalid Value", "properties.paid_at", "date-time"),
        ({"products": [{"price": 1}, {"price": "x"}]}, "Invalid Type", "properties.products.1.price", "number"),
    ],
)
def test_a_violation_names_type_field_and_rule_without_the_value(properties, kind, field, said):
    result = checked(event(properties=properties))
    (found,) = result.violations
    assert (found.type, found.field) == (kind, field)
    assert said in found.description
    assert "euro" not in found.description
    assert result.verdict == Verdict.ACCEPTED


def test_what_is_missing_is_said_as_segment_says_it():
    (found,) = checked({**EVENT, "properties": {}}).violations
    assert (found.type, found.field, found.description) == (
        "Required",
        "properties.total",
        "properties.total is required",
    )


def test_names_are_strict_and_unplanned_events_can_be_blocked():
    sent = event(event="order completed")
    assert checked(sent).verdict == Verdict.ACCEPTED
    assert not checked(sent).is_planned
    result = checked(sent, strict(allows_unplanned_events=False))
    assert (result.verdict, result.event) == (Verdict.UNPLANNED, sent)


def test_each_reason_to_block_has_its_verdict():
    blocks = strict(
        allows_unplanned_events=False, allows_event_on_violations=False, on_common_violations=OnCommon.BLOCK
    )
    nobody = {key: value for key, value in EVENT.items() if key != "userId"}
    assert checked(event(properties={"total": "x"}), blocks).verdict == Verdict.SCHEMA_VIOLATION
    assert checked(nobody, blocks).verdict == Verdict.COMMON_SCHEMA_VIOLATION
    assert checked({**nobody, "event": "Else"}, blocks).verdict == Verdict.UNPLANNED_AND_SCHEMA_VIOLATION
    assert checked(nobody).verdict == Verdict.ACCEPTED
    assert checked(nobody).violations[0].field == "userId"


def test_unplanned_properties_are_left_out_and_noted():
    sent = event(properties={"coupon": "X", "mood": 1}, context={"ip": "203.0.113.7"})
    result = checked(sent, strict(allows_unplanned_fields=False))
    assert result.event["properties"] == {"total": 5}
    assert result.event["context"] == {"ip": "203.0.113.7", "protocols": {"omitted": ["coupon", "mood"]}}
    assert result.omitted == ("coupon", "mood")
    assert checked(EVENT, strict(allows_unplanned_fields=False)).event is EVENT


def test_an_unplanned_event_that_is_allowed_keeps_its_properties():
    sent = event(event="Else", properties={"coupon": "X"})
    assert checked(sent, strict(allows_unplanned_fields=False)).event is sent


def test_properties_that_break_the_plan_are_left_out_and_noted():
    sent = event(properties={"total": "5", "currency": "EUR", "products": [{"price": "x"}]})
    result = checked(sent, strict(allows_fields_on_violations=False))
    assert result.event["properties"] == {"currency": "EUR"}
    assert set(result.event["context"]["protocols"]["omitted_on_violation"]) == {"total", "products"}
    assert len(result.violations) == 2


def test_what_breaks_the_common_schema_can_be_left_out():
    result = checked(event(properties={"card": "123456"}), strict(on_common_violations=OnCommon.OMIT))
    assert result.event["properties"] == {"total": 5}
    assert result.omitted_on_violation == ("card",)


def test_the_common_schema_sees_what_the_rule_has_left():
    settings = strict(allows_unplanned_fields=False, on_common_violations=OnCommon.BLOCK)
    result = checked(event(properties={"card": "123456"}), settings)
    assert (result.verdict, result.violations) == (Verdict.ACCEPTED, ())


def test_traits_follow_their_own_settings_and_patterns_count_as_planned():
    sent = {"type": "identify", "userId": "u", "traits": {"email": "a@b.c", "x_size": 1, "age": 3}}
    settings = SchemaSettings(identify=CallSettings(allows_unplanned_fields=False))
    assert checked(sent, settings).event["traits"] == {"email": "a@b.c", "x_size": 1}
    group = {**sent, "type": "group"}
    assert checked(group, settings).event is group
    no_rule = checked(group, SchemaSettings(group=CallSettings(allows_unplanned_fields=False)))
    assert no_rule.event["traits"] == {}
    assert no_rule.is_planned


def test_pages_are_checked_by_the_row_page_viewed():
    page = {"type": "page", "name": "Home", "userId": "u", "properties": {}}
    assert checked(page).violations[0].field == "properties.path"
    assert checked(page, strict(allows_event_on_violations=False)).verdict == Verdict.SCHEMA_VIOLATION
    assert checked({**page, "type": "screen"}).violations == ()
    own = CompiledPlan([Rule(RuleType.SCREEN, "Home", {"required": ["nothing"]}), Rule(RuleType.SCREEN, "", {})])
    assert checked({**page, "type": "screen"}, plan=own).violations[0].field == "nothing"
    assert checked({**page, "type": "screen", "name": "Else"}, plan=own).violations == ()


def test_alias_calls_have_no_rule():
    assert checked({"type": "alias", "userId": "u"}, strict(allows_unplanned_events=False)).verdict == Verdict.ACCEPTED


@pytest.mark.parametrize(
    ("version", "missing"), [(1, "a"), (2, "b"), (3, "c"), (9, "a"), ("2", "a"), (2.0, "a"), (True, "a"), (None, "a")]
)
def test_the_version_that_the_event_names_counts_else_the_oldest(version, missing):
    rules = [Rule(RuleType.TRACK, "X", {"required": [key]}, number) for number, key in ((2, "b"), (1, "a"), (3, "c"))]
    sent = {"type": "track", "event": "X", "context": {"protocols": {"event_version": version}}}
    assert checked(sent, plan=CompiledPlan(rules)).violations[0].field == missing
    assert checked({"type": "track", "event": "X"}, plan=CompiledPlan(rules)).violations[0].field == "a"


def test_fields_that_a_schema_names_elsewhere_are_planned():
    schema = {
        "definitions": {"more": {"properties": {"d": {}}, "allOf": [{"$ref": "#/definitions/more"}, {"$ref": "#"}]}},
        "properties": {
            "properties": {
                "properties": {"a": {}},
                "allOf": [{"properties": {"b": {}}}, {"$ref": "#/definitions/more"}],
                "then": {"properties": {"c": {}}},
            }
        },
    }
    plan = CompiledPlan([Rule(RuleType.TRACK, "X", schema)])
    sent = {"type": "track", "event": "X", "properties": dict.fromkeys("abcdef", 1)}
    assert checked(sent, strict(allows_unplanned_fields=False), plan).omitted == ("e", "f")


def test_a_violation_becomes_a_track_call_that_is_the_same_again():
    origin = Origin("src_1", "Acme Store", "acme_store", "tp_1", "Acme TP")
    sent = {**EVENT, "properties": {}, "sentAt": "2026-11-24T10:00:00Z", "context": {"app": {"version": "2.1"}}}
    (found,) = checked(sent).violations
    call = violation_event(found, sent, origin, at=datetime(2026, 11, 24, tzinfo=UTC))
    assert call["properties"] == {
        "appVersion": "2.1",
        "eventMessageID": "m-1",
        "eventName": "Order Completed",
        "eventSentAt": "2026-11-24T10:00:00Z",
        "eventTimestamp": "",
        "eventType": "track",
        "sourceID": "src_1",
        "sourceName": "Acme Store",
        "sourceSlug": "acme_store",
        "trackingPlanID": "tp_1",
        "trackingPlanName": "Acme TP",
        "violationDescription": "properties.total is required",
        "violationField": "properties.total",
        "violationType": "Required",
    }
    assert (call["event"], call["userId"], call["forwardedFromProject"]) == (
        "Violation Generated",
        "schema-violations",
        "src_1",
    )
    again = violation_event(found, {**sent}, origin, at=datetime(2026, 11, 25, tzinfo=UTC))
    assert call["messageId"] == again["messageId"]
    other = violation_event(replace(found, field="x"), sent, origin, at=datetime(2026, 11, 24, tzinfo=UTC))
    assert call["messageId"] != other["messageId"]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Rule(RuleType.TRACK, "", {}), "Name the event"),
        (Rule(RuleType.IDENTIFY, "x", {}), "Leave the key out"),
        (Rule(RuleType.TRACK, "x" * 201, {}), "200 characters"),
        (Rule(RuleType.TRACK, "x", {}, version=0), "from 1"),
        (Rule(RuleType.TRACK, "x", {}, version=True), "from 1"),
        (Rule(RuleType.TRACK, "x", {"type": "strin"}), "not a JSON Schema"),
        (Rule(RuleType.TRACK, "x", {"pattern": "(?!a)"}), "not a JSON Schema"),
        (Rule(RuleType.TRACK, "x", {"$ref": "file:///etc/hostname"}), "not followed"),
        (Rule(RuleType.TRACK, "x", {"$ref": "http://127.0.0.1:9/x"}), "not followed"),
        (Rule(RuleType.TRACK, "x", {"$schema": "https://json-schema.org/draft/2020-12/schema"}), "draft-07"),
        (Rule(RuleType.TRACK, "x", {"description": "x" * 70_000}), "65536 bytes"),
        (Rule(RuleType.TRACK, "x", []), "object"),
        (Rule(RuleType.TRACK, "x", {1: 2}), "text"),
    ],
)
def test_rules_that_cannot_be_are_refused(rule, said):
    with pytest.raises(Invalid) as caught:
        require_good_rules([Rule(RuleType.COMMON, "", {}), rule])
    assert said in caught.value.message
    assert caught.value.pointer.startswith("/rules/1/")


def test_a_rule_is_in_a_plan_once_and_a_plan_has_two_thousand():
    rule = Rule(RuleType.TRACK, "x", {})
    with pytest.raises(Invalid, match="twice"):
        require_good_rules([rule, rule])
    require_good_rules([rule, replace(rule, version=2)])
    with pytest.raises(Invalid, match="2000 rules"):
        require_good_rules([replace(rule, key=str(n)) for n in range(2_001)])


def test_settings_travel_as_segments_api_says_them():
    said = settings_as_json(SchemaSettings())
    assert said["track"] == {
        "allowUnplannedEvents": True,
        "allowUnplannedEventProperties": True,
        "allowEventOnViolations": True,
        "allowPropertiesOnViolations": True,
        "commonEventOnViolations": "ALLOW",
    }
    changed = settings_of({"group": {"commonEventOnViolations": "OMIT_TRAITS", "allowUnplannedTraits": False}})
    assert changed.group == CallSettings(allows_unplanned_fields=False, on_common_violations=OnCommon.OMIT)
    assert settings_of({"track": {"allowUnplannedEvents": False}}, changed).group == changed.group
    assert settings_of(settings_as_json(changed)) == changed


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ([], ""),
        ({"track": 1}, "/track"),
        ({"track": {"allowUnplannedTraits": True}}, "/track/allowUnplannedTraits"),
        ({"group": {"allowUnplannedTraits": "yes"}}, "/group/allowUnplannedTraits"),
        ({"group": {"commonEventOnViolations": "OMIT_PROPERTIES"}}, "/group/commonEventOnViolations"),
        ({"group": {"commonEventOnViolations": ["BLOCK"]}}, "/group/commonEventOnViolations"),
    ],
)
def test_settings_that_are_none_are_refused(value, pointer):
    with pytest.raises(Invalid) as caught:
        settings_of(value)
    assert caught.value.pointer == pointer


def test_hostile_events_are_violations_and_never_raise():
    deep = {}
    for _ in range(3_000):
        deep = {"x": deep}
    settings = strict(allows_unplanned_fields=False, allows_fields_on_violations=False)
    origin = Origin("s", "s", "s", "p", "p")
    for value in (
        deep,
        "\ud800",
        10**5_000,
        float("nan"),
        {1: 2},
        {"total": deep, None: 1},
        object(),
        [[]],
        None,
        b"x",
    ):
        for key in ("properties", "event", "type", "context", "messageId", "userId"):
            sent = {**EVENT, key: value}
            result = PLAN.check(sent, settings)
            for found in result.violations:
                violation_event(found, sent, origin, at=datetime(2026, 11, 24, tzinfo=UTC))
    assert PLAN.check({**EVENT, "properties": {"total": "\ud800"}}, ALLOW).violations == (UNREADABLE,)
