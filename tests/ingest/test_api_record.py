"""POST /api/audit-events: one event recorded as it was sent, what is wrong refused with its place, never a 500."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditapp.access.models import Workspace
from auditapp.ingest.event_shape import EVENT_SCHEMA
from auditapp.lib import clock
from auditapp.lib.clock import utc_text
from auditapp.record.acting import acting
from auditapp.record.declarations import declare_type
from auditapp.record.drafts import Actor, Change, Target
from auditapp.record.workspace_scope import in_workspace
from tests.ingest.conftest import Caller, make_caller, make_workspace

TARGET = {"type": "warehouse", "id": "whs_1", "name": "Snowflake prod"}
EVENT = {"type": "warehouse.disabled", "target": TARGET}


def errors(answer) -> list[dict[str, object]]:
    assert answer.headers["Content-Type"].startswith("application/json")
    return answer.json()["errors"]


# --- What is recorded -------------------------------------------------------------------------------------------------


def test_an_event_is_recorded_with_its_id_and_leaf_hash(caller: Caller, stored):
    answer = caller.post("/audit-events", EVENT)
    assert answer.status_code == 201
    [row] = stored(caller.workspace)
    assert answer.json() == {"data": {"id": row.key, "leafHash": row.leaf_hash.hex()}}
    assert (row.event.type, row.event.area, row.event.origin) == ("warehouse.disabled", "warehouses", "api")
    assert row.event.targets == [Target("warehouse", "whs_1", "Snowflake prod")]


def test_without_an_actor_the_token_acts_from_where_its_request_came(caller: Caller, stored):
    caller.post("/audit-events", EVENT, **{"User-Agent": "deploy/1.0"})
    [row] = stored(caller.workspace)
    assert (row.event.actor.kind, row.event.actor.id) == ("token", caller.token.id)
    assert row.event.context["user_agent"] == "deploy/1.0"
    assert row.event.context["ip"] == "127.0.0.1"


def test_a_reason_is_the_actors_own_and_recording_never_needs_one(caller: Caller, stored):
    with in_workspace(caller.workspace.id):
        Workspace.objects.update(reason_rule="required")
    for event in ({**EVENT, "reason": "Cost  spike "}, EVENT):
        assert caller.post("/audit-events", {"actor": {"id": "usr_ana"}, **event}).status_code == 201
    assert {row.event.context.get("reason") for row in stored(caller.workspace)} == {"Cost spike", None}
    found = caller.get("/audit-events", {"q": "spike"}).json()["data"]["events"]
    assert [one["reason"] for one in found] == ["Cost spike"]
    refused = caller.post("/audit-events", {**EVENT, "reason": "x" * 301})
    assert (refused.status_code, errors(refused)[0]["field"]) == (422, "reason")


def test_everything_that_was_sent_is_kept(caller: Caller, stored):
    sent = {
        "type": "source.modified",
        "actor": {"id": "usr_ana", "name": "Ana", "email": "ana@example.com"},
        "targets": [{"type": "source", "id": "src_1", "name": "iOS"}, {"type": "space", "id": "spa_1"}],
        "occurredAt": "2025-03-01T12:00:00+02:00",
        "outcome": "failure",
        "changes": [{"path": "name", "old": "a", "new": None}, {"path": "added", "new": 1}],
        "meta": {"reason": None, "n": 1.5},
        "context": {"ip": "::ffff:203.0.113.7", "userAgent": "ua", "requestId": "req-9", "sessionId": "ses-9"},
        "scopeId": "spa_1",
    }
    assert caller.post("/audit-events", sent).status_code == 201
    [row] = stored(caller.workspace)
    event = row.event
    assert event.actor == Actor("user", "usr_ana", "Ana", "ana@example.com")
    assert event.targets == [Target("source", "src_1", "iOS"), Target("space", "spa_1", "")]
    assert event.occurred_at == datetime(2025, 3, 1, 10, tzinfo=UTC)
    assert event.outcome == "failure"
    assert event.changes == [Change("name", "a", None), Change("added", new=1)]
    assert event.meta == {"reason": None, "n": 1.5}
    assert event.context == {
        "token_id": caller.token.id,
        "ip": "203.0.113.7",
        "user_agent": "ua",
        "request_id": "req-9",
        "session_id": "ses-9",
    }
    assert event.scope_id == "spa_1"


def test_the_sender_cannot_say_which_token_it_is(caller: Caller):
    answer = caller.post("/audit-events", {**EVENT, "context": {"token_id": "tok_other"}})
    assert answer.status_code == 422


@pytest.mark.parametrize("name", ["Warehouse Disabled", "warehouse disabled", "Storage Destination Disabled"])
def test_a_type_may_be_written_as_its_name_or_alias(caller: Caller, stored, name):
    assert caller.post("/audit-events", {**EVENT, "type": name}).status_code == 201
    assert stored(caller.workspace)[0].event.type == "warehouse.disabled"


def test_nobody_writes_the_history_of_a_source_from_outside(caller: Caller, stored):
    caller.post("/audit-events", {"type": "source.disabled", "target": {"type": "source", "id": "src_7"}})
    caller.post("/audit-events", {"type": "space.modified", "target": {"type": "space", "id": "src_7"}})
    assert [row.event.scope_id for row in stored(caller.workspace)] == [None, None]


def test_segments_fields_name_the_resource_too(caller: Caller, stored):
    sent = {"type": "warehouse.disabled", "resourceType": "warehouse", "resourceId": "whs_9", "resourceName": "Old"}
    assert caller.post("/audit-events", sent).status_code == 201
    assert stored(caller.workspace)[0].event.targets == [Target("warehouse", "whs_9", "Old")]


def test_an_undeclared_type_is_accepted_and_marked(caller: Caller):
    key = caller.post("/audit-events", {**EVENT, "type": "order.refunded", "area": "storage"}).json()["data"]["id"]
    event = caller.get(f"/audit-events/{key}").json()["data"]["event"]
    assert event["declared"] is False
    assert (event["type"], event["eventType"], event["area"]) == ("Order Refunded", "order.refunded", "storage")


def test_secrets_never_reach_the_database(caller: Caller):
    caller.post(
        "/audit-events",
        {
            **EVENT,
            "meta": {"api_key": "hunter2hunter2"},
            "changes": [{"path": "password", "old": "hunter2", "new": "x"}],
        },
    )
    with in_workspace(caller.workspace.id), connection.cursor() as cursor:
        [(units,)] = cursor.execute("SELECT units FROM event").fetchall()
    everything = b"".join(bytes(unit) for unit in units if unit)
    assert b"hunter2" not in everything
    assert b"redacted" in everything


def test_null_fields_are_as_good_as_absent(caller: Caller):
    sent = {**EVENT, "actor": {"id": "usr_1", "name": None, "email": None}, "occurredAt": None, "context": None}
    assert caller.post("/audit-events", sent).status_code == 201


def test_far_past_is_accepted_and_six_minutes_ahead_is_not(caller: Caller):
    assert caller.post("/audit-events", {**EVENT, "occurredAt": "0001-01-02T00:00:00Z"}).status_code == 201
    soon, later = (utc_text(clock.now() + timedelta(minutes=minutes)) for minutes in (4, 6))
    assert caller.post("/audit-events", {**EVENT, "occurredAt": soon}).status_code == 201
    answer = caller.post("/audit-events", {**EVENT, "occurredAt": later})
    assert answer.status_code == 422
    assert errors(answer)[0]["field"] == "occurredAt"


def test_a_gzip_body_is_read(caller: Caller):
    answer = caller.post("/audit-events", gzip.compress(json.dumps(EVENT).encode()), **{"Content-Encoding": "gzip"})
    assert answer.status_code == 201


def test_segments_media_type_is_taken_and_given(caller: Caller):
    segments = "application/vnd.segment.v1+json"
    answer = caller.post("/audit-events", EVENT, content_type=segments, Accept=segments)
    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == segments


def test_the_largest_event_that_is_allowed_fits_its_envelope(caller: Caller):
    longest = "\U0001f600" * 200
    sent = {
        "type": "a." + "b" * 98,
        "actor": {"id": longest},
        "targets": [{"type": "a" * 100, "id": longest}, {"type": "space", "id": "s" * 200}],
        "scopeId": "s" * 200,
        "changes": [{"path": f"{n:03}" + "é" * 41, "old": 1, "new": 2} for n in range(250)],
    }
    assert caller.post("/audit-events", sent).status_code == 201


# --- What is refused --------------------------------------------------------------------------------------------------

WRONG = {
    "no type": ({"target": TARGET}, "type"),
    "a type of no shape": ({**EVENT, "type": "Nobody Knows This"}, "type"),
    "a long type": ({**EVENT, "type": "a." + "b" * 99}, "type"),
    "a number as type": ({**EVENT, "type": 5}, "type"),
    "an unknown field": ({**EVENT, "tpye": 1}, "tpye"),
    "an unknown field of the actor": ({**EVENT, "actor": {"id": "a", "role": "x"}}, "actor.role"),
    "an actor without id": ({**EVENT, "actor": {"name": "x"}}, "actor.id"),
    "an empty id": ({**EVENT, "actor": {"id": ""}}, "actor.id"),
    "a long id": ({**EVENT, "actor": {"id": "x" * 201}}, "actor.id"),
    "a control character in an id": ({**EVENT, "actor": {"id": "a\x1b[31m"}}, "actor.id"),
    "an unknown kind": ({**EVENT, "actor": {"id": "a", "kind": "god"}}, "actor.kind"),
    "a long name": ({**EVENT, "actor": {"id": "a", "name": "x" * 501}}, "actor.name"),
    "no address": ({**EVENT, "actor": {"id": "a", "email": "nobody"}}, "actor.email"),
    "a colon in a resource type": ({"type": "a.b", "target": {"type": "a:b", "id": "1"}}, "target.type"),
    "no targets": ({"type": "a.b", "targets": []}, "targets"),
    "two ways to name the target": ({**EVENT, "resourceId": "1", "resourceType": "a"}, "resourceId"),
    "a resource without type": ({"type": "a.b", "resourceId": "1"}, "resourceType"),
    "a resource without id": ({"type": "a.b", "resourceName": "x", "resourceType": "a"}, "resourceId"),
    "no time": ({**EVENT, "occurredAt": "yesterday"}, "occurredAt"),
    "a time without offset": ({**EVENT, "occurredAt": "2026-01-01T00:00:00"}, "occurredAt"),
    "no such day": ({**EVENT, "occurredAt": "2026-02-30T00:00:00Z"}, "occurredAt"),
    "a year before time": ({**EVENT, "occurredAt": "0001-01-01T00:00:00+14:00"}, "occurredAt"),
    "an unknown outcome": ({**EVENT, "outcome": "perhaps"}, "outcome"),
    "a change of nothing": ({**EVENT, "changes": [{"path": "x"}]}, "changes.0"),
    "a change without path": ({**EVENT, "changes": [{"old": 1, "new": 2}]}, "changes.0.path"),
    "too many changes": ({**EVENT, "changes": [{"path": "x", "new": 1}] * 251}, "changes"),
    "long paths": ({**EVENT, "changes": [{"path": "x" * 200, "new": 1}] * 150}, "changes"),
    "meta that is a list": ({**EVENT, "meta": []}, "meta"),
    "no IP": ({**EVENT, "context": {"ip": "999.1.1.1"}}, "context.ip"),
    "an IP with a script": ({**EVENT, "context": {"ip": "fe80::1%<script>"}}, "context.ip"),
    "an unknown area": ({**EVENT, "type": "a.b", "area": "nowhere"}, "area"),
    "an area that is not the type's": ({**EVENT, "area": "sources"}, "area"),
    "a long scope": ({**EVENT, "scopeId": "x" * 201}, "scopeId"),
    "a long key": ({**EVENT, "idempotencyKey": "x" * 256}, "idempotencyKey"),
    "a string": ("warehouse.disabled", None),
    "a number": (5, None),
    "null": (None, None),
    "a list in a list": ([[EVENT]], None),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_refused_with_its_field(caller: Caller, stored, case):
    body, field = WRONG[case]
    answer = caller.post("/audit-events", body)
    if isinstance(body, list):  # a batch answers for each of its events
        [result] = answer.json()["data"]["results"]
        assert (answer.status_code, result["status"]) == (207, 422)
    else:
        assert answer.status_code == 422
        assert errors(answer)[0]["type"] == "input-validation"
        assert errors(answer)[0].get("field") == field
    assert stored(caller.workspace) == []


TRAPS = {
    "deep arrays": (b'{"type":"a.b","meta":{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}}", "/meta/x/0"),
    "depth 33": (b'{"type":"a.b","meta":{"x":' + b"[" * 31 + b"]" * 31 + b"}}", "/meta/x/0"),
    "5,000 digits": (b'{"type":"a.b","meta":{"n":' + b"9" * 5_000 + b"}}", "/meta/n"),
    "NaN": (b'{"type":"a.b","meta":{"n":NaN}}', "/meta/n"),
    "Infinity": (b'{"type":"a.b","meta":{"n":-Infinity}}', "/meta/n"),
    "1e400": (b'{"type":"a.b","meta":{"n":1e400}}', "/meta/n"),
    "1E131073": (b'{"type":"a.b","meta":{"n":1E131073}}', "/meta/n"),
    "2**53": (b'{"type":"a.b","meta":{"n":9007199254740992}}', "/meta/n"),
    "a key twice": (b'{"type":"a.b","meta":{"role":"viewer","role":"owner"}}', "/meta/role"),
    "half a surrogate pair": (b'{"type":"a.b","meta":{"x":"\\ud800"}}', "/meta/x"),
    "NUL": (b'{"type":"a.b","meta":{"x":"\\u0000"}}', "/meta/x"),
    "NUL in the type": (b'{"type":"a\\u0000.b"}', "/type"),
    "a key of half a surrogate pair": (b'{"type":"a.b","meta":{"\\ud800":1}}', "/meta"),
    "1,001 keys": (json.dumps({"type": "a.b", "meta": {str(n): n for n in range(1_001)}}).encode(), "/meta"),
    "a text of 65 KB": (json.dumps({"type": "a.b", "meta": {"x": "y" * 66_000}}).encode(), "/meta/x"),
    "no JSON": (b"{type: 'a.b'}", ""),
    "no UTF-8": (b'{"type":"\xff"}', ""),
    "UTF-16": ('{"type":"a.b"}'.encode("utf-16"), ""),
    "a byte order mark": (b'\xef\xbb\xbf{"type":"a.b"}', ""),
    "nothing": (b"", ""),
    "spaces": (b"   ", ""),
}


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("in_batch", [False, True], ids=["single", "batch"])
def test_each_trap_of_json_is_refused_with_a_pointer(caller: Caller, stored, trap, in_batch):
    body, pointer = TRAPS[trap]
    if in_batch:
        pointer = f"/events/0{pointer}" if pointer else ""
        body = b'{"events":[' + body + b"]}" if body.strip() else body
    answer = caller.post("/audit-events", body)
    assert answer.status_code == 422
    found = errors(answer)[0]["data"]["pointer"]
    # A byte that is no JSON makes the whole body none; a trap inside is named by its place.
    assert found.startswith(pointer) if pointer else found == ""
    assert stored(caller.workspace) == []


def test_a_body_of_more_than_5_mb_is_too_large(caller: Caller):
    answer = caller.post("/audit-events", b'{"type":"' + b"x" * (5 * 1024 * 1024) + b'"}')
    assert answer.status_code == 413


def test_a_gzip_bomb_is_too_large_and_never_unpacked_whole(caller: Caller):
    bomb = gzip.compress(b" " * (60 * 1024 * 1024))
    assert caller.post("/audit-events", bomb, **{"Content-Encoding": "gzip"}).status_code == 413


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_another_or_false_encoding_is_refused(caller: Caller, encoding):
    answer = caller.post("/audit-events", EVENT, **{"Content-Encoding": encoding})
    assert answer.status_code == 422


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
def test_another_media_type_is_refused(caller: Caller, content_type):
    answer = caller.post("/audit-events", json.dumps(EVENT).encode(), content_type=content_type)
    assert answer.status_code == 415
    assert "application/json" in errors(answer)[0]["message"]


def test_an_event_of_more_than_256_kb_is_refused(caller: Caller):
    big = {**EVENT, "meta": {str(n): "x" * 60_000 for n in range(5)}}
    assert caller.post("/audit-events", big).status_code == 413
    answer = caller.post("/audit-events", [EVENT, big])
    assert [result["status"] for result in answer.json()["data"]["results"]] == [201, 422]


def test_a_message_never_repeats_what_was_sent(caller: Caller):
    secret = "hunter2" * 100
    answer = caller.post("/audit-events", {**EVENT, "outcome": secret, "actor": {"id": secret}})
    assert b"hunter2" not in answer.content


# --- Types of the workspace -------------------------------------------------------------------------------------------

SCHEMA = {
    "type": "object",
    "required": ["amount"],
    "properties": {"amount": {"type": "number", "minimum": 0}, "card": {"pattern": "^(a+)+$"}},
}


@pytest.fixture
def refunds(caller: Caller) -> Caller:
    with in_workspace(caller.workspace.id), acting(caller.workspace.id, Actor("user", "usr_olga", "Olga")):
        declare_type(key="order.refunded", name="Money Returned", sentence="refunded {resource}", schema=SCHEMA)
    return caller


def test_meta_of_a_declared_type_is_checked_by_its_schema(refunds: Caller):
    sent = {"type": "order.refunded", "target": {"type": "order", "id": "1"}}
    assert refunds.post("/audit-events", {**sent, "meta": {"amount": 5}}).status_code == 201
    missing = refunds.post("/audit-events", sent)
    assert errors(missing)[0]["data"]["pointer"] == "/meta/amount"
    wrong = refunds.post("/audit-events", {**sent, "meta": {"amount": -1}})
    assert wrong.status_code == 422
    assert errors(wrong)[0]["field"] == "meta.amount"


def test_a_declared_type_is_found_by_its_name_and_marked_as_declared(refunds: Caller):
    sent = {"type": "money returned", "meta": {"amount": 1}}
    key = refunds.post("/audit-events", sent).json()["data"]["id"]
    event = refunds.get(f"/audit-events/{key}").json()["data"]["event"]
    assert (event["eventType"], event["type"], event["declared"]) == ("order.refunded", "Money Returned", True)


def test_a_pattern_that_backtracks_elsewhere_takes_no_time(refunds: Caller):
    sent = {"type": "order.refunded", "meta": {"amount": 1, "card": "a" * 5_000 + "!"}}
    assert refunds.post("/audit-events", sent).status_code == 422


def test_another_workspace_does_not_know_the_declared_type(refunds: Caller):
    stranger = make_caller(make_workspace("zoe"), "audit:write", "audit:read")
    key = stranger.post("/audit-events", {"type": "order.refunded"}).json()["data"]["id"]
    assert stranger.get(f"/audit-events/{key}").json()["data"]["event"]["declared"] is False


# --- Anything at all --------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
FIELDS = st.sampled_from([*EVENT_SCHEMA["properties"], "events"])
NEAR_EVENTS = st.dictionaries(FIELDS, JSON | st.just(EVENT["type"]) | st.just(TARGET), max_size=6).map(
    lambda fields: {"type": "warehouse.disabled", **fields}
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=NEAR_EVENTS | JSON | st.lists(NEAR_EVENTS, max_size=4))
def test_whatever_json_is_sent_the_answer_is_never_a_5xx(caller: Caller, body):
    answer = caller.post("/audit-events", json.dumps(body).encode("utf-8", "surrogatepass"))
    assert answer.status_code in {200, 201, 207, 413, 422}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=100))
def test_whatever_bytes_are_sent_the_answer_is_never_a_5xx(caller: Caller, body):
    assert caller.post("/audit-events", body).status_code in {201, 207, 422}
