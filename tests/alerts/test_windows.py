"""The arithmetic of thresholds, silences and quiet hours."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from auditapp.alerts.windows import counted, may_be_sent_at, reached_at, silent_at

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
OSLO = ZoneInfo("Europe/Oslo")  # an hour ahead of UTC


def at(minutes):
    return NOON + timedelta(minutes=minutes)


def test_a_threshold_is_reached_by_events_in_any_order():
    kept = []
    for minutes, is_reached in ((5, False), (1, False), (3, True), (4, False)):
        kept, found = counted(kept, at(minutes), threshold=3, window=timedelta(minutes=10))
        assert found is is_reached
    assert kept == [at(4)]


def test_an_event_that_is_older_than_the_window_does_not_count():
    kept, found = counted([at(20)], at(5), threshold=2, window=timedelta(minutes=10))
    assert (kept, found) == ([at(20)], False)


def test_each_key_reaches_its_own_threshold():
    moments = [(at(0), "a"), (at(1), "b"), (at(2), "a"), (at(3), "b")]
    assert reached_at(moments, threshold=2, window=timedelta(minutes=10)) == [at(2), at(3)]


def test_silences_between_events_and_at_the_end():
    found = silent_at([at(10), at(100)], since=at(0), until=at(200), window=timedelta(hours=1))
    assert found == [at(70), at(160)]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 11, 24, 12, tzinfo=UTC), datetime(2026, 11, 24, 12, tzinfo=UTC)),
        (datetime(2026, 11, 24, 21, tzinfo=UTC), datetime(2026, 11, 25, 6, tzinfo=UTC)),
        (datetime(2026, 11, 25, 5, 59, tzinfo=UTC), datetime(2026, 11, 25, 6, tzinfo=UTC)),
        (datetime(2026, 11, 25, 6, tzinfo=UTC), datetime(2026, 11, 25, 6, tzinfo=UTC)),
    ],
    ids=["by-day", "in-the-evening", "in-the-morning", "as-it-ends"],
)
def test_over_night_a_message_waits_until_the_morning_of_the_workspace(now, expected):
    hours = {"quiet_from": time(22), "quiet_to": time(7)}
    assert may_be_sent_at(now, last_sent=None, zone=OSLO, **hours) == expected


def test_quiet_hours_by_day_and_five_minutes_after_the_last_message():
    hours = {"quiet_from": time(12), "quiet_to": time(14)}
    assert may_be_sent_at(NOON, last_sent=None, zone=ZoneInfo("UTC"), **hours) == at(120)
    # Just before they begin, the pause after the last message leads into them.
    assert may_be_sent_at(at(-3), last_sent=at(-4), zone=ZoneInfo("UTC"), **hours) == at(120)
    none = {"quiet_from": None, "quiet_to": None}
    assert may_be_sent_at(NOON, last_sent=at(-1), zone=ZoneInfo("UTC"), **none) == at(4)
