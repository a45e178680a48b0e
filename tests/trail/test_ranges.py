"""Ranges in words, presets, and the bars that show them."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict

from auditapp.record.facets import DayCount
from auditapp.trail.address import read_address
from auditapp.trail.filters import read_query
from auditapp.trail.histogram import histogram_of, window_of
from auditapp.trail.moments import PageTime
from auditapp.trail.ranges import presets, range_name, range_words

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TIME = PageTime(ZoneInfo("UTC"), NOW)


def query_of(text):
    return read_query(read_address("/t/", QueryDict(text)), zone=TIME.zone)


@pytest.mark.parametrize(
    ("asked", "words", "name"),
    [
        ("", "", "All time"),
        ("from=2026-11-24&to=2026-11-24", "today", "Today"),
        ("from=2026-11-23&to=2026-11-23", "yesterday", "Yesterday"),
        ("from=2026-11-18&to=2026-11-24", "last 7 days", "Last 7 days"),
        ("from=2026-08-27&to=2026-11-24", "last 90 days", "Last 90 days"),
        ("from=2026-11-01&to=2026-11-10", "1 November to 10 November", "1 November to 10 November"),
        ("from=2026-11-05&to=2026-11-05", "5 November", "5 November"),
        ("from=2025-11-01", "from 1 November 2025", "from 1 November 2025"),
        ("to=2026-11-01", "until 1 November", "until 1 November"),
        ("from=2026-11-01T10:30", "from 1 November 10:30", "from 1 November 10:30"),
    ],
)
def test_range_reads_as_people_say_it(asked, words, name):
    query = query_of(asked)
    assert (range_words(query, TIME), range_name(query, TIME)) == (words, name)


def test_presets_are_links_that_keep_the_other_filters():
    addresses = {one.name: str(one.address) for one in presets(query_of("q=prod&older=x"), TIME)}
    assert addresses == {
        "Today": "/t/?q=prod&from=2026-11-24&to=2026-11-24",
        "Yesterday": "/t/?q=prod&from=2026-11-23&to=2026-11-23",
        "Last 7 days": "/t/?q=prod&from=2026-11-18&to=2026-11-24",
        "Last 14 days": "/t/?q=prod&from=2026-11-11&to=2026-11-24",
        "Last 30 days": "/t/?q=prod&from=2026-10-26&to=2026-11-24",
        "Last 90 days": "/t/?q=prod&from=2026-08-27&to=2026-11-24",
        "All time": "/t/?q=prod",
    }


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("", "2026-08-27", "2026-11-24"),
        ("from=2026-11-01&to=2026-11-10", "2026-08-27", "2026-11-24"),
        ("from=2026-05-01&to=2026-11-24", "2026-05-01", "2026-11-24"),
        ("from=2020-01-01&to=2026-11-24", "2025-11-24", "2026-11-24"),
        ("from=2026-01-01&to=2026-01-10", "2025-10-13", "2026-01-10"),
    ],
)
def test_bars_cover_the_range_and_what_is_around_it(asked, start, end):
    assert [day.isoformat() for day in window_of(query_of(asked).wanted, TIME)] == [start, end]


def test_each_day_is_a_bar_that_leads_to_that_day_in_utc():
    query = query_of("q=prod&from=2026-11-20")
    counts = [DayCount(date(2026, 11, 20), 10, 0), DayCount(date(2026, 11, 21), 5, 1)]
    drawn = histogram_of(counts, query.wanted, query.address, TIME)
    assert drawn.bars.count("<a ") == 90
    tall, small = (drawn.bars.split("<a ")[place] for place in (-5, -4))
    assert "<title>Fri 20 Nov: 10 events</title>" in tall
    assert "<title>Sat 21 Nov: 5 events, 1 failed</title>" in small
    assert ('height="40.0"' in tall, 'height="20.0"' in small) == (True, True)
    assert ("histogram__failure" in tall, "histogram__failure" in small) == (False, True)
    assert re.search(r'histogram__failed" [^>]*y="42.0" [^>]*height="4.0"', small)  # a fifth of the bar, at its foot
    assert 'href="/t/?q=prod&amp;from=2026-11-20&amp;to=2026-11-20&amp;tz=utc"' in tall
    assert drawn.peak is None  # no room beside the last bars
    assert drawn.labels[0][0] == "27 Aug"
    assert drawn.labels[-1][0] == "Today"


def test_the_brush_marks_the_range():
    query = query_of("from=2026-11-24&to=2026-11-24")
    drawn = histogram_of([DayCount(date(2026, 11, 24), 1, 0)], query.wanted, query.address, TIME)
    x, width, end = (float(text.rstrip("%")) for text in drawn.brush)
    assert (round(x, 1), round(width, 1), end) == (98.9, 1.1, 100.0)


def test_the_tallest_bar_is_named_where_there_is_room():
    query = query_of("")
    day = date(2026, 11, 24) - timedelta(days=60)
    drawn = histogram_of([DayCount(day, 58, 0)], query.wanted, query.address, TIME)
    assert drawn.peak[0] == "58 on 25 Sep"


@pytest.mark.parametrize(("events", "is_named"), [(30, True), (50, False)])
def test_the_tallest_bar_is_named_only_above_lower_neighbours(events, is_named):
    query = query_of("")
    day = date(2026, 11, 24) - timedelta(days=60)
    counts = [DayCount(day, 58, 0), DayCount(day + timedelta(days=4), events, 0)]
    assert (histogram_of(counts, query.wanted, query.address, TIME).peak is not None) == is_named


def test_nothing_sealed_draws_nothing():
    query = query_of("")
    assert histogram_of([], query.wanted, query.address, TIME) is None
