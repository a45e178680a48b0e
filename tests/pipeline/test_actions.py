"""Destination filters: their order, what they take out of an event, what they refuse when saved, and that doubt drops."""

from copy import deepcopy

import pytest

from auditapp.lib.errors import Invalid
from auditapp.pipeline.destination_filters.action_input import actions_of
from auditapp.pipeline.destination_filters.actions import Filter, FilterChain, only_send
from auditapp.pipeline.destination_filters.fql import compile_fql
from auditapp.pipeline.verdicts import Verdict

EVENT = {
    "type": "track",
    "event": "Order Completed",
    "messageId": "m-1",
    "userId": "u-1",
    "context": {"ip": "203.0.113.7", "traits": {"email": "ana@example.com"}},
    "properties": {
        "email": "ana@example.com",
        "total": 10,
        "a.b": 1,
        "products": [{"price": 1, "name": "x"}, {"price": 2, "name": "y"}, "odd"],
        "address": {"street": "Main", "city": "Oslo"},
    },
}


def a_filter(*actions, when="all", key="f1"):
    return Filter(key, compile_fql(when), actions_of(list(actions)))


def filtered(*filters, event=EVENT):
    before = deepcopy(event)
    result = FilterChain(filters).apply(event)
    assert event == before
    return result


def drop_fields(**fields):
    return {"type": "DROP_PROPERTIES", "fields": fields}


def allow_fields(**fields):
    return {"type": "ALLOW_PROPERTIES", "fields": fields}


def test_without_filters_an_event_passes_as_it_is():
    assert filtered().event is EVENT


def test_a_drop_names_its_filter():
    result = filtered(a_filter({"type": "DROP"}, when="event = 'Order Completed'", key="orders"))
    assert (result.event, result.verdict, result.filter_id) == (None, Verdict.FILTERED_BY_RULES, "orders")
    assert filtered(a_filter({"type": "DROP"}, when="event = 'Else'")).event is EVENT


def test_only_send_is_the_drop_of_the_negation():
    kept = a_filter({"type": "DROP"}, when=only_send("event = 'Order Completed' or type = 'page'"))
    assert filtered(kept).event is EVENT
    assert filtered(kept, event={**EVENT, "event": "Else"}).verdict == Verdict.FILTERED_BY_RULES
    assert filtered(a_filter({"type": "DROP"}, when=only_send("all"))).event is EVENT


def test_fields_are_dropped_wherever_they_are_named():
    event = filtered(
        a_filter(
            drop_fields(properties=["email", "missing"], context=["ip"]),
            drop_fields(**{"context.traits": ["email"], "": ["userId"]}),
        )
    ).event
    assert event["properties"] == {key: value for key, value in EVENT["properties"].items() if key != "email"}
    assert event["context"] == {"traits": {}}
    assert "userId" not in event
    assert event["messageId"] == "m-1"


def test_a_field_is_dropped_from_each_object_of_a_list():
    products = filtered(a_filter(drop_fields(**{"properties.products": ["price"]}))).event["properties"]["products"]
    assert products == [{"name": "x"}, {"name": "y"}, "odd"]


def test_a_dotted_name_drops_the_nested_field_and_the_one_of_that_name():
    properties = filtered(a_filter(drop_fields(properties=["address.street", "a.b", "products.name"]))).event[
        "properties"
    ]
    assert properties["address"] == {"city": "Oslo"}
    assert "a.b" not in properties
    assert properties["products"] == [{"price": 1}, {"price": 2}, "odd"]


def test_allowed_fields_are_all_that_is_kept_in_their_place():
    event = filtered(a_filter(allow_fields(properties=["total", "address.city"]))).event
    assert event["properties"] == {"total": 10, "address": {"city": "Oslo"}}
    assert event["context"] == EVENT["context"]


def test_allowing_at_the_top_keeps_what_an_event_needs():
    event = filtered(a_filter(allow_fields(**{"": ["userId"]}))).event
    assert event == {"type": "track", "event": "Order Completed", "messageId": "m-1", "userId": "u-1"}


def test_the_order_is_that_of_the_actions_and_conditions_see_the_event_as_it_came():
    hides = a_filter(drop_fields(properties=["total"]), key="hides")
    drops = a_filter({"type": "DROP"}, when="properties.total = 10", key="drops")
    allows = a_filter(allow_fields(properties=["total", "email"]), when="properties.total = 10", key="allows")
    assert filtered(hides, drops).filter_id == "drops"
    assert filtered(allows, hides).event["properties"] == {"email": "ana@example.com"}
    samples = a_filter({"type": "SAMPLE", "percent": 0}, key="samples")
    assert filtered(drops, samples).filter_id == "samples"


def test_a_condition_that_cannot_be_decided_drops_the_event():
    result = filtered(a_filter(drop_fields(properties=["email"]), when="properties.email > 3", key="broken"))
    assert (result.event, result.verdict, result.filter_id) == (None, Verdict.INTERNAL, "broken")
    assert "ana@example.com" not in result.message


def test_samples_take_their_share_and_give_an_event_the_same_fate_again():
    chain = FilterChain([a_filter({"type": "SAMPLE", "percent": 0.3})])
    taken = [chain.apply({**EVENT, "messageId": f"m-{n}"}).event is not None for n in range(4_000)]
    assert 0.27 < sum(taken) / len(taken) < 0.33
    assert taken == [chain.apply({**EVENT, "messageId": f"m-{n}"}).event is not None for n in range(4_000)]
    assert filtered(a_filter({"type": "SAMPLE", "percent": 1})).event is EVENT
    assert filtered(a_filter({"type": "SAMPLE", "percent": 0}), event={}).event is None


def test_two_samples_are_drawn_apart_and_samples_by_a_field_together():
    def count(*filters):
        chain = FilterChain(filters)
        return sum(chain.apply({**EVENT, "messageId": f"m-{n}", "userId": n}).event is not None for n in range(4_000))

    half = {"type": "SAMPLE", "percent": 0.5}
    assert 800 < count(a_filter(half, key="one"), a_filter(half, key="two")) < 1_200
    by_user = {**half, "path": "userId"}
    assert count(a_filter(by_user, key="one")) == count(a_filter(by_user, key="one"), a_filter(by_user, key="two"))


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ([], ""),
        ("DROP", ""),
        ([{"type": "EXPLODE"}], "/0/type"),
        ([{"type": ["DROP"]}], "/0/type"),
        (["DROP"], "/0/type"),
        ([{"type": "DROP"}, {"type": "SAMPLE"}], "/1/percent"),
        ([{"type": "SAMPLE", "percent": 1.5}], "/0/percent"),
        ([{"type": "SAMPLE", "percent": True}], "/0/percent"),
        ([{"type": "SAMPLE", "percent": float("nan")}], "/0/percent"),
        ([{"type": "SAMPLE", "percent": 0.5, "path": 5}], "/0/path"),
        ([{"type": "DROP_PROPERTIES"}], "/0/fields"),
        ([{"type": "DROP_PROPERTIES", "fields": {"properties": "email"}}], "/0/fields/properties"),
        ([{"type": "DROP_PROPERTIES", "fields": {"properties": [""]}}], "/0/fields/properties"),
        ([{"type": "DROP_PROPERTIES", "fields": {"": ["messageId"]}}], "/0/fields/"),
        ([{"type": "ALLOW_PROPERTIES", "fields": {"a." * 30: ["b"]}}], "/0/fields"),
        ([{"type": "DROP_PROPERTIES", "fields": {"p": ["x"] * 501}}], "/0/fields/p"),
    ],
)
def test_actions_that_cannot_be_are_refused_with_their_place(value, pointer):
    with pytest.raises(Invalid) as caught:
        actions_of(value)
    assert caught.value.problems[0].pointer == pointer


def test_the_wrapped_form_of_fields_is_read_too():
    assert actions_of([drop_fields(properties={"fields": ["email"]})]) == actions_of(
        [drop_fields(properties=["email"])]
    )


@pytest.mark.parametrize("key", ["properties", "context", "messageId", "type"])
def test_hostile_events_are_dropped_or_pass_but_never_raise(key):
    deep = []
    for _ in range(3_000):
        deep = [deep]
    chain = FilterChain(
        [
            a_filter({"type": "SAMPLE", "percent": 0.9}, {"type": "SAMPLE", "percent": 0.9, "path": key}),
            a_filter(drop_fields(**{key: ["x"], f"{key}.a": ["b"]}), allow_fields(**{f"{key}.c": ["d.e"]}), key="f2"),
        ]
    )
    for value in (
        deep,
        {"a": deep, "c": deep},
        "\ud800",
        10**5_000,
        float("nan"),
        {1: 2},
        {"a": {None: 1}},
        None,
        object(),
    ):
        result = chain.apply({key: value})
        assert (result.event is None) is (result.verdict is not Verdict.ACCEPTED)
