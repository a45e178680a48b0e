"""`/v1/...` over HTTP: who may send, what is refused and how loudly, and what lands in the inbox."""

import gzip
from base64 import b64encode

import orjson
import pytest
from django.test import Client

from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.inbox import read_inbox
from auditapp.sources.models import SeenEvent, SourceCount
from tests.factories import make_source, make_token, make_workspace, write_keys

TRACK = {"event": "Order Completed", "userId": "u1", "properties": {"total": 9.5}}


@pytest.fixture
def workspace(db):
    return make_workspace()


@pytest.fixture
def source(workspace):
    return make_source(workspace=workspace)


@pytest.fixture
def key(source):
    return write_keys(source)[0]


def basic(user):
    return {"HTTP_AUTHORIZATION": "Basic " + b64encode(f"{user}:".encode()).decode()}


def post(path, body, **extra):
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    return Client().post(f"/v1/{path}", data, content_type="application/json", **extra)


def inbox(source):
    with in_workspace(source.workspace_id):
        return [(one.verdict, orjson.loads(one.payload)) for one in read_inbox(source.workspace_id, source.id, 0)]


def counts(source):
    with in_workspace(source.workspace_id):
        return {(c.type, c.name, c.verdict): c.events for c in SourceCount.objects.filter(source_id=source.id)}


@pytest.mark.parametrize("kind", ["track", "identify", "page", "screen", "group", "alias"])
def test_each_kind_of_call_lands_in_the_inbox(source, key, kind):
    answer = post(kind, TRACK | {"groupId": "g", "previousId": "p"}, **basic(key))
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    [(verdict, event)] = inbox(source)
    assert (verdict, event["type"], event["userId"]) == ("accepted", kind, "u1")


def test_the_key_may_stand_in_the_body(source, key):
    assert post("track", TRACK | {"writeKey": key}).status_code == 200
    [(_, event)] = inbox(source)
    assert "writeKey" not in event


def test_a_browsers_beacon_is_taken(source, key):
    body = orjson.dumps(TRACK | {"writeKey": key})
    answer = Client().post("/v1/track", body, content_type="text/plain", HTTP_ORIGIN="https://shop.example")
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
    asked = Client().options("/v1/track", HTTP_ORIGIN="https://shop.example")
    assert (asked.status_code, "Authorization" in asked.headers["Access-Control-Allow-Headers"]) == (204, True)


def test_an_access_token_stands_beside_the_key(workspace, source, key):
    _, secret = make_token(workspace=workspace, scopes=["audit:write"])
    _, weak = make_token(workspace=workspace, scopes=["audit:read"])
    _, foreign = make_token(workspace=make_workspace(slug="other"), scopes=["audit:write"])
    body = TRACK | {"writeKey": key}
    assert post("track", body, HTTP_AUTHORIZATION=f"Bearer {secret}").status_code == 200
    for refused in (weak, foreign, "aud_pat_nonsense"):
        assert post("track", body, HTTP_AUTHORIZATION=f"Bearer {refused}").status_code == 401
    assert len(inbox(source)) == 1


def test_a_batch_is_merged_packed_and_kept_in_order(source, key):
    items = [{"type": "track", "event": f"E{n}", "userId": "u", "messageId": f"m{n}"} for n in range(300)]
    body = {"batch": items, "context": {"app": {"name": "shop"}}, "sentAt": "2026-11-24T11:50:25Z"}
    answer = post("batch", gzip.compress(orjson.dumps(body)), HTTP_CONTENT_ENCODING="gzip", **basic(key))
    assert answer.json() == {"success": True}
    found = [event for _, event in inbox(source)]
    assert [event["messageId"] for event in found] == [f"m{n}" for n in range(300)]
    assert {event["context"]["app"]["name"] for event in found} == {"shop"}
    post("import", body, **basic(key))
    assert len(inbox(source)) == 300


def test_bad_items_are_named_and_good_ones_are_kept(source, key):
    items = [{"type": "track", "userId": "u"}, TRACK | {"type": "track"}, 7, {"type": "identify"}]
    answer = post("batch", {"batch": items}, **basic(key))
    assert answer.status_code == 200
    assert [(one["index"], one["code"]) for one in answer.json()["rejected"]] == [
        (0, "event_not_defined"),
        (2, "bad_request"),
        (3, "no_user_anon_id"),
    ]
    assert len(inbox(source)) == 1
    assert counts(source) == {
        ("track", "Order Completed", "accepted"): 1,
        ("", "", "event_not_defined"): 1,
        ("", "", "bad_request"): 1,
        ("", "", "no_user_anon_id"): 1,
    }


def test_a_single_call_that_is_wrong_is_answered_so_and_counted(source, key):
    answer = post("track", {"userId": "u"}, **basic(key))
    assert (answer.status_code, answer.json()["code"]) == (400, "event_not_defined")
    assert "event" in answer.json()["message"]
    assert counts(source) == {("", "", "event_not_defined"): 1}


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("track", b"{", 400, "bad_request"),
        ("track", b"[]", 400, "bad_request"),
        ("track", b"\xff\xfe", 400, "bad_request"),
        ("track", b'{"event": NaN}', 400, "bad_request"),
        ("track", b'{"event": "\\ud800"}', 400, "bad_request"),
        ("track", b'{"properties":' * 2000, 400, "bad_request"),
        ("track", b'{"event":"' + b"x" * 33_000 + b'"}', 400, "too_large"),
        ("batch", b'{"batch":"' + b"x" * 513_000 + b'"}', 400, "too_large"),
        ("batch", {"batch": []}, 400, "empty_batch"),
        ("batch", {"batch": {}}, 400, "empty_batch"),
        ("batch", {"batch": [{}] * 2501}, 400, "bad_request"),
        ("sing", {}, 404, "not_found"),
    ],
)
def test_what_cannot_be_read_is_refused(source, key, path, body, status, code):
    answer = post(path, body, **basic(key))
    assert (answer.status_code, answer.json()["code"], answer.json()["success"]) == (status, code, False)
    assert inbox(source) == []


def test_an_item_that_is_too_large_does_not_take_the_others_with_it(source, key):
    items = [TRACK | {"type": "track", "properties": {"x": "y" * 33_000}}, TRACK | {"type": "track"}]
    assert [one["index"] for one in post("batch", {"batch": items}, **basic(key)).json()["rejected"]] == [0]
    assert len(inbox(source)) == 1


@pytest.mark.parametrize("user", ["", "nobody", "a" * 32, "\x00" * 32])
def test_a_key_that_nobody_has_is_told(source, user):
    answer = post("track", TRACK, **basic(user))
    assert (answer.status_code, answer.json()["code"]) == (401, "unknown_source")


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic " + b64encode(b"\xff").decode(), "Digest x", "Bearer"])
def test_a_broken_authorization_is_refused(db, header):
    assert post("track", TRACK, HTTP_AUTHORIZATION=header).status_code == 401


def test_a_source_that_is_off_says_so_and_counts(workspace):
    off = make_source(workspace=workspace, name="Off", is_enabled=False)
    answer = post("track", TRACK, **basic(write_keys(off)[0]))
    assert (answer.status_code, answer.json()["code"]) == (403, "source_disabled")
    assert counts(off) == {("", "", "source_disabled"): 1}


def test_an_event_that_somebody_blocked_is_kept_as_blocked(source, key):
    post("track", TRACK | {"messageId": "1"}, **basic(key))
    with in_workspace(source.workspace_id):
        SeenEvent.objects.filter(source_id=source.id).update(is_allowed=False)
    post("track", TRACK | {"messageId": "2"}, **basic(key))
    assert [verdict for verdict, _ in inbox(source)] == ["accepted", "event_setting"]


def test_reading_is_not_offered(db):
    assert Client().get("/v1/track").status_code == 405
