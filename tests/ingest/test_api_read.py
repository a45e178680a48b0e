"""Reading over the API: every filter, pages that neither skip nor repeat, one event with its proof, and the types."""

import json
from base64 import b64decode
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from auditapp.merkle import ProofInvalid, verify_inclusion
from auditapp.sealing.services import seal_batch
from tests.ingest.conftest import EVENTS, Caller, at, make_caller, make_workspace


def found(caller: Caller, **query: Any) -> list[str]:
    answer = caller.get("/audit-events", query)
    assert answer.status_code == 200, answer.content
    return [event["eventType"] for event in answer.json()["data"]["events"]]


ALL = ["audit_trail.viewed", "order.refunded", "source.created", "warehouse.disabled"]


@pytest.mark.parametrize(
    ("query", "types"),
    [
        ({}, ALL),
        ({"type": "warehouse.disabled"}, ["warehouse.disabled"]),
        ({"type": ["Warehouse Disabled", "source.created"]}, ["source.created", "warehouse.disabled"]),
        ({"type": "!Warehouse Disabled"}, ALL[:3]),
        ({"area": "sources"}, ["source.created"]),
        ({"area": ["!sources", "!other"]}, ["audit_trail.viewed", "warehouse.disabled"]),
        ({"actor": "usr_bo"}, ["audit_trail.viewed", "order.refunded"]),
        ({"actor": "!usr_bo"}, ["source.created", "warehouse.disabled"]),
        ({"token": "tok_ci"}, ["source.created"]),
        ({"token": "tok_ci", "actor": "usr_ana"}, ["source.created", "warehouse.disabled"]),
        ({"outcome": "failure"}, ["order.refunded"]),
        ({"outcome": "!failure", "actor": "usr_bo"}, ["audit_trail.viewed"]),
        ({"ip": "203.0.113.7"}, ["warehouse.disabled"]),
        ({"ip": "203.0.113.0/24"}, ["warehouse.disabled"]),
        ({"ip": "!203.0.113.7", "area": ["sources", "warehouses"]}, ["source.created"]),
        ({"q": "snowfl"}, ["warehouse.disabled"]),
        ({"q": "-snowflake lima"}, []),
        ({"text": "snowfl"}, ["warehouse.disabled"]),
        ({"q": "snowfl", "text": "-lima"}, []),
        ({"q": ""}, ALL),
        ({"startTime": at(2), "endTime": at(2)}, []),
        ({"startTime": at(2)}, ["audit_trail.viewed", "order.refunded"]),
        ({"endTime": at(2)}, ["source.created", "warehouse.disabled"]),
        ({"startTime": at(1), "endTime": "2026-01-01T01:00:02+01:00"}, ["source.created"]),
        ({"resourceType": "warehouse"}, ["warehouse.disabled"]),
        ({"resourceType": "Warehouses"}, ["warehouse.disabled"]),
        ({"resourceType": "Audit Trail"}, ["audit_trail.viewed"]),
        ({"resourceType": "source", "resourceId": "src_1"}, ["source.created"]),
        ({"resourceType": "warehouse", "resourceId": "src_1"}, []),
        ({"resourceId": "src_1"}, ["source.created"]),
        ({"resourceId": "Whs_1"}, ["warehouse.disabled"]),
        ({"resourceId": "whs_1"}, []),
        ({"resourceId": "arn:aws:x:/1 2"}, ["order.refunded"]),
        ({"resourceId": "nothing"}, []),
    ],
    ids=json.dumps,
)
def test_each_parameter_narrows_what_is_found(filled: Caller, query, types):
    assert found(filled, **query) == types


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"startTime": "yesterday"}, "startTime"),
        ({"endTime": "2026-13-01T00:00:00Z"}, "endTime"),
        ({"ip": "300.1.1.1"}, "ip"),
        ({"ip": "0.0.0.0/0"}, "ip"),
        ({"pagination[count]": 0}, "pagination.count"),
        ({"pagination.count": 1001}, "pagination.count"),
        ({"pagination[count]": 1001}, "pagination.count"),
        ({"pagination[count]": "many"}, "pagination.count"),
        ({"pagination[cursor]": "MA=="}, "pagination.cursor"),
        ({"pagination[cursor]": "é"}, "pagination.cursor"),
        ({"type": "a\0b"}, "type.0"),
        ({"type": ["x"] * 51}, "type"),
        ({"q": "x" * 301}, "q"),
        ({"q": "a b c d e f g h i j k l m"}, "q"),
        ({"q": "-"}, "q"),
        ({"q": " "}, "q"),
        ({"text": '"!"'}, "text"),
        ({"outcome": "failed"}, "outcome"),
        ({"outcome": ["failure", "!refused"]}, "outcome"),
        ({"area": "source"}, "area"),
        ({"area": "!Sources"}, "area"),
        ({"startTime": at(2), "endTime": at(1)}, "startTime"),
        ({"actorId": "usr_bo"}, "actorId"),
        ({"starttime": at(1)}, "starttime"),
        ({"pagination[size]": 1, "type": "source.created"}, "pagination[size]"),
        ({"resourceId": "\0"}, "resourceId"),
    ],
    ids=lambda value: json.dumps(value)[:40],
)
def test_a_parameter_that_cannot_be_read_is_named(filled: Caller, query, field):
    answer = filled.get("/audit-events", query)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["type"], error["field"]) == ("input-validation", field)


def test_a_refused_parameter_comes_with_those_that_are_known(filled: Caller):
    [error] = filled.get("/audit-events", {"actorId": "usr_bo"}).json()["errors"]
    for known in ("startTime", "resourceId", "pagination[count]", "actor", "q", "text"):
        assert f" {known}" in error["message"]


def test_an_event_has_segments_fields_and_ours(filled: Caller):
    event = filled.get("/audit-events", {"type": "warehouse.disabled"}).json()["data"]["events"][0]
    segments = {
        "timestamp": "2026-01-01T00:00:00.000000Z",
        "type": "Warehouse Disabled",
        "actor": "usr_ana",
        "actorEmail": "ana@example.com",
        "resourceId": "Whs_1",
        "resourceType": "warehouse",
        "resourceName": "Snowflake prod",
    }
    ours = {
        "eventType": "warehouse.disabled",
        "declared": True,
        "actorName": "Ana Lima",
        "actorKind": "user",
        "ip": "203.0.113.7",
        "sealed": None,
        "changeCount": 0,
    }
    assert segments.items() <= event.items()
    assert ours.items() <= event.items()
    token = filled.get("/audit-events", {"type": "source.created"}).json()["data"]["events"][0]
    assert "actorEmail" not in token


# --- Pages ------------------------------------------------------------------------------------------------------------


def test_pages_lead_through_every_event_once_and_back(caller: Caller):
    # Some at the same moment: the key of a page is more than a time.
    sent = [{"type": "warehouse.disabled", "meta": {"n": n}, "occurredAt": at(n // 3)} for n in range(25)]
    caller.post("/audit-events", sent)
    query = {"pagination[count]": 4}
    pages = [caller.get("/audit-events", query).json()["data"]]
    assert pages[0]["pagination"]["previous"] is None
    while cursor := pages[-1]["pagination"]["next"]:
        pages.append(caller.get("/audit-events", {**query, "pagination[cursor]": cursor}).json()["data"])
    numbers = [[event["meta"]["n"] for event in page["events"]] for page in pages]
    flat = [number for page in numbers for number in page]
    assert sorted(flat) == list(range(25))
    assert [number // 3 for number in flat] == sorted((number // 3 for number in flat), reverse=True)
    for page, before in zip(pages[1:], pages, strict=False):
        back = {**query, "pagination[cursor]": page["pagination"]["previous"]}
        assert caller.get("/audit-events", back).json()["data"]["events"] == before["events"]
        here = {**query, "pagination[cursor]": page["pagination"]["current"]}
        assert caller.get("/audit-events", here).json()["data"]["events"] == page["events"]


def test_an_event_that_happens_meanwhile_moves_nothing(filled: Caller):
    first = filled.get("/audit-events", {"pagination[count]": 2}).json()["data"]
    filled.post("/audit-events", EVENTS[0])
    cursor = first["pagination"]["next"]
    second = filled.get("/audit-events", {"pagination[count]": 2, "pagination[cursor]": cursor}).json()["data"]
    assert [event["eventType"] for event in second["events"]] == ALL[2:]


def test_pages_are_asked_for_with_a_dot_too(filled: Caller):
    first = filled.get("/audit-events", {"pagination.count": 3}).json()["data"]
    query = {"pagination.count": 3, "pagination.cursor": first["pagination"]["next"]}
    second = filled.get("/audit-events", query).json()["data"]
    assert [[event["eventType"] for event in page["events"]] for page in (first, second)] == [ALL[:3], ALL[3:]]


def test_without_a_count_a_page_has_200_events(caller: Caller):
    caller.post("/audit-events", [EVENTS[0]] * 201)
    assert len(found(caller)) == 200
    assert len(found(caller, **{"pagination[count]": 1000})) == 201


# --- One event --------------------------------------------------------------------------------------------------------


def test_one_event_is_found_by_its_key_or_uuid_with_all_its_changes(caller: Caller, stored):
    changes = [{"path": f"field_{n}", "old": n, "new": None} for n in range(20)]
    caller.post("/audit-events", {**EVENTS[0], "changes": changes})
    [row] = stored(caller.workspace)
    for name in (row.key, str(row.id)):
        event = caller.get(f"/audit-events/{name}").json()["data"]["event"]
        assert event["changes"] == changes
        assert event["proof"] is None
    [listed] = caller.get("/audit-events").json()["data"]["events"]
    assert (listed["changes"], listed["changeCount"]) == (changes, 20)


def test_an_event_of_another_workspace_is_not_there(filled: Caller, stored):
    stranger = make_caller(make_workspace("zoe"), "audit:read")
    [*_, row] = stored(filled.workspace)
    assert stranger.get(f"/audit-events/{row.key}").status_code == 404
    assert stranger.get("/audit-events").json()["data"]["events"] == []


@pytest.mark.parametrize(
    "name", ["evt_0", "nonsense", "01a20e1d-1754-75c2-b196-28edd44cb46b", "%00", "evt_" + "z" * 22]
)
def test_an_event_that_is_not_there_is_404(filled: Caller, name):
    answer = filled.get(f"/audit-events/{name}")
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["type"] == "not-found"


def test_a_sealed_event_comes_with_a_proof_that_verifies(
    own_database: str, as_role: Callable[[str], AbstractContextManager[None]], stored
):
    caller = make_caller(make_workspace("acme"), "audit:read", "audit:write")
    caller.post("/audit-events", [EVENTS[0]] * 5)
    with as_role("worker"):
        seal_batch()
    events = caller.get("/audit-events").json()["data"]["events"]
    assert sorted(event["sealed"]["index"] for event in events) == list(range(5))
    event = caller.get(f"/audit-events/{events[0]['id']}").json()["data"]["event"]
    proof = event["proof"]
    assert (proof["index"], proof["size"]) == (event["sealed"]["index"], 5)
    root = b64decode(proof["checkpoint"].split("\n")[2])
    path = [b64decode(node) for node in proof["path"]]
    verify_inclusion(bytes.fromhex(event["leafHash"]), proof["index"], 5, path, root)
    with pytest.raises(ProofInvalid):
        verify_inclusion(bytes.fromhex(events[1]["leafHash"]), proof["index"], 5, path, root)
