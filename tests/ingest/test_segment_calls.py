"""Calls of the HTTP API as events: completed as Segment does, and refused with its codes."""

from contextlib import suppress
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditapp.ingest.segment.calls import Arrival, Rejected, event_of, merged

AT = datetime(2026, 11, 24, 12, 0, 30, tzinfo=UTC)
ARRIVAL = Arrival(AT, ip="203.0.113.9")
TRACK = {"type": "track", "event": "Order Completed", "userId": "u1"}


def event(call, arrival=ARRIVAL, **how):
    return event_of(call, arrival, **how)


def test_a_call_is_completed():
    found = event(
        {"event": "Order Completed", "userId": "u1", "anonymousId": None, "writeKey": "k", "properties": {"total": 1}},
        kind="track",
    )
    assert found.pop("messageId").startswith("api-")
    assert found == {
        "type": "track",
        "event": "Order Completed",
        "userId": "u1",
        "properties": {"total": 1},
        "context": {"library": {"name": "unknown", "version": "unknown"}},
        "integrations": {},
        "channel": "server",
        "version": 2,
        "timestamp": "2026-11-24T12:00:30.000000Z",
        "originalTimestamp": "2026-11-24T12:00:30.000000Z",
        "receivedAt": "2026-11-24T12:00:30.000000Z",
    }


def test_a_message_id_of_the_sender_stays():
    assert event(TRACK | {"messageId": "m1"})["messageId"] == "m1"
    assert event(TRACK)["messageId"] != event(TRACK)["messageId"]


@pytest.mark.parametrize(
    ("call", "arrival", "timestamp", "original", "sent"),
    [
        # The sender's clock is ten minutes slow: what happened 5 s before sending happened 5 s before it came in.
        ({"timestamp": "2026-11-24T11:50:20Z", "sentAt": "2026-11-24T11:50:25Z"}, ARRIVAL, "12:00:25", "11:50:20", "11:50:25"),
        ({"timestamp": "2026-11-24T11:50:20Z"}, Arrival(AT, sent_at="2026-11-24T11:50:25.000+00:00"), "12:00:25", "11:50:20", "11:50:25"),
        ({"timestamp": "2026-11-24T13:50:20+02:00"}, ARRIVAL, "11:50:20", "11:50:20", None),
        ({"timestamp": "2026-11-24 11:50:20"}, ARRIVAL, "11:50:20", "11:50:20", None),
        ({"timestamp": "yesterday"}, ARRIVAL, "12:00:30", "12:00:30", None),
        ({"timestamp": 5}, ARRIVAL, "12:00:30", "12:00:30", None),
        ({"sentAt": "2026-11-24T11:59:00Z"}, ARRIVAL, "12:00:30", "11:59:00", "11:59:00"),
    ],
)  # fmt: skip
def test_times_are_corrected_by_the_servers_clock(call, arrival, timestamp, original, sent):
    found = event(TRACK | call, arrival)
    times = [found.get(key, "")[11:19] for key in ("timestamp", "originalTimestamp", "sentAt")]
    assert times == [timestamp, original, sent or ""]


def test_a_time_beyond_the_calendar_is_the_time_of_arrival():
    far = {"timestamp": "0001-01-01T00:00:00Z", "sentAt": "9999-12-31T23:59:59Z"}
    assert event(TRACK | far)["timestamp"] == "2026-11-24T12:00:30.000000Z"


def test_the_address_is_the_users_own_only_where_the_sender_says_so():
    assert "ip" not in event(TRACK)["context"]
    assert event(TRACK | {"context": {"direct": True}})["context"]["ip"] == "203.0.113.9"
    assert event(TRACK | {"context": {"direct": True, "ip": "198.51.100.1"}})["context"]["ip"] == "198.51.100.1"
    assert event(TRACK | {"context": {"direct": "yes"}})["context"].get("ip") is None


def test_what_the_server_says_no_sender_can():
    found = event(
        TRACK
        | {
            "receivedAt": "2001-01-01T00:00:00Z",
            "version": 9,
            "originalTimestamp": "x",
            "_metadata": {},
            "projectId": "p",
        }
    )
    assert (found["receivedAt"], found["version"]) == ("2026-11-24T12:00:30.000000Z", 2)
    assert not {"_metadata", "projectId", "writeKey"} & found.keys()


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ([], "bad_request"),
        ("text", "bad_request"),
        ({"type": "sing", "userId": "u"}, "bad_request"),
        ({"type": ["track"], "userId": "u"}, "bad_request"),
        ({"type": "track", "event": "E"}, "no_user_anon_id"),
        ({"type": "track", "event": "E", "userId": ""}, "no_user_anon_id"),
        ({"type": "track", "event": "E", "userId": 7}, "id_not_string"),
        ({"type": "track", "event": "E", "anonymousId": {}}, "id_not_string"),
        ({"type": "track", "userId": "u"}, "event_not_defined"),
        ({"type": "track", "userId": "u", "event": ""}, "event_not_defined"),
        ({"type": "track", "userId": "u", "event": 7}, "event_not_string"),
        ({"type": "track", "userId": "u", "event": "a\x00b"}, "bad_request"),
        ({"type": "track", "userId": "u", "event": "E" * 1001}, "bad_request"),
        (TRACK | {"properties": []}, "properties_not_object"),
        (TRACK | {"properties": {str(n): n for n in range(10_001)}}, "bad_request"),
        (TRACK | {"context": "x"}, "bad_request"),
        (TRACK | {"integrations": []}, "bad_request"),
        (TRACK | {"messageId": "m" * 101}, "bad_request"),
        (TRACK | {"messageId": 7}, "bad_request"),
        ({"type": "identify", "userId": "u", "traits": "x"}, "traits_not_object"),
        ({"type": "page", "userId": "u", "name": 7}, "name_not_string"),
        ({"type": "page", "userId": "u", "category": {}}, "category_not_string"),
        ({"type": "group", "userId": "u"}, "id_required"),
        ({"type": "alias", "userId": "u"}, "id_required"),
        ({"type": "alias", "anonymousId": "a", "previousId": "p"}, "id_required"),
    ],
)
def test_what_is_wrong_has_its_code(call, code):
    with pytest.raises(Rejected) as refused:
        event(call)
    assert refused.value.code == code
    assert refused.value.message.endswith((".", "system."))


def test_an_items_own_context_wins_over_the_outer_one():
    outer = {"context": {"app": {"name": "shop"}, "locale": "de"}, "integrations": {"All": False}, "batch": []}
    assert merged({"context": {"locale": "no"}}, outer) == {
        "context": {"app": {"name": "shop"}, "locale": "no"},
        "integrations": {"All": False},
    }
    assert merged({"context": "broken"}, outer)["context"] == "broken"
    assert merged("broken", outer) == "broken"
    assert merged({"a": 1}, {"context": "broken"}) == {"a": 1}


TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
LEAF = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT
NESTED = LEAF | st.lists(LEAF, max_size=3) | st.dictionaries(TEXT, LEAF, max_size=3)
JSON = NESTED | st.lists(NESTED, max_size=3) | st.dictionaries(TEXT, NESTED, max_size=3)
KEYS = st.sampled_from(
    [
        "type",
        "event",
        "userId",
        "anonymousId",
        "groupId",
        "previousId",
        "properties",
        "traits",
        "context",
        "integrations",
        "messageId",
        "timestamp",
        "sentAt",
        "name",
        "category",
        "channel",
        "version",
    ]
)
TIMES = st.datetimes().map(str) | st.sampled_from(
    ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-W48-2", "24:00"]
)


@given(st.dictionaries(KEYS, JSON | st.sampled_from(["track", "identify", "page", "group"]) | TIMES) | JSON)
def test_anything_becomes_an_event_or_has_a_code(call):
    before = (
        orjson.dumps(call, option=orjson.OPT_PASSTHROUGH_DATETIME, default=str) if not _is_too_large(call) else None
    )
    with suppress(Rejected):
        found = event(call)
        assert {"type", "messageId", "context", "timestamp", "receivedAt"} <= found.keys()
        assert 1 <= len(found["messageId"]) <= 100
    if before is not None:
        assert orjson.dumps(call) == before


def _is_too_large(value):
    try:
        orjson.dumps(value)
    except (TypeError, orjson.JSONEncodeError):
        return True
    return False
