"""Ranges in words, and presets."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict

from auditapp.trail.address import read_address
from auditapp.trail.filters import read_query
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
