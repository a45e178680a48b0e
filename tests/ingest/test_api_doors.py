"""Who gets in where, what is said at closed doors, and the document that describes it all."""

import json
import re
from typing import Any

import jsonschema_rs
import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditapp.access.permissions import TOKEN_SCOPES
from auditapp.urls import api
from tests.ingest.conftest import EVENTS, Caller, make_caller, make_workspace

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
                "text",
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
    assert listed >= {
        (method, "/api" + path.replace("evt_0", "{event_id}").replace("a.b", "{key}")) for method, path, _ in OPERATIONS
    }


def test_every_operation_opens_for_the_scope_that_the_document_says_and_for_no_other(db):
    workspace = make_workspace("acme")
    callers = {scope: make_caller(workspace, *(TOKEN_SCOPES.keys() - {scope})) for scope in TOKEN_SCOPES}
    for path, methods in document()["paths"].items():
        address = re.sub(r"\{\w+\}", "x", path)
        for method, details in methods.items():
            (scope,) = details["security"][0]["accessToken"]
            client = Client(raise_request_exception=False)
            headers = {"Authorization": f"Bearer {callers[scope].secret}"}
            answer = client.generic(method.upper(), address, b"{}", "application/json", headers=headers)
            assert answer.status_code == 401, (method, path)


def test_every_schema_of_the_document_is_one_and_every_reference_leads_somewhere():
    schemas = document()["components"]["schemas"]
    for name, schema in schemas.items():
        whole = {**schema, "$defs": schemas}
        text = json.dumps(whole).replace("#/components/schemas/", "#/$defs/")
        assert jsonschema_rs.validator_for(json.loads(text), offline=True) is not None, name
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


def test_the_documentation_page_works_under_the_policy_it_is_sent_with(client):
    answer = client.get("/api/docs")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "style=" not in page
    scripts = re.findall(r"<script\b([^>]*)>", page)
    assert scripts
    assert all('src="/static/' in script or 'type="application/json"' in script for script in scripts)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
