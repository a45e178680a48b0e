"""Live: what is asked in the background, what the answer says, and what comes in on a click."""

import re
from datetime import timedelta

import pytest

from auditapp.lib import clock
from tests.factories import make_cast
from tests.trail.history import NOON, tell, tell_sample
from tests.trail.reading import rows_in

LIVE = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "live"}
LIST = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "events"}


def question_of(html):
    """Where the page asks for what is newer."""
    found = re.search(r'<div id="live"[^>]* hx-get="([^"]+)"', html)
    return found and found[1].replace("&amp;", "&")


@pytest.fixture
def page(cast, browser_of, trail_url):
    """olga's page with one event on it, and her browser."""
    tell_sample(cast.workspace, cast.olga, "warehouse.disabled", at=NOON)
    client = browser_of(cast.olga)
    return client, client.get(trail_url).content.decode()


def test_nothing_is_shown_while_there_is_nothing_new(page):
    client, html = page
    assert client.get(question_of(html), **LIVE).content.decode().strip() == ""


def test_new_events_are_counted_and_come_in_marked_on_a_click(cast, page, trail_url):
    client, html = page
    for minute in (1, 2, 3):
        tell_sample(cast.workspace, cast.milo, "warehouse.enabled", at=NOON + timedelta(minutes=minute))
    answer = client.get(question_of(html), **LIVE).content.decode()
    assert "Show 3 new events</a>" in answer
    assert f'href="{trail_url}"' in answer
    link = re.search(r'hx-get="([^"]+)"', answer)[1].replace("&amp;", "&")
    shown = client.get(link, **LIST)
    assert shown["HX-Push-Url"] == trail_url
    html = shown.content.decode()
    assert rows_in(html) == 4
    assert html.count("trail__event--new") == html.count(">New</span>") == 3
    assert client.get(question_of(html), **LIVE).content.decode().strip() == ""


def test_only_what_the_filter_finds_is_counted(cast, browser_of, trail_url):
    client = browser_of(cast.olga)
    tell_sample(cast.workspace, cast.olga, "warehouse.disabled", at=NOON)
    questions = {
        name: question_of(client.get(trail_url, query).content.decode())
        for name, query in {
            "type": {"event": "warehouse.enabled"},
            "words": {"q": "snowflake"},
            "none": {"q": "x"},
        }.items()
    }
    with clock.at(clock.now() + timedelta(seconds=1)):
        at = clock.now()
    tell(cast.workspace, cast.olga, "warehouse.enabled", at=at)
    tell(cast.workspace, cast.olga, "source.modified", cast.shop.audit_target, at=at)
    said = {name: client.get(question, **LIVE).content.decode() for name, question in questions.items()}
    assert "Show 1 new event</a>" in said["type"]
    assert "Show 1 new event</a>" in said["words"]
    assert said["none"].strip() == ""


def test_an_empty_list_asks_for_what_comes_from_now_on(cast, browser_of, trail_url):
    client = browser_of(cast.olga)
    with clock.at(NOON):
        question = question_of(client.get(trail_url).content.decode())
    tell_sample(cast.workspace, cast.olga, "warehouse.enabled", at=NOON + timedelta(seconds=1))
    assert "Show 1 new event</a>" in client.get(question, **LIVE).content.decode()


def test_counting_stops_at_99(cast, page, monkeypatch):
    client, html = page
    monkeypatch.setattr("auditapp.trail.live.COUNTED_UP_TO", 2)
    for minute in (1, 2, 3):
        tell_sample(cast.workspace, cast.olga, "warehouse.enabled", at=NOON + timedelta(minutes=minute))
    assert "Show 2+ new events</a>" in client.get(question_of(html), **LIVE).content.decode()


def test_what_a_member_may_not_see_is_not_counted(cast, browser_of, trail_url):
    client = browser_of(cast.milo)
    tell(cast.workspace, cast.rita, "source.modified", cast.shop.audit_target, scope_id=cast.shop.id)
    question = question_of(client.get(trail_url).content.decode())
    later = {"at": NOON + timedelta(minutes=1)}
    tell(cast.workspace, cast.rita, "source.modified", cast.kiosk.audit_target, scope_id=cast.kiosk.id, **later)
    assert client.get(question, **LIVE).content.decode().strip() == ""
    tell(cast.workspace, cast.rita, "source.modified", cast.app.audit_target, scope_id=cast.app.id, **later)
    assert "Show 1 new event</a>" in client.get(question, **LIVE).content.decode()


def test_another_workspace_is_not_counted(page):
    client, html = page
    other = make_cast(slug="other")
    tell_sample(other.workspace, other.olga, "warehouse.enabled", at=NOON + timedelta(minutes=1))
    assert client.get(question_of(html), **LIVE).content.decode().strip() == ""


def test_strangers_and_whoever_left_are_refused(page, browser_of, cast):
    _, html = page
    assert browser_of(cast.zoe).get(question_of(html), **LIVE).status_code == 404


def test_older_pages_and_ranges_that_are_over_do_not_ask(history, browser_of, trail_url):
    client = browser_of(history.olga)
    html = client.get(trail_url).content.decode()
    older = re.search(r'rel="next" href="([^"]+)"', html)[1].replace("&amp;", "&")
    assert question_of(html)
    assert question_of(client.get(older).content.decode()) is None
    assert question_of(client.get(trail_url, {"to": "2026-11-01"}).content.decode()) is None


@pytest.mark.parametrize("after", ["", "nonsense"])
def test_a_question_without_a_sound_place_is_refused(page, trail_url, after):
    client, _ = page
    assert client.get(trail_url, {"after": after}, **LIVE).status_code == 422


def test_the_switch_stays_as_it_was_left(page, trail_url):
    client, html = page
    assert re.search(r'id="live-switch"[^>]* checked>', html)
    client.cookies["live"] = "off"
    assert re.search(r'id="live-switch"[^>]* role="switch">', client.get(trail_url).content.decode())


def test_without_scripts_a_link_leads_to_the_newest(page, trail_url):
    assert f'<noscript><a class="button button--small" href="{trail_url}">Check for new events</a>' in page[1]
