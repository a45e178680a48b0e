"""Event types over the API: listed, declared and taken back; and the workspace that a token belongs to."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from auditapp.catalogue.registry import EVENT_TYPES
from auditapp.sealing.services import seal_batch
from tests.ingest.conftest import EVENTS, Caller, make_caller, make_workspace


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
        "sensitivePaths": ["buyer"],
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


def test_a_sentence_that_names_the_actor_is_refused(declarer: Caller):
    sent = {"key": "order.refunded", "sentence": "{actor} refunded {resource}"}
    answer = declarer.post("/audit-event-types", sent)
    assert answer.status_code == 422
    [problem] = answer.json()["errors"]
    assert problem["field"] == "sentence"
    assert "put in front of every sentence" in problem["message"]
