"""Types by the value, and what a column takes."""

from datetime import UTC, datetime

import pytest

from auditapp.pipeline.warehouses.cells import DoesNotFit, Kind, cell, column_kind, flat, joined, kind_of, needs_numeric

MOMENT = datetime(2026, 11, 29, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, Kind.BOOLEAN),
        (1, Kind.BIGINT),
        (-(2**63), Kind.BIGINT),
        (2**63, Kind.NUMERIC),
        (1.5, Kind.DOUBLE),
        ("text", Kind.TEXT),
        ("", Kind.TEXT),
        ("2026-11-29T10:00:00Z", Kind.MOMENT),
        ("2026-11-29T10:00:00.123456789+02:00", Kind.MOMENT),
        ("2026-11-29", Kind.TEXT),
        ("2026-13-29T10:00:00Z", Kind.TEXT),
        ("0001-01-01T00:00:00+05:00", Kind.TEXT),  # before the first year of UTC
        (MOMENT, Kind.MOMENT),
    ],
)
def test_the_type_of_a_value(value, kind):
    assert kind_of(value) is kind


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        (Kind.BIGINT, Kind.BIGINT, Kind.BIGINT),
        (Kind.BIGINT, Kind.DOUBLE, Kind.NUMERIC),
        (Kind.BIGINT, Kind.TEXT, Kind.TEXT),
        (Kind.BOOLEAN, Kind.BIGINT, Kind.TEXT),
    ],
)
def test_a_new_column_holds_all_its_values(one, other, kind):
    assert joined(one, other) is joined(other, one) is kind


@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        (Kind.TEXT, 5, "5"),
        (Kind.TEXT, True, "true"),
        (Kind.TEXT, MOMENT, "2026-11-29T10:00:00.000000Z"),
        (Kind.TEXT, "2026-11-29T10:00:00Z", "2026-11-29T10:00:00Z"),
        (Kind.BIGINT, 5.0, 5),
        (Kind.DOUBLE, 5, 5),
        (Kind.NUMERIC, 2**70, 2**70),
        (Kind.MOMENT, "2026-11-29T10:00:00Z", MOMENT),
        (Kind.BOOLEAN, False, False),
    ],
)
def test_what_fits(column, value, found):
    assert cell(column, value) == found
    assert type(cell(column, value)) is type(found)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (Kind.BIGINT, "5"),
        (Kind.BIGINT, 5.5),
        (Kind.BIGINT, True),
        (Kind.BOOLEAN, 1),
        (Kind.MOMENT, "soon"),
        (Kind.DOUBLE, 2**53 + 1),
        (Kind.OTHER, "x"),
    ],
)
def test_what_does_not_fit(column, value):
    with pytest.raises(DoesNotFit):
        cell(column, value)


def test_numbers_make_room_for_numbers():
    assert needs_numeric(Kind.BIGINT, 9.5)
    assert needs_numeric(Kind.BIGINT, 2**63)
    assert needs_numeric(Kind.DOUBLE, 2**53 + 1)
    assert not any(needs_numeric(Kind.BIGINT, value) for value in (5, 5.0, True, "9.5"))


def test_objects_are_flat_lists_are_json_and_null_is_nothing():
    values = {"a": {"b": {"c": 1}}, "l": [1, {"x": None}], "n": None, "deep": {"1": {"2": {"3": {"4": {"5": 0}}}}}}
    assert flat(values) == [
        (("a", "b", "c"), 1),
        (("l",), '[1,{"x":null}]'),
        (("deep", "1", "2", "3", "4"), '{"5":0}'),
    ]


def test_columns_of_others_are_known_by_their_type():
    assert [column_kind(name) for name in ("character varying", "character varying(10)", "jsonb", "text")] == [
        Kind.TEXT,
        Kind.OTHER,
        Kind.OTHER,
        Kind.TEXT,
    ]
