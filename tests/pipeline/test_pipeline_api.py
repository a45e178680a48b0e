"""The API of transformations, filters and functions: the same services as the pages, in Segment's envelope, for a token that may."""

import json

import pytest
from django.test import Client

from auditapp.record.workspace_scope import in_workspace
from tests.factories import last_event, make_cast, make_destination, make_function, make_token

SCOPES = ["source:read", "source:write", "function:read", "function:write"]
CODE = "function onTrack(event) { return event; }"


class Caller:
    def __init__(self, cast, *scopes, created_by="system"):
        _, secret = make_token(workspace=cast.workspace, scopes=scopes or SCOPES, created_by=created_by)
        self.headers = {"Authorization": f"Bearer {secret}"}

    def __call__(self, method, path, body=None, **query):
        how = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {"data": query}
        answer = getattr(Client(), method)(f"/api{path}", headers=self.headers, **how)
        return answer.status_code, answer.json()


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def call(cast):
    return Caller(cast)


def test_a_transformation_is_made_changed_and_deleted(cast, call):
    hashing = {"algorithm": "SHA256", "paths": ["email"], "key": "pepper-4711"}
    body = {"name": "Hash", "sourceId": cast.shop.id, "if": "all", "hashPropertiesConfiguration": hashing}
    status, answer = call("post", "/transformations", body)
    one = answer["data"]["transformation"]
    assert status == 201
    assert "4711" not in str(answer)
    assert one["hashPropertiesConfiguration"] == {"algorithm": "SHA256", "paths": ["email"]}
    assert (one["enabled"], one["drop"], one["propertyRenames"], one["destinationId"]) == (True, False, [], None)
    assert last_event(cast.workspace).event.actor.kind == "token"
    path = f"/transformations/{one['id']}"
    status, answer = call("patch", path, {"enabled": False, "name": "Other", "newEventName": "X"})
    assert status == 200
    changed = answer["data"]["transformation"]
    assert (changed["enabled"], changed["name"], changed["newEventName"]) == (False, "Other", "X")
    assert changed["hashPropertiesConfiguration"]["paths"] == ["email"]
    status, answer = call("patch", path, {"hashPropertiesConfiguration": None})
    assert answer["data"]["transformation"]["hashPropertiesConfiguration"] is None
    _, answer = call("get", "/transformations")
    assert [found["id"] for found in answer["data"]["transformations"]] == [one["id"]]
    assert answer["data"]["pagination"]["totalEntries"] == 1
    assert call("delete", path) == (200, {"data": {"status": "SUCCESS"}})
    assert call("get", path)[0] == 404


def test_what_is_wrong_with_a_definition_is_told_by_its_pointer(cast, call):
    body = {
        "name": "x",
        "sourceId": cast.shop.id,
        "if": "event =",
        "propertyRenames": [{"oldName": "", "newName": "b"}],
    }
    status, answer = call("post", "/transformations", body)
    assert status == 422
    assert [one["field"] for one in answer["errors"]] == ["if", "propertyRenames.0.oldName"]
    for wrong in (
        {"sourceId": 7},
        {"junk": 1},
        {"destinationId": "dst_none"},
        {"hashPropertiesConfiguration": {"algorithm": "SHA256", "paths": ["a"], "key": 7}},
        {"propertyRenames": 7},
        {"enabled": "x"},
    ):
        sound = {"name": "x", "sourceId": cast.shop.id, "if": "all", "newEventName": "b"}
        assert call("post", "/transformations", {**sound, **wrong})[0] == 422


def test_a_filter_is_made_changed_tried_and_deleted(cast, call):
    siem = make_destination(source=cast.shop)
    path = f"/destination/{siem.id}/filters"
    body = {"title": "One", "if": "event = 'A'", "actions": [{"type": "DROP"}], "sourceId": cast.shop.id}
    status, answer = call("post", path, body)
    one = answer["data"]["filter"]
    assert (status, one["if"], one["enabled"], one["destinationId"]) == (201, "event = 'A'", True, siem.id)
    status, answer = call(
        "patch", f"{path}/{one['id']}", {"enabled": False, "actions": [{"type": "SAMPLE", "percent": 1}]}
    )
    assert (answer["data"]["filter"]["enabled"], answer["data"]["filter"]["if"]) == (False, "event = 'A'")
    assert len(call("get", path)[1]["data"]["filters"]) == 1
    assert call("get", f"{path}/{one['id']}")[0] == 200
    assert call("post", path, {**body, "sourceId": cast.app.id})[0] == 422
    assert call("post", path, {**body, "actions": []})[0] == 422
    assert call("post", path, {**body, "if": "("})[0] == 422
    given = {"if": "all", "actions": [{"type": "DROP_PROPERTIES", "fields": {"properties": ["a"]}}]}
    payload = {"type": "track", "messageId": "m", "properties": {"a": 1, "b": 2}}
    _, answer = call("post", "/destination/filters/preview", {"filter": given, "payload": payload})
    assert answer["data"]["result"]["properties"] == {"b": 2}
    given = {"if": "event > 1", "actions": [{"type": "DROP"}]}
    _, answer = call("post", "/destination/filters/preview", {"filter": given, "payload": {"event": "A"}})
    assert (answer["data"]["result"], answer["data"]["dropped"]) == (None, True)
    assert "compare" in answer["data"]["message"] or answer["data"]["message"]
    assert call("delete", f"{path}/{one['id']}")[0] == 200
    assert call("get", f"{path}/{one['id']}")[0] == 404


def test_a_function_is_made_deployed_restored_and_deleted(cast, call):
    body = {"displayName": "Hash", "code": CODE, "resourceType": "INSERT_SOURCE", "settings": [{"name": "key"}]}
    status, answer = call("post", "/functions", body)
    one = answer["data"]["function"]
    assert (status, one["latestVersion"], one["deployedVersion"]) == (201, 1, None)
    path = f"/functions/{one['id']}"
    status, answer = call("patch", path, {"code": CODE + " // 2"})
    assert (status, answer["data"]["function"]["latestVersion"]) == (200, 2)
    assert answer["data"]["function"]["settings"][0]["name"] == "key"
    assert call("post", f"{path}/deploy", {})[1]["data"]["function"]["deployedVersion"] == 2
    assert call("post", f"{path}/deploy", {"version": 1})[1]["data"]["function"]["deployedVersion"] == 1
    assert call("post", f"{path}/deploy", {"version": 1})[0] == 409
    assert call("post", f"{path}/deploy", {"version": True})[0] == 422
    status, answer = call("post", f"{path}/versions", {"version": 1})
    assert (status, answer["data"]["function"]["latestVersion"], answer["data"]["function"]["code"]) == (201, 3, CODE)
    versions = call("get", f"{path}/versions")[1]["data"]["versions"]
    assert [(found["version"], found["latest"], found["deployed"]) for found in versions] == [
        (3, True, False),
        (2, False, False),
        (1, False, True),
    ]
    assert call("post", "/functions", {**body, "code": "("})[0] == 422
    assert call("post", "/functions", {**body, "displayName": "x", "settings": 7})[0] == 422
    assert call("delete", path)[0] == 200
    assert call("get", path)[0] == 404


def test_a_function_is_put_somewhere_and_its_secret_is_told_to_nobody(cast, call):
    settings = [
        {"name": "key", "label": "Key", "type": "STRING", "description": "", "required": True, "sensitive": True},
        {
            "name": "region",
            "label": "Region",
            "type": "STRING",
            "description": "",
            "required": False,
            "sensitive": False,
        },
    ]
    function = make_function(workspace=cast.workspace, deployed=1, settings=settings)
    path = "/insert-function-instances"
    body = {
        "functionId": function.id,
        "integrationId": cast.shop.id,
        "settings": {"key": "s3cret-4711", "region": "eu"},
    }
    status, answer = call("post", path, body)
    one = answer["data"]["insertFunctionInstance"]
    assert (status, one["integrationId"], one["settings"]) == (201, cast.shop.id, {"region": "eu"})
    status, answer = call("patch", f"{path}/{one['id']}", {"settings": {"region": "us"}})
    assert answer["data"]["insertFunctionInstance"]["settings"] == {"region": "us"}
    assert len(call("get", path)[1]["data"]["insertFunctionInstances"]) == 1
    assert call("post", path, {**body, "settings": {}})[0] in (201, 422)
    assert call("post", path, {**body, "integrationId": "src_none"})[0] == 404
    siem = make_destination(source=cast.shop)
    assert call("post", path, {**body, "integrationId": siem.id})[0] == 422
    assert call("delete", f"{path}/{one['id']}")[0] == 200
    assert call("get", f"{path}/{one['id']}")[0] == 404


def test_a_token_does_no_more_than_its_scopes_and_its_maker_may(cast):
    body = {"name": "x", "sourceId": cast.kiosk.id, "if": "all", "newEventName": "b"}
    assert Caller(cast, "source:read")("post", "/transformations", body)[0] == 401
    assert Caller(cast, created_by=cast.milo.id)("post", "/transformations", body)[0] == 404
    assert Caller(cast, created_by=cast.rita.id)("post", "/transformations", body)[0] == 401
    assert Caller(cast, "source:read")("get", "/functions")[0] == 401
    mine = make_function(workspace=cast.workspace)
    assert Caller(cast, created_by=cast.milo.id)("get", f"/functions/{mine.id}")[0] == 401
    assert Caller(cast, created_by=cast.rita.id)("post", f"/functions/{mine.id}/deploy", {})[0] == 401


def test_workspaces_see_nothing_of_each_other(cast, call):
    other = make_cast(slug="other")
    theirs = make_function(workspace=other.workspace)
    siem = make_destination(source=other.shop)
    assert call("get", f"/functions/{theirs.id}")[0] == 404
    assert call("get", f"/destination/{siem.id}/filters")[0] == 404
    body = {"name": "x", "sourceId": other.shop.id, "if": "all", "newEventName": "b"}
    assert call("post", "/transformations", body)[0] == 404
    with in_workspace(cast.workspace.id):
        assert call("get", "/functions")[1]["data"]["functions"] == []
