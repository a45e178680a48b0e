"""Conditions as rows and back: the same FQL, or no rows at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditapp.pipeline.destination_filters.condition_rows import OPERATORS, WITHOUT_VALUE, ConditionRow, fql_of, rows_of
from auditapp.pipeline.destination_filters.fql import compile_fql
from auditapp.pipeline.destination_filters.words import only_sent

FIELDS = st.sampled_from(["event", "properties.plan", r"properties.a\ b", "context.ip", "properties.2x-y"])
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12) | st.sampled_from(
    ["10", '"10"', "'", '"', "\\"]
)


@given(
    st.sampled_from(["and", "or"]),
    st.lists(st.builds(ConditionRow, FIELDS, st.sampled_from(list(OPERATORS)), VALUES), min_size=1, max_size=4),
)
def test_rows_are_valid_fql_and_come_back_as_the_same_condition(join, rows):
    condition = fql_of(join, rows)
    if not any(row.operator in ("gt", "gte", "lt", "lte", "match", "not_match") for row in rows):
        compile_fql(condition)  # these take numbers and patterns alone, which is told to who writes something else
    again = rows_of(condition)
    assert again is not None
    assert fql_of(again.join, again.rows) == condition
    assert [row.operator for row in again.rows] == [row.operator for row in rows]


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ('event = "Order Completed"', [("event", "is", "Order Completed")]),
        ("total > 10 and total<=20", [("total", "gt", "10"), ("total", "lte", "20")]),
        ("a = '10'", [("a", "is", '"10"')]),
        ("a = true and b != null", [("a", "true", ""), ("b", "not_null", "")]),
        ("!contains(a, 'x') and match(b, 'y*')", [("a", "not_contains", "x"), ("b", "match", "y*")]),
    ],
)
def test_simple_conditions_are_rows(condition, rows):
    assert rows_of(condition).rows == tuple(ConditionRow(*row) for row in rows)


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "all",
        "a = 1 and b = 2 or c = 3",
        "(a = 1)",
        "!(a = 1)",
        "a in [1]",
        "length(a) = 1",
        "a != true",
        "a = b",
        "a = 1 andb = 2",
        "a",
    ],
)
def test_other_conditions_are_none(condition):
    assert rows_of(condition) is None


def test_a_row_without_a_field_is_left_out():
    assert fql_of("and", [ConditionRow(" ", "is", "x"), ConditionRow("a", "null", "ignored")]) == "a = null"
    assert set(WITHOUT_VALUE) <= set(OPERATORS)


@pytest.mark.parametrize(
    ("condition", "sent"),
    [
        ("!(a = 1)", "a = 1"),
        ("false", "all"),
        ("!(a = 1) or (b = 2)", None),
        ("!(a = 1) and !(b = 2)", None),
        ('!(a = ")")', 'a = ")"'),
        ("a = 1", None),
    ],
)
def test_an_only_send_is_known_by_its_condition(condition, sent):
    assert only_sent(condition, [{"type": "DROP"}]) == sent
    assert only_sent(condition, [{"type": "SAMPLE", "percent": 1}]) is None
