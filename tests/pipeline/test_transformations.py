"""Transformations: each thing they do, in which order, what is refused when saved, and that failing drops."""

import hashlib
import hmac
from base64 import b64encode
from copy import deepcopy

import pytest

from auditapp.lib.errors import Invalid
from auditapp.pipeline.transformations.definition import transformation_of
from auditapp.pipeline.transformations.engine import apply_transformations
from auditapp.pipeline.verdicts import Verdict

EVENT = {
    "type": "track",
    "event": "completed_order",
    "userId": "u-1",
    "context": {"ip": "203.0.113.7"},
    "properties": {
        "total": 10,
        "plan": "Gold Plan",
        "email": "ana@example.com",
        "order": {"id": 7, "items": [{"id": 1}]},
    },
}
PERSON = {"type": "identify", "userId": "u-1", "traits": {"email": "ana@example.com", "name": "ana larsen"}}


def transformed(*definitions, event=EVENT, hash_key=b""):
    before = deepcopy(event)
    made = [
        transformation_of(f"t{n}", {"if": "all", **one}, hash_key=hash_key)
        for n, one in enumerate(definitions, start=1)
    ]
    result = apply_transformations(made, event)
    assert event == before
    return result


def rename(**names):
    return {"propertyRenames": [{"oldName": old.replace("__", "."), "newName": new} for old, new in names.items()]}


def test_an_event_gets_another_name():
    assert transformed({"newEventName": "Order Completed"}).event == {**EVENT, "event": "Order Completed"}
    assert transformed({"newEventName": "Order Completed"}, event=PERSON).event == PERSON


def test_only_events_of_the_condition_are_changed():
    assert transformed({"if": "event = 'Else'", "newEventName": "x"}).event is EVENT


def test_properties_are_renamed_and_moved():
    properties = transformed(rename(total="revenue", order__id="order_id", plan="subscription.plan.name")).event[
        "properties"
    ]
    assert properties == {
        "revenue": 10,
        "order_id": 7,
        "subscription": {"plan": {"name": "Gold Plan"}},
        "email": "ana@example.com",
        "order": {"items": [{"id": 1}]},
    }


def test_renames_happen_at_once_and_miss_nothing():
    properties = transformed(rename(total="plan", plan="total", missing="email")).event["properties"]
    assert (properties["total"], properties["plan"], properties["email"]) == ("Gold Plan", 10, "ana@example.com")
    moved = transformed(rename(order="purchase", order__id="id")).event["properties"]
    assert moved["purchase"] == EVENT["properties"]["order"]
    assert moved["id"] == 7
    assert "order" not in moved


def test_lists_are_not_gone_through():
    assert transformed(rename(order__items__id="x")).event["properties"] == EVENT["properties"]


def test_traits_are_what_is_edited_of_identify_and_group():
    event = transformed({**rename(name="full_name"), "allowProperties": ["full_name"]}, event=PERSON).event
    assert event == {**PERSON, "traits": {"full_name": "ana larsen"}}


def test_values_are_set_where_they_are_and_where_they_are_not():
    event = transformed(
        {
            "propertyValueTransformations": [
                {"propertyPaths": ["properties.currency", "context.deep.er"], "propertyValue": "USD"},
                {"propertyPaths": ["order.id"], "propertyValue": None},
            ]
        }
    ).event
    assert event["properties"]["currency"] == event["context"]["deep"]["er"] == "USD"
    assert event["properties"]["order"] == {"id": None, "items": [{"id": 1}]}


@pytest.mark.parametrize(
    ("casing", "expected"),
    [("lowercase", "gold plan"), ("uppercase", "GOLD PLAN"), ("snakecase", "Gold_Plan"), ("kebabcase", "Gold-Plan")],
)
def test_texts_change_their_case_and_other_values_stay(casing, expected):
    properties = transformed({"propertyCasings": [{"propertyPaths": ["plan", "total", "no"], "casing": casing}]}).event[
        "properties"
    ]
    assert properties == {**EVENT["properties"], "plan": expected}


def test_a_property_is_defined_by_fql_on_the_event_as_it_came():
    definition = {
        **rename(plan="tier"),
        "fqlDefinedProperties": [{"fql": "titlecase(lowercase(properties.plan))", "propertyName": "label"}],
    }
    properties = transformed(definition).event["properties"]
    assert (properties["tier"], properties["label"]) == ("Gold Plan", "Gold Plan")
    nothing = transformed({"fqlDefinedProperties": [{"fql": "properties.no", "propertyName": "label"}]})
    assert nothing.event == EVENT


def test_an_allow_list_keeps_only_its_fields_after_renaming():
    properties = transformed({**rename(total="revenue"), "allowProperties": ["revenue", "properties.order.id"]}).event[
        "properties"
    ]
    assert properties == {"revenue": 10, "order": {"id": 7}}


@pytest.mark.parametrize("name", ["md5", "sha1", "sha256", "sha512"])
def test_hashes_are_those_of_the_standard_library(name):
    hashing = {"algorithm": name, "paths": ["properties.email", "total", "order", "missing"]}
    properties = transformed({"hashPropertiesConfiguration": hashing}).event["properties"]
    assert properties["email"] == hashlib.new(name, b"ana@example.com").hexdigest()
    assert properties["total"] == hashlib.new(name, b"10").hexdigest()
    assert properties["order"] == hashlib.new(name, b'{"id":7,"items":[{"id":1}]}').hexdigest()
    assert "missing" not in properties
    keyed = transformed({"hashPropertiesConfiguration": {**hashing, "encoding": "base64"}}, hash_key=b"k").event
    assert keyed["properties"]["email"] == b64encode(hmac.digest(b"k", b"ana@example.com", name)).decode()


def test_a_drop_drops():
    result = transformed({"drop": True})
    assert (result.event, result.verdict, result.transformation_id) == (None, Verdict.FILTERED_BY_RULES, "t1")


def test_each_sees_what_the_one_before_left():
    result = transformed({"newEventName": "Order Completed"}, {"if": "event = 'Order Completed'", **rename(total="x")})
    assert result.event["properties"]["x"] == 10


def test_what_fails_drops_the_event():
    result = transformed({"if": "properties.plan > 3", **rename(total="x")})
    assert (result.event, result.verdict) == (None, Verdict.INTERNAL)
    assert "Gold" not in result.message


@pytest.mark.parametrize(
    ("definition", "pointer"),
    [
        ([], ""),
        ({"newEventName": "x"}, "/if"),
        ({"if": "a >", "newEventName": "x"}, "/if"),
        ({"if": "all"}, ""),
        ({"if": "all", "drop": "yes"}, "/drop"),
        ({"if": "all", "drop": True, "newEventName": "x"}, "/newEventName"),
        ({"if": "all", "newEventName": "x" * 201}, "/newEventName"),
        ({"if": "all", "propertyRenames": [{"oldName": "a.b.c.d.e", "newName": "x"}]}, "/propertyRenames/0/oldName"),
        ({"if": "all", "propertyRenames": [{"oldName": "a[0]", "newName": "x"}]}, "/propertyRenames/0/oldName"),
        ({"if": "all", "propertyRenames": [{"oldName": "a", "newName": ""}]}, "/propertyRenames/0/newName"),
        ({"if": "all", "propertyRenames": [5]}, "/propertyRenames/0"),
        ({"if": "all", "propertyRenames": {"a": "b"}}, "/propertyRenames"),
        ({"if": "all", **rename(a="x", b="x")}, "/propertyRenames"),
        ({"if": "all", "propertyRenames": [{"oldName": "a", "newName": n} for n in "xy"]}, "/propertyRenames"),
        (
            {"if": "all", "propertyValueTransformations": [{"propertyPaths": ["a"]}]},
            "/propertyValueTransformations/0/propertyValue",
        ),
        (
            {"if": "all", "propertyValueTransformations": [{"propertyPaths": [], "propertyValue": 1}]},
            "/propertyValueTransformations/0/propertyPaths",
        ),
        (
            {"if": "all", "propertyValueTransformations": [{"propertyPaths": ["a"], "propertyValue": "x" * 5_000}]},
            "/propertyValueTransformations/0/propertyValue",
        ),
        (
            {"if": "all", "propertyValueTransformations": [{"propertyPaths": ["a", "a"], "propertyValue": 1}]},
            "/propertyValueTransformations",
        ),
        (
            {
                "if": "all",
                "propertyValueTransformations": [{"propertyPaths": ["a"], "propertyValue": 1}],
                **rename(a="b"),
            },
            "/propertyValueTransformations",
        ),
        ({"if": "all", "propertyCasings": [{"propertyPaths": ["a"], "casing": "wave"}]}, "/propertyCasings/0/casing"),
        ({"if": "all", "fqlDefinedProperties": [{"fql": "a >", "propertyName": "x"}]}, "/fqlDefinedProperties/0/fql"),
        ({"if": "all", "fqlDefinedProperties": [{"fql": "a", "propertyName": "x"}] * 2}, "/fqlDefinedProperties"),
        ({"if": "all", "allowProperties": "email"}, "/allowProperties"),
        ({"if": "all", "allowProperties": [""]}, "/allowProperties"),
        (
            {"if": "all", "hashPropertiesConfiguration": {"algorithm": "CRC", "paths": ["a"]}},
            "/hashPropertiesConfiguration/algorithm",
        ),
        (
            {"if": "all", "hashPropertiesConfiguration": {"algorithm": ["SHA256"], "paths": ["a"]}},
            "/hashPropertiesConfiguration/algorithm",
        ),
        ({"if": "all", "hashPropertiesConfiguration": {"algorithm": "SHA256"}}, "/hashPropertiesConfiguration/paths"),
    ],
)
def test_definitions_that_cannot_be_are_refused_with_their_place(definition, pointer):
    with pytest.raises(Invalid) as caught:
        transformation_of("t", definition)
    assert pointer in [problem.pointer for problem in caught.value.problems]


def test_hostile_events_are_dropped_or_pass_but_never_raise():
    deep = {}
    for _ in range(3_000):
        deep = {"x": deep}
    definition = {
        "if": "all",
        "newEventName": "x",
        **rename(a="b.c", x__x="y"),
        "propertyValueTransformations": [{"propertyPaths": ["v.w"], "propertyValue": 1}],
        "propertyCasings": [{"propertyPaths": ["s"], "casing": "titlecase"}],
        "fqlDefinedProperties": [{"fql": "string(properties.l)", "propertyName": "l2"}],
        "allowProperties": ["b", "x.x", "s", "h", "l2"],
        "hashPropertiesConfiguration": {"algorithm": "SHA256", "paths": ["h", "b.c"]},
    }
    one = transformation_of("t", definition)
    for value in (deep, "\ud800", 10**5_000, float("nan"), {1: 2}, {"x": deep, None: 1}, object(), [[]], None, b"x"):
        for key in ("a", "x", "s", "l", "h", "v"):
            apply_transformations([one], {"type": "track", "properties": {key: value}})
        for key in ("type", "event", "properties", "traits", "context"):
            result = apply_transformations([one], {"type": "track", key: value})
            assert (result.event is None) is (result.verdict is not Verdict.ACCEPTED)
