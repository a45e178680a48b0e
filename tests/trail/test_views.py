"""The list: who sees what, page and fragments, filters in the URL, and what the page says where there is nothing."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from auditapp.catalogue import registry
from auditapp.catalogue.areas import AREAS
from auditapp.catalogue.types import Verb
from auditapp.lib import clock
from tests.factories import as_operator, make_cast
from tests.trail.history import NOON, seal_all, tell, tell_sample
from tests.trail.reading import rows_in, sentences

HTMX = {"HTTP_HX_REQUEST": "true"}


def to(target):
    return HTMX | {"HTTP_HX_TARGET": target}


# --- Who sees what ----------------------------------------------------------------------------------------------------


@pytest.fixture
def three_sources(cast):
    """An event of each source, by rita; one by milo on something that is none of his; one of olga's."""
    for source in (cast.shop, cast.app, cast.kiosk):
        tell(cast.workspace, cast.rita, "source.modified", source.audit_target, scope_id=source.id)
    tell_sample(cast.workspace, cast.milo, "workspace.settings_modified")
    tell_sample(cast.workspace, cast.olga, "warehouse.disabled")
    seal_all()
    return cast


def test_owner_and_auditor_see_every_event(three_sources, browser_of, trail_url):
    for person in (three_sources.olga, three_sources.rita):
        html = browser_of(person).get(trail_url).content.decode()
        assert rows_in(html) == 5
        assert "You see" not in html


def test_member_sees_the_sources_of_their_role_and_what_they_did_themselves(three_sources, browser_of, trail_url):
    html = browser_of(three_sources.milo).get(trail_url).content.decode()
    assert sorted(sentences(html)) == [
        "changed settings of workspace Halden Outdoor",
        "changed source Web shop",
        "changed source iOS app",
    ]
    assert rows_in(html) == 3
    assert "Kiosk" not in html
    assert "<b>You see 2 of 18 areas.</b>" in html


def test_member_is_told_that_something_is_hidden_and_not_what(three_sources, browser_of, trail_url):
    html = browser_of(three_sources.mina).get(trail_url).content.decode()
    assert rows_in(html) == 0
    assert "other events are hidden from you" in html
    assert "Warehouse Disabled" not in html
    assert "Rita" not in html


def test_dropdowns_offer_only_what_the_viewer_may_see(three_sources, browser_of, trail_url):
    html = browser_of(three_sources.milo).get(trail_url).content.decode()
    offered = set(re.findall(r'name="event" value="([^"]+)"', html))
    assert offered == {"source.modified", "workspace.settings_modified"}
    assert set(re.findall(r'name="actor" value="([^"]+)"', html)) == {three_sources.rita.id, three_sources.milo.id}


def test_addresses_of_others_are_hidden_without_the_permission(three_sources, browser_of, trail_url):
    html = browser_of(three_sources.milo).get(trail_url).content.decode()
    assert "rita@demo.example" not in html
    assert html.count(">203.0.113.24<") == 1  # of the event that he did himself
    assert 'name="ip"' not in html
    searched = browser_of(three_sources.milo).get(trail_url, {"ip": "203.0.113.24"}).content.decode()
    assert rows_in(searched) == 0


def test_stranger_finds_no_workspace(three_sources, browser_of, trail_url):
    assert browser_of(three_sources.zoe).get(trail_url).status_code == 404


def test_without_a_session_the_way_leads_to_sign_in_and_back(cast, client, trail_url):
    answer = client.get(trail_url, {"q": "prod"})
    assert answer.status_code == 302
    assert parse_qs(urlsplit(answer["Location"]).query)["next"] == [f"{trail_url}?q=prod"]


def test_another_workspaces_events_are_not_there(three_sources, browser_of):
    other = make_cast(slug="other")
    html = browser_of(other.olga).get(reverse("trail:event_list", args=["other"])).content.decode()
    assert rows_in(html) == 0
    assert "The trail starts with your next change" in html


# --- Filters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "types"),
    [
        ({"event": "warehouse.disabled"}, {"warehouse.disabled"}),
        ({"area": "functions"}, {one.key for one in registry.types_of("functions")}),
        ({"resource": "journey"}, {one.key for one in registry.types_of("journeys") if one.verb is not Verb.READ}),
        ({"event": "audit_trail.viewed"}, {"audit_trail.viewed"}),
    ],
)
def test_filter_shows_its_events_only(history, browser_of, trail_url, query, types):
    html = browser_of(history.olga).get(trail_url, query).content.decode()
    assert rows_in(html) == len(types)


def test_exclusion_leaves_out_and_the_chip_says_is_not(history, browser_of, trail_url):
    client = browser_of(history.olga)
    html = client.get(trail_url, {"actor": [f"!{history.olga.id}"], "area": "sources"}).content.decode()
    assert "Olga of demo" not in "".join(re.findall(r'trail__cell-actor" hx-disable>.*?</td>', html))
    assert "<b>Actor</b> <bdi>is not Olga of demo</bdi>" in html
    assert 'id="actor_match-none" name="actor_match" value="none" checked' in html


def test_the_chip_of_events_without_a_reason_says_so(history, browser_of, trail_url):
    html = browser_of(history.olga).get(trail_url, {"query": "-reason:*"}, follow=True).content.decode()
    assert "<b>Reason</b> <bdi>none given</bdi>" in html


def test_read_events_come_when_they_are_asked_for(history, browser_of, trail_url):
    client = browser_of(history.olga)
    without = client.get(trail_url, {"resource": "audit_trail"}).content.decode()
    asked = client.get(trail_url, {"resource": "audit_trail", "reads": "1"}).content.decode()
    types = registry.EVENT_TYPES.values()
    reads = [one for one in types if one.verb is Verb.READ and one.resource_type == "audit_trail"]
    looks = 1  # the first of the two is an event itself
    assert rows_in(asked) - rows_in(without) == len(reads) + looks > looks


@pytest.mark.parametrize("asked", [{}, to("events")])
def test_the_page_says_that_views_are_hidden_and_leads_to_them(history, browser_of, trail_url, asked):
    client = browser_of(history.olga)
    html = client.get(trail_url, {"q": "prod"}, **asked).content.decode()
    link = re.search(r'id="show-reads" href="([^"]+)" hx-get="([^"]+)"', html)
    assert link[1] == link[2] == f"{trail_url}?q=prod&amp;reads=1"
    assert "Views are hidden and left out." in html.split('id="export-menu"')[1]
    for shown in ({"reads": "1"}, {"area": "workspace"}, {"event": "audit_trail.viewed"}):
        assert "Views are hidden" not in client.get(trail_url, shown, **asked).content.decode()


def test_all_eighteen_areas_are_offered_in_their_order(history, browser_of, trail_url):
    html = browser_of(history.olga).get(trail_url).content.decode()
    assert re.findall(r'name="area" value="([^"]+)"', html) == [area.key for area in AREAS]


def test_a_choice_stays_listed_at_count_zero(cast, browser_of, trail_url):
    html = browser_of(cast.olga).get(trail_url, {"event": "warehouse.deleted", "actor": "usr_gone"}).content.decode()
    assert re.search(r'value="warehouse.deleted" checked>.*?facet__count">0<', html)
    assert re.search(r'value="usr_gone" checked>.*?facet__count">0<', html)


def test_words_narrow_the_dropdown_without_scripts(history, browser_of, trail_url):
    html = browser_of(history.olga).get(trail_url, {"event_q": "source disab"}).content.decode()
    assert re.findall(r'name="event" value="([^"]+)"', html) == ["source.disabled"]
    assert re.search(r'id="events-filter" open', html)


def test_a_form_without_scripts_is_sent_on_to_the_address_it_means(cast, browser_of, trail_url):
    sent = "?q=&event_match=any&actor_match=none&actor=usr_1&from=&to=&tz="
    answer = browser_of(cast.olga).get(trail_url + sent)
    assert (answer.status_code, answer["Location"]) == (302, f"{trail_url}?actor=!usr_1")


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ({"ip": "203.0.113.0/40"}, "ip-error", "A range ends in /0 to /32"),
        ({"from": "yesterday"}, "range-from-error", "Write a day such as 2026-11-01"),
        ({"q": " ".join("abcdefghijklm")}, "search-error", "at most 12 words"),
        ({"q": "*"}, "search-error", "Write a word, a name, an id or an address"),
        ({"q": "';--"}, "search-error", "Write a word, a name, an id or an address"),
        ({"from": "2026-11-10", "to": "2026-11-09"}, "range-to-error", "This is before the range begins."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_the_list_is_kept(
    history, browser_of, trail_url, query, field, message
):
    answer = browser_of(history.olga).get(trail_url, query | {"fold": "off"})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert message in html.split(f'id="{field}"')[1][:400]
    assert rows_in(html) == 50


def test_a_damaged_page_key_is_named_and_the_first_page_is_shown(history, browser_of, trail_url):
    answer = browser_of(history.olga).get(trail_url, {"older": "nonsense", "fold": "off"})
    assert answer.status_code == 422
    assert "This page link is damaged." in answer.content.decode()
    assert rows_in(answer.content.decode()) == 50


def test_the_banner_says_what_is_wrong_by_the_label_of_its_field(history, browser_of, trail_url):
    html = browser_of(history.olga).get(trail_url, {"ip": "nowhere", "q": "%"}).content.decode()
    assert "</b> Source IP: Write an address such as" in html
    assert html.count("Write a word, a name") == 1


def test_an_address_with_an_event_that_is_not_there_says_so_above_the_list(history, browser_of, trail_url):
    html = browser_of(history.olga).get(trail_url, {"open": "evt_nonsense", "fold": "off"}).content.decode()
    assert "<b>There is no such event here.</b>" in html
    assert re.search(r'id="trail-notes"(?! hidden)>', html)
    assert rows_in(html) == 50


# --- Pages ------------------------------------------------------------------------------------------------------------


def test_older_and_newer_walk_the_whole_trail_without_gap_or_repetition(history, browser_of, trail_url):
    client, seen, url = browser_of(history.olga), [], f"{trail_url}?fold=off"
    while url:
        html = client.get(url).content.decode()
        seen += re.findall(r'data-event="([^"]+)"', html)
        url = next((one.replace("&amp;", "&") for one in re.findall(r'rel="next" href="([^"]+)"', html)), None)
    written = sum(1 for one in registry.EVENT_TYPES.values() if one.verb is not Verb.READ)
    assert len(seen) == len(set(seen)) == written + 3
    back = re.search(r'rel="prev" href="([^"]+)"', html)[1].replace("&amp;", "&")
    newer = re.findall(r'data-event="([^"]+)"', client.get(back).content.decode())
    assert newer == seen[-len(re.findall("data-event", html)) - 50 : -len(re.findall("data-event", html))]


def test_rows_stand_under_their_day_in_the_zone_of_the_page(cast, browser_of, trail_url):
    tell_sample(
        cast.workspace, cast.olga, "warehouse.disabled", at=NOON.replace(hour=23, minute=30) - timedelta(days=1)
    )
    client = browser_of(cast.olga)
    with clock.at(NOON):
        assert "<b>Yesterday</b> <span>Monday 23 November</span>" in client.get(trail_url).content.decode()


def test_the_page_says_its_zone_and_utc_can_be_asked_for(cast, browser_of, trail_url):
    cast.workspace.time_zone = "Europe/Oslo"
    with as_operator():
        cast.workspace.save()
    tell_sample(cast.workspace, cast.olga, "warehouse.disabled", at=NOON)
    client = browser_of(cast.olga)
    with clock.at(NOON):
        assert "times in Oslo, UTC+1" in client.get(trail_url).content.decode()
        assert '<span class="trail__clock">13:00</span>' in client.get(trail_url).content.decode()
        assert '<span class="trail__clock">12:00</span>' in client.get(trail_url, {"tz": "utc"}).content.decode()


# --- Fragments --------------------------------------------------------------------------------------------------------


def test_htmx_gets_the_list_and_what_changes_around_it_and_the_address_it_means(history, browser_of, trail_url):
    answer = browser_of(history.olga).get(trail_url + "?q=&event=warehouse.disabled", **to("events"))
    html = answer.content.decode()
    assert answer["HX-Push-Url"] == f"{trail_url}?event=warehouse.disabled"
    assert "<html" not in html
    assert html.strip().startswith('<div class="trail-frame" id="events"')
    for part in ("toolbar", "chips", "histogram", "trail-notes", "export-menu", "announcement"):
        assert re.search(rf'id="{part}"[^>]*hx-swap-oob="true"', html), part


def test_htmx_gets_the_drawer_alone(history, browser_of, trail_url):
    client = browser_of(history.olga)
    key = re.search(r'data-event="([^"]+)"', client.get(trail_url).content.decode())[1]
    html = client.get(trail_url, {"open": key}, **to("drawer")).content.decode()
    assert html.startswith('<div id="drawer"')
    assert 'id="event-title"' in html
    closed = client.get(trail_url, **to("drawer")).content.decode()
    assert 'role="dialog"' not in closed


def test_htmx_gets_how_many_events_a_button_would_show(history, browser_of, trail_url):
    answer = browser_of(history.olga).get(trail_url, {"event": "warehouse.disabled"}, **to("show-counts"))
    html = answer.content.decode()
    assert html.count("Show 1 event<") == html.count('hx-swap-oob="true"') == 5


def test_the_back_button_gets_a_whole_page(history, browser_of, trail_url):
    answer = browser_of(history.olga).get(trail_url, **to("events"), HTTP_HX_HISTORY_RESTORE_REQUEST="true")
    assert "<html" in answer.content.decode()


def test_answers_vary_by_what_asks(cast, browser_of, trail_url):
    assert {"HX-Request", "HX-Target"} <= set(browser_of(cast.olga).get(trail_url)["Vary"].split(", "))


def test_every_hx_get_has_an_href_or_action_twin(history, browser_of, trail_url):
    html = browser_of(history.olga).get(trail_url, {"area": "sources"}).content.decode()
    for tag in re.findall(r"<[a-z]+ [^>]*hx-get=[^>]*>", html):
        assert " href=" in tag or " action=" in tag or re.search('id="(show-counts|live)"', tag), tag


def test_event_text_stands_where_htmx_reads_no_attribute(history, browser_of, trail_url):
    html = browser_of(history.olga).get(trail_url).content.decode()
    rows = html.split("<tbody", 1)[1].rsplit("</tbody>", 1)[0]
    for text in re.findall(r"<bdi[^>]*>", rows):
        before = rows[: rows.index(text)]
        assert before.rfind("hx-disable") > before.rfind("<td"), text


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_the_trail_can_only_be_read(cast, browser_of, trail_url, method):
    assert getattr(browser_of(cast.olga), method)(trail_url).status_code == 405


def test_looking_changes_nothing(history, browser_of, trail_url):
    client = browser_of(history.olga)
    client.get(trail_url)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get(trail_url, {"q": "prod"})
    assert not [one["sql"] for one in queries if re.match(r"\s*(INSERT|UPDATE|DELETE)", one["sql"])]


# --- Cost -------------------------------------------------------------------------------------------------------------


ENTRANCE = 13  # session, person, workspaces, membership and the two transactions around the view


@pytest.mark.parametrize(
    ("query", "asked", "questions"),
    [
        (
            {},
            {},
            22,
        ),  # one of them for the bell, one for reverts, one for who acts as support, two for attempts at tasks
        ({"area": "sources", "q": "shop"}, {}, 18),
        ({}, to("drawer"), 1),
        ({}, to("show-counts"), 1),
    ],
)
def test_a_page_asks_the_same_few_questions_however_many_rows_it_has(
    history, browser_of, trail_url, query, asked, questions
):
    client = browser_of(history.olga)
    client.get(trail_url)  # the first look of the hour is recorded
    with CaptureQueriesContext(connection) as queries:
        client.get(trail_url, query, **asked)
    assert len(queries) - ENTRANCE == questions, "\n".join(one["sql"][:120] for one in queries)
