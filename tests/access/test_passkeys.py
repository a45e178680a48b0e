"""Passkeys: added, signed in with, used as second step and as proof, refused, removed; each told to the person's workspaces."""

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client

from tests.access.authenticator import Passkey
from tests.factories import PASSWORD, age_sign_in, last_event, make_cast


@pytest.fixture
def cast(db, settings):
    cache.clear()
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
    return make_cast()


@pytest.fixture
def commits(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


def browser(user=None):
    client = Client(headers={"Host": "localhost"})
    if user:
        client.force_login(user)
    return client


def prove(client):
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


def add(client, passkey, *, name="Laptop", alone="on"):
    prove(client)
    options = client.get("/accounts/passkeys/new/").context["js_data"]["creation_options"]
    data = {"name": name, "credential": passkey.created(options), **({"passwordless": alone} if alone else {})}
    return client.post("/accounts/passkeys/new/", data)


def options_of_sign_in(client):
    return client.get("/accounts/passkeys/sign-in/", headers={"Accept": "application/json"}).json()["request_options"]


def sign_in(client, passkey):
    return client.post("/accounts/passkeys/sign-in/", {"credential": passkey.signed(options_of_sign_in(client))})


@pytest.fixture
def laptop(cast, commits):
    """olga's passkey."""
    passkey = Passkey(user_id=cast.olga.id)
    with commits():
        assert add(browser(cast.olga), passkey)["Location"] == "/accounts/recovery-codes/"
    return passkey


def test_adding_one_is_told(cast, commits):
    client = browser(cast.olga)
    assert client.get("/accounts/passkeys/new/")["Location"].startswith("/accounts/reauthenticate/")
    add(client, Passkey(user_id=cast.olga.id), name="Laptop <b>")
    row = last_event(cast.workspace)
    assert (row.event.type, row.event.meta) == ("user.passkey_added", {"passkey": "Laptop <b>", "alone": True})
    assert "Laptop &lt;b&gt;" in client.get("/accounts/").content.decode()


def test_it_signs_in_without_a_password(cast, laptop):
    client = browser()
    assert sign_in(client, laptop)["Location"] == "/"
    assert client.get("/demo/connections/sources/").status_code == 200
    assert last_event(cast.workspace).event.meta == {"method": "passkey"}


def test_signing_in_with_it_is_a_proof(cast, laptop):
    client = browser()
    sign_in(client, laptop)
    assert client.get("/accounts/app/turn-on/").status_code == 200


def test_signing_in_goes_on_to_where_one_was(cast, laptop):
    client = browser()
    signed = laptop.signed(options_of_sign_in(client))
    to = {"credential": signed, "next": "/demo/connections/sources/"}
    assert client.post("/accounts/passkeys/sign-in/", to)["Location"] == "/demo/connections/sources/"


def test_who_has_one_needs_it_after_the_password_too(cast, laptop):
    client = browser()
    client.post("/accounts/login/", {"login": cast.olga.email, "password": PASSWORD})
    assert "_auth_user_id" not in client.session
    page = client.get("/accounts/second-step/")
    options = page.context["js_data"]["request_options"]
    client.post("/accounts/second-step/", {"credential": laptop.signed(options)})
    assert last_event(cast.workspace).event.meta == {"method": "password and passkey"}
    assert client.get("/demo/connections/sources/").status_code == 200


def test_it_is_proof_before_what_is_risky(cast, laptop):
    client = browser()
    sign_in(client, laptop)
    age_sign_in(client.session, seconds=301)
    assert client.get("/accounts/recovery-codes/").status_code == 302
    page = client.get("/accounts/reauthenticate/?next=/accounts/recovery-codes/")
    assert "/accounts/reauthenticate/passkey/?next=" in page.content.decode()
    options = client.get("/accounts/reauthenticate/passkey/").context["js_data"]["request_options"]
    proof = {"credential": laptop.signed(options), "next": "/accounts/recovery-codes/"}
    assert client.post("/accounts/reauthenticate/passkey/", proof)["Location"] == "/accounts/recovery-codes/"
    assert client.get("/accounts/recovery-codes/").status_code == 200


def test_a_proof_that_is_not_accepted_says_so_where_it_was_given(cast, laptop):
    client = browser(cast.olga)
    options = client.get("/accounts/reauthenticate/passkey/").context["js_data"]["request_options"]
    forged = Passkey(user_id=cast.olga.id)
    page = client.post("/accounts/reauthenticate/passkey/", {"credential": forged.signed(options)})
    assert page.status_code == 422
    assert "The passkey was not accepted." in page.content.decode()
    row = last_event(cast.workspace)
    assert (row.event.type, row.event.meta["when"]) == ("user.two_step_failed", "when asked again")
    assert client.get("/accounts/recovery-codes/").status_code == 302


@pytest.mark.parametrize("fault", ["key", "challenge", "origin", "unverified"])
def test_a_passkey_that_proves_nothing_signs_nobody_in(cast, laptop, fault):
    client = browser()
    options = options_of_sign_in(client)
    if fault == "key":
        laptop.key = Passkey(user_id=cast.olga.id).key
    elif fault == "challenge":
        options_of_sign_in(client)  # the one before is void
    elif fault == "origin":
        laptop.origin = "https://evil.example"
    else:
        laptop.flags &= ~0x04
    page = client.post("/accounts/passkeys/sign-in/", {"credential": laptop.signed(options)}, follow=True)
    assert "The passkey was not accepted." in page.content.decode()
    assert "_auth_user_id" not in client.session
    row = last_event(cast.workspace)
    assert (row.event.type, row.event.outcome) == ("user.two_step_failed", "failure")


def test_an_answer_works_once(cast, laptop):
    client, other = browser(), browser()
    signed = laptop.signed(options_of_sign_in(client))
    client.post("/accounts/passkeys/sign-in/", {"credential": signed})
    other.post("/accounts/passkeys/sign-in/", {"credential": signed})
    assert "_auth_user_id" in client.session
    assert "_auth_user_id" not in other.session


@pytest.mark.parametrize(
    "credential", ["", "no json", "[]", "1", "{}", '{"response": 1}', '{"response": {"userHandle": "x"}}']
)
def test_what_is_no_answer_is_refused(cast, credential):
    client = browser()
    options_of_sign_in(client)
    assert client.post("/accounts/passkeys/sign-in/", {"credential": credential}).status_code == 302
    assert "_auth_user_id" not in client.session
    mine = browser(cast.olga)
    prove(mine)
    assert mine.post("/accounts/passkeys/new/", {"credential": credential}).status_code == 200
    assert not Authenticator.objects.exists()


def test_who_is_switched_off_is_not_let_in(cast, laptop):
    cast.olga.is_active = False
    cast.olga.save()
    client = browser()
    sign_in(client, laptop)
    assert "_auth_user_id" not in client.session


def test_signing_in_is_counted(cast):
    client = browser()
    answers = [client.post("/accounts/passkeys/sign-in/", {"credential": "{}"}).status_code for _ in range(11)]
    assert answers[-1] == 429


def test_removing_one_asks_first_is_told_and_ends_it(cast, laptop, commits):
    client = browser(cast.olga)
    pk = Authenticator.objects.get(type="webauthn").pk
    assert client.post(f"/accounts/passkeys/{pk}/remove/")["Location"].startswith("/accounts/reauthenticate/")
    prove(client)
    assert client.post(f"/accounts/passkeys/{pk}/remove/")["Location"] == "/accounts/"
    row = last_event(cast.workspace)
    assert (row.event.type, row.event.meta) == ("user.passkey_removed", {"passkey": "Laptop"})
    other = browser()
    sign_in(other, laptop)
    assert "_auth_user_id" not in other.session
    assert not Authenticator.objects.exists()


def test_nobody_removes_the_passkey_of_another(cast, laptop):
    client = browser(cast.milo)
    prove(client)
    pk = Authenticator.objects.get(type="webauthn").pk
    assert client.post(f"/accounts/passkeys/{pk}/remove/").status_code == 404
    assert Authenticator.objects.filter(pk=pk).exists()


def test_they_are_offered_only_where_browsers_take_them(cast):
    assert b"Sign in with a passkey" in browser().get("/accounts/login/").content
    plain = Client(headers={"Host": "127.0.0.1:8000"})
    assert b"passkey" not in plain.get("/accounts/login/").content
    plain.force_login(cast.olga)
    page = plain.get("/accounts/").content
    assert b"not at this address" in page
    assert b"/accounts/passkeys/new/" not in page
