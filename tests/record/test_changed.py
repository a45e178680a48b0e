"""changed(): the difference of two states as changes."""

from auditapp.record.drafts import MISSING, Change, changed


def test_what_stays_is_left_out_and_nested_fields_have_dotted_paths():
    assert changed({"a": 1, "s": {"x": 1, "y": 2}}, {"a": 1, "s": {"x": 1, "y": 3}}) == [Change("s.y", 2, 3)]


def test_added_and_removed_fields_have_a_missing_side():
    assert changed({"old": None}, {"new": None}) == [Change("old", None, MISSING), Change("new", MISSING, None)]


def test_true_and_one_are_not_the_same():
    assert changed({"a": True}, {"a": 1}) == [Change("a", True, 1)]


def test_lists_change_as_a_whole():
    assert changed({"labels": ["a"]}, {"labels": ["a", "b"]}) == [Change("labels", ["a"], ["a", "b"])]


def test_an_object_that_comes_or_goes_is_told_field_by_field():
    assert changed({}, {"s": {"host": "h", "port": 1}}) == [
        Change("s.host", MISSING, "h"),
        Change("s.port", MISSING, 1),
    ]
    assert changed({"s": {"host": "h"}}, {}) == [Change("s.host", "h", MISSING)]
    assert changed({}, {"s": {}}) == [Change("s", MISSING, {})]


def test_an_object_that_becomes_null_changes_as_a_whole():
    assert changed({"s": {"a": 1}}, {"s": None}) == [Change("s", {"a": 1}, None)]
