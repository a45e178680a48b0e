"""What a workspace asks of single sign-on: who joins by it, where it is the only way in, and how nobody is locked out."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction

from auditapp.access.effective import effective_access
from auditapp.access.errors import Denied
from auditapp.access.members import invite_member, remove_member
from auditapp.access.models import Invitation, Member, User, Workspace
from auditapp.access.permissions import permissions_for, viewer_for
from auditapp.access.roles import grant_role
from auditapp.access.sso.joining import doors_for
from auditapp.access.sso.services import change_sso, told_of_sso
from auditapp.checks.sso import sso_is_whole
from auditapp.lib import clock
from auditapp.lib.errors import Invalid
from auditapp.record.workspace_scope import in_workspace
from tests.access.oidc_provider import CLIENT_ID, SECRET, oidc_provider
from tests.access.sso_way import sent_to, set_up, walk
from tests.conftest import cloned_database
from tests.factories import PASSWORD, acting_as, as_operator, events_of, last_event, make_cast, make_token
from tests.revert.looking import preview_of, standings, undo


@pytest.fixture(scope="module")
def running():
    with oidc_provider() as provider:
        yield provider


@pytest.fixture
def provider(running, settings):
    running.start_again()
    set_up(settings, running)
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    return running


@pytest.fixture(scope="module")
def made(server, django_db_blocker):
    """Two workspaces, made once: each test rolls back what it did."""
    with django_db_blocker.unblock(), cloned_database(server):
        yield make_cast(), make_cast(slug="other")


@pytest.fixture
def cast(made):
    cache.clear()  # limits are counted there
    with transaction.atomic():
        yield made[0]
        transaction.set_rollback(True)


def set_rule(workspace, *, join_domains=(), required=False):
    with in_workspace(workspace.id):
        Workspace.objects.filter(id=workspace.id).update(sso_join_domains=list(join_domains), sso_required=required)


def members(workspace):
    with in_workspace(workspace.id):
        return set(Member.objects.values_list("user__email", flat=True))


def link(user, provider, subject="sub-1"):
    SocialAccount.objects.create(user=user, provider=provider.issuer, uid=subject)
    provider.is_somebody(user.email, subject=subject)


def holds_codes(user):
    Authenticator.objects.create(user=user, type="totp", data={})


# --- Who joins ----------------------------------------------------------------------------------------------------------


def test_somebody_of_a_domain_joins_once_with_the_least_role(client, cast, provider):
    set_rule(cast.workspace, join_domains=["acme.example"])
    provider.is_somebody("ana@acme.example", name="Ana \u202eLópez")
    assert walk(client, provider)["Location"] == "/"
    ana = User.objects.get(email="ana@acme.example")
    assert (ana.name, ana.has_usable_password()) == ("Ana \u202eLópez", False)
    rows = events_of(cast.workspace)
    assert [row.event.type for row in reversed(rows)] == ["user.added_via_sso", "user.sso_linked", "user.signed_in"]
    joined = rows[-1].event
    assert (joined.actor.id, joined.meta) == (ana.id, {"connection": "Acme Login"})
    assert [(one.path, one.new) for one in joined.changes] == [("roles", [{"role": "Minimal Workspace Access"}])]
    with acting_as(cast.olga, cast.workspace):
        assert permissions_for(cast.workspace.id, ana.id).can("audit.read")
        viewer = viewer_for(permissions_for(cast.workspace.id, cast.olga.id))
        now = effective_access(viewer, ana.id)
        assert not now.doubts
        assert effective_access(viewer, ana.id, on=clock.now()).rights == now.rights
        remove_member(user_id=ana.id)
    client.post("/accounts/logout/")
    walk(client, provider)
    assert "ana@acme.example" not in members(cast.workspace)


def test_who_has_an_account_joins_too_and_only_by_their_own_address(client, cast, provider, made):
    other = made[1]
    set_rule(other.workspace, join_domains=["demo.example"])
    link(cast.milo, provider)
    provider.is_somebody("boss@demo.example")
    walk(client, provider)
    assert cast.milo.email not in members(other.workspace)
    provider.is_somebody(cast.milo.email)
    client.post("/accounts/logout/")
    walk(client, provider)
    assert cast.milo.email in members(other.workspace)


@pytest.mark.parametrize("domain", ["example", "acme.example.evil.example", "sub.acme.example", "xacme.example"])
def test_look_alikes_do_not_join(client, cast, provider, domain):
    set_rule(cast.workspace, join_domains=["acme.example"])
    provider.is_somebody(f"ana@{domain}")
    assert walk(client, provider).status_code == 403
    assert not User.objects.filter(email=f"ana@{domain}").exists()


def test_an_open_invitation_is_a_way_in_and_one_that_is_taken_back_is_none(client, cast, provider):
    provider.is_somebody("grace@far.example")
    assert b"You have no account here yet" in walk(client, provider).content
    with acting_as(cast.olga, cast.workspace):
        sent = invite_member(email="Grace@far.example", role_key="auditor", scope="workspace")
        Invitation.objects.update(revoked_at=clock.now())
    assert walk(client, provider).status_code == 403
    with acting_as(cast.olga, cast.workspace):
        Invitation.objects.update(revoked_at=None)
    assert walk(client, provider, next="/accounts/invitation/x/")["Location"] == "/"
    assert "grace@far.example" in members(cast.workspace)
    accepted = events_of(cast.workspace)[-2].event
    assert (accepted.type, accepted.targets[0].id, accepted.meta["role"]) == (
        "user.invite_accepted",
        sent.id,
        "Auditor",
    )
    assert client.get("/demo/settings/admin/audit-trail/").status_code == 200


def test_an_invitation_of_who_may_not_give_it_any_more_is_no_way_in(client, cast, provider):
    with acting_as(cast.olga, cast.workspace):
        grant_role(role_key="workspace_owner", scope="workspace", user_id=cast.rita.id)
    with acting_as(cast.rita, cast.workspace):
        invite_member(email="grace@far.example", role_key="auditor", scope="workspace")
    with acting_as(cast.olga, cast.workspace):
        remove_member(user_id=cast.rita.id)
    provider.is_somebody("grace@far.example")
    assert walk(client, provider).status_code == 403
    assert not User.objects.filter(email="grace@far.example").exists()


def test_what_is_looked_for_across_workspaces_is_seen_for_what_was_proved_alone(cast, provider, made):
    other = made[1]
    set_rule(other.workspace, join_domains=["acme.example"])
    with acting_as(other.olga, other.workspace):
        invite_member(email="grace@far.example", role_key="auditor", scope="workspace")
    assert doors_for("ana@acme.example").workspace_ids == [other.workspace.id]
    assert len(doors_for("grace@far.example").invitations) == 1
    assert not doors_for("zed@else.example")
    assert not Invitation.objects.exists()
    assert not Workspace.objects.exists()


# --- The only way in ----------------------------------------------------------------------------------------------------


def test_other_sessions_are_sent_to_it_on_their_next_request_and_tokens_are_not(client, cast, provider):
    link(cast.rita, provider)
    client.post("/accounts/login/", {"login": cast.rita.email, "password": PASSWORD})
    assert client.get("/demo/settings/admin/audit-trail/").status_code == 200
    set_rule(cast.workspace, required=True)
    asked = client.get("/demo/settings/admin/audit-trail/?q=x")
    assert asked["Location"] == "/accounts/sso/?next=%2Fdemo%2Fsettings%2Fadmin%2Faudit-trail%2F%3Fq%3Dx&asked="
    page = client.get(asked["Location"]).content.decode()
    assert "lets its members in by single sign-on only" in page
    live = client.get("/demo/settings/admin/audit-trail/", headers={"HX-Request": "true", "HX-Target": "events"})
    assert live.headers["HX-Redirect"].startswith("/accounts/sso/")
    assert client.post("/demo/access-requests/new/", {"permission": "source.write"})["Location"].startswith(
        "/accounts/sso/"
    )
    _, secret = make_token(workspace=cast.workspace)
    assert client.get("/api/audit-events", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    answer = walk(client, provider, next="/demo/settings/admin/audit-trail/?q=x")
    assert answer["Location"] == "/demo/settings/admin/audit-trail/?q=x"
    assert client.get(answer["Location"]).status_code == 200
    assert [one.data for one in UserSession.objects.all()] == [{"by": "Acme Login"}]


def test_a_session_by_another_provider_is_not_enough(client, cast, provider, settings):
    link(cast.rita, provider)
    walk(client, provider)
    set_rule(cast.workspace, required=True)
    assert client.get("/demo/settings/admin/audit-trail/").status_code == 200
    settings.SSO_ISSUER = "https://other.example"
    assert client.get("/demo/settings/admin/audit-trail/").status_code == 302
    settings.SSO_ISSUER = ""
    assert b"not set up on this installation" in client.get("/accounts/sso/?asked=").content


def test_an_owner_comes_in_by_two_factors_of_their_own_and_a_member_does_not(client, cast, provider):
    set_rule(cast.workspace, required=True)
    for person, status in ((cast.olga, 200), (cast.rita, 302)):
        client.force_login(person)
        assert client.get("/demo/settings/admin/audit-trail/").status_code == 302
        session = client.session
        session["account_authentication_methods_user"] = person.id
        session["account_authentication_methods"] = [{"method": "password", "at": 1}, {"method": "mfa", "at": 2}]
        session.save()
        assert client.get("/demo/settings/admin/audit-trail/").status_code == status


@pytest.mark.parametrize(("amr", "status"), [(["pwd", "mfa"], 200), (["pwd"], 302), (None, 302)])
def test_a_second_factor_that_the_provider_asked_for_is_enough(client, cast, provider, amr, status):
    link(cast.milo, provider)
    provider.is_somebody(cast.milo.email, **({"amr": amr} if amr else {}))
    with in_workspace(cast.workspace.id):
        Workspace.objects.filter(id=cast.workspace.id).update(second_factor_from=clock.now())
    walk(client, provider)
    assert client.get(f"/{cast.workspace.slug}/connections/sources/").status_code == status


def test_nobody_is_locked_out_by_turning_it_on(cast, provider, settings):
    def refusal():
        with pytest.raises(Invalid) as refused, acting_as(cast.olga, cast.workspace):
            change_sso(join_domains=[], required=True)
        return refused.value.message

    assert refusal().startswith("Sign in by single sign-on once yourself first")
    link(cast.olga, provider)
    assert refusal().startswith("First let an owner have a password and a second factor")
    holds_codes(cast.rita)  # who is no owner
    assert refusal().startswith("First let an owner")
    holds_codes(cast.olga)
    settings.SSO_ISSUER = ""
    assert refusal().startswith("Single sign-on is not set up")


def test_turning_it_on_is_asked_for_told_and_undone(client, cast, provider):
    link(cast.olga, provider)
    holds_codes(cast.olga)
    client.post("/accounts/login/", {"login": cast.olga.email, "password": PASSWORD})
    client.force_login(cast.olga)
    page = "/demo/settings/workspace/single-sign-on/"
    wanted = {"join_domains": "@Acme.Example, b.example", "required": "on"}
    assert client.post(page, wanted)["Location"].startswith("/accounts/reauthenticate/?next=")
    walk(client, provider, "/accounts/reauthenticate/sso/")
    assert client.post(page, {"join_domains": "ac me"}).status_code == 422
    with in_workspace(cast.workspace.id):
        Workspace.objects.filter(id=cast.workspace.id).update(reason_rule="required")
    assert 'name="reason"' in client.get(page).content.decode()
    assert b"needs a reason in this workspace" in client.post(page, wanted).content
    wanted["reason"] = "OPS-7: the new provider"
    assert client.post(page, wanted)["Location"] == page
    row = last_event(cast.workspace)
    assert (row.event.type, row.event.context["reason"]) == ("workspace.sso_modified", wanted["reason"])
    assert {one.path: (one.old, one.new) for one in row.event.changes} == {
        "sso.join_domains": ([], ["acme.example", "b.example"]),
        "sso.required": (False, True),
    }
    assert SECRET not in client.get(page).content.decode()
    assert not client.post(page, wanted | {"join_domains": "", "reason": ""}).has_header("Location")
    preview = preview_of(cast, row)
    assert standings(preview) == {"sso.join_domains": "safe", "sso.required": "safe"}
    assert len(preview.parts[0].effects) == 2
    undo(cast, row)
    with in_workspace(cast.workspace.id):
        assert told_of_sso(Workspace.objects.get(id=cast.workspace.id)) == {
            one.path: one.old for one in row.event.changes
        }


def test_whoever_may_not_manage_access_does_not_change_it(cast, provider):
    for person in (cast.rita, cast.milo):
        with pytest.raises(Denied), acting_as(person, cast.workspace):
            change_sso(join_domains=["acme.example"], required=False)
    with pytest.raises(Invalid), acting_as(cast.olga, cast.workspace):
        change_sso(join_domains=[f"d{n}.example" for n in range(21)], required=False)


def test_a_workspace_takes_no_domain_that_the_provider_does_not_speak_for(cast, provider, settings):
    settings.SSO_DOMAINS = ["acme.example"]
    with acting_as(cast.olga, cast.workspace):
        with pytest.raises(Invalid, match="do not come in by the provider"):
            change_sso(join_domains=["else.example"], required=False)
        assert change_sso(join_domains=["acme.example"], required=False).sso_join_domains == ["acme.example"]


def test_an_operator_lets_passwords_in_again(cast, provider, capsys):
    set_rule(cast.workspace, required=True)
    with as_operator():
        call_command("allow_passwords", workspace="demo")
        call_command("allow_passwords", workspace="demo")
        with pytest.raises(CommandError, match="no workspace"):
            call_command("allow_passwords", workspace="nowhere")
    assert "They did already" in capsys.readouterr().out
    row = last_event(cast.workspace)
    assert (row.event.type, row.event.actor.kind) == ("workspace.sso_modified", "system")


# --- What the environment says ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ({}, []),
        ({"SSO_ISSUER": "", "SSO_CLIENT_ID": "", "SSO_CLIENT_SECRET": "", "SSO_DOMAINS": []}, []),
        ({"SSO_ISSUER": ""}, ["E060"]),
        ({"SSO_ISSUER": "http://login.example.com"}, ["E061"]),
        ({"SSO_ISSUER": "https://login.example.com?x"}, ["E061"]),
        ({"SSO_ISSUER": "https://a:b@login.example.com"}, ["E061"]),
        ({"SSO_CLIENT_SECRET": ""}, ["E062"]),
        ({"SSO_DOMAINS": ["*.example"]}, ["E063"]),
        ({"SSO_DOMAINS": []}, ["W060"]),
    ],
    ids=str,
)
def test_settings_that_do_not_fit_are_told_at_the_start(settings, wrong, found):
    settings.SSO_ISSUER, settings.SSO_DOMAINS = "https://login.example.com/acme", ["acme.example"]
    settings.SSO_CLIENT_ID, settings.SSO_CLIENT_SECRET = "audit-trail", SECRET
    for name, value in wrong.items():
        setattr(settings, name, value)
    problems = sso_is_whole()
    assert [one.id.removeprefix("auditapp.") for one in problems] == found
    assert SECRET not in repr(problems)


# --- Leaving ------------------------------------------------------------------------------------------------------------


def test_who_came_by_it_is_led_to_sign_out_there_too(client, cast, provider):
    link(cast.olga, provider)
    provider.metadata = {"end_session_endpoint": f"{provider.issuer}/leave?tenant=7"}
    walk(client, provider)
    assert client.post("/accounts/logout/")["Location"] == "/accounts/sso/signed-out/"
    page = client.get("/accounts/sso/signed-out/").content.decode()
    assert "Sign out of <bdi>Acme Login</bdi> too" in page
    assert "_auth_user_id" not in client.session
    assert sent_to(client, "/accounts/sso/signed-out/") == f"{provider.issuer}/leave?tenant=7&client_id={CLIENT_ID}"


@pytest.mark.parametrize("told", [{}, {"end_session_endpoint": "http://login.example/leave"}], ids=["none", "no-tls"])
def test_a_provider_that_cannot_be_left_is_not_offered(client, cast, provider, told):
    link(cast.olga, provider)
    provider.metadata = told
    walk(client, provider)
    assert client.post("/accounts/logout/")["Location"] == "/"
    page = client.post("/accounts/sso/signed-out/")
    assert (page.status_code, "do that there yourself" in page.content.decode()) == (502, True)


def test_who_came_by_a_password_leaves_as_before(client, cast, provider):
    provider.metadata = {"end_session_endpoint": f"{provider.issuer}/leave"}
    client.post("/accounts/login/", {"login": cast.rita.email, "password": PASSWORD})
    assert "_auth_user_id" in client.session
    assert client.post("/accounts/logout/")["Location"] == "/"


@pytest.mark.parametrize(("ago", "status"), [(0, 200), (301, 302), (None, 302)])
def test_a_sign_in_is_a_proof_where_the_provider_says_that_it_asked_just_then(client, cast, provider, ago, status):
    link(cast.olga, provider)
    cast.olga.set_unusable_password()
    cast.olga.save()
    told = {} if ago is None else {"auth_time": int(clock.now().timestamp()) - ago}
    provider.bent = lambda kept: {name: value for name, value in kept.items() if name != "auth_time"} | told
    walk(client, provider)
    assert client.get("/demo/settings/access/").status_code == 200
    assert client.get("/accounts/app/turn-on/").status_code == status
