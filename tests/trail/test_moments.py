"""How moments read."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from auditapp.trail.moments import PageTime, zone_named

NOW = datetime(2026, 5, 12, 12, 32, 10, tzinfo=UTC)
OSLO = PageTime(ZoneInfo("Europe/Oslo"), NOW)
AT_UTC = PageTime(ZoneInfo("UTC"), NOW)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (0, "just now"),
        (1, "1 s ago"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (3_599, "59 min ago"),
        (3_600, "1 h ago"),
        (86_399, "23 h ago"),
        (86_400, "1 d ago"),
        (400 * 86_400, "400 d ago"),
    ],
)
def test_age_counts_down_to_its_unit(seconds, words):
    assert OSLO.ago(NOW - timedelta(seconds=seconds)) == words


def test_moment_reads_in_its_zone_and_in_utc():
    moment = datetime(2026, 5, 12, 12, 31, 48, tzinfo=UTC)
    assert OSLO.exact(moment) == "Tue 12 May 2026, 14:31:48 CEST"
    assert OSLO.utc(moment) == "12:31:48 UTC"
    assert OSLO.clock(moment) == "14:31"
    assert OSLO.iso(moment) == "2026-05-12T14:31:48.000+02:00"
    assert OSLO.near(moment) == "Today, 14:31:48 CEST"


def test_a_zone_without_letters_is_named_by_its_offset():
    assert PageTime(ZoneInfo("America/Sao_Paulo"), NOW).exact(NOW).endswith("09:32:10 UTC-03")


@pytest.mark.parametrize(
    ("day", "name", "note"),
    [
        (date(2026, 5, 13), "Wednesday", "13 May"),
        (date(2026, 5, 12), "Today", "Tuesday 12 May"),
        (date(2026, 5, 11), "Yesterday", "Monday 11 May"),
        (date(2026, 5, 6), "Wednesday", "6 May"),
        (date(2026, 5, 5), "Tuesday", "5 May"),
        (date(2025, 12, 31), "Wednesday", "31 December 2025"),
    ],
)
def test_days_are_headed_in_one_shape_as_people_name_them(day, name, note):
    assert OSLO.day_heading(day) == (name, note)


def test_zone_says_its_city_and_offset():
    assert OSLO.zone_name == "Oslo, UTC+2"
    assert AT_UTC.zone_name == "UTC"
    assert PageTime(ZoneInfo("Asia/Kolkata"), NOW).zone_name == "Kolkata, UTC+5:30"
    assert PageTime(ZoneInfo("America/New_York"), NOW).zone_name == "New York, UTC−4"


@pytest.mark.parametrize("name", ["Mars/Olympus", "../etc/passwd", ""])
def test_a_zone_that_is_not_known_is_utc(name):
    assert zone_named(name).key == "UTC"
