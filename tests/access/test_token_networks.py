"""Tokens that are bound to networks, and tokens that never do more than whoever made them."""

import json

import pytest

from auditapp.access.errors import Denied
from auditapp.access.models import ApiToken, Grant
from auditapp.access.permissions import TOKEN_SCOPES, access_of_token, permissions_for
from auditapp.access.tokens import access_for, change_token_networks, create_token, viewer_of_token, why_refused
from auditapp.lib.errors import Invalid, NotFound
from auditapp.record.workspace_scope import in_workspace
from tests.factories import acting_as, events_of, last_event, make_cast, make_grant, make_token, write_keys

INSIDE, OUTSIDE = "192.0.2.7", "198.51.100.7"
EVENT = {"type": "report.built", "target": {"type": "report", "id": "rep_1", "name": "Weekly"}}


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def bound(cast):
    """A token of olga for one network, and its secret."""
    with acting_as(cast.olga, cast.workspace):
        return create_token(name="CI", scopes=["audit:read", "audit:write"], networks=["192.0.2.0/24"])


def stored(cast, token):
    with in_workspace(cast.workspace.id):
        return ApiToken.objects.get(workspace_id=cast.workspace.id, id=token.id)


def send(client, secret, address):
    return client.post(
        "/api/audit-events",
        json.dumps(EVENT),
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
        REMOTE_ADDR=address,
    )


def test_the_event_of_a_token_tells_its_networks(cast, bound):
    assert last_event(cast.workspace).event.meta["networks"] == ["192.0.2.0/24"]


def test_a_token_works_in_its_network_and_it_is_kept_from_where(client, cast, bound):
    token, secret = bound
    assert send(client, secret, INSIDE).status_code in (200, 201)
    assert stored(cast, token).last_used_from == INSIDE


def test_elsewhere_it_is_401_and_an_event_names_the_address(client, cast, bound):
    token, secret = bound
    answer = send(client, secret, OUTSIDE)
    assert answer.status_code == 401
    assert "may not be used from this address" in answer.json()["errors"][0]["message"]
    assert "192.0.2" not in answer.content.decode()
    row = last_event(cast.workspace)
    assert (row.event.type, row.event.outcome, row.event.actor.id) == ("user.access_denied", "failure", token.id)
    assert row.event.meta["address"] == row.event.context["ip"] == OUTSIDE
    assert secret not in repr(row)
    assert stored(cast, token).last_used_at is None


def test_a_forwarded_address_of_nobody_trusted_does_not_help(client, cast, bound):
    headers = {"Authorization": f"Bearer {bound[1]}", "X-Forwarded-For": INSIDE}
    assert client.get("/api/audit-events", headers=headers, REMOTE_ADDR=OUTSIDE).status_code == 401


def test_beside_a_write_key_it_is_refused_elsewhere_too(client, cast, bound):
    body = json.dumps({"writeKey": write_keys(cast.shop)[0], "event": "Built", "userId": "u1"})
    kept = {"content_type": "application/json", "headers": {"Authorization": f"Bearer {bound[1]}"}}
    assert client.post("/v1/track", body, REMOTE_ADDR=INSIDE, **kept).status_code == 200
    assert client.post("/v1/track", body, REMOTE_ADDR=OUTSIDE, **kept).status_code == 401
    assert last_event(cast.workspace).event.meta["address"] == OUTSIDE


def test_another_network_holds_on_the_next_request_and_is_an_event(client, cast, bound):
    token, secret = bound
    with acting_as(cast.olga, cast.workspace):
        change_token_networks(token_id=token.id, networks=["198.51.100.0/24"])
    assert send(client, secret, OUTSIDE).status_code in (200, 201)
    assert send(client, secret, INSIDE).status_code == 401
    row = next(row for row in events_of(cast.workspace) if row.event.type == "workspace.access_token_modified")
    change = row.event.changes[0]
    assert (change.path, change.old, change.new) == ("networks", ["192.0.2.0/24"], ["198.51.100.0/24"])


def test_the_same_networks_are_no_change(cast, bound):
    before = len(events_of(cast.workspace))
    with acting_as(cast.olga, cast.workspace):
        change_token_networks(token_id=bound[0].id, networks=["192.0.2.0/24"])
    assert len(events_of(cast.workspace)) == before


def test_who_may_not_and_what_is_not_there(cast, bound):
    with acting_as(cast.rita, cast.workspace), pytest.raises(Denied):
        change_token_networks(token_id=bound[0].id, networks=[])
    ended, _ = make_token(workspace=cast.workspace, revoked_at="2026-01-01T00:00:00Z")
    with acting_as(cast.olga, cast.workspace):
        for token_id in (ended.id, "tok_none"):
            with pytest.raises(NotFound):
                change_token_networks(token_id=token_id, networks=[])
        with pytest.raises(Invalid):
            change_token_networks(token_id=bound[0].id, networks=["everywhere"])


@pytest.mark.parametrize("role", ["workspace_owner", "auditor", "source_admin", "minimal_workspace_access", None])
def test_a_token_never_does_more_than_who_made_it_may_now(cast, role):
    """Made by an owner, who then has another role, or none: the token follows, in what it may do and in what it sees."""
    tokens = {
        scope: make_token(workspace=cast.workspace, scopes=[scope], created_by=cast.olga.id)[0]
        for scope in TOKEN_SCOPES
    }
    everything = {one for given in TOKEN_SCOPES.values() for one in given.gives}
    with in_workspace(cast.workspace.id):
        Grant.objects.filter(subject_id=cast.olga.id).delete()
        if role:
            is_narrow = role == "source_admin"
            reach = {"scope": "listed", "resource_ids": [cast.shop.id]} if is_narrow else {}
            make_grant(workspace=cast.workspace, user=cast.olga, role=role, **reach)
        maker = permissions_for(cast.workspace.id, cast.olga.id)
        for scope, token in tokens.items():
            used, gives = access_for(token, scope), TOKEN_SCOPES[scope].gives
            for access in (access_of_token(cast.workspace.id, token.id), used):
                for permission in everything:
                    is_given = permission in gives
                    assert access.can(permission) <= (is_given and maker.can(permission))
                    assert access.can(permission, cast.kiosk.id) <= (is_given and maker.can(permission, cast.kiosk.id))
            viewer = viewer_of_token(token, used)
            assert viewer.sees_all == ("audit.read_all" in gives and maker.can("audit.read_all"))
            assert viewer.sees_personal == ("audit.read_personal" in gives and maker.can("audit.read_personal"))
            assert viewer.scope_ids == ()
            is_refused = why_refused(token, scope, used, None) is not None
            # What a member sees without a role is not given on.
            assert is_refused == (bool(gives) and (role is None or not maker.can(gives[0])))


def test_the_api_refuses_a_token_whose_maker_lost_the_role(client, cast):
    _, secret = make_token(workspace=cast.workspace, created_by=cast.olga.id)
    headers = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/audit-events", headers=headers).status_code == 200
    with in_workspace(cast.workspace.id):
        Grant.objects.filter(subject_id=cast.olga.id).update(role_id="minimal_workspace_access")
    answer = client.get("/api/audit-events", headers=headers)
    assert answer.status_code == 401
    assert "Whoever made this token" in answer.json()["errors"][0]["message"]
