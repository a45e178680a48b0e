"""A second step after the password: turned on and off, used, refused, held back, and told to every workspace of the person."""

import re

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.core.management import call_command
from django.core.management.base import CommandError

from auditapp.access.step_up import proof_url
from tests.access.authenticator import code_of, hold_codes, wrong_code
from tests.factories import PASSWORD, age_sign_in, as_operator, events_of, last_event, make_cast, make_member


@pytest.fixture
def cast(db, monkeypatch):
    cache.clear()  # limits are counted there
    hold_codes(monkeypatch)
    return make_cast()


@pytest.fixture
def commits(django_capture_on_commit_callbacks):
    """allauth tells of some acts once they are committed, which a test's transaction never is."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def sign_in(client, user, password=PASSWORD):
    return client.post("/accounts/login/", {"login": user.email, "password": password})


def prove(client):
    return client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": "/accounts/"})


def turn_on(client, commits):
    """The key of the app, and the recovery codes."""
    prove(client)
    page = client.get("/accounts/app/turn-on/")
    secret = page.context["form"].secret
    assert secret in page.content.decode()
    with commits():
        done = client.post("/accounts/app/turn-on/", {"code": code_of(secret)})
    assert done["Location"] == "/accounts/recovery-codes/"
    return secret, client.get("/accounts/recovery-codes/").context["unused_codes"]


def types_of(cast):
    return [row.event.type for row in reversed(events_of(cast.workspace))]


@pytest.fixture
def secured(client, cast, commits):
    """olga with an app, signed out."""
    client.force_login(cast.olga)
    secret, codes = turn_on(client, commits)
    client.logout()
    return secret, codes


def test_turning_it_on_asks_who_sits_there_first(client, cast):
    client.force_login(cast.olga)
    assert client.get("/accounts/app/turn-on/")["Location"].startswith("/accounts/reauthenticate/?next=")


def test_turning_it_on_is_told_in_each_workspace_and_its_secrets_nowhere(client, cast, commits):
    second = make_cast(slug="second")
    make_member(workspace=second.workspace, user=cast.olga)
    client.force_login(cast.olga)
    secret, codes = turn_on(client, commits)
    assert len(codes) == 10
    for one in (cast, second):
        told = [row for row in events_of(one.workspace) if row.event.actor.id == cast.olga.id]
        assert {row.event.type for row in told} == {"user.two_step_enabled", "user.recovery_codes_created"}
        assert secret not in repr(told)
        assert not any(code in repr(told) for code in codes)
    kept = Authenticator.objects.values_list("data", flat=True)
    assert len(kept) == 2
    assert secret not in repr(list(kept))


def test_a_wrong_code_turns_nothing_on(client, cast):
    client.force_login(cast.olga)
    prove(client)
    secret = client.get("/accounts/app/turn-on/").context["form"].secret
    page = client.post("/accounts/app/turn-on/", {"code": wrong_code(secret)})
    assert b"Incorrect code" in page.content
    assert not Authenticator.objects.exists()


def test_the_password_alone_lets_nobody_in(client, cast, secured):
    secret, _ = secured
    assert sign_in(client, cast.olga)["Location"] == "/accounts/second-step/"
    assert "_auth_user_id" not in client.session
    assert client.get("/demo/connections/sources/").status_code == 302
    before = len(events_of(cast.workspace))
    client.post("/accounts/second-step/", {"code": code_of(secret)})
    assert client.get("/demo/connections/sources/").status_code == 200
    assert len(events_of(cast.workspace)) == before + 1
    assert last_event(cast.workspace).event.meta == {"method": "password and two-step code"}


def test_a_code_works_once(client, cast, secured):
    secret, _ = secured
    for expected in (True, False):
        sign_in(client, cast.olga)
        client.post("/accounts/second-step/", {"code": code_of(secret)})
        assert ("_auth_user_id" in client.session) is expected
        client.logout()


def test_a_recovery_code_lets_in_once(client, cast, secured):
    _, codes = secured
    for expected in (True, False):
        sign_in(client, cast.olga)
        client.post("/accounts/second-step/", {"code": codes[0]})
        assert ("_auth_user_id" in client.session) is expected
        if expected:
            assert last_event(cast.workspace).event.meta == {"method": "password and recovery code"}
            assert b"9 left" in client.get("/accounts/").content
        client.logout()


def test_a_wrong_code_is_told_and_not_kept(client, cast, secured):
    wrong = wrong_code(secured[0])
    sign_in(client, cast.olga)
    page = client.post("/accounts/second-step/", {"code": wrong})
    assert b"Incorrect code" in page.content
    row = last_event(cast.workspace)
    assert (row.event.type, row.event.outcome) == ("user.two_step_failed", "failure")
    assert row.event.meta == {"when": "while signing in", "reason": "Wrong code"}
    assert wrong not in repr(row)


def test_guessing_codes_is_stopped(client, cast, secured):
    secret, _ = secured
    sign_in(client, cast.olga)
    for _ in range(5):
        client.post("/accounts/second-step/", {"code": wrong_code(secret)})
    page = client.post("/accounts/second-step/", {"code": code_of(secret)})
    assert b"Too many wrong tries. Wait 5 minutes" in page.content
    assert "_auth_user_id" not in client.session


def test_who_was_switched_off_meanwhile_gets_no_further(client, cast, secured):
    sign_in(client, cast.olga)
    cast.olga.is_active = False
    cast.olga.save()
    client.post("/accounts/second-step/", {"code": code_of(secured[0])})
    assert client.get("/demo/connections/sources/").status_code == 302


def test_new_recovery_codes_end_the_old_ones(client, cast, commits):
    client.force_login(cast.olga)
    _, old = turn_on(client, commits)
    with commits():
        client.post("/accounts/recovery-codes/new/")
    assert types_of(cast)[-1] == "user.recovery_codes_created"
    new = client.get("/accounts/recovery-codes/file/").content.decode().split()
    assert len(new) == 10
    assert not set(new) & set(old)


GIVEN = {"email": "sam@staff.example", "hours": "24", "purpose": "Ticket 4502", "level": "read"}


def is_asked(client):
    answer = client.post("/demo/settings/access/support/new/", GIVEN)
    assert answer.status_code == 302
    return answer["Location"].startswith("/accounts/reauthenticate/")


@pytest.mark.parametrize(("seconds", "expected"), [(0, False), (290, False), (301, True)])
def test_signing_in_is_a_proof_for_five_minutes(client, cast, seconds, expected):
    sign_in(client, cast.olga)
    age_sign_in(client.session, seconds=seconds)
    assert is_asked(client) is expected


def test_the_last_step_of_signing_in_is_the_proof(client, cast, secured):
    sign_in(client, cast.olga)
    age_sign_in(client.session, seconds=301)  # the password waited for the code
    assert client.post("/accounts/second-step/", {"code": code_of(secured[0])}).status_code == 302
    assert not is_asked(client)
    assert last_event(cast.workspace).event.type == "support_access.granted"


def test_a_proof_of_somebody_else_in_the_same_browser_is_none(client, cast):
    sign_in(client, cast.olga)
    client.force_login(cast.olga)  # the session goes on
    session = client.session
    session["account_authentication_methods_user"] = cast.milo.id
    session.save()
    assert is_asked(client)


def test_turning_it_off_takes_the_recovery_codes_with_it(client, cast, commits):
    client.force_login(cast.olga)
    turn_on(client, commits)
    with commits():
        assert client.post("/accounts/app/turn-off/")["Location"] == "/accounts/"
    assert types_of(cast)[-1] == "user.two_step_disabled"
    assert not Authenticator.objects.exists()


def test_turning_it_off_asks_who_sits_there_first(client, cast, secured):
    client.force_login(cast.olga)
    assert client.post("/accounts/app/turn-off/")["Location"].startswith("/accounts/reauthenticate/")
    assert Authenticator.objects.count() == 2
    assert client.get("/accounts/recovery-codes/")["Location"].startswith("/accounts/reauthenticate/")


def test_a_code_is_proof_before_what_is_risky(client, cast, secured):
    secret, _ = secured
    client.force_login(cast.olga)
    page = client.get(proof_url("/accounts/recovery-codes/")).content.decode()
    [other] = re.findall(r'href="(/accounts/reauthenticate/code/[^"]*)"', page)
    client.post(other, {"code": wrong_code(secret)})
    assert last_event(cast.workspace).event.meta["when"] == "when asked again"
    assert client.get("/accounts/recovery-codes/").status_code == 302
    done = client.post(other, {"code": code_of(secret), "next": "/accounts/recovery-codes/"})
    assert done["Location"] == "/accounts/recovery-codes/"
    assert client.get("/accounts/recovery-codes/").status_code == 200


def test_proofs_are_counted(client, cast):
    client.force_login(cast.olga)
    answers = [client.post("/accounts/reauthenticate/", {"password": "wrong"}).status_code for _ in range(11)]
    assert answers[-1] == 429
    assert b"Too many tries" in client.post("/accounts/reauthenticate/", {"password": PASSWORD}).content


def test_the_operator_lets_in_who_lost_everything(client, cast, secured, capsys):
    with as_operator():
        call_command("remove_second_factor", email=cast.olga.email.upper())
    assert "by password alone" in capsys.readouterr().out
    row = last_event(cast.workspace)
    assert (row.event.type, row.event.actor.kind, row.resource.id) == ("user.two_step_disabled", "system", cast.olga.id)
    sign_in(client, cast.olga)
    assert "_auth_user_id" in client.session


def test_the_operator_is_told_where_there_is_nothing_to_do(cast, capsys):
    call_command("remove_second_factor", email=cast.milo.email)
    assert "has no second factor" in capsys.readouterr().out
    with pytest.raises(CommandError, match="Nobody has an account"):
        call_command("remove_second_factor", email="nobody@example.com")
    assert events_of(cast.workspace) == []
