"""What the bars cover: steps that follow the range, in the page's zone, and links that find what their bars count."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict

from auditapp.trail.address import read_address
from auditapp.trail.filters import read_query
from auditapp.trail.moments import PageTime
from auditapp.trail.ranges import said_range
from auditapp.trail.windows import position, window_of

LONG_AGO = datetime(2019, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
UTC_TIME = PageTime(ZoneInfo("UTC"), NOW)
BERLIN = PageTime(ZoneInfo("Europe/Berlin"), NOW)


def query_of(text, time=UTC_TIME):
    return read_query(read_address("/t/", QueryDict(text)), zone=time.zone)


def window(text, time=UTC_TIME, first_seen=LONG_AGO):
    return window_of(query_of(text, time).wanted, time, first_seen=first_seen)


@pytest.mark.parametrize(
    ("asked", "step", "bars", "first", "last"),
    [
        ("", "day", 90, "2026-08-27", "2026-11-24"),
        ("from=2026-11-24&to=2026-11-24", "hour", 24, "2026-11-24T00:00", "2026-11-24T23:59"),
        ("from=2026-11-24T10:00&to=2026-11-24T10:59", "hour", 24, "2026-11-24T00:00", "2026-11-24T23:59"),
        ("from=2026-11-20&to=2026-11-22", "hour", 72, "2026-11-20T00:00", "2026-11-22T23:59"),
        ("from=2026-11-22", "hour", 72, "2026-11-22T00:00", "2026-11-24T23:59"),
        ("from=2026-11-20&to=2026-11-23", "day", 90, "2026-08-27", "2026-11-24"),
        ("to=2026-11-01", "day", 90, "2026-08-27", "2026-11-24"),
        ("from=2026-01-01&to=2026-01-10", "day", 90, "2025-10-13", "2026-01-10"),
        ("from=2026-07-28&to=2026-11-24", "day", 120, "2026-07-28", "2026-11-24"),
        ("from=2026-07-27&to=2026-11-24", "week", 18, "2026-07-27", "2026-11-29"),
        ("from=2025-01-01&to=2026-11-24", "week", 100, "2024-12-30", "2026-11-29"),
        ("from=2023-05-20&to=2026-11-24", "month", 43, "2023-05-01", "2026-11-30"),
        ("from=1990-01-01", "month", 95, "2019-01-01", "2026-11-30"),
    ],
)
def test_steps_follow_the_range(asked, step, bars, first, last):
    found = window(asked)
    assert (found.step, found.bars, found.said(0)[0], found.said(found.bars - 1)[1]) == (step, bars, first, last)


@pytest.mark.parametrize(("age", "bars"), [(0, 14), (5, 14), (13, 14), (40, 41), (500, 90)])
def test_a_young_trail_begins_with_its_first_event(age, bars):
    assert window("", first_seen=NOW - timedelta(days=age)).bars == bars
    assert window("", first_seen=None).bars == 14


@pytest.mark.parametrize(
    "asked", ["", "from=2026-10-24&to=2026-10-26", "from=2026-03-28&to=2026-03-30", "from=2025-01-01"]
)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/Havana", "Australia/Lord_Howe"])
def test_the_link_of_each_bar_finds_its_own_stretch_of_time(asked, zone):
    time = PageTime(ZoneInfo(zone), NOW)
    found = window(asked, time)
    address = read_address("/t/", QueryDict("q=prod"))
    for number, (start, end) in enumerate(pairwise(found.edges)):
        wanted = read_query(said_range(address, *found.said(number)), zone=time.zone).wanted
        assert (wanted.since, wanted.until) == (start, end)
        assert start < end


def test_an_hour_is_two_long_where_clocks_go_back_in_berlin():
    found = window("from=2026-10-25&to=2026-10-25", BERLIN)
    lengths = [end - start for start, end in pairwise(found.edges)]
    assert found.bars == 24
    assert lengths[2] == timedelta(hours=2)
    assert sum(lengths, timedelta()) == timedelta(hours=25)
    assert found.edges[0] == datetime(2026, 10, 24, 22, tzinfo=UTC)


def test_an_hour_is_missing_where_clocks_go_forward_in_berlin():
    found = window("from=2026-03-29&to=2026-03-29", BERLIN)
    assert [start.hour for start in found.starts[:4]] == [0, 1, 3, 4]
    assert {end - start for start, end in pairwise(found.edges)} == {timedelta(hours=1)}
    assert found.bars == 23


def test_days_begin_at_midnight_of_the_zone_on_both_sides_of_a_change():
    starts = {edge.astimezone(BERLIN.zone).time().isoformat() for edge in window("", BERLIN).edges}
    assert starts == {"00:00:00"}


def test_a_moment_has_its_place_between_the_bars():
    found = window("from=2026-11-24&to=2026-11-24")
    assert position(found, found.edges[0] - timedelta(days=9)) == 0
    assert position(found, datetime(2026, 11, 24, 6, tzinfo=UTC)) == 0.25
    assert position(found, datetime(2026, 11, 24, 6, 30, tzinfo=UTC)) == pytest.approx(6.5 / 24)
    assert position(found, found.edges[-1]) == 1
