"""Meta and context as lines: paths, plain lists, what is withheld, and an end to it."""

import pytest

from auditapp.trail.facts import MAX_FACTS, Fact, facts_of


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        ({}, []),
        ({"source_count": 3}, [("Source count", "3")]),
        ({"eventName": "PutObject"}, [("eventName", "PutObject")]),
        ({"eventName": {"a": {"b": "x"}, "c": None}}, [("eventName.a.b", "x"), ("eventName.c", "null")]),
        ({"tags": ["a", 2, True]}, [("Tags", "a, 2, true")]),
        ({"rules": [{"id": 1}, {"id": 2}]}, [("Rules[0].id", "1"), ("Rules[1].id", "2")]),
        ({"empty": {}, "none": []}, [("Empty", "{}"), ("None", "[]")]),
    ],
)
def test_each_value_has_a_line_under_its_path(values, lines):
    assert facts_of(values) == [Fact(*line) for line in lines]


def test_what_is_withheld_says_so_at_any_depth():
    hidden = {"redacted": "hidden"}
    assert facts_of({"email": hidden, "a": {"b": hidden}}) == [
        Fact("Email", "", "••• hidden from your role"),
        Fact("A.b", "", "••• hidden from your role"),
    ]


def test_a_long_meta_ends_and_says_where_the_rest_is():
    facts = facts_of({f"n{number}": number for number in range(MAX_FACTS + 50)})
    assert len(facts) == MAX_FACTS + 1
    assert facts[-1] == Fact("And more", "see the raw JSON")


def test_deep_values_end_in_json():
    deep = {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}}}
    assert facts_of(deep) == [Fact("A.a.a.a.a.a.a", '{"a": 1}')]
