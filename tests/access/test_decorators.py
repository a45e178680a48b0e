"""The doors: what a member, a token, a stranger and a script meet there."""

from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from auditapp.access.decorators import api_token, workspace_page
from auditapp.access.errors import Denied
from auditapp.access.models import ApiToken, Grant
from auditapp.access.permissions import acting_access
from auditapp.lib import clock
from auditapp.lib.errors import Conflict
from auditapp.lib.tokens import new_api_token
from auditapp.record.acting import current_acting
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace
from auditapp.trail.dressing import plain_text
from auditapp.web.middleware import ErrorPageMiddleware
from tests.factories import events_of, last_event, make_cast, make_grant, make_member, make_token


@pytest.fixture
def cast(db):
    return make_cast()


def bearer(secret, **headers):
    return RequestFactory().get("/api/things", headers={"Authorization": f"Bearer {secret}", **headers})


@api_token("audit:read")
def endpoint(request, answer="ok"):
    acting = current_acting()
    return HttpResponse(f"{answer} {acting.actor.kind} {acting.workspace_id} {request.viewer.sees_all}")


def test_a_role_that_changes_holds_on_the_next_request(client, cast):
    path = f"/demo/connections/sources/{cast.shop.id}/"
    client.force_login(cast.mina)
    assert client.get(path).status_code == 403
    grant = make_grant(workspace=cast.workspace, user=cast.mina, role="source_read_only", scope="all")
    assert client.get(path).status_code == 200
    with in_workspace(cast.workspace.id):
        Grant.objects.filter(id=grant.id).delete()
    assert client.get(path).status_code == 403


def test_who_was_removed_is_a_stranger_on_the_next_request(client, cast):
    client.force_login(cast.milo)
    assert client.get("/demo/connections/sources/").status_code == 200
    owner = Client()
    owner.force_login(cast.olga)
    assert owner.post(f"/demo/settings/access/members/{cast.milo.id}/remove/").status_code == 302
    assert client.get("/demo/connections/sources/").status_code == 404


def test_a_denied_page_is_recorded_with_what_was_missing(client, cast):
    client.force_login(cast.milo)
    page = client.get("/demo/settings/access/", headers={"X-Request-ID": "request-number-1"}, REMOTE_ADDR="203.0.113.9")
    assert page.status_code == 403
    assert "See members, groups and tokens" in page.content.decode()
    row = last_event(cast.workspace)
    assert (row.event.type, row.event.outcome, row.event.actor.id) == ("user.access_denied", "failure", cast.milo.id)
    assert row.event.meta == {"tried": "open overview", "permission": "access.read"}
    assert row.resource.type == "workspace"
    assert row.event.context["path"] == "/demo/settings/access/"
    assert row.event.context["request_id"] == "request-number-1"


def test_a_denied_change_is_recorded_of_the_resource(client, cast):
    client.force_login(cast.rita)
    assert client.post(f"/demo/connections/sources/{cast.shop.id}/disable/").status_code == 403
    assert len(events_of(cast.workspace)) == 1
    row = last_event(cast.workspace)
    assert (row.resource.type, row.resource.id, row.event.scope_id) == ("source", cast.shop.id, cast.shop.id)
    assert row.event.meta == {"tried": "disable source", "permission": "source.write"}


def test_a_stranger_cannot_tell_a_workspace_from_none(client, cast):
    client.force_login(cast.zoe)
    there, nowhere = client.get("/demo/connections/sources/"), client.get("/nowhere/connections/sources/")
    assert there.status_code == nowhere.status_code == 404
    assert there.content.replace(there["X-Request-ID"].encode(), b"") == nowhere.content.replace(
        nowhere["X-Request-ID"].encode(), b""
    )
    assert events_of(cast.workspace) == []


def test_who_is_in_several_workspaces_acts_in_the_one_of_the_address(client, cast):
    other = make_cast(slug="other")
    make_member(workspace=other.workspace, user=cast.olga, role="minimal_workspace_access")
    client.force_login(cast.olga)
    assert client.get("/demo/settings/access/").status_code == 200
    assert client.get("/other/settings/access/").status_code == 403
    assert [row.event.type for row in events_of(other.workspace)] == ["user.access_denied"]
    assert events_of(cast.workspace) == []


def test_a_script_without_a_session_is_sent_to_sign_in_as_a_whole(client, cast):
    response = client.get(
        "/demo/connections/sources/",
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/demo/connections/sources/?q=1"},
    )
    assert response.status_code == 200
    assert response["HX-Redirect"] == "/accounts/login/?next=/demo/connections/sources/%3Fq%3D1"


def test_a_post_without_a_session_does_not_come_back_as_a_get(client, cast):
    response = client.post(f"/demo/connections/sources/{cast.shop.id}/disable/")
    assert response["Location"] == "/accounts/login/?next=/"


def test_what_a_view_refuses_is_rolled_back_with_what_it_recorded(cast):
    @workspace_page("audit.read")
    def view(request):
        record("workspace.settings_modified", target=request.workspace)
        raise Conflict

    request = RequestFactory().get("/")
    request.user = cast.olga
    with pytest.raises(Conflict):
        view(request, workspace="demo")
    assert events_of(cast.workspace) == []


def test_a_view_with_an_unknown_permission_does_not_start():
    with pytest.raises(ValueError, match=r"audit\.everything"):
        workspace_page("audit.everything")
    with pytest.raises(ValueError, match="audit:everything"):
        api_token("audit:everything")


def test_times_are_shown_in_the_zone_of_the_workspace(client, cast):
    with in_workspace(cast.workspace.id):
        cast.workspace.time_zone = "Asia/Kathmandu"
        cast.workspace.save()
    client.force_login(cast.olga)
    assert b"+0545" in client.get(f"/demo/connections/sources/{cast.shop.id}/").content


def test_a_token_works_in_its_own_workspace_as_itself(cast):
    token, secret = make_token(workspace=cast.workspace)
    response = endpoint(bearer(secret))
    assert response.content.decode() == f"ok token {cast.workspace.id} True"
    with in_workspace(cast.workspace.id):
        assert ApiToken.objects.get(id=token.id).last_used_at is not None


WRONG = {
    "none": "",
    "empty": "Bearer",
    "nonsense": "Bearer nonsense",
    "basic": "Basic YTpi",
    "unknown": f"Bearer {new_api_token()}",
}


@pytest.mark.parametrize("header", WRONG.values(), ids=WRONG.keys())
def test_without_a_token_of_ours_it_is_401(db, header):
    response = endpoint(RequestFactory().get("/api/things", headers={"Authorization": header}))
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert b'"type": "unauthorized"' in response.content


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"revoked_at": clock.now()}, "revoked"),
        ({"expires_at": clock.now() - timedelta(seconds=1)}, "expired"),
        ({"scopes": ["audit:write"]}, "scope audit:read"),
    ],
)
def test_a_token_that_does_not_work_is_401_and_recorded(cast, values, reason):
    token, secret = make_token(workspace=cast.workspace, **values)
    response = endpoint(bearer(secret))
    assert response.status_code == 401
    assert reason in response.content.decode()
    row = last_event(cast.workspace)
    assert (row.event.type, row.event.actor.id, row.event.outcome) == ("user.access_denied", token.id, "failure")
    assert row.event.meta["scope"] == "audit:read"
    assert reason in row.event.meta["refusal"]
    said = plain_text(row)
    assert "tried to use workspace Halden Outdoor to open endpoint by scope audit:read: This token" in said
    assert reason in said
    assert "address" not in row.event.meta
    assert secret not in repr(row)


def test_what_whoever_made_the_token_may_not_do_now_is_denied_and_recorded(cast):
    @api_token("source:write")
    def change_kiosk(request):
        acting_access().require("source.write", cast.kiosk)
        return HttpResponse("changed")

    token, secret = make_token(workspace=cast.workspace, scopes=["source:write"], created_by=cast.milo.id)
    with pytest.raises(Denied):
        change_kiosk(bearer(secret))
    row = last_event(cast.workspace)
    assert (row.event.type, row.event.actor.id, row.resource.id) == ("user.access_denied", token.id, cast.kiosk.id)
    assert row.event.meta == {"tried": "open change kiosk", "permission": "source.write"}
    _, of_olga = make_token(workspace=cast.workspace, scopes=["source:write"], created_by=cast.olga.id)
    assert change_kiosk(bearer(of_olga)).content == b"changed"


def test_a_session_opens_no_endpoint_and_a_token_no_page(client, cast):
    _, secret = make_token(workspace=cast.workspace)
    client.force_login(cast.olga)
    request = RequestFactory().get("/api/things")
    request.user = cast.olga
    assert endpoint(request).status_code == 401
    page = Client().get("/demo/connections/sources/", headers={"Authorization": f"Bearer {secret}"})
    assert page.status_code == 302


def test_errors_of_a_plain_endpoint_are_json(cast):
    @api_token("audit:read")
    def broken(request):
        raise Conflict("Twice.")

    _, secret = make_token(workspace=cast.workspace)
    request = bearer(secret)
    with pytest.raises(Conflict) as raised:
        broken(request)
    response = ErrorPageMiddleware(lambda _: None).process_exception(request, raised.value)
    assert (response.status_code, response["Content-Type"]) == (409, "application/json")


def test_a_page_takes_few_queries(client, cast, django_assert_max_num_queries):
    client.force_login(cast.milo)
    with django_assert_max_num_queries(20):
        client.get("/demo/connections/sources/")
