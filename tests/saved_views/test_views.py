"""The query box, saved views and the default one, as a browser meets them."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from auditapp.access.errors import Denied
from auditapp.lib.errors import Invalid, NotFound
from auditapp.record.query_language import parse_query
from auditapp.record.workspace_scope import in_workspace
from auditapp.trail.saved_views.models import DefaultView, SavedView
from auditapp.trail.saved_views.ready import READY_VIEWS
from auditapp.trail.saved_views.services import (
    change_saved_view,
    create_saved_view,
    delete_saved_view,
    set_default_view,
)
from tests.factories import acting_as, last_event, make_cast
from tests.trail.history import NOON, seal_all, tell_sample
from tests.trail.reading import rows_in

TRAIL = "/demo/settings/admin/audit-trail/"


@pytest.fixture
def cast(db):
    cast = make_cast()
    tell_sample(cast.workspace, cast.olga, "warehouse.disabled", at=NOON - timedelta(days=3))
    tell_sample(cast.workspace, cast.rita, "source.created", at=NOON - timedelta(days=1))
    tell_sample(cast.workspace, cast.olga, "source.run_failed", at=NOON)
    seal_all()  # names are looked up in what is sealed
    return cast


def browser(user):
    client = Client()
    client.force_login(user)
    return client


# --- The box ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("outcome:failure", "outcome=failure"),
        ("-event:source.* risk:risky prod", "event=!source.*&risk=risky&q=prod"),
        ("area:Sources reads:yes from:2026-11-01", "area=sources&from=2026-11-01&reads=1"),
        ("actor:olga@demo.example", "actor={olga}"),
        ("-actor:rita", "actor=!{rita}"),
    ],
)
def test_a_line_leads_to_the_address_of_the_dropdowns_and_is_written_in_the_box_there(cast, typed, address):
    client = browser(cast.olga)
    answer = client.get(TRAIL, {"query": typed})
    expected = f"{TRAIL}?{address.format(olga=cast.olga.id, rita=cast.rita.id)}"
    assert (answer.status_code, answer["Location"]) == (302, expected)
    shown = re.search(r'name="query" value="([^"]*)"', client.get(expected).content.decode())[1]
    again = client.get(TRAIL, {"query": shown})
    assert again["Location"] == expected


def test_htmx_gets_the_list_of_a_line_and_its_address(cast):
    answer = browser(cast.olga).get(TRAIL, {"query": "event:source.*"}, HTTP_HX_REQUEST="true", HTTP_HX_TARGET="events")
    assert answer["HX-Push-Url"] == f"{TRAIL}?event=source.*"
    assert rows_in(answer.content.decode()) == 2


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (
            "outcome:failed",
            "<code>outcome:failed</code> at character 1: There is no outcome:failed. Write outcome:failure.",
        ),
        ("prod ip:nowhere", "<code>ip:nowhere</code> at character 6: Write an address"),
        ("actor:demo", "actors are called so. Write"),
        ("actor:zoe@demo.example", "Nobody called so did anything that you may see."),
        (f"actor:{'x' * 301}", "One of these values is too long to be in the trail."),
        (f"prod eu {'x' * 301}", "</code> at character 9: Search for at most 300 characters of text; these are 309."),
        ("from:2026-11-10 to:2026-11-09", "This is before the range begins."),
    ],
)
def test_what_is_wrong_with_a_line_is_said_under_it_and_the_line_stays(cast, typed, said):
    answer = browser(cast.olga).get(TRAIL, {"query": typed})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert said in html.split('id="search-error"')[1]
    assert f'name="query" value="{typed}"' in html


@pytest.mark.parametrize(
    ("before", "typed", "ticked", "then"),
    [
        ("", "prod", {"area": "sources"}, "area=sources&q=prod"),
        ("risk:risky", "risk:risky prod eu", {"risk": "risky", "area": "sources"}, "area=sources&risk=risky&q=prod+eu"),
        # What was taken out of the box stays out, what was taken out in the dropdowns too.
        ("risk:risky outcome:failure", "outcome:failure", {"risk": "risky", "outcome": "failure"}, "outcome=failure"),
        ("area:sources risk:risky", "area:sources risk:risky prod", {"risk": "risky"}, "risk=risky&q=prod"),
        ("from:2026-11-01", "from:2026-11-09", {"from": "2026-11-01", "area": "users"}, "area=users&from=2026-11-09"),
        ("prod", "prod -eu", {"q": "prod", "outcome": "failure"}, "outcome=failure&q=prod+-eu"),
        ("", "actor:olga", {"area": "users"}, "area=users&actor={olga}"),
    ],
)
def test_what_is_typed_and_not_sent_yet_goes_along_with_the_dropdowns(cast, before, typed, ticked, then):
    asked = ticked | {"query": typed, "query_before": before}
    answer = browser(cast.olga).get(TRAIL, asked, HTTP_HX_REQUEST="true", HTTP_HX_TARGET="events")
    assert answer["HX-Push-Url"] == f"{TRAIL}?{then.format(olga=cast.olga.id)}"


def test_what_is_wrong_in_the_box_stays_there_behind_what_the_dropdowns_say(cast):
    asked = {"area": "sources", "query": 'prod outcome:no "never', "query_before": ""}
    answer = browser(cast.olga).get(TRAIL, asked, HTTP_HX_REQUEST="true", HTTP_HX_TARGET="events")
    assert answer.status_code == 422
    shown = re.search(r'name="query" value="([^"]*)"', answer.content.decode())[1]
    assert shown == "area:sources prod outcome:no &quot;never"


def test_names_are_looked_up_among_those_whom_the_viewer_may_see(cast):
    answer = browser(cast.milo).get(TRAIL, {"query": "actor:olga"})
    assert answer.status_code == 422
    assert "olga@" not in answer.content.decode().split('id="search-error"')[1][:600]


def test_a_day_is_gone_to_with_the_filters_as_they_are(cast):
    client = browser(cast.olga)
    answer = client.get(TRAIL, {"jump": "2026-11-22", "event": "warehouse.*"})
    assert answer["Location"].startswith(f"{TRAIL}?event=warehouse.*&older=20261123T")
    assert rows_in(client.get(answer["Location"]).content.decode()) == 1
    assert client.get(TRAIL, {"jump": "soon"}).status_code == 422


# --- Views ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", READY_VIEWS, ids=lambda view: view.id)
def test_a_ready_view_is_a_sound_query_that_is_in_force_where_it_leads(cast, view):
    assert parse_query(view.query).problems == ()
    client = browser(cast.olga)
    html = client.get(TRAIL).content.decode()
    link = re.search(rf'menu__item" href="([^"]+)"[^>]*>[^>]*>[^>]*>[^>]*><bdi>{view.name}<', html)[1].replace(
        "&amp;", "&"
    )
    assert re.search(rf'id="views-button">.*?<bdi>{view.name}</bdi>', client.get(link).content.decode(), re.S)


def test_a_view_is_saved_from_the_filters_and_recorded(cast):
    client = browser(cast.rita)
    html = client.get(f"{TRAIL}views/new/?outcome=failure").content.decode()
    assert "outcome:failure" in html
    assert "is_shared" not in html
    answer = client.post(
        f"{TRAIL}views/new/", {"name": "Trouble", "query": "outcome:failure risk:risky", "is_shared": "1"}
    )
    assert answer["Location"].startswith(f"{TRAIL}?risk=risky&outcome=failure&view=viw_")
    event = last_event(cast.workspace).event
    assert (event.type, event.targets[0].name, event.meta["shared"]) == ("saved_view.created", "Trouble", False)
    assert "Trouble" in client.get(f"{TRAIL}views/").content.decode()
    assert "Trouble" not in browser(cast.olga).get(f"{TRAIL}views/").content.decode()


def test_a_wrong_query_is_not_saved(cast):
    answer = browser(cast.rita).post(f"{TRAIL}views/new/", {"name": "x", "query": "outcome:no"})
    assert answer.status_code == 422
    assert "There is no outcome:no" in answer.content.decode()


def test_a_default_opens_the_trail_and_can_be_left(cast):
    client = browser(cast.rita)
    client.post(f"{TRAIL}views/failures/default/")
    assert last_event(cast.workspace).event.type == "saved_view.default_set"
    assert client.get(TRAIL)["Location"] == f"{TRAIL}?outcome=failure"
    html = client.get(f"{TRAIL}?outcome=failure").content.decode()
    assert f'id="clear-filters" href="{TRAIL}?view=all"' in html
    assert client.get(f"{TRAIL}?view=all").status_code == 200
    client.post(f"{TRAIL}views/default/clear/")
    assert last_event(cast.workspace).event.type == "saved_view.default_cleared"
    assert client.get(TRAIL).status_code == 200


def test_a_shared_view_shows_each_viewer_their_own_part(cast):
    with acting_as(cast.olga, cast.workspace):
        create_saved_view(name="All sources", query="area:sources", is_shared=True)
    html = browser(cast.milo).get(TRAIL).content.decode()
    assert "All sources" in html
    assert rows_in(browser(cast.milo).get(f"{TRAIL}?area=sources").content.decode()) == 0


# --- A view whose filters were changed ----------------------------------------------------------------------------------


def offered_update(html):
    """What the hidden form of the Views menu would send, and where; None where it offers no such thing."""
    found = re.search(r'<form hidden id="update-view" action="([^"]+)".*?name="query" value="([^"]*)"', html, re.S)
    return found and (found[1], found[2].replace("&quot;", '"'))


def test_a_view_whose_filters_were_changed_is_updated_with_one_click_and_recorded(cast):
    client = browser(cast.rita)
    client.post(f"{TRAIL}views/new/", {"name": "Trouble", "query": "outcome:failure"})
    html = client.get(TRAIL).content.decode()
    opened = re.search(r'href="([^"]+)"[^>]*>[^>]*>[^>]*>[^>]*><bdi>Trouble<', html)[1].replace("&amp;", "&")
    at_first = client.get(opened).content.decode()
    assert offered_update(at_first) is None
    # By the box and by the dropdowns alike, the view that is being changed stays known.
    kept = re.findall(r'<input type="hidden" name="view" value="(viw_\w+)">', at_first)
    assert len(kept) == 2
    changed = client.get(TRAIL, {"query": "outcome:failure area:sources", "view": kept[0]})["Location"]
    html = client.get(changed).content.decode()
    assert "Update <b><bdi>Trouble</bdi></b> to what is shown now" in html
    where, line = offered_update(html)
    assert line == "area:sources outcome:failure"
    answer = client.post(where, {"query": line}, follow=True)
    assert answer.redirect_chain[-1][0] == changed
    assert "Trouble shows this from now on." in answer.content.decode()
    assert offered_update(answer.content.decode()) is None
    event = last_event(cast.workspace).event
    assert event.type == "saved_view.modified"
    assert [(one.path, one.old, one.new) for one in event.changes] == [("query", "outcome:failure", line)]


def test_only_a_view_that_one_may_change_is_offered_to_be_updated(cast):
    with acting_as(cast.olga, cast.workspace):
        shared = create_saved_view(name="For all", query="risk:risky", is_shared=True)
    changed = f"{TRAIL}?outcome=failure&view={shared.id}"
    assert offered_update(browser(cast.olga).get(changed).content.decode()) is not None
    assert offered_update(browser(cast.rita).get(changed).content.decode()) is None
    answer = browser(cast.rita).post(f"{TRAIL}views/{shared.id}/update/", {"query": "outcome:failure"})
    assert answer.status_code == 403
    assert offered_update(browser(cast.olga).get(f"{TRAIL}?view={shared.id}").content.decode()) is None
    assert browser(cast.olga).post(f"{TRAIL}views/risky/update/", {"query": "outcome:failure"}).status_code == 404


def test_a_view_is_not_updated_with_a_line_that_is_wrong(cast):
    with acting_as(cast.olga, cast.workspace):
        view = create_saved_view(name="Mine", query="risk:risky")
    answer = browser(cast.olga).post(f"{TRAIL}views/{view.id}/update/", {"query": "outcome:no"}, follow=True)
    assert "Mine was not changed." in answer.content.decode()
    with in_workspace(cast.workspace.id):
        assert SavedView.objects.get(id=view.id).query == "risk:risky"


def test_clearing_all_filters_leaves_the_view(cast):
    html = browser(cast.olga).get(f"{TRAIL}?outcome=failure&view=viw_x").content.decode()
    assert f'id="clear-filters" href="{TRAIL}"' in html


# --- Services ---------------------------------------------------------------------------------------------------------


def test_sharing_is_for_managers_and_changing_for_the_owner(cast):
    with acting_as(cast.rita, cast.workspace):
        with pytest.raises(Denied):
            create_saved_view(name="Mine", query="outcome:failure", is_shared=True)
        own = create_saved_view(name="Mine", query="outcome:failure")
        with pytest.raises(Invalid):
            create_saved_view(name="mine", query="risk:risky")
        changed = change_saved_view(view_id=own.id, name="Ours", query="risk:risky", is_shared=False)
        assert (changed.name, changed.query) == ("Ours", "risk:risky")
    with acting_as(cast.olga, cast.workspace):
        shared = create_saved_view(name="For all", query="risk:risky", is_shared=True)
        with pytest.raises(NotFound):
            delete_saved_view(view_id=own.id)
    with acting_as(cast.rita, cast.workspace):
        set_default_view(view_id=shared.id)
        with pytest.raises(Denied):
            delete_saved_view(view_id=shared.id)
    with acting_as(cast.olga, cast.workspace):
        delete_saved_view(view_id=shared.id)
        assert not DefaultView.objects.exists()
    assert last_event(cast.workspace).event.type == "saved_view.deleted"


def test_another_workspace_sees_none_of_it(cast):
    with acting_as(cast.olga, cast.workspace):
        view = create_saved_view(name="For all", query="risk:risky", is_shared=True)
        set_default_view(view_id=view.id)
    other = make_cast(slug="other")
    with in_workspace(other.workspace.id):
        assert not SavedView.objects.exists()
        assert not DefaultView.objects.exists()
    with acting_as(other.olga, other.workspace), pytest.raises(NotFound):
        set_default_view(view_id=view.id)
    assert browser(other.olga).get(reverse("trail:view_edit", args=["other", view.id])).status_code == 404
