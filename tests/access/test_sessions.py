"""Sessions on the page of one's own account: which there are, and their end, which holds on the next request."""

from datetime import UTC, datetime, timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client

from auditapp.access.requests import session_id
from auditapp.access.sessions import device_of
from auditapp.lib import clock
from tests.factories import PASSWORD, events_of, last_event, make_cast, make_member

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
DESK = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


@pytest.fixture
def cast(db):
    cache.clear()
    return make_cast()


def signed_in(user, agent=DESK, address="203.0.113.9"):
    client = Client(headers={"User-Agent": agent}, REMOTE_ADDR=address)
    done = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert done.status_code == 302
    return client


def is_in(client):
    return client.get("/demo/connections/sources/").status_code == 200


def test_all_sessions_of_a_person_are_listed_and_no_others(cast):
    here, _, other = signed_in(cast.olga), signed_in(cast.olga, PHONE, "198.51.100.7"), signed_in(cast.milo)
    page = here.get("/accounts/")
    assert [(device, address) for _, device, address in page.context["sessions"]] == [
        ("Firefox on Linux", "203.0.113.9"),
        ("Safari on iPhone", "198.51.100.7"),
    ]
    assert len(other.get("/accounts/").context["sessions"]) == 1
    assert here.session.session_key not in page.content.decode()


def test_an_ended_session_is_out_at_its_next_request(cast):
    second = make_cast(slug="second")
    make_member(workspace=second.workspace, user=cast.olga)
    here, phone = signed_in(cast.olga), signed_in(cast.olga, PHONE)
    key = phone.session.session_key
    assert is_in(phone)
    pk = UserSession.objects.get(session_key=key).pk
    assert here.post(f"/accounts/sessions/{pk}/end/")["Location"] == "/accounts/"
    assert not is_in(phone)
    assert is_in(here)
    for one in (cast, second):
        row = last_event(one.workspace)
        assert (row.event.type, row.event.actor.id) == ("user.sessions_revoked", cast.olga.id)
        assert row.event.meta == {"sessions": 1, "session_ids": [session_id(key)]}
        assert key not in repr(row)


def test_all_others_end_at_once(cast):
    here, *others = [signed_in(cast.olga) for _ in range(3)]
    stranger = signed_in(cast.milo)
    here.post("/accounts/sessions/end/")
    assert [is_in(one) for one in (here, stranger, *others)] == [True, True, False, False]
    assert last_event(cast.workspace).event.meta["sessions"] == 2
    before = len(events_of(cast.workspace))
    here.post("/accounts/sessions/end/")
    assert len(events_of(cast.workspace)) == before


def test_nobody_ends_the_session_of_another_or_one_that_is_gone(cast):
    olga, milo = signed_in(cast.olga), signed_in(cast.milo)
    pk = UserSession.objects.get(user=cast.olga).pk
    assert milo.post(f"/accounts/sessions/{pk}/end/").status_code == 404
    assert milo.post("/accounts/sessions/999999999/end/").status_code == 404
    assert is_in(olga)
    own = UserSession.objects.get(user=cast.milo).pk
    assert milo.post(f"/accounts/sessions/{own}/end/").status_code == 404
    assert is_in(milo)


def test_sessions_that_a_new_password_ended_are_not_listed(cast):
    here, phone = signed_in(cast.olga), signed_in(cast.olga, PHONE)
    new = "staple battery horse correct"
    here.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert not is_in(phone)
    assert len(here.get("/accounts/").context["sessions"]) == 1


def test_it_is_kept_when_and_from_where_a_session_was_seen_last_but_not_each_time(cast, django_assert_num_queries):
    client = signed_in(cast.olga)
    client.defaults["REMOTE_ADDR"] = "198.51.100.7"
    client.get("/accounts/password/change/")
    assert UserSession.objects.get().ip == "203.0.113.9"
    with clock.at(datetime.now(UTC) + timedelta(minutes=6)):
        client.get("/accounts/password/change/")
        assert UserSession.objects.get().ip == "198.51.100.7"
        with django_assert_num_queries(2):  # the session and its person
            client.get("/accounts/password/change/")


def test_using_a_session_does_not_put_its_end_off(cast):
    client = signed_in(cast.olga)
    ends = Session.objects.get(session_key=client.session.session_key).expire_date
    with clock.at(datetime.now(UTC) + timedelta(days=1)):
        client.get("/accounts/password/change/")
    assert client.session["seen_at"] > datetime.now(UTC).timestamp()
    later = Session.objects.get(session_key=client.session.session_key).expire_date
    assert abs(later - ends) < timedelta(seconds=10)


def test_a_client_without_an_address_can_sign_in(cast):
    client = signed_in(cast.olga, address="")
    [(_, _, address)] = client.get("/accounts/").context["sessions"]
    assert address == ""


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (PHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/143.0 Safari/537.36 Edg/143.0", "Edge on Windows"),
        ("curl/8.15.0", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_is_named_in_words(agent, device):
    assert device_of(agent) == device
