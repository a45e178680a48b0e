import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditapp.lib.canonical_json import MAX_INTEGER, canonical_bytes
from auditapp.lib.errors import Invalid
from auditapp.lib.strict_json import BATCH, BATCH_MAX_BYTES, EVENT_MAX_BYTES, Limits, parse


def read(body: bytes | str, **limits):
    body = body if isinstance(body, bytes) else body.encode()
    return parse(body, max_bytes=EVENT_MAX_BYTES, limits=Limits(**limits))


def refusal(body: bytes | str, **limits) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read(body, **limits)
    return caught.value


def test_plain_event_comes_out_as_it_went_in():
    event = {
        "action": "user.invited",
        "note": "Grüße 🎉 \\ud83c is fine when escaped twice",
        "tries": 3,
        "share": 0.5,
        "flags": [True, False, None, [], {}],
    }
    assert read(json.dumps(event)) == event
    assert read(json.dumps(event, ensure_ascii=False)) == event


@pytest.mark.parametrize("body", ['"text"', "5", "null", " [1 , 2]\n"])
def test_any_json_value_is_a_body(body):
    assert read(body) == json.loads(body)


@pytest.mark.parametrize(
    ("body", "pointer", "advice"),
    [
        (b"", "", "empty"),
        (b" \n", "", "empty"),
        (b"\xef\xbb\xbf{}", "", "byte order mark"),
        ("{}".encode("utf-16"), "", "Send UTF-8"),
        (b'{"a":"\xff"}', "", "byte 6"),
        (b'"\xed\xa0\x80"', "", "Send UTF-8"),  # a surrogate in raw bytes
        ('{"a":1}}', "", "line 1, column 8"),
        ('{"a":1} x', "", "not JSON"),
        ('{"a":', "", "not JSON"),
        ("{'a':1}", "", "not JSON"),
        ('{"a":1,}', "", "not JSON"),
        ('{"a":01}', "", "not JSON"),
        ('{"a":"\n"}', "", "not JSON"),
        ('{"a":"\x00"}', "", "not JSON"),
        ('{"a":NaN}', "/a", "finite"),
        ('{"a":[Infinity]}', "/a/0", "finite"),
        ('{"a":-Infinity}', "/a", "finite"),
        ('{"a":1e400}', "/a", "finite"),
        ('{"a":1E131073}', "/a", "finite"),
        ("NaN", "", "finite"),
        ('{"a":' + "9" * 30 + "}", "/a", "as text"),
        ('{"a":[0,-' + "9" * 5_000 + "]}", "/a/1", "as text"),
        ("9" * 5_000, "", "as text"),
        ('{"a":9007199254740992}', "/a", "as text"),
        ('{"a":[-9007199254740992]}', "/a/0", "as text"),
        ('{"a":"\\ud800"}', "/a", "half of a pair"),
        ('{"a":["x\\uDFFFx"]}', "/a/0", "half of a pair"),
        ('"\\udc00\\ud800"', "", "half of a pair"),
        ('{"a":{"\\ud800":1}}', "/a", "half of a pair"),
        ('{"a":"\\u0000"}', "/a", "u0000"),
        ('{"a":["b","\\u0000"]}', "/a/1", "u0000"),
        ('{"a":{"b\\u0000":1}}', "/a", "u0000"),
        ('{"role":"viewer","role":"owner"}', "/role", "more than once"),
        ('[{"x":{"a/b":1,"c":2,"a/b":1}}]', "/0/x/a~1b", "more than once"),
        ('{"a":1,"\\u0061":1}', "/a", "more than once"),
        ('{"\\ud800":1,"\\ud800":1}', "", "half of a pair"),
    ],
)
def test_trap_is_refused_at_its_place_with_advice(body, pointer, advice):
    error = refusal(body)
    assert error.pointer == pointer
    assert advice in error.message


def nested(depth: int, inner: str = "") -> str:
    return "[" * depth + inner + "]" * depth


def test_thirty_two_containers_are_accepted_and_one_more_is_not():
    assert read(nested(32))
    error = refusal(nested(33))
    assert "at most 32" in error.message
    assert error.pointer == "/0" * 32


def test_depth_counts_objects_and_arrays_alike():
    body = '{"a":[' * 16 + "{}" + "]}" * 16
    assert refusal(body).pointer == "/a/0" * 16


@pytest.mark.parametrize(
    ("before", "pointer"),
    [
        ("", "/0" * 32),
        ('{"a]}":1,"t\\"[{":[2,', '/t"[{/1' + "/0" * 30),
        ('[[],{"x":[]},"]",', "/3" + "/0" * 31),
        ('{"a":{"b":', "/a/b" + "/0" * 30),
    ],
)
def test_too_deep_for_python_is_refused_at_the_same_place(before, pointer):
    body = (before + "[" * 100_000).encode()
    error = refusal(body)
    assert "at most 32" in error.message
    assert error.pointer == pointer


def test_too_deep_is_refused_when_closed_as_well():
    assert "at most 32" in refusal(nested(100_000)).message


def test_thousand_keys_are_accepted_and_one_more_is_not():
    keys = {f"k{n}": n for n in range(1_000)}
    assert read(json.dumps(keys)) == keys
    assert "at most 1000 keys" in refusal(json.dumps({**keys, "more": 0})).message


def test_keys_of_inner_objects_count_too():
    body = [{str(n): 0 for n in range(500)}, {str(n): 0 for n in range(501)}]
    error = refusal(json.dumps({"a": {"b": body}}))
    assert error.pointer == "/a/b"


def test_string_bytes_are_counted_in_utf_8():
    assert read(json.dumps(["é" * 5], ensure_ascii=False), string_bytes=10)
    error = refusal(json.dumps(["", "é" * 6], ensure_ascii=False), string_bytes=10)
    assert error.pointer == "/1"
    assert "at most 10 bytes" in error.message


def test_long_key_is_refused_at_its_object():
    assert refusal(json.dumps({"a": {"k" * 65_537: 1}})).pointer == "/a"


def test_string_of_64_kilobytes_is_accepted_and_one_byte_more_is_not():
    assert read(json.dumps({"a": "x" * 65_536}))
    assert refusal(json.dumps({"a": "x" * 65_537})).pointer == "/a"


def test_body_over_its_bytes_is_refused_before_it_is_read():
    with pytest.raises(Invalid) as caught:
        parse(b"[" * 11, max_bytes=10)
    assert caught.value.code == "too_large"
    assert parse(b'"12345678"', max_bytes=10) == "12345678"


def batch(*items) -> bytes:
    return json.dumps({"batch": items}).encode()


def test_bounds_of_a_batch_hold_for_each_item():
    item = {"deep": json.loads(nested(31)), "keys": {str(n): 0 for n in range(998)}}
    body = batch(*[item] * 40)
    assert len(parse(body, max_bytes=BATCH_MAX_BYTES, limits=BATCH)["batch"]) == 40


@pytest.mark.parametrize(
    ("bad", "pointer"),
    [
        ({str(n): 0 for n in range(1_001)}, "/batch/1"),
        ({"a": json.loads(nested(32))}, "/batch/1/a" + "/0" * 31),
    ],
)
def test_bad_item_of_a_batch_is_pointed_at(bad, pointer):
    with pytest.raises(Invalid) as caught:
        parse(batch({}, bad), max_bytes=BATCH_MAX_BYTES, limits=BATCH)
    assert caught.value.pointer == pointer


def test_envelope_of_a_batch_has_a_bound_of_its_own():
    body = json.dumps({**{str(n): 0 for n in range(1_000)}, "batch": []}).encode()
    with pytest.raises(Invalid, match="at most 1000 keys"):
        parse(body, max_bytes=BATCH_MAX_BYTES, limits=BATCH)


# A text of this length would take hours at quadratic cost: the limit stops a hang, it measures nothing.
@pytest.mark.timeout(60)
def test_many_repeated_keys_are_refused_in_linear_time():
    pairs = ",".join(f'"{n}":0' for n in range(20_000)) + ',"19999":0'
    assert refusal("{" + pairs + "}").pointer == "/19999"


SOUND = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="\0")), inner)
    ),
    max_leaves=20,
)


@given(SOUND, st.booleans())
def test_every_sound_value_is_read_and_has_a_canonical_form(value, ascii_only):
    parsed = read(json.dumps(value, ensure_ascii=ascii_only))
    assert parsed == value
    assert canonical_bytes(parsed) == canonical_bytes(value)


@given(st.binary(max_size=40) | st.text('{}[]":,0123e.-\\u adnull', max_size=40))
def test_no_body_at_all_causes_anything_but_invalid(body):
    try:
        canonical_bytes(read(body))
    except Invalid as error:
        error.pointer.encode()
        error.message.encode()
