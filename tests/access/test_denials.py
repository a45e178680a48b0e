"""What is refused inside of a service is told as what was tried, on whom, and why not: by pages, by tokens, and by support."""

import pytest
from django.test import Client

from auditapp.access.denials import Tried
from auditapp.access.groups import create_group
from auditapp.access.roles import grant_role
from auditapp.trail.dressing import plain_text
from tests.access.support_moves import make_sam, supporting
from tests.factories import acting_as, last_event, make_cast, make_token


@pytest.fixture
def cast(own_database):
    return make_cast()


def denied(cast):
    row = last_event(cast.workspace)
    assert row.event.type == "user.access_denied"
    return row


def test_a_page_tells_what_was_tried_on_whom_and_why_not(client, cast):
    with acting_as(cast.olga, cast.workspace):
        group = create_group(name="Deputies")
    client.force_login(cast.olga)
    answer = client.post(f"/demo/settings/access/groups/{group.id}/members/", {"user_id": cast.olga.id})
    assert answer.status_code == 403
    row = denied(cast)
    assert row.event.meta == {
        "tried": "add group member",
        "refusal": "Nobody changes their own role. Ask another owner of the workspace.",
    }
    assert (row.resource.type, row.resource.id) == ("user_group", group.id)
    assert "to add group member: Nobody changes their own role." in plain_text(row)


def test_a_token_of_an_owner_does_too(cast):
    _, secret = make_token(workspace=cast.workspace, scopes=["access:read", "access:write"], created_by=cast.olga.id)
    with acting_as(cast.olga, cast.workspace):
        group = create_group(name="Owners")
        grant_role(role_key="workspace_owner", scope="workspace", group_id=group.id)
    answer = Client().post(
        f"/api/groups/{group.id}/users",
        {"emails": [cast.olga.email]},
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )
    assert answer.status_code == 401  # as Segment's Public API says it
    row = denied(cast)
    assert row.event.meta["tried"] == "add group users"
    assert row.event.meta["refusal"].startswith("Nobody changes their own role.")
    assert (row.resource.type, row.resource.id) == ("user_group", group.id)


def test_support_that_only_reads_does_too(cast):
    _, client = supporting(cast, make_sam(), is_read_only=True)
    assert client.post(f"/demo/connections/sources/{cast.shop.id}/disable/").status_code == 403
    row = denied(cast)
    assert row.event.meta["tried"] == "disable source"
    assert row.event.meta["refusal"].startswith("Your support access is read-only.")
    assert (row.resource.type, row.resource.id) == ("source", cast.shop.id)


def test_nobody_learns_a_name_by_trying(client, cast):
    client.force_login(cast.milo)
    assert client.post(f"/demo/settings/access/members/{cast.rita.id}/remove/").status_code == 403
    row = denied(cast)
    assert row.event.meta == {"tried": "remove member", "permission": "access.manage"}
    assert row.resource.type == "workspace"


@pytest.mark.parametrize(
    ("method", "view", "words"),
    [
        ("POST", "member_role_grant", "grant member role"),
        ("PATCH", "api_rule_change", "change rule"),
        ("POST", "invite", "invite"),
        ("GET", "group_list", "open group list"),
        ("GET", "api_group", "open group"),
        ("HEAD", "source_settings", "open source settings"),
        ("POST", "source_settings", "change source settings"),
        ("POST", "warehouse_sync", "change warehouse sync"),
        ("GET", "", ""),
    ],
)
def test_views_in_words(method, view, words):
    assert Tried(view, {}, method).words == words
