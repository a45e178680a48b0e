"""Signing in and out, and passwords: through the real pages, each with its event."""

import re

import pytest
from django.core import mail
from django.core.cache import cache

from auditapp.access.requests import session_id
from tests.factories import PASSWORD, events_of, last_event, make_cast, make_member


@pytest.fixture
def cast(db):
    cache.clear()  # limits are counted there
    return make_cast()


def sign_in(client, email, password=PASSWORD, **values):
    return client.post("/accounts/login/", {"login": email, "password": password, **values})


def test_signing_in_is_recorded_with_where_from(client, cast):
    response = client.post(
        "/accounts/login/",
        {"login": cast.olga.email.upper(), "password": PASSWORD},
        headers={"User-Agent": "Browser/1", "X-Request-ID": "request-number-1"},
        REMOTE_ADDR="203.0.113.9",
    )
    assert response.status_code == 302
    row = last_event(cast.workspace)
    assert row.event.type == "user.signed_in"
    assert (row.event.actor.id, row.resource.id) == (cast.olga.id, cast.olga.id)
    assert row.event.meta == {"method": "password"}
    assert row.event.context == {
        "ip": "203.0.113.9",
        "user_agent": "Browser/1",
        "request_id": "request-number-1",
        "session_id": session_id(client.session.session_key),
    }


def test_signing_in_goes_on_to_where_one_was(client, cast):
    assert client.get("/demo/connections/sources/")["Location"] == "/accounts/login/?next=/demo/connections/sources/"
    response = sign_in(client, cast.olga.email, next="/demo/connections/sources/")
    assert response["Location"] == "/demo/connections/sources/"


def test_signing_in_goes_nowhere_else(client, cast):
    assert sign_in(client, cast.olga.email, next="https://evil.example/")["Location"] == "/"


def test_it_is_recorded_in_each_workspace_of_the_person_and_no_other(client, cast):
    second, third = make_cast(slug="second"), make_cast(slug="third")
    make_member(workspace=second.workspace, user=cast.olga)
    sign_in(client, cast.olga.email)
    assert [row.event.type for row in events_of(cast.workspace)] == ["user.signed_in"]
    assert [row.event.type for row in events_of(second.workspace)] == ["user.signed_in"]
    assert events_of(third.workspace) == []


def test_a_wrong_password_is_recorded_and_not_kept(client, cast):
    response = sign_in(client, cast.olga.email, "guess-of-a-password")
    assert response.status_code == 200
    row = last_event(cast.workspace)
    assert (row.event.type, row.event.outcome) == ("user.sign_in_failed", "failure")
    assert row.event.meta == {"email": cast.olga.email, "reason": "Wrong password"}
    assert "guess-of-a-password" not in repr(row)


def test_an_unknown_address_is_recorded_nowhere_and_told_the_same(client, cast, caplog):
    known = sign_in(client, cast.olga.email, "wrong").content
    before = len(events_of(cast.workspace))
    unknown = sign_in(client, "nobody@example.com", "wrong").content
    assert len(events_of(cast.workspace)) == before
    assert "nobody@example.com" not in caplog.text

    def message(page):
        return re.search(rb'role="alert".*?</div>', page, re.DOTALL)[0]

    assert message(known) == message(unknown)


def test_who_is_switched_off_cannot_sign_in(client, cast):
    cast.olga.is_active = False
    cast.olga.save()
    sign_in(client, cast.olga.email)
    assert "_auth_user_id" not in client.session
    row = last_event(cast.workspace)
    assert row.event.meta["reason"] == "The account is switched off"


def test_who_is_switched_off_meanwhile_is_out_on_the_next_request(client, cast):
    sign_in(client, cast.olga.email)
    cast.olga.is_active = False
    cast.olga.save()
    assert client.get("/demo/connections/sources/").status_code == 302


def test_guessing_is_stopped(client, cast):
    for _ in range(5):
        sign_in(client, cast.olga.email, "wrong")
    sign_in(client, cast.olga.email)
    assert "_auth_user_id" not in client.session


def test_signing_in_gives_a_new_session(client, cast):
    client.session.save()
    before = client.session.session_key
    client.cookies["sessionid"] = before
    sign_in(client, cast.olga.email)
    assert client.session.session_key != before


def test_signing_out_is_recorded_and_only_by_post(client, cast):
    client.force_login(cast.olga)
    assert client.get("/accounts/logout/").status_code == 200
    assert "_auth_user_id" in client.session
    client.post("/accounts/logout/")
    assert "_auth_user_id" not in client.session
    assert last_event(cast.workspace).event.type == "user.signed_out"


def test_a_changed_password_is_recorded_and_withheld(client, cast):
    client.force_login(cast.olga)
    new = "staple battery horse correct"
    response = client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert response.status_code == 302
    row = last_event(cast.workspace)
    assert (row.event.type, row.resource.id) == ("user.password_changed", cast.olga.id)
    withheld = {"redacted": "declared"}
    assert [(c.path, c.old, c.new) for c in row.event.changes] == [("password", withheld, withheld)]


def test_a_forgotten_password_is_set_anew_by_mail(client, cast):
    mail.outbox.clear()
    client.post("/accounts/password/reset/", {"email": cast.olga.email})
    assert last_event(cast.workspace).event.type == "user.password_reset_requested"
    path = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", mail.outbox[0].body)[1]
    form = client.get(path, follow=True).request["PATH_INFO"]
    new = "staple battery horse correct"
    client.post(form, {"password1": new, "password2": new})
    cast.olga.refresh_from_db()
    assert cast.olga.check_password(new)
    row = last_event(cast.workspace)
    assert row.event.type == "user.password_changed"
    assert path.split("-")[-1].strip("/") not in repr(row)
    assert b"does not work any more" in client.get(path, follow=True).content


def test_a_forgotten_password_tells_nobody_whose_it_is(client, cast):
    mail.outbox.clear()
    answers = [
        client.post("/accounts/password/reset/", {"email": email}, follow=True).content
        for email in (cast.olga.email, "nobody@example.com")
    ]
    assert answers[0] == answers[1]
    assert events_of(cast.workspace)[0].event.actor.id == cast.olga.id


def test_nobody_signs_up_without_an_invitation(client, cast):
    page = client.post("/accounts/signup/", {"email": "x@example.com", "password1": PASSWORD})
    assert b"People come in by invitation" in page.content


def test_a_refused_sign_in_is_told_on_one_line_and_the_way_out_is_offered_once(client, cast):
    page = sign_in(client, cast.olga.email, "not the password").content.decode()
    [told] = re.findall(r'<p class="field__error" role="alert">(.*?)</p>', page)
    assert "<svg" in told
    assert "not correct" in told
    assert page.count("Forgot your password?") == 1
