"""What changed, element by element, with what may not be shown withheld."""

import pytest

from auditapp.record.drafts import MISSING, Change
from auditapp.trail.diff import DiffLine, diff_lines


def lines_of(old, new, path="x"):
    return diff_lines([Change(path, old, new)])


def test_a_value_that_changed_is_removed_and_added():
    assert lines_of(True, False) == [DiffLine(1, "-", "x", marked="true"), DiffLine(1, "+", "x", marked="false")]


def test_true_is_not_one():
    assert [line.sign for line in lines_of({"a": True}, {"a": 1})] == ["-", "+"]


def test_a_field_that_came_or_went_has_one_side():
    assert lines_of(MISSING, "new") == [DiffLine(1, "+", "x", before='"new"')]
    assert lines_of("old", MISSING) == [DiffLine(1, "-", "x", before='"old"')]


def test_only_the_middle_of_a_long_text_is_marked():
    removed, added = lines_of("SELECT id FROM orders WHERE paid", "SELECT id FROM refunds WHERE paid")
    assert (removed.before, removed.marked, removed.after) == ('"SELECT id FROM ', "order", 's WHERE paid"')
    assert (added.before, added.marked, added.after) == ('"SELECT id FROM ', "refund", 's WHERE paid"')


def test_a_repetition_never_marks_beyond_the_text():
    removed, added = lines_of("a" * 30, "a" * 40)
    assert removed.before + removed.marked + removed.after == f'"{"a" * 30}"'
    assert added.before + added.marked + added.after == f'"{"a" * 40}"'


def test_list_is_compared_by_element_and_what_stayed_is_counted():
    assert lines_of(["a", "b", "c"], ["b", "c", "d"]) == [
        DiffLine(1, "-", "x[0]", before='"a"'),
        DiffLine(1, "", "x", fold=2),
        DiffLine(1, "+", "x[2]", before='"d"'),
    ]


def test_object_is_compared_by_key():
    assert lines_of({"a": 1, "b": {"c": [1, 2]}}, {"a": 1, "b": {"c": [1, 3]}}) == [
        DiffLine(1, "", "x.b.c", fold=1),
        DiffLine(1, "-", "x.b.c[1]", marked="2"),
        DiffLine(1, "+", "x.b.c[1]", marked="3"),
        DiffLine(1, "", "x", fold=1),
    ]


def test_a_long_list_is_replaced_as_a_whole():
    assert [line.path for line in lines_of(list(range(501)), [1])] == ["x", "x"]


def test_depth_is_bounded():
    deep_old, deep_new = 1, 2
    for _ in range(30):
        deep_old, deep_new = {"k": deep_old}, {"k": deep_new}
    assert len(lines_of(deep_old, deep_new)) == 2


@pytest.mark.parametrize("reason", ["key", "shape", "declared"])
def test_a_secret_that_changed_says_so_and_no_more(reason):
    secret = {"redacted": reason}
    assert lines_of(secret, secret) == [DiffLine(1, "~", "x", note="changed, value withheld")]


def test_a_secret_that_came_is_one_line():
    assert lines_of(MISSING, {"redacted": "key"}) == [DiffLine(1, "+", "x", note="secret, value withheld")]


def test_a_value_hidden_from_the_role_says_so():
    hidden = {"redacted": "hidden"}
    assert lines_of(hidden, hidden) == [DiffLine(1, "~", "x", note="changed, ••• hidden from your role")]


def test_an_erased_change_says_so():
    change = [Change("x", MISSING, MISSING)]
    assert diff_lines(change, is_erased=True) == [DiffLine(1, "~", "x", note="erased")]


def test_lines_are_numbered_by_change():
    changes = [Change("a", 1, 2), Change("b", MISSING, 1)]
    assert [line.number for line in diff_lines(changes)] == [1, 1, 2]
