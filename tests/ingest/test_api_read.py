"""Reading over the API: every filter, pages that neither skip nor repeat, one event with its proof, and the types."""

import json
from base64 import b64decode
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditapp.catalogue.registry import EVENT_TYPES
from auditapp.lib.ids import new_event_id
from auditapp.merkle import ProofInvalid, verify_inclusion
from auditapp.sealing.services import seal_batch
from auditapp.urls import api
from tests.ingest.conftest import Caller, make_caller, make_workspace


def at(second: int) -> str:
    return f"2026-01-01T00:00:{second:02}Z"


EVENTS: list[dict[str, Any]] = [
    {
        "type": "warehouse.disabled",
        "actor": {"id": "usr_ana", "name": "Ana Lima", "email": "ana@example.com"},
        "target": {"type": "warehouse", "id": "Whs_1", "name": "Snowflake prod"},
        "context": {"ip": "203.0.113.7"},
    },
    {
        "type": "source.created",
        "actor": {"id": "tok_ci", "name": "CI", "kind": "token"},
        "target": {"type": "source", "id": "src_1", "name": "iOS"},
        "context": {"ip": "198.51.100.9"},
    },
    {
        "type": "order.refunded",
        "actor": {"id": "usr_bo", "name": "Bo"},
        "target": {"type": "order", "id": "arn:aws:x:/1 2", "name": "src_1"},
        "outcome": "failure",
    },
    {
        "type": "audit_trail.viewed",
        "actor": {"id": "usr_bo", "name": "Bo"},
        "target": {"type": "audit_trail", "id": "ws"},
    },
]


@pytest.fixture
def filled(caller: Caller) -> Caller:
    """Four events, one a second, in the order of EVENTS."""
    sent = [{**event, "occurredAt": at(second)} for second, event in enumerate(EVENTS)]
    assert caller.post("/audit-events", sent).status_code == 201
    return caller


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
        ({"pagination[count]": 1001}, "pagination.count"),
        ({"pagination[count]": "many"}, "pagination.count"),
        ({"pagination[cursor]": "MA=="}, "pagination.cursor"),
        ({"pagination[cursor]": "é"}, "pagination.cursor"),
        ({"type": "a\0b"}, "type.0"),
        ({"type": ["x"] * 51}, "type"),
        ({"q": "x" * 301}, "q"),
        ({"q": "a b c d e f g h i j k l m"}, "q"),
        ({"resourceId": "\0"}, "resourceId"),
    ],
    ids=lambda value: json.dumps(value)[:40],
)
def test_a_parameter_that_cannot_be_read_is_named(filled: Caller, query, field):
    answer = filled.get("/audit-events", query)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["type"], error["field"]) == ("input-validation", field)


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
    assert (len(listed["changes"]), listed["changeCount"]) == (4, 20)


def test_an_event_of_another_workspace_is_not_there(filled: Caller, stored):
    stranger = make_caller(make_workspace("zoe"), "audit:read")
    [*_, row] = stored(filled.workspace)
    assert stranger.get(f"/audit-events/{row.key}").status_code == 404
    assert stranger.get("/audit-events").json()["data"]["events"] == []


@pytest.mark.parametrize("name", ["evt_0", "nonsense", str(new_event_id()), "%00", "evt_" + "z" * 22])
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


# --- Workspace and types ----------------------------------------------------------------------------------------------


def test_the_root_tells_the_tokens_workspace(caller: Caller):
    workspace = caller.workspace
    expected = {"id": f"ws_{workspace.id}", "slug": "acme", "name": "Acme"}
    assert caller.get("/").json() == {"data": {"workspace": expected}}


def test_the_list_of_types_has_the_catalogue_the_workspaces_own_and_what_nobody_declared(
    own_database: str, as_role: Callable[[str], AbstractContextManager[None]]
):
    caller = make_caller(make_workspace("acme"), "audit:read", "audit:write", "types:write")
    caller.post("/audit-event-types", {"key": "order.paid", "schema": {"type": "object"}})
    caller.post("/audit-events", EVENTS)
    with as_role("worker"):
        seal_batch()
    types = {one["key"]: one for one in caller.get("/audit-event-types").json()["data"]["eventTypes"]}
    assert EVENT_TYPES.keys() <= types.keys()
    assert (types["order.paid"]["source"], types["order.paid"]["schema"]) == ("workspace", {"type": "object"})
    assert (types["order.refunded"]["source"], types["order.refunded"]["events"]) == ("undeclared", 1)
    disabled = types["warehouse.disabled"]
    assert (disabled["source"], disabled["events"], disabled["name"]) == ("catalogue", 1, "Warehouse Disabled")
    assert disabled["sample"]["targets"][0]["type"] == "warehouse"
    assert {"path": "enabled", "label": "Enabled", "sensitivity": "public"} in disabled["fields"]


@pytest.fixture
def declarer(db: None) -> Caller:
    return make_caller(make_workspace("acme"), "audit:read", "audit:write", "types:write")


def test_a_type_is_declared_and_taken_back(declarer: Caller, stored):
    sent = {
        "key": "order.refunded",
        "name": "Money Returned",
        "area": "storage",
        "resourceType": "order",
        "verb": "delete",
        "risk": "risky",
        "sentence": "gave back {resource}",
        "secretPaths": ["card.number"],
    }
    answer = declarer.post("/audit-event-types", sent)
    assert answer.status_code == 201
    shown = {key: value for key, value in sent.items() if key != "secretPaths"}
    assert shown.items() <= answer.json()["data"]["eventType"].items()
    assert declarer.post("/audit-event-types", sent).status_code == 409
    assert declarer.delete("/audit-event-types/order.refunded").json() == {"data": {"status": "SUCCESS"}}
    assert declarer.delete("/audit-event-types/order.refunded").status_code == 404
    assert [row.event.type for row in stored(declarer.workspace)] == ["event_type.removed", "event_type.declared"]


def test_a_key_alone_is_enough(declarer: Caller):
    kind = declarer.post("/audit-event-types", {"key": "order.refunded"}).json()["data"]["eventType"]
    assert (kind["name"], kind["sentence"]) == ("Order Refunded", "refunded {resource}")


@pytest.mark.parametrize(
    ("sent", "status", "field"),
    [
        ({}, 422, "key"),
        ({"key": "Order Refunded"}, 422, "key"),
        ({"key": "warehouse.disabled"}, 409, None),
        ({"key": "a.b", "area": "nowhere"}, 422, "area"),
        ({"key": "a.b", "verb": "burn"}, 422, "verb"),
        ({"key": "a.b", "schema": {"type": "nonsense"}}, 422, "schema"),
        ({"key": "a.b", "schema": {"$ref": "http://127.0.0.1:9/x"}}, 422, "schema"),
        ({"key": "a.b", "schema": {"$ref": "file:///etc/hostname"}}, 422, "schema"),
        ({"key": "a.b", "schema": {"pattern": "(?=x)"}}, 422, "schema"),
        ({"key": "a.b", "schema": 5}, 422, "schema"),
        ({"key": "a.b", "secretPaths": "x"}, 422, "secretPaths"),
        ({"key": "a.b", "resourceType": "a:b"}, 422, "resourceType"),
        ({"key": "a.b", "more": 1}, 422, "more"),
        ([], 422, None),
    ],
    ids=lambda value: json.dumps(value)[:50],
)
def test_a_declaration_that_cannot_be_is_refused(declarer: Caller, sent, status, field):
    answer = declarer.post("/audit-event-types", sent)
    assert answer.status_code == status
    assert answer.json()["errors"][0].get("field") == field


@pytest.mark.parametrize("key", ["nothing.here", "%00", "x" * 300, "warehouse.disabled"])
def test_what_was_not_declared_cannot_be_taken_back(declarer: Caller, key):
    assert declarer.delete(f"/audit-event-types/{key}").status_code == 404


# --- Doors ------------------------------------------------------------------------------------------------------------

OPERATIONS = [
    ("get", "/", "audit:read"),
    ("get", "/audit-events", "audit:read"),
    ("get", "/audit-events/evt_0", "audit:read"),
    ("post", "/audit-events", "audit:write"),
    ("get", "/audit-event-types", "audit:read"),
    ("post", "/audit-event-types", "types:write"),
    ("delete", "/audit-event-types/a.b", "types:write"),
]


@pytest.mark.parametrize(("method", "path", "scope"), OPERATIONS)
def test_an_endpoint_opens_for_its_scope_alone(db, method, path, scope):
    workspace = make_workspace("acme")
    others = {"audit:read", "audit:write", "types:write"} - {scope}
    arguments = (path, {}) if method == "post" else (path,)
    assert getattr(make_caller(workspace, scope), method)(*arguments).status_code != 401
    refused = getattr(make_caller(workspace, *others), method)(*arguments)
    assert refused.status_code == 401
    assert refused.json()["errors"][0]["type"] == "unauthorized"


@pytest.mark.parametrize(
    ("method", "path"),
    [("put", "/audit-events"), ("delete", "/audit-events"), ("patch", "/audit-events/evt_0"), ("post", "/")],
)
def test_another_method_is_405_in_the_envelope(client, method, path):
    answer = getattr(client, method)(f"/api{path}")
    assert answer.status_code == 405
    assert answer.json()["errors"][0]["type"] == "method-not-allowed"


@pytest.mark.parametrize("path", ["/api/nothing", "/api/audit-events/evt_0/more", "/api/settings/access/", "/api/v1/"])
def test_an_unknown_path_is_404_in_the_envelope(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["type"] == "not-found"


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.dictionaries(
        st.sampled_from(
            [
                "startTime",
                "endTime",
                "resourceId",
                "resourceType",
                "type",
                "actor",
                "area",
                "token",
                "outcome",
                "ip",
                "q",
                "pagination[count]",
                "pagination[cursor]",
            ]
        ),
        st.text(max_size=30) | st.sampled_from(["1", "!", "!!x", "::1", "-", '"', "a:b", "2026-01-01T00:00:00Z"]),
        max_size=5,
    )
)
def test_whatever_is_asked_the_answer_is_never_a_5xx(filled: Caller, query):
    assert filled.get("/audit-events", query).status_code in {200, 422}


# --- The document -----------------------------------------------------------------------------------------------------


def document() -> dict[str, Any]:
    return json.loads(json.dumps(api.get_openapi_schema()))


def test_the_openapi_document_is_31_and_lists_every_operation(client):
    served = client.get("/api/openapi.json").json()
    assert served["openapi"].startswith("3.1.")
    listed = {(method, path) for path, methods in served["paths"].items() for method in methods}
    assert listed == {
        (method, "/api" + path.replace("evt_0", "{event_id}").replace("a.b", "{key}")) for method, path, _ in OPERATIONS
    }


def test_every_schema_of_the_document_is_one_and_every_reference_leads_somewhere():
    schemas = document()["components"]["schemas"]
    for name, schema in schemas.items():
        whole = {**schema, "$defs": schemas}
        text = json.dumps(whole).replace("#/components/schemas/", "#/$defs/")
        jsonschema_rs.validator_for(json.loads(text), offline=True), name
    references = set(json.dumps(document()).split('"#/components/schemas/')[1:])
    assert {reference.split('"')[0] for reference in references} <= schemas.keys()


@pytest.mark.parametrize(
    ("path", "method", "shape"),
    [
        ("/", "get", "WorkspaceAnswer"),
        ("/audit-events", "get", "EventsAnswer"),
        ("/audit-events/{}", "get", "EventAnswer"),
        ("/audit-event-types", "get", "TypesAnswer"),
        ("/audit-events?ip=x", "get", "ErrorsAnswer"),
        ("/nothing", "get", "ErrorsAnswer"),
        ("/audit-events", "post", "BatchAnswer"),
    ],
)
def test_answers_have_the_shape_that_the_document_says(filled: Caller, stored, path, method, shape):
    schemas = document()["components"]["schemas"]
    strict = {name: {**schema, "additionalProperties": False} for name, schema in schemas.items()}
    text = json.dumps({"$ref": f"#/$defs/{shape}", "$defs": strict}).replace("#/components/schemas/", "#/$defs/")
    validator = jsonschema_rs.validator_for(json.loads(text), offline=True)
    path = path.format(stored(filled.workspace)[0].key)
    answer = filled.post(path, [*EVENTS, {}]) if method == "post" else filled.get(path)
    validator.validate(answer.json())
