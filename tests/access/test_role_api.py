"""Roles over the API: what the pages do, in Segment's envelope, for what a token and its maker may do."""

import json

import pytest
from django.test import Client

from auditapp.access.models import Grant
from auditapp.access.own_roles import create_role
from auditapp.access.roles import grant_role
from auditapp.record.workspace_scope import in_workspace
from tests.factories import acting_as, events_of, last_event, make_cast, make_grant, make_token

NEW = {"name": "Releases", "resourceType": "SOURCE", "permissions": ["source.read", "audit.read"]}


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def call(cast):
    return caller(cast)


def caller(cast, *scopes, created_by=None):
    scopes = scopes or ("access:read", "access:write")
    _, secret = make_token(workspace=cast.workspace, scopes=scopes, created_by=created_by or cast.olga.id)

    def send(method, path="", body=None):
        data = b"" if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {secret}"}
        answer = Client().generic(method, f"/api/roles{path}", data, "application/json", headers=headers)
        return answer.status_code, answer.json()

    return send


def test_a_role_is_made_read_changed_and_deleted(cast, call):
    status, answer = call("POST", "", NEW)
    role = answer["data"]["role"]
    assert status == 201
    assert role == {
        "id": role["id"],
        "name": "Releases",
        "description": "",
        "isBuiltIn": False,
        "resourceType": "SOURCE",
        "scopes": ["all", "listed", "labelled"],
        "permissions": ["audit.read", "source.read"],
    }
    told = last_event(cast.workspace).event
    assert (told.type, told.actor.kind) == ("role.created", "token")
    assert call("GET", f"/{role['id']}") == (200, answer)
    status, answer = call("PATCH", f"/{role['id']}", {"permissions": ["source.write"]})
    assert (status, answer["data"]["role"]["permissions"]) == (200, ["source.write"])
    assert answer["data"]["role"]["name"] == "Releases"
    status, listed = call("GET", "?pagination[count]=1000")
    assert [one["name"] for one in listed["data"]["roles"]][-1] == "Releases"
    assert listed["data"]["roles"][0]["id"] == "workspace_owner"
    assert listed["data"]["pagination"]["totalEntries"] == len(listed["data"]["roles"])
    assert call("DELETE", f"/{role['id']}") == (200, {"data": {"status": "SUCCESS"}})
    assert call("GET", f"/{role['id']}")[0] == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"resourceType": "planet"}, "resourceType"),
        ({"resourceType": "Source"}, "resourceType"),
        ({"permissions": "source.read"}, "permissions"),
        ({"permissions": []}, "permissions"),
        ({"permissions": ["access.manage"]}, "permissions"),
        ({"name": "AUDITOR"}, "name"),
        ({"scopes": ["all"]}, "scopes"),
    ],
)
def test_what_is_wrong_is_422_at_its_field_and_nothing_is_made(cast, call, body, field):
    status, answer = call("POST", "", NEW | body)
    assert (status, answer["errors"][0]["field"]) == (422, field)
    assert events_of(cast.workspace) == []


def test_a_token_does_no_more_than_its_maker_and_leaves_their_own_role_alone(cast):
    with acting_as(cast.olga, cast.workspace):
        role = create_role(name="Access", over="", permissions=["access.read", "access.manage"])
        grant_role(role_key=role.key, scope="workspace", user_id=cast.mina.id)
        given = create_role(name="Given", over="source", permissions=["source.read"])
        make_grant(workspace=cast.workspace, user=cast.rita, role=given.key, scope="all")
    of_mina = caller(cast, created_by=cast.mina.id)
    before = len(events_of(cast.workspace))
    assert of_mina("POST", "", NEW)[0] == 401  # as Segment's API says that something is not permitted
    assert of_mina("PATCH", f"/{role.key}", {"name": "Mine"})[0] == 401
    assert of_mina("PATCH", "/auditor", {"name": "Mine"})[0] == 409
    assert of_mina("DELETE", f"/{given.key}")[0] == 409
    assert caller(cast, "access:read")("POST", "", NEW)[0] == 401
    types = {row.event.type for row in events_of(cast.workspace)[: len(events_of(cast.workspace)) - before]}
    assert types <= {"user.access_denied"}
    with in_workspace(cast.workspace.id):
        Grant.objects.filter(subject_id=cast.mina.id).delete()
    assert of_mina("GET")[0] == 401


def test_another_workspace_has_roles_of_its_own(cast, call):
    other = make_cast(slug="other")
    with acting_as(other.olga, other.workspace):
        foreign = create_role(name="Canary", over="", permissions=["audit.read"])
    assert call("GET", f"/{foreign.key}")[0] == 404
    assert call("PATCH", f"/{foreign.key}", {"name": "Mine"})[0] == 404
    assert call("DELETE", f"/{foreign.key}")[0] == 404
    assert "Canary" not in json.dumps(call("GET"))
