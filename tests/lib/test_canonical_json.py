import enum
import json
import random
from collections import OrderedDict, namedtuple
from datetime import UTC, datetime
from math import inf, isfinite, nan
from struct import unpack
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from auditapp.lib.canonical_json import MAX_DEPTH, MAX_INTEGER, canonical_bytes
from auditapp.lib.errors import Invalid

TEXT = st.text(st.characters(codec="utf-8"))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)


@given(JSON)
def test_any_json_value_has_the_bytes_of_the_reference(value):
    assert canonical_bytes(value) == rfc8785.dumps(value)


def random_float(rng: random.Random) -> float:
    while True:
        (number,) = unpack(">d", rng.randbytes(8))
        if isfinite(number):
            return number


def random_text(rng: random.Random) -> str:
    alphabet = 'ab"\\/\n\x00\x7fé\u2028\uffff\ue000\U00010000\U0010ffff'
    return "".join(rng.choices(alphabet, k=rng.randrange(6)))


def random_value(rng: random.Random, depth: int = 0):
    kind = rng.randrange(10 if depth < 3 else 8)
    if kind < 2:
        return random_text(rng)
    if kind == 2:
        return rng.randint(-MAX_INTEGER, MAX_INTEGER)
    if kind == 3:
        return rng.choice([0.0, -0.0, 1.0, 1e16, 1e21, 1e-6, 1e-7, 0.1, 5e-324])
    if kind == 4:
        return random_float(rng)
    if kind < 8:
        return rng.choice([None, True, False, 0, -1])
    size = rng.randrange(5)
    if kind == 8:
        return [random_value(rng, depth + 1) for _ in range(size)]
    return {random_text(rng): random_value(rng, depth + 1) for _ in range(size)}


def test_twenty_thousand_random_values_have_the_bytes_of_the_reference():
    rng = random.Random(8785)
    for _ in range(20_000):
        value = random_value(rng)
        assert canonical_bytes(value) == rfc8785.dumps(value)


def test_example_of_rfc_8785_section_3_2_2_comes_out_as_printed_there():
    value = json.loads(r"""{
        "numbers": [333333333.33333329, 1E30, 4.50, 2e-3,
                    0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]
    }""")
    assert (
        canonical_bytes(value)
        == (
            '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,'
            '1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
        ).encode()
    )


def test_keys_are_ordered_by_utf_16_units_not_code_points():
    value = {"\ue000": 1, "\U00010000": 2, "a": 3}
    assert list(json.loads(canonical_bytes(value))) == ["a", "\U00010000", "\ue000"]


def test_order_of_insertion_does_not_matter():
    assert canonical_bytes({"b": 1, "a": 2}) == canonical_bytes({"a": 2, "b": 1})


class Role(enum.StrEnum):
    OWNER = "owner"


class Level(enum.IntEnum):
    HIGH = 3


Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"role": Role.OWNER}, b'{"role":"owner"}'),
        ({Role.OWNER: 1}, b'{"owner":1}'),
        ([Level.HIGH], b"[3]"),
        (Point(1, "a"), b'[1,"a"]'),
        ((1, [2]), b"[1,[2]]"),
        (OrderedDict(b=1, a=2), b'{"a":2,"b":1}'),
    ],
)
def test_subclasses_of_json_types_are_written_as_their_plain_values(value, expected):
    assert canonical_bytes(value) == expected


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        (nan, ""),
        ({"a": [1, inf]}, "/a/1"),
        ({"a": {"b/c": -inf}}, "/a/b~1c"),
        ({"a": MAX_INTEGER + 1}, "/a"),
        ([0, -MAX_INTEGER - 1], "/1"),
        ({"a": "\ud800"}, "/a"),
        (["\udfff"], "/0"),
        ({"x": {"\ud800": 1}}, "/x/\\ud800"),
        ({"x": {1: "a"}}, "/x/1"),
        ({None: "a"}, "/None"),
        ({"x": {b"k": 1}}, "/x/b'k'"),
        ({"at": datetime(2026, 1, 1, tzinfo=UTC)}, "/at"),
        ([UUID(int=1)], "/0"),
        ({"s": {1, 2}}, "/s"),
        (b"bytes", ""),
    ],
)
def test_what_has_no_canonical_form_is_refused_at_its_place(value, pointer):
    with pytest.raises(Invalid) as refusal:
        canonical_bytes(value)
    assert refusal.value.pointer == pointer
    refusal.value.message.encode()


def test_integer_bounds_themselves_are_accepted():
    assert canonical_bytes([MAX_INTEGER, -MAX_INTEGER]) == (b"[9007199254740991,-9007199254740991]")


def test_value_that_contains_itself_is_refused():
    loop: list = []
    loop.append(loop)
    with pytest.raises(Invalid, match="nested too deeply"):
        canonical_bytes(loop)


def test_deepest_value_allowed_is_written():
    value: list = []
    for _ in range(MAX_DEPTH):
        value = [value]
    assert canonical_bytes(value) == b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1)
