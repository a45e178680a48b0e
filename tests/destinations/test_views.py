"""Pages of destinations as people use them: made, tested, turned on, looked at. Secrets are shown once and never again."""

import pytest
from django.test import Client

from auditapp.pipeline.destinations.kind import Outcome, Sent
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.setup import setup_of
from auditapp.record.workspace_scope import in_workspace
from tests.delivery_kinds import SETTINGS
from tests.factories import last_event, make_destination

HOME = "/demo/connections/destinations/"


@pytest.fixture
def olga(cast):
    client = Client()
    client.force_login(cast.olga)
    return client


def only(cast):
    with in_workspace(cast.workspace.id):
        return Destination.objects.get(workspace_id=cast.workspace.id)


def test_from_nothing_to_on_in_four_pages(cast, kind, olga):
    assert b"No destination yet" in olga.get(HOME).content
    chooser = olga.get(HOME + "new/")
    assert b"Played" in chooser.content
    assert b"Web shop" in chooser.content
    address = f"{HOME}new/?source={cast.shop.id}&kind=played"
    assert b"URL" in olga.get(address).content
    made = olga.post(address, {"name": "SIEM", "form": "segment", "size": 500, "mode": "a", "linger": 0, **SETTINGS})
    secret = setup_of(only(cast)).signing_secrets[0]
    assert secret.encode() in made.content
    page = olga.get(f"{HOME}{only(cast).id}/")
    assert secret.encode() not in page.content
    assert b"off until a test event" in page.content
    assert olga.post(f"{HOME}{only(cast).id}/enable/").status_code == 409
    assert b"The test event arrived" in olga.post(f"{HOME}{only(cast).id}/test/").content
    assert olga.post(f"{HOME}{only(cast).id}/enable/").status_code == 302
    assert only(cast).is_enabled
    assert b"Healthy" in olga.get(HOME).content
    assert b"Healthy" in olga.get(f"/demo/connections/sources/{cast.shop.id}/destinations/").content


def test_a_test_that_fails_shows_what_came_back_and_leaves_it_off(cast, kind, olga):
    kind.always = Sent(Outcome.RETRY, "503", "503 Service Unavailable", request="POST /in", answer="<b>busy</b>")
    olga.post(
        f"{HOME}new/?source={cast.shop.id}&kind=played",
        {"name": "A", "form": "segment", "size": 5, "mode": "a", "linger": 0, **SETTINGS},
    )
    answer = olga.post(f"{HOME}{only(cast).id}/test/")
    assert b"did not arrive" in answer.content
    assert b"&lt;b&gt;busy&lt;/b&gt;" in answer.content
    assert only(cast).tested_at is None
    row = last_event(cast.workspace)
    assert (row.type.key, row.event.outcome) == ("destination.test_sent", "failure")


def test_a_test_of_settings_that_changed_meanwhile_turns_nothing_on(cast, kind, olga):
    entered = {"name": "A", "form": "segment", "size": 5, "mode": "a", "linger": 0, **SETTINGS}
    olga.post(f"{HOME}new/?source={cast.shop.id}&kind=played", entered)
    made = only(cast)

    def changed_meanwhile(batch):
        with in_workspace(cast.workspace.id):
            Destination.objects.filter(id=made.id).update(version=made.version + 1)
        return Sent(Outcome.DELIVERED, "200")

    kind.answers.append(changed_meanwhile)
    olga.post(f"{HOME}{made.id}/test/")
    assert only(cast).tested_at is None
    assert olga.post(f"{HOME}{made.id}/enable/").status_code == 409


def test_settings_never_show_a_secret_and_keep_it_where_nothing_is_entered(cast, kind, olga):
    olga.post(
        f"{HOME}new/?source={cast.shop.id}&kind=played",
        {"name": "A", "form": "segment", "size": 5, "mode": "a", "linger": 0, **SETTINGS},
    )
    address = f"{HOME}{only(cast).id}/settings/"
    page = olga.get(address)
    assert b"s3cret-token" not in page.content
    assert b"Leave it empty to keep" in page.content
    changed = olga.post(
        address, {"name": "B", "form": "cef", "size": 7, "mode": "b", "linger": 0, "url": SETTINGS["url"], "token": ""}
    )
    assert changed.status_code == 302
    setup = setup_of(only(cast))
    assert (setup.secrets["token"], setup.settings["size"], setup.form) == ("s3cret-token", 7, "cef")


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("url", "", b"required"),
        ("url", "http:/x", b"whole address"),
        ("size", "0", b"greater than or equal"),
        ("name", "", b"required"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(cast, kind, olga, field, value, says):
    entered = {"name": "A", "form": "segment", "size": 5, "mode": "a", "linger": 0, **SETTINGS, field: value}
    answer = olga.post(f"{HOME}new/?source={cast.shop.id}&kind=played", entered)
    assert answer.status_code == 422
    assert says in answer.content


def test_a_rotated_secret_is_shown_once(cast, olga):
    destination = make_destination(source=cast.shop)
    answer = olga.post(f"{HOME}{destination.id}/rotate-secret/")
    assert setup_of(only(cast)).signing_secrets[0].encode() in answer.content
    assert b"For the next 24 hours" in answer.content


def test_who_only_reads_sees_no_button(cast):
    destination = make_destination(source=cast.shop)
    client = Client()
    client.force_login(cast.rita)
    page = client.get(f"{HOME}{destination.id}/").content
    assert b"Turn off" not in page
    assert b"Send test event" not in page
    assert b"change nothing" in client.get(f"{HOME}{destination.id}/settings/").content


def test_list_pages_ask_the_same_number_of_questions_however_long_they_are(cast, olga, django_assert_max_num_queries):
    for number in range(3):
        make_destination(source=cast.shop, name=f"A{number}")
    olga.get(HOME)
    with django_assert_max_num_queries(20) as few:
        olga.get(HOME)
    for number in range(20):
        make_destination(source=cast.shop, name=f"B{number}")
    with django_assert_max_num_queries(len(few)):
        olga.get(HOME)
