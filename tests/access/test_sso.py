"""Single sign-on against a provider on loopback: coming in, linking, and everything that must not let anybody in."""

import time

import jwt
import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.core.cache import cache
from django.core.management import call_command
from django.db import transaction
from django.test import Client

from auditapp.access.models import User
from auditapp.access.sso.provider import is_domain, plain_address
from tests.access.authenticator import code_of, hold_codes
from tests.access.oidc_provider import METADATA, SECRET, new_key, oidc_provider
from tests.access.sso_way import come_back, sent_to, set_up, walk
from tests.conftest import cloned_database
from tests.factories import PASSWORD, events_of, last_event, make_cast


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
    """Everybody, made once: each test rolls back what it did."""
    with django_db_blocker.unblock(), cloned_database(server):
        yield make_cast()


@pytest.fixture
def cast(made):
    cache.clear()  # limits are counted there
    with transaction.atomic():
        yield made
        transaction.set_rollback(True)
    made.olga.refresh_from_db()


@pytest.fixture
def linked(cast, provider):
    """olga, whose account is linked."""
    SocialAccount.objects.create(user=cast.olga, provider=provider.issuer, uid="sub-1")
    provider.is_somebody(cast.olga.email)
    return cast.olga


def is_in(client):
    return "_auth_user_id" in client.session


def told(cast):
    return [(row.event.type, dict(row.event.meta)) for row in reversed(events_of(cast.workspace))]


def test_somebody_who_is_linked_comes_in_and_the_trail_says_how(client, cast, provider, linked):
    page = client.get("/accounts/login/?next=/demo/").content.decode()
    assert "Continue with <bdi>Acme Login</bdi>" in page
    address = sent_to(client, next="/demo/connections/sources/")
    assert address.startswith(f"{provider.issuer}/authorize?")
    response = come_back(client, provider.authorized(address))
    assert response["Location"] == "/demo/connections/sources/"
    assert client.session["_auth_user_id"] == linked.id
    assert told(cast) == [("user.signed_in", {"method": "single sign-on"})]
    assert "by <bdi>Acme Login</bdi>" in client.get("/accounts/").content.decode()
    assert SECRET not in repr(events_of(cast.workspace)) + page + address


def test_without_a_provider_there_is_nothing_to_click(client, cast):
    assert b"Continue with" not in client.get("/accounts/login/").content
    assert client.post("/accounts/sso/").status_code == 404
    assert client.get("/accounts/sso/callback/?state=x&code=y").status_code == 404


def bend(**claims):
    return lambda kept: {name: value for name, value in {**kept, **claims}.items() if value is not None}


def by_other_key(claims):
    return jwt.encode(claims, new_key("k2")[0], algorithm="ES256", headers={"kid": "k2"})


def by_other_key_of_this_name(claims):
    return jwt.encode(claims, new_key("k1")[0], algorithm="ES256", headers={"kid": "k1"})


def by_nobody(claims):
    return jwt.encode(claims, None, algorithm="none", headers={"kid": "k1"})


def by_our_secret(claims):
    return jwt.encode(claims, SECRET.ljust(32, "x"), algorithm="HS256", headers={"kid": "k1"})


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://evil.example"},
        {"aud": "another-client"},
        {"aud": ["audit-trail", "another-client"]},
        {"azp": "another-client"},
        {"exp": int(time.time()) - 3_600},
        {"exp": None},
        {"iat": int(time.time()) + 3_600},
        {"sub": None},
        {"sub": 7},
        {"sub": ""},
    ],
    ids=[
        "nonce",
        "no-nonce",
        "iss",
        "aud",
        "two-auds",
        "azp",
        "old",
        "endless",
        "from-later",
        "no-sub",
        "number",
        "empty-sub",
    ],
)
def test_an_id_token_that_is_not_for_this_sign_in_lets_nobody_in(client, provider, linked, claims):
    provider.bent = bend(**claims)
    response = walk(client, provider)
    assert (response.status_code, is_in(client)) == (403, False)
    assert b"Nobody was signed in" in response.content


@pytest.mark.parametrize(
    "signed", [by_other_key, by_other_key_of_this_name, by_nobody, by_our_secret, lambda _: "x.y.z"]
)
def test_an_id_token_that_the_provider_did_not_sign_lets_nobody_in(client, provider, linked, signed):
    provider.signed = signed
    assert (walk(client, provider).status_code, is_in(client)) == (403, False)


def test_a_state_of_another_browser_of_nobody_or_used_before_lets_nobody_in(client, provider, linked):
    back = provider.authorized(sent_to(client))
    assert come_back(Client(), back).status_code == 403
    assert come_back(client, back + "x").status_code == 403
    assert come_back(client, "/accounts/sso/callback/").status_code == 403
    assert come_back(client, back + "&iss=https://evil.example").status_code == 403
    assert not is_in(client)
    back = provider.authorized(sent_to(client))
    assert come_back(client, back).status_code == 302
    client.logout()
    assert (come_back(client, back).status_code, is_in(client)) == (403, False)


def test_a_code_that_was_used_lets_nobody_in(client, provider, linked):
    back = provider.authorized(sent_to(client))
    provider.token({"code": back.partition("code=")[2].partition("&")[0]})
    assert (come_back(client, back).status_code, is_in(client)) == (403, False)


def test_who_cancels_is_told_so_and_nothing_of_the_provider_is_repeated(client, provider, linked):
    state = sent_to(client).partition("state=")[2].partition("&")[0]
    query = f"?error=access_denied&error_description=<script>&state={state}"
    response = client.get(f"/accounts/sso/callback/{query}")
    assert response.status_code == 403
    assert b"You cancelled" in response.content
    assert b"<script>" not in response.content


@pytest.mark.parametrize("next_url", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"])
def test_nobody_is_sent_elsewhere(client, provider, linked, next_url):
    assert walk(client, provider, next=next_url)["Location"] == "/"


DOWN = {
    "closed": lambda p: p.metadata.update(issuer="https://other.example"),
    "no document": lambda p: p.answers.update({METADATA: (500, b"")}),
    "no json": lambda p: p.answers.update({METADATA: (200, b"<html>")}),
    "a list": lambda p: p.answers.update({METADATA: (200, b"[]")}),
    "without TLS": lambda p: p.metadata.update(token_endpoint="http://192.0.2.1/token"),
    "endless": lambda p: p.answers.update({METADATA: (200, b" " * 600_000)}),
    "elsewhere": lambda p: p.answers.update({METADATA: (302, b"")}),
}


@pytest.mark.parametrize("down", DOWN)
def test_a_provider_that_is_down_is_told_and_the_password_still_works(client, cast, provider, linked, down):
    DOWN[down](provider)
    response = client.post("/accounts/sso/")
    assert response.status_code == 502
    assert b"sign in with your password" in response.content
    client.post("/accounts/login/", {"login": linked.email, "password": PASSWORD})
    assert is_in(client)


def test_a_provider_that_fails_half_way_lets_nobody_in(client, provider, linked):
    for path in ("/jwks", "/token"):
        back = provider.authorized(sent_to(client))
        provider.answers = {path: (503, b"")}
        assert come_back(client, back).status_code in (403, 502)
        assert not is_in(client)
        provider.answers = {}


def test_who_is_switched_off_stays_out_and_it_is_told(client, cast, provider, linked):
    User.objects.filter(id=linked.id).update(is_active=False)
    assert (walk(client, provider).status_code, is_in(client)) == (403, False)
    row = last_event(cast.workspace)
    assert (row.event.type, row.event.outcome) == ("user.sign_in_failed", "failure")
    assert row.event.meta["reason"] == "By Acme Login: the account is switched off"


# --- The first time -----------------------------------------------------------------------------------------------------


def test_an_account_with_a_password_is_linked_once_its_owner_signs_in_to_it(client, cast, provider):
    provider.is_somebody(cast.olga.email.upper())
    response = walk(client, provider)
    assert b"Sign in once more, as before" in response.content
    assert not is_in(client)
    assert told(cast) == []
    client.post("/accounts/login/", {"login": cast.olga.email, "password": PASSWORD})
    assert [one for one, _ in told(cast)] == ["user.sso_linked", "user.signed_in"]
    client.post("/accounts/logout/")
    assert (walk(client, provider).status_code, is_in(client)) == (302, True)


def test_what_waits_to_be_linked_is_not_linked_to_somebody_else(client, cast, provider):
    provider.is_somebody(cast.olga.email)
    walk(client, provider)
    client.post("/accounts/login/", {"login": cast.milo.email, "password": PASSWORD})
    assert not SocialAccount.objects.exists()


def test_a_second_factor_is_not_gone_around_by_linking(client, cast, provider, monkeypatch):
    hold_codes(monkeypatch)
    client.force_login(cast.olga)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": "/accounts/"})
    secret = client.get("/accounts/app/turn-on/").context["form"].secret
    client.post("/accounts/app/turn-on/", {"code": code_of(secret)})
    client.logout()
    provider.is_somebody(cast.olga.email, amr=["pwd", "mfa"])
    walk(client, provider)
    client.post("/accounts/login/", {"login": cast.olga.email, "password": PASSWORD})
    assert not SocialAccount.objects.exists()  # after the password alone
    client.post("/accounts/second-step/", {"code": code_of(secret)})
    assert (is_in(client), SocialAccount.objects.count()) == (True, 1)
    client.post("/accounts/logout/")
    assert walk(client, provider)["Location"] == "/"  # two things were asked for there
    client.post("/accounts/logout/")
    provider.is_somebody(cast.olga.email, amr=["pwd"])
    assert walk(client, provider)["Location"] == "/accounts/second-step/"
    assert not is_in(client)
    cache.clear()  # where a code that was used is held
    client.post("/accounts/second-step/", {"code": code_of(secret)})
    assert last_event(cast.workspace).event.meta == {"method": "single sign-on and two-step code"}
    assert Authenticator.objects.filter(user=cast.olga).exists()


@pytest.mark.parametrize(
    "claims",
    [{"email_verified": False}, {"email_verified": None}, {"email_verified": "false"}, {"email_verified": 1}],
    ids=str,
)
def test_an_address_that_is_not_verified_leads_to_no_account(client, cast, provider, claims):
    provider.is_somebody(cast.olga.email)
    provider.bent = bend(**claims)
    response = walk(client, provider)
    assert response.status_code == 403
    assert b"is verified, so it proves nothing" in response.content
    assert last_event(cast.workspace).event.meta["reason"] == "By Acme Login: the address is not verified there"


def test_who_took_over_an_address_does_not_take_over_its_account(client, cast, provider, linked):
    provider.is_somebody(linked.email, subject="sub-2")
    response = walk(client, provider)
    assert (response.status_code, is_in(client)) == (403, False)
    assert b"linked to somebody else" in response.content
    call_command("unlink_sso", email=linked.email)
    assert last_event(cast.workspace).event.actor.kind == "system"
    assert b"Sign in once more" in walk(client, provider).content


@pytest.mark.parametrize("email", ["olga@demo.example.evil.example", "olga@sub.demo.example", "olga@dem\u00f8.example"])
def test_a_look_alike_domain_is_another_one(client, cast, provider, settings, email):
    settings.SSO_DOMAINS = ["demo.example"]
    provider.is_somebody(email)
    assert (walk(client, provider).status_code, User.objects.filter(email=email).exists()) == (403, False)


def test_a_domain_of_others_is_refused_to_who_is_linked_too(client, provider, linked, settings):
    settings.SSO_DOMAINS = ["acme.example"]
    response = walk(client, provider)
    assert (response.status_code, is_in(client)) == (403, False)
    assert b"do not come in by this provider" in response.content


def test_addresses_that_the_database_takes_for_others_are_not_compared():
    assert plain_address("Olga@Demo.Example") == "olga@demo.example"
    for odd in (
        "olga@\u212aiosk.example",
        "ol\u0131ga@demo.example",
        "a@b@demo.example",
        "olga@demo.example\n",
        "olga@localhost",
        7,
        None,
    ):
        assert plain_address(odd) == ""
    assert [
        one
        for one in ("example.com", "x.example", "-a.com", "a..com", "com", "a.com.", "1.2.3.4", "EX.com")
        if is_domain(one)
    ] == [
        "example.com",
        "x.example",
    ]


def test_what_only_userinfo_tells_is_asked_there_and_of_the_same_person(client, provider, linked):
    SocialAccount.objects.all().delete()
    provider.bent = bend(email=None, email_verified=None)
    provider.userinfo = {"sub": "sub-2", "email": linked.email, "email_verified": True}
    assert walk(client, provider).status_code == 403
    provider.userinfo["sub"] = "sub-1"
    assert b"Sign in once more" in walk(client, provider).content


def test_tries_are_limited(client, provider, cast):
    for _ in range(30):
        client.get("/accounts/sso/callback/?state=x&code=y")
    assert client.get("/accounts/sso/callback/?state=x&code=y").status_code == 429
    assert client.post("/accounts/sso/").status_code == 429


# --- Proof before what is risky -----------------------------------------------------------------------------------------


@pytest.fixture
def without_password(client, cast, provider, linked):
    """olga, who has no password and is signed in by the provider, which asked her for it long ago."""
    linked.set_unusable_password()
    linked.save()
    provider.auth_time = 1
    walk(client, provider)
    assert is_in(client)
    return linked


def test_who_has_no_password_proves_it_by_signing_in_there_anew(client, cast, provider, without_password):
    provider.auth_time, asked = None, client.get("/accounts/app/turn-on/")
    assert asked["Location"] == "/accounts/reauthenticate/?next=%2Faccounts%2Fapp%2Fturn-on%2F"
    page = client.get(asked["Location"], follow=True)
    assert page.redirect_chain[-1][0].startswith("/accounts/reauthenticate/sso/?next=")
    address = sent_to(client, "/accounts/reauthenticate/sso/", next="/accounts/app/turn-on/")
    assert "prompt=login" in address
    assert "max_age=0" in address
    assert come_back(client, provider.authorized(address))["Location"] == "/accounts/app/turn-on/"
    assert client.get("/accounts/app/turn-on/").status_code == 200


@pytest.mark.parametrize(
    "wrong", [{"auth_time": 1}, {"auth_time": None}, {"auth_time": True}, {"sub": "sub-2"}], ids=str
)
def test_an_old_sign_in_or_of_somebody_else_proves_nothing(client, cast, provider, without_password, wrong):
    provider.bent = bend(**wrong)
    response = walk(client, provider, "/accounts/reauthenticate/sso/", next="/accounts/app/turn-on/")
    assert response.status_code == 403
    assert client.get("/accounts/app/turn-on/").status_code == 302
    row = last_event(cast.workspace)
    assert (row.event.type, row.event.meta["reason"]) == (
        "user.sign_in_failed",
        "By Acme Login: it did not prove a sign-in of just now",
    )


def test_the_only_way_in_is_not_unlinked(client, cast, provider, without_password):
    walk(client, provider, "/accounts/reauthenticate/sso/")
    client.post("/accounts/sso/unlink/")
    assert SocialAccount.objects.count() == 1
    without_password.set_password(PASSWORD)
    without_password.save()
    client.force_login(without_password)
    assert client.post("/accounts/sso/unlink/")["Location"] == "/accounts/reauthenticate/?next=%2Faccounts%2F"
    client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": "/accounts/"})
    client.post("/accounts/sso/unlink/")
    assert SocialAccount.objects.count() == 0
    assert last_event(cast.workspace).event.type == "user.sso_unlinked"
