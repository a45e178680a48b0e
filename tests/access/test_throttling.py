"""Guessing at an account: that it was stopped is told once, everywhere, with how long to wait; the tries that were stopped are not."""

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from auditapp.lib import clock
from tests.access.authenticator import hold_codes, wrong_code
from tests.access.test_second_factor import commits, secured  # noqa: F401  fixtures
from tests.factories import PASSWORD, events_of, make_cast, make_member

STOPPED, FAILED = "user.sign_in_throttled", "user.sign_in_failed"


@pytest.fixture
def cast(db, monkeypatch):
    cache.clear()  # limits are counted there
    hold_codes(monkeypatch)
    return make_cast()


def guess(client, email, times, password="wrong"):
    for number in range(times):
        # From ever another address: what is counted is the account.
        answer = client.post(
            "/accounts/login/", {"login": email, "password": password}, REMOTE_ADDR=f"203.0.113.{number}"
        )
    return answer.content.decode()


def told(one, kind):
    return [row for row in events_of(one.workspace) if row.event.type == kind]


def test_it_is_told_once_in_each_workspace_with_how_long_to_wait(client, cast):
    second = make_cast(slug="second")
    make_member(workspace=second.workspace, user=cast.olga)
    page = guess(client, cast.olga.email.upper(), 14)
    assert "Too many wrong tries. Wait 5 minutes, then try again." in page
    for one in (cast, second):
        assert len(told(one, FAILED)) == 5
        (row,) = told(one, STOPPED)
        assert (row.event.actor.id, row.event.outcome) == (cast.olga.id, "failure")
        assert row.event.meta == {"when": "with the password", "wait": "5 minutes"}


def test_not_even_the_right_password_lets_in_until_then(client, cast):
    guess(client, cast.olga.email, 6)
    guess(client, cast.olga.email, 1, PASSWORD)
    assert "_auth_user_id" not in client.session
    with time_machine.travel(clock.now() + timedelta(minutes=6), tick=True):
        guess(client, cast.olga.email, 1, PASSWORD)
    assert "_auth_user_id" in client.session


def test_the_next_time_is_told_anew(client, cast):
    guess(client, cast.olga.email, 9)
    with time_machine.travel(clock.now() + timedelta(minutes=6), tick=True):
        guess(client, cast.olga.email, 9)
        assert len(told(cast, STOPPED)) == 2


def test_many_accounts_from_one_address_are_stopped_and_told_of_each(client, cast):
    for person in (cast.olga, cast.milo, cast.rita):
        for _ in range(5):
            page = client.post("/accounts/login/", {"login": person.email, "password": "wrong"}).content.decode()
    assert "Wait 1 minute, then try again." in page
    assert {row.event.actor.id for row in told(cast, STOPPED)} == {cast.rita.id}


def test_of_an_address_without_account_nothing_else_is_said(client, cast, caplog):
    known = guess(client, cast.olga.email, 7)
    before = len(events_of(cast.workspace))
    unknown = guess(client, "nobody@example.com", 7)
    assert "Wait 5 minutes" in known
    assert "Wait 5 minutes" in unknown
    assert len(events_of(cast.workspace)) == before
    assert "nobody@example.com" not in caplog.text


def test_codes_of_the_second_step_too(client, cast, secured):  # noqa: F811
    secret, _ = secured
    client.post("/accounts/login/", {"login": cast.olga.email, "password": PASSWORD})
    for _ in range(8):
        page = client.post("/accounts/second-step/", {"code": wrong_code(secret)}, follow=True)
    assert "Too many wrong tries. Wait 5 minutes, then try again." in page.content.decode()
    (row,) = told(cast, STOPPED)
    assert row.event.meta["when"] == "at the second step"
    assert len(told(cast, "user.two_step_failed")) == 5


def test_and_the_proof_of_who_sits_there(cast):
    client = Client()
    client.force_login(cast.olga)
    for _ in range(8):
        page = client.post("/accounts/reauthenticate/", {"password": "wrong"}).content.decode()
    assert "Too many wrong tries. Wait 5 minutes, then try again." in page
    (row,) = told(cast, STOPPED)
    assert row.event.meta["when"] == "when asked again"
