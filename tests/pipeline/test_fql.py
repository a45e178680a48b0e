"""FQL at the edges: what a writer is told, what a hostile event or pattern can do. What it means is in test_fql_model.py."""

import time
from contextlib import suppress
from copy import deepcopy

import pytest

from auditapp.lib.errors import Invalid
from auditapp.pipeline.destination_filters.fql import compile_expression, compile_fql
from auditapp.pipeline.destination_filters.fql_errors import FqlFailed, FqlInvalid

EVENT = {
    "event": "Button Clicked",
    "type": "track",
    "context": {"library": {"name": "analytics.js", "version": "1.0"}},
    "properties": {"features": ["discounts", "dark-mode"], "product 1": {"price": "19.99"}, "total": 12.5},
}


def failing_message(text):
    with pytest.raises(FqlInvalid) as caught:
        compile_fql(text)
    return caught.value


# The examples of Segment's reference.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("event = 'Button Clicked'", True),
        ("event = 'Screen Tapped'", False),
        ("context.path.path = '/login'", False),
        ("type = 'identify' or type = 'track'", True),
        ("event = 'Button Clicked' and type = 'track'", True),
        ("match( context.library.version, '1.*' )", True),
        ("match( context.library.version, '2.*' )", False),
        ("type = 'track' and ( event = 'Click' or match( event, 'Button *' ) )", True),
        ("!contains( context.library.name, 'js' )", False),
        ("'dark-mode' in properties.features", True),
        ("'blink' in properties.features", False),
        (r"properties.product\ 1.price = '19.99'", True),
        (
            "( type = 'track' or type = 'identify' ) and ( properties.enabled or match( traits.email, '*@x.com' ) )",
            False,
        ),
        ("!( type in ['track', 'identify'] )", False),
        ("length( userId ) > 0", False),
        ("length('ア') = 3", True),
        ("typeof(userId) = 'null'", True),
        ("snakecase('test string') = 'test_string' and kebabcase('test string') = 'test-string'", True),
        ("titlecase('test string') = 'Test String'", True),
        ("lowercase(userId) = null", True),
        ("contains(userId, 'x') or match(userId, '*')", False),
        ("properties.total >= 12.5 and number(properties.product\\ 1.price) < 20", True),
        ("all", True),
        ("false", False),
        ("properties.enabled", False),
    ],
)
def test_examples_of_the_reference(text, expected):
    assert compile_fql(text).matches(EVENT) is expected


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("abcd", "a*d", True),
        ("", "*", True),
        ("abc", "ab", False),
        ("abcd", "a??d", True),
        ("abcd", "*d", True),
        ("ab*d", r"ab\*d", True),
        ("abxd", r"ab\*d", False),
        ("abCd", "ab[cC]d", True),
        ("abcd", "ab[a-z]d", True),
        ("abcd", "ab[A-Z]d", False),
        ("a\nb/c", "a*c", True),
        ("aXbXc", "a*Xc", True),
        ("ab", "ab*ab", False),
    ],
)
def test_globs_of_the_reference(text, pattern, expected):
    assert compile_fql(f"match(x, '{pattern}')").matches({"x": text}) is expected


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("", 1, "ends too early"),
        ("type = ", 8, "a field such as"),
        ("type = 'track' AND x", 16, "and; or; the end"),
        ("(type = 'track'", 16, ")"),
        ("type = 'track", 8, "never closed"),
        ("type = track)", 13, "not expected"),
        ("starts_with(event, 'x')", 1, "no function starts_with()"),
        ("contains(event)", 1, "takes 2 values"),
        ("length(5) > 1", 8, "takes text or a list"),
        ("lowercase(event)", 1, "Compare it"),
        ("type = 'track' and 'x'", 20, "true or false"),
        ("event > 'a'", 9, "compares numbers"),
        ("'a' in 'abc'", 8, "looks into a list"),
        ("match(event, 'a[')", 14, "never closed"),
        ("properties.$price > 1", 12, "backslash"),
        ("x = 1e400", 5, "1.8e308"),
        ("x = 1\n and\n  y ~ 2", 5, "Line 3"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_was_expected(text, column, said):
    fault = failing_message(text)
    assert said in fault.message
    assert fault.column == column
    assert isinstance(fault, Invalid)
    assert fault.field == "if"


def test_long_and_deep_conditions_are_refused_when_saved():
    assert not compile_fql("!" * 30 + "x").matches({})
    assert "32 deep" in failing_message("!" * 40 + "x").message
    assert "32 deep" in failing_message("(" * 40 + "x" + ")" * 40).message
    assert "32 deep" in failing_message("x in " + "[" * 40 + "]" * 40).message
    assert "5120 bytes" in failing_message("x = '" + "ア" * 1_800 + "'").message
    # Long is not deep: a list of names is one level.
    assert compile_fql(" or ".join(f"event = 'Event {n}'" for n in range(200))).matches({"event": "Event 199"})


@pytest.mark.parametrize("name", ["android", "order", "input", "nullable", "trueish", "and.x", "in.y", "null.z"])
def test_fields_that_begin_like_keywords_are_fields(name):
    first, _, second = name.partition(".")
    event = {first: {second: "v"} if second else "v"}
    assert compile_fql(f"{name} = 'v'").matches(event)


@pytest.mark.parametrize(
    "text",
    [
        "n > 1",
        "ok",
        "ok and true",
        "!n",
        "'a' in n",
        "contains(many, 'a')",
        "length(object) = 1",
        "string(object) = ''",
    ],
)
def test_values_that_do_not_fit_fail_without_being_told(text):
    event = {"n": "secret-value", "ok": "secret-value", "many": ["secret-value"], "object": {"a": "secret-value"}}
    with pytest.raises(FqlFailed) as caught:
        compile_fql(text).matches(event)
    assert "secret-value" not in caught.value.message


def deep(kind, levels=5_000):
    value = kind()
    for _ in range(levels):
        value = {"x": value} if kind is dict else [value]
    return value


@pytest.mark.parametrize(
    "text", ["x = y", "x in [y, 1]", "length(string(x)) > 0", "number(x) > 1", "bool(x)", "typeof(x) = 'a'", "x > 1"]
)
@pytest.mark.parametrize(
    "value",
    [
        deep(dict),
        deep(list),
        10**5_000,
        float("nan"),
        float("inf"),
        "\ud800",
        {1: 2, None: 3},
        object(),
        b"x",
        "9" * 5_000,
    ],
    ids=lambda value: type(value).__name__,
)
def test_hostile_values_do_nothing_but_fail(text, value):
    event = {"x": value, "y": value if not isinstance(value, (dict, list)) else deep(type(value))}
    with suppress(FqlFailed):
        assert compile_fql(text).matches(event) in (True, False)


def test_a_hostile_pattern_and_a_long_text_take_no_time():
    condition = compile_fql("match(text, pattern)")
    started = time.perf_counter()
    for pattern in ("*a" * 250 + "b", "*" * 500 + "b", "?" * 500 + "*b", "*[a-b][a-b]c" * 40):
        assert not condition.matches({"text": "a" * 32_000, "pattern": pattern})
    assert time.perf_counter() - started < 2


def test_a_pattern_out_of_an_event_can_fail_like_any_value():
    with pytest.raises(FqlFailed):
        compile_fql("match(event, pattern)").matches({"event": "x", "pattern": "[a"})


def test_an_expression_gives_any_value_and_changes_nothing():
    before = deepcopy(EVENT)
    assert compile_expression("uppercase(properties.features)") is compile_expression("uppercase(properties.features)")
    assert compile_expression("titlecase(type)").value(EVENT) == "Track"
    assert compile_expression("properties.features").value(EVENT) == ["discounts", "dark-mode"]
    assert compile_expression("[type, 1, null]").value(EVENT) == ["track", 1, None]
    assert before == EVENT
