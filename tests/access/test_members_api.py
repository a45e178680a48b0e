"""Members, groups and invitations over the API: what a token with access:read sees, and what one with access:write does and may not."""

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import transaction
from django.test import Client

from auditapp.access.errors import OwnMembership, OwnRole
from auditapp.access.models import Grant, Group, GroupMember, Invitation, Member
from auditapp.access.own_roles import create_role
from auditapp.access.roles import grant_role
from auditapp.record.workspace_scope import in_workspace
from tests.conftest import cloned_database
from tests.factories import acting_as, events_of, make_cast, make_grant, make_group, make_member, make_token, make_user

BOTH = ("access:read", "access:write")


@pytest.fixture(scope="module")
def world(server, django_db_blocker):
    """The cast, a group with mina, a second owner, tokens of olga, of that owner and of rita; another workspace beside it."""
    with django_db_blocker.unblock(), cloned_database(server):
        cast, other = make_cast(), make_cast(slug="other")
        group = make_group(workspace=cast.workspace, name="Readers", members=[cast.mina])
        make_grant(
            workspace=cast.workspace, group=group, role="source_read_only", scope="listed", resource_ids=[cast.kiosk.id]
        )
        make_member(workspace=cast.workspace, user=make_user(name="Omar"), role="workspace_owner")
        Authenticator.objects.create(user=cast.milo, type="totp", data={})
        tokens = {
            "olga": make_token(workspace=cast.workspace, scopes=BOTH, created_by=cast.olga.id)[1],
            "rita": make_token(workspace=cast.workspace, scopes=["access:read"], created_by=cast.rita.id)[1],
            "reads": make_token(workspace=cast.workspace, scopes=["access:read"], created_by=cast.olga.id)[1],
            "other": make_token(workspace=other.workspace, scopes=BOTH, created_by=other.olga.id)[1],
        }
        yield cast, group, tokens


@pytest.fixture
def api(world):
    """`api(method, path, body, by=...)` gives the status and the data, or the first error; all of it is rolled back after the test."""
    _, _, tokens = world

    def ask(method, path, body=None, by="olga"):
        headers = {"Authorization": f"Bearer {tokens[by]}"}
        sent = {"data": body, "content_type": "application/json"} if body is not None else {}
        answer = getattr(Client(raise_request_exception=False), method)(f"/api{path}", headers=headers, **sent)
        found = answer.json()
        return answer.status_code, found["data"] if "data" in found else found["errors"][0]

    with transaction.atomic():
        yield ask
        transaction.set_rollback(True)


def roles_of(cast, subject_id):
    with in_workspace(cast.workspace.id):
        return sorted(Grant.objects.filter(subject_id=subject_id).values_list("role_id", "scope"))


def test_members_are_listed_with_roles_groups_and_second_factors(world, api):
    cast, group, _ = world
    status, data = api("get", "/users?pagination[count]=2")
    assert status == 200
    assert [one["name"] for one in data["users"]] == [cast.milo.name, cast.mina.name]
    assert data["pagination"]["totalEntries"] == 5
    milo, mina = data["users"]
    resources = [{"id": one, "type": "SOURCE", "labels": []} for one in (cast.shop.id, cast.app.id)]
    assert milo["permissions"] == [{"roleId": "source_admin", "roleName": "Source Admin", "resources": resources}]
    assert (milo["secondFactors"], mina["secondFactors"]) == (["AUTHENTICATOR_APP"], [])
    assert mina["userGroups"] == [{"id": group.id, "name": "Readers"}]
    assert api("get", f"/users/{cast.mina.id}") == (200, {"user": mina})
    assert [one["email"] for one in api("get", "/users?role=source_read_only")[1]["users"]] == [cast.mina.email]
    assert len(api("get", "/users?factor=without&q=mi")[1]["users"]) == 1
    assert api("get", f"/users/{cast.mina.id}/groups")[1]["userGroups"][0]["memberCount"] == 1


def test_addresses_are_searched_by_who_may_see_those_of_others(world, api):
    cast, _, tokens = world
    with acting_as(cast.olga, cast.workspace):
        reader = create_role(name="Reader of members", over="", permissions=["access.read"])
        grant_role(user_id=cast.mina.id, role_key=reader.key, scope="workspace")
    tokens["blind"] = make_token(workspace=cast.workspace, scopes=["access:read"], created_by=cast.mina.id)[1]
    part = cast.milo.email.partition("@")[0]
    assert [one["id"] for one in api("get", f"/users?q={part}@")[1]["users"]] == [cast.milo.id]
    assert [one["id"] for one in api("get", "/users?q=M%C3%8DLO")[1]["users"]] == [cast.milo.id]
    assert api("get", f"/users?q={part}@", by="blind")[1]["users"] == []
    assert [one["id"] for one in api("get", "/users?q=milo", by="blind")[1]["users"]] == [cast.milo.id]


def test_who_may_not_manage_is_not_told_who_lacks_a_second_factor(api):
    status, data = api("get", "/users?factor=without", by="rita")
    assert (status, len(data["users"])) == (200, 5)
    assert {one["secondFactors"] for one in data["users"]} == {None}


def test_roles_are_given_replaced_and_taken(world, api):
    cast, _, _ = world
    path = f"/users/{cast.mina.id}/permissions"
    labels = [{"key": "environment", "value": "prod"}]
    wanted = [
        {"roleId": "auditor"},
        {"roleId": "source_admin", "resources": [{"id": "any", "type": "WORKSPACE", "labels": labels}]},
        {"roleId": "source_read_only", "resources": [{"id": cast.kiosk.id, "type": "SOURCE"}]},
    ]
    for _ in range(2):  # what is held stays
        status, data = api("post", path, {"permissions": wanted})
        assert (status, len(data["permissions"])) == (200, 4)
    assert ("source_admin", "labelled") in roles_of(cast, cast.mina.id)
    status, data = api("put", path, {"permissions": wanted[:1]})
    assert [one["roleId"] for one in data["permissions"]] == ["auditor"]
    assert api("put", path, {"permissions": []})[1]["permissions"] == []
    types = [row.event.type for row in reversed(events_of(cast.workspace))]
    assert types == ["user.role_granted"] * 3 + ["user.role_revoked"] * 4
    assert {row.event.actor.kind for row in events_of(cast.workspace)} == {"token"}


def test_groups_are_made_filled_and_deleted(world, api):
    cast, _, _ = world
    status, data = api("post", "/groups", {"name": "Kiosk team"})
    assert status == 201
    group_id = data["userGroup"]["id"]
    emails = [cast.milo.email, cast.mina.email.upper()]
    assert api("post", f"/groups/{group_id}/users", {"emails": emails})[1]["userGroup"]["memberCount"] == 2
    role = {"permissions": [{"roleId": "source_admin"}]}
    assert api("post", f"/groups/{group_id}/permissions", role)[1]["permissions"][0]["roleId"] == "source_admin"
    assert [one["email"] for one in api("get", f"/groups/{group_id}/users")[1]["users"]] == [
        cast.milo.email,
        cast.mina.email,
    ]
    left = api("delete", f"/group/{group_id}/users?emails={cast.milo.email}")[1]
    assert left["userGroup"]["memberCount"] == 1
    assert api("patch", f"/groups/{group_id}", {"name": "Kiosks"})[1]["userGroup"]["name"] == "Kiosks"
    assert {one["name"] for one in api("get", "/groups")[1]["userGroups"]} == {"Readers", "Kiosks"}
    assert api("delete", f"/groups/{group_id}") == (200, {"status": "SUCCESS"})
    assert api("get", f"/groups/{group_id}")[0] == 404
    with in_workspace(cast.workspace.id):
        assert (Group.objects.count(), GroupMember.objects.count()) == (1, 1)


def test_people_are_invited_renewed_taken_back_and_removed(world, api, django_capture_on_commit_callbacks):
    cast, _, _ = world
    role = [{"roleId": "auditor"}]
    invites = [{"email": one, "permissions": role} for one in ("a@example.com", cast.milo.email)]
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        status, data = api("post", "/invites", {"invites": invites})
    assert (status, data["emails"], data["refused"][0]["email"]) == (201, ["a@example.com"], cast.milo.email)
    assert [one.to for one in mail.outbox] == [["a@example.com"]]
    [listed] = api("get", "/invites")[1]["invites"]
    assert (listed["email"], listed["permissions"][0]["roleId"]) == ("a@example.com", "auditor")
    assert api("post", f"/invites/{listed['id']}/resend")[0] == 200
    assert api("post", "/invites", {"invites": invites[1:]})[0] == 409
    assert api("delete", "/invites?emails=a@example.com")[0] == 200
    assert api("delete", "/invites?emails=a@example.com")[0] == 404
    assert api("delete", f"/users?userIds[0]={cast.milo.id}&userIds[1]={cast.rita.id}")[0] == 200
    with in_workspace(cast.workspace.id):
        assert Member.objects.count() == 3
        assert not Invitation.objects.filter(revoked_at=None).exists()


def test_removing_members_by_a_body_says_that_it_takes_the_query(world, api):
    status, answer = api("delete", "/users", {"userIds": [world[0].mina.id]})[:2]
    assert status == 422
    assert "in the query, as ?userIds=" in str(answer)


def test_a_token_changes_nothing_of_its_maker_and_gives_no_more_than_they_have(world, api):
    cast, _, _ = world
    before = roles_of(cast, cast.olga.id)
    for refused in (
        api("post", f"/users/{cast.olga.id}/permissions", {"permissions": [{"roleId": "auditor"}]}),
        api("put", f"/users/{cast.olga.id}/permissions", {"permissions": []}),
    ):
        assert (refused[0], refused[1]["message"]) == (401, OwnRole().message)
    refused = api("delete", f"/users?userIds={cast.mina.id},{cast.olga.id}")
    assert (refused[0], refused[1]["message"]) == (401, OwnMembership().message)
    with in_workspace(cast.workspace.id):
        assert Member.objects.filter(user_id=cast.mina.id).exists()  # all, or none
        Grant.objects.filter(subject_id=cast.olga.id).delete()
    assert api("post", "/groups", {"name": "New"})[0] == 401  # its maker may not, from the next request on
    assert before == [("workspace_owner", "workspace")]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "/users/{mina}/permissions", {"permissions": [{"roleId": "auditor"}]}),
        ("put", "/users/{mina}/permissions", {"permissions": []}),
        ("delete", "/users?userIds={mina}", None),
        ("post", "/invites", {"invites": []}),
        ("delete", "/invites?emails=a@example.com", None),
        ("post", "/groups", {"name": "New"}),
        ("patch", "/groups/{group}", {"name": "New"}),
        ("delete", "/groups/{group}", None),
        ("post", "/groups/{group}/users", {"emails": ["rita@demo.example"]}),
        ("delete", "/group/{group}/users?emails=mina@demo.example", None),
        ("put", "/groups/{group}/permissions", {"permissions": []}),
    ],
)
def test_who_reads_changes_nothing_and_another_workspace_finds_nothing(world, api, method, path, body):
    cast, group, _ = world
    path = path.format(mina=cast.mina.id, group=group.id)
    assert api(method, path, body, by="reads")[0] == 401
    if ("{" not in path and cast.mina.id in path) or group.id in path:
        assert api(method, path, body, by="other")[0] == 404


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/users/{mina}/permissions", {"permissions": [{"roleId": "no_such"}]}, "permissions.0.roleId"),
        ("/users/{mina}/permissions", {"permissions": []}, "permissions"),
        ("/users/{mina}/permissions", {"permissions": [{"roleId": "auditor", "resources": [{"id": 1, "type": "SOURCE"}]}]}, "permissions.0.resources"),
        ("/users/{mina}/permissions", {"permissions": [{"roleId": "source_admin", "resources": [{"id": "x", "type": "SOURCE"}]}]}, "permissions.0.resources"),
        ("/users/{mina}/permissions", {"permissions": [{"roleId": "auditor"}, {"roleId": "source_admin", "resources": [{"type": "WORKSPACE", "labels": [{"key": "no", "value": "such"}]}]}]}, "permissions.1.resources"),
        ("/invites", {"invites": [{"email": "a@example.com", "permissions": [{"roleId": "nope"}]}]}, "invites.0.permissions.0.roleId"),
        ("/invites", {"invites": [{"permissions": [{"roleId": "auditor"}]}]}, "invites.0.email"),
        ("/invites", {"invites": [{"email": "a@example.com", "permissions": [{"roleId": "source_admin", "resources": [{"id": "x", "type": "SOURCE"}]}]}]}, "invites.0.permissions.0.resources"),
        ("/invites", {"invites": [{"email": "a@example.com", "permissions": []}]}, "invites.0.permissions"),
        ("/groups", {"name": "x" * 101}, "name"),
        ("/groups", {"nam": "x"}, "nam"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_a_422_that_names_its_field(world, api, path, body, field):
    cast, _, _ = world
    status, error = api("post", path.format(mina=cast.mina.id), body)
    assert (status, error["field"]) == (422, field)
    if "." in field:
        assert error["data"]["pointer"] == f"/{field.replace('.', '/')}"


def test_an_address_that_is_nobodys_here_is_named(world, api):
    cast, group, _ = world
    emails = [cast.milo.email, "nobody@example.com"]
    status, error = api("post", f"/groups/{group.id}/users", {"emails": emails})
    assert status == 404
    assert error["message"] == "Nobody here has the address nobody@example.com. Nothing was changed."
    status, error = api("delete", "/invites?emails=nobody@example.com")
    assert (status, "nobody@example.com" in error["message"]) == (404, True)


def test_removing_oneself_says_how_one_leaves(world, api):
    cast, _, _ = world
    status, error = api("delete", f"/users?userIds={cast.olga.id}")
    assert status == 401
    assert error["message"].startswith("Nobody removes themselves with a token that they made. Leave the workspace")


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("", "Send an access token"),
        ("Bearer", "Send an access token"),
        ("Basic aud_pat_x", "Send an access token"),
        ("Bearer aud_pat_x", "mistyped or cut"),
        ("Bearer aud_pat_" + 36 * "x", "mistyped or cut"),
        (f"Bearer aud_pat_{30 * '0'}2C8GjS", "There is no such access token here"),
    ],
)
def test_what_is_wrong_with_a_token_is_told(world, sent, told):
    answer = Client().get("/api/users", headers={"Authorization": sent} if sent else {})
    assert answer.status_code == 401
    assert told in answer.json()["errors"][0]["message"]
