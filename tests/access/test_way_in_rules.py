"""What a workspace asks of who enters it: a second factor, with a time to set one up, and a session that is used; and who was removed."""

from datetime import UTC, datetime, timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client

from auditapp.access.members import remove_member
from auditapp.access.models import Workspace
from auditapp.access.workspaces import change_workspace_settings, told_of_workspace
from auditapp.lib import clock
from auditapp.lib.errors import Invalid
from auditapp.record.workspace_scope import in_workspace
from tests.factories import PASSWORD, acting_as, events_of, last_event, make_cast, make_member
from tests.revert.looking import latest, undo

PAGE = "/demo/connections/sources/"
LED = "/accounts/?needed=demo"


@pytest.fixture
def cast(db):
    cache.clear()
    return make_cast()


def secured(user):
    Authenticator.objects.create(user=user, type="totp", data={})


def settings(cast, **changed):
    with acting_as(cast.olga, cast.workspace):
        workspace = Workspace.objects.get(id=cast.workspace.id)
        change_workspace_settings(**(told_of_workspace(workspace) | changed))


def signed_in(user):
    client = Client()
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    return client


def test_who_has_no_second_factor_is_led_to_it_once_the_time_is_over(cast):
    secured(cast.olga)
    settings(cast, second_factor_rule="in_7_days")
    assert last_event(cast.workspace).event.changes[0].new == "in_7_days"
    milo, olga = Client(), Client()
    milo.force_login(cast.milo)
    olga.force_login(cast.olga)
    assert "needs a second factor of you from" in milo.get(PAGE).content.decode()
    assert "needs a second factor of you" not in olga.get(PAGE).content.decode()
    with clock.at(clock.now() + timedelta(days=6, hours=23)):
        assert milo.get(PAGE).status_code == 200
    with clock.at(clock.now() + timedelta(days=7, minutes=1)):
        for answer in (milo.get(PAGE), milo.post(f"{PAGE}new/", {"name": "New"})):
            assert (answer.status_code, answer["Location"]) == (302, LED)
        assert milo.get(PAGE, headers={"HX-Request": "true"})["HX-Redirect"] == LED
        assert "needs a second factor. Turn on" in milo.get(LED).content.decode()
        assert olga.get(PAGE).status_code == 200
        secured(cast.milo)
        assert milo.get(PAGE).status_code == 200
        assert "needs a second factor. Turn on" not in milo.get(LED).content.decode()


def test_an_owner_sets_up_their_own_first_and_it_is_set_back_by_its_event(cast):
    with pytest.raises(Invalid, match="your own second factor first"):
        settings(cast, second_factor_rule="at_once")
    secured(cast.olga)
    settings(cast, second_factor_rule="at_once", idle_minutes=15)
    milo = Client()
    milo.force_login(cast.milo)
    assert milo.get(PAGE)["Location"] == LED
    undo(cast, latest(cast, "workspace.settings_modified"))
    assert milo.get(PAGE).status_code == 200
    with in_workspace(cast.workspace.id):
        workspace = Workspace.objects.get(id=cast.workspace.id)
    assert (workspace.second_factor_rule, workspace.second_factor_from, workspace.idle_minutes) == ("never", None, 0)
    for wrong in ({"second_factor_rule": "soon"}, {"idle_minutes": "7"}):
        with pytest.raises(Invalid):
            settings(cast, **wrong)


def test_a_session_that_rests_too_long_ends_where_the_workspace_says_so(cast):
    settings(cast, idle_minutes=15)
    client = signed_in(cast.milo)
    start = datetime.now(UTC)
    for minutes in (10, 20, 33):  # each within 15 of the one before
        with clock.at(start + timedelta(minutes=minutes)):
            assert client.get(PAGE).status_code == 200
    before = len(events_of(cast.workspace))
    with clock.at(start + timedelta(minutes=50)):
        assert client.get(PAGE)["Location"].startswith("/accounts/login/?next=")
        assert "_auth_user_id" not in client.session
    assert len(events_of(cast.workspace)) == before + 1
    assert last_event(cast.workspace).event.type == "user.signed_out"
    settings(cast, idle_minutes=0)
    client = signed_in(cast.milo)
    with clock.at(datetime.now(UTC) + timedelta(days=2)):
        assert client.get(PAGE).status_code == 200


def test_a_session_of_who_was_removed_finds_nothing_here_and_goes_on_elsewhere(cast):
    other = make_cast(slug="other")
    make_member(workspace=other.workspace, user=cast.milo, role="source_admin", scope="all")
    client = signed_in(cast.milo)
    assert client.get(PAGE).status_code == 200
    with acting_as(cast.olga, cast.workspace):
        remove_member(user_id=cast.milo.id)
    assert [client.get(path).status_code for path in (PAGE, PAGE.replace("demo", "other"))] == [404, 200]
