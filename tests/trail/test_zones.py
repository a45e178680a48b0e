"""The zone of a page: said in the URL, kept in a cookie, the workspace's otherwise."""

import re

import pytest

from tests.factories import as_operator
from tests.trail.history import NOON, tell_sample


@pytest.fixture
def oslo(cast, browser_of):
    """olga's browser in a workspace of Oslo, with one event at noon UTC."""
    cast.workspace.time_zone = "Europe/Oslo"
    with as_operator():
        cast.workspace.save()
    tell_sample(cast.workspace, cast.olga, "warehouse.disabled", at=NOON)
    return browser_of(cast.olga)


def clock_of(html):
    return re.search(r'<span class="trail__clock">([\d:]+)', html)[1]


@pytest.mark.parametrize(
    ("asked", "kept", "clock"),
    [
        ("", "", "13:00"),
        ("utc", "", "12:00"),
        ("America/New_York", "", "07:00"),
        ("", "utc", "12:00"),
        ("", "Asia/Kolkata", "17:30"),
        ("Europe/Oslo", "utc", "13:00"),
        ("", "Nowhere/Land", "13:00"),
        ("", "Europe", "13:00"),
    ],
)
def test_the_url_comes_before_what_is_kept_and_that_before_the_workspace(oslo, trail_url, asked, kept, clock):
    oslo.cookies["tz"] = kept
    assert clock_of(oslo.get(trail_url, {"tz": asked} if asked else {}).content.decode()) == clock


def test_links_carry_the_zone_that_is_kept(oslo, trail_url):
    oslo.cookies["tz"] = "utc"
    html = oslo.get(trail_url).content.decode()
    assert re.search(r'class="trail__link" href="[^"]*\?tz=utc&amp;open=', html)
    assert re.search(r'href="[^"]*export[^"]*\?tz=utc"', html)


def test_the_workspaces_own_zone_goes_without_saying(oslo, trail_url):
    asked = {"tz": "Europe/Oslo", "q": "snowflake"}
    answer = oslo.get(trail_url, asked, HTTP_HX_REQUEST="true", HTTP_HX_TARGET="events")
    assert answer["HX-Push-Url"] == f"{trail_url}?q=snowflake"


def test_other_zones_are_offered_each_once(oslo, trail_url):
    oslo.cookies["tz_here"] = "America/New_York"
    html = oslo.get(trail_url).content.decode()
    assert re.findall(r'data-zone="([^"]+)"', html) == ["America/New_York", "utc"]
    assert "times in Oslo, UTC+1" in html
    assert re.findall(r'<option value="([^"]+)"( selected)?', html.split('id="tz"')[1].split("</select>")[0]) == [
        ("Europe/Oslo", " selected"),
        ("America/New_York", ""),
        ("utc", ""),
    ]


def test_an_event_is_shown_in_the_zone_of_its_list(oslo, trail_url):
    html = oslo.get(trail_url).content.decode()
    key = re.search(r'data-event="([^"]+)"', html)[1]
    page = oslo.get(f"{trail_url}{key}/", {"tz": "America/New_York"}).content.decode()
    assert "07:00:00 EST" in page
    assert "12:00:00 UTC" in page


def test_a_zone_that_is_none_is_named(oslo, trail_url):
    answer = oslo.get(trail_url, {"tz": "Nowhere/Land"})
    assert answer.status_code == 422
    assert "There is no time zone of this name." in answer.content.decode()
    assert clock_of(answer.content.decode()) == "13:00"
