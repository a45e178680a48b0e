"""The bars above the list: drawn, and counted for who looks with the filter that the list has."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from auditapp.lib import clock
from auditapp.record import bar_counts
from auditapp.record.bar_counts import BarCount, BarCounts
from auditapp.record.event_filter import EventFilter
from auditapp.trail import bars as trail_bars
from auditapp.trail.histogram import histogram_of
from auditapp.trail.moments import PageTime
from auditapp.trail.windows import window_of
from tests.factories import as_operator
from tests.trail.history import NOON, seal_all, tell, tell_sample
from tests.trail.test_windows import LONG_AGO, query_of

TIME = PageTime(ZoneInfo("UTC"), NOON)
BARS = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "bars"}


def drawn(asked, counts, *, counted_from=None, time=TIME, window_time=None):
    """The histogram of an address, with these counts by number of the bar, from the last one back."""
    query = query_of(asked, time)
    window = window_of(query.wanted, window_time or time, first_seen=LONG_AGO)
    found = [counts.get(number - window.bars, BarCount()) for number in range(window.bars)]
    return histogram_of(window, BarCounts(found, counted_from), query.wanted, query.address, time, first_seen=LONG_AGO)


def bars_of(html):
    return html.split('<a class="histogram__day"')[1:]


def told(html):
    """What each bar that is not empty says, without its time."""
    titles = re.findall(r"histogram__day[^>]*><title>([^<]+)</title>", html)
    return [title.rpartition(": ")[2] for title in titles if not title.endswith(": 0 events")]


# --- Drawing ----------------------------------------------------------------------------------------------------------


def test_each_day_is_a_bar_that_leads_to_that_day():
    found = drawn("q=prod&from=2026-11-20", {-5: BarCount(10), -4: BarCount(5, 1)})
    tall, small = bars_of(found.bars)[-5:-3]
    assert len(bars_of(found.bars)) == 90
    assert "<title>Fri 20 Nov: 10 events</title>" in tall
    assert "<title>Sat 21 Nov: 5 events, 1 failed</title>" in small
    assert ('height="40.0"' in tall, 'height="20.0"' in small) == (True, True)
    assert ("histogram__failure" in tall, "histogram__failure" in small) == (False, True)
    assert re.search(r'histogram__failed" [^>]*y="42.0" [^>]*height="4.0"', small)  # a fifth of the bar, at its foot
    assert 'href="/t/?q=prod&amp;from=2026-11-20&amp;to=2026-11-20"' in tall
    assert found.peak is None  # no room beside the last bars
    assert [label[0] for label in found.labels] == ["27 Aug", "1 Oct", "1 Nov", "Today"]
    assert found.what == "Events a day, UTC"


def test_each_hour_is_a_bar_that_leads_to_that_hour():
    found = drawn("from=2026-11-24&to=2026-11-24", {-14: BarCount(3)})
    bar = bars_of(found.bars)[10]
    assert "<title>Tue 24 Nov, 10:00 to 11:00: 3 events</title>" in bar
    assert 'href="/t/?from=2026-11-24T10:00&amp;to=2026-11-24T10:59"' in bar
    assert [label[0] for label in found.labels] == ["24 Nov", "06:00", "12:00", "18:00", "24:00"]
    assert (found.peak[0], found.what) == ("3 at 10:00", "Events an hour, UTC")
    assert found.brush is None  # the range is all there is


def test_hours_around_a_change_of_the_clocks_are_told_apart():
    berlin = PageTime(ZoneInfo("Europe/Berlin"), NOON)
    autumn = bars_of(drawn("from=2026-10-25&to=2026-10-25", {-22: BarCount(2)}, time=berlin).bars)
    assert "<title>Sun 25 Oct, 02:00 to 03:00, twice as clocks go back: 2 events</title>" in autumn[2]
    spring = bars_of(drawn("from=2026-03-29&to=2026-03-29", {-22: BarCount(2)}, time=berlin).bars)
    assert "<title>Sun 29 Mar, 01:00 to 02:00: 2 events</title>" in spring[1]
    assert "<title>Sun 29 Mar, 03:00 to 04:00: 0 events</title>" in spring[2]


def test_weeks_and_months_are_named():
    weeks = drawn("from=2025-01-01", {-1: BarCount(7)})
    assert "<title>Week of Mon 23 Nov: 7 events</title>" in weeks.bars
    assert "<title>Week of Mon 30 Dec 2024: 0 events</title>" in weeks.bars
    assert (weeks.labels[0][0], weeks.labels[-1][0]) == ("30 Dec 2024", "Today")
    assert "2026" in [label[0] for label in weeks.labels]
    months = drawn("from=2023-05-20", {-30: BarCount(7)})
    assert "<title>June 2024: 7 events</title>" in months.bars
    assert 'href="/t/?from=2024-06-01&amp;to=2024-06-30"' in months.bars
    assert months.what == "Events a month, UTC"


def test_the_brush_marks_the_range_and_its_bars():
    found = drawn("from=2026-11-20&to=2026-11-24", {-1: BarCount(1), -9: BarCount(1)})
    x, width, end = (float(text.rstrip("%")) for text in found.brush)
    assert (round(x, 1), round(width, 1), end) == (94.4, 5.6, 100.0)
    assert found.bars.count("histogram__bar--in") == 5
    assert drawn("", {-1: BarCount(1)}).bars.count("histogram__bar--in") == 0


def test_the_brush_marks_a_part_of_a_day_exactly():
    found = drawn("from=2026-11-24T06:30&to=2026-11-24T11:59", {-14: BarCount(3)})
    assert found.brush[0] == "27.083%"
    assert found.bars.count("histogram__bar--in") == 5  # 7 to 12: half of the hour before is outside


@pytest.mark.parametrize(("events", "is_named"), [(30, True), (50, False)])
def test_the_tallest_bar_is_named_only_above_lower_neighbours(events, is_named):
    found = drawn("", {-61: BarCount(58), -57: BarCount(events)})
    assert (found.peak is not None) == is_named
    if is_named:
        assert found.peak[0] == "58 on 25 Sep"


def test_what_was_not_counted_is_never_drawn_as_nothing():
    cut = datetime(2026, 11, 20, 7, tzinfo=UTC)
    found = drawn("", {-5: BarCount(900), -4: BarCount(5)}, counted_from=cut)
    assert round(float(found.uncounted.rstrip("%")), 1) == round(100 * 86 / 90, 1)
    partly, counted = bars_of(found.bars)[-5:-3]
    assert "<title>Fri 20 Nov: not counted</title>" in partly
    assert 'href="/t/?from=2026-11-20&amp;to=2026-11-20"' in partly  # which narrows the range
    assert 'height="40.0"' in counted
    assert drawn("", {}, counted_from=cut).uncounted


def test_nothing_draws_nothing():
    assert drawn("", {}) is None


def test_days_of_utc_on_a_page_of_another_zone_say_so_and_lead_there():
    oslo = PageTime(ZoneInfo("Europe/Oslo"), NOON)
    found = drawn("", {-2: BarCount(4)}, time=oslo, window_time=TIME)
    assert found.what == "Events a day since 27 Aug, UTC"
    assert 'href="/t/?from=2026-11-23&amp;to=2026-11-23&amp;tz=utc"' in found.bars
    assert drawn("", {-2: BarCount(4)}, time=oslo).what == "Events a day since 27 Aug, Oslo, UTC+1"


# --- On the page ------------------------------------------------------------------------------------------------------


@pytest.fixture
def three_days(cast):
    """Warehouses disabled on three days, one of them in vain; a source modified each day by rita, one of them none of milo's."""
    for age, outcome in ((0, "success"), (1, "failure"), (2, "success")):
        tell_sample(cast.workspace, cast.olga, "warehouse.disabled", at=NOON - timedelta(days=age), outcome=outcome)
    for age, source in enumerate((cast.shop, cast.app, cast.kiosk)):
        at = NOON - timedelta(days=age)
        tell(cast.workspace, cast.rita, "source.modified", source.audit_target, scope_id=source.id, at=at)
    seal_all()
    return cast


def get(client, url, asked="", **how):
    with clock.at(NOON):
        return client.get(f"{url}?{asked}", **how).content.decode()


@pytest.mark.parametrize(
    ("asked", "bars"),
    [
        ("", ["2 events", "2 events, 1 failed", "2 events"]),
        ("event=warehouse.disabled", ["1 event", "1 event, 1 failed", "1 event"]),
        ("area=warehouses&outcome=success", ["1 event", "1 event"]),
        ("event=!source.*", ["1 event", "1 event, 1 failed", "1 event"]),
        ("actor={rita}", ["1 event", "1 event", "1 event"]),
        ("from=2026-11-24&to=2026-11-24", ["2 events"]),
    ],
)
def test_bars_count_what_the_list_shows(three_days, browser_of, trail_url, asked, bars):
    html = get(browser_of(three_days.olga), trail_url, asked.format(rita=three_days.rita.audit_actor.id))
    assert told(html) == bars


@pytest.mark.parametrize("asked", ["event=warehouse.disabled", "actor={rita}", "outcome=failure"])
def test_bars_that_ignore_the_filter_are_noticed(three_days, browser_of, trail_url, monkeypatch, asked):
    """A broken twin: bars that know the range alone do not add up to what the caption counts."""

    def are_right():
        html = get(browser_of(three_days.olga), trail_url, asked.format(rita=three_days.rita.audit_actor.id))
        events = int(re.search(r'histogram__total"><b>(\d+) event', html)[1])
        return sum(int(text.split()[0]) for text in told(html)) == events

    assert are_right()
    count = trail_bars.bar_counts
    monkeypatch.setattr(
        trail_bars, "bar_counts", lambda viewer, wanted, edges, **how: count(viewer, EventFilter(), edges)
    )
    assert not are_right()


@pytest.mark.parametrize("asked", ["", "from=2026-11-22&to=2026-11-24"])
def test_member_has_bars_of_what_they_see_and_nothing_else(three_days, browser_of, trail_url, asked):
    client = browser_of(three_days.milo)
    assert told(get(client, trail_url, asked)) == ["1 event", "1 event"]
    tell(three_days.workspace, three_days.milo, "workspace.settings_modified", at=NOON - timedelta(days=2))
    assert told(get(client, trail_url, asked)) == ["1 event", "1 event", "1 event"]


def test_bars_that_take_a_search_are_asked_for_by_the_page_or_by_a_link(three_days, browser_of, trail_url):
    client = browser_of(three_days.olga)
    html = get(client, trail_url, "q=snowflake")
    link = re.search(r'<a class="histogram__later" id="bars" href="([^"]+)" hx-get="\1"', html)[1].replace("&amp;", "&")
    assert link == f"{trail_url}?q=snowflake&bars=1"
    assert "histogram__day" not in html
    expected = ["1 event", "1 event, 1 failed", "1 event"]
    assert told(get(client, trail_url, "q=snowflake&bars=1")) == expected  # the whole page, without scripts
    fragment = get(client, trail_url, "q=snowflake&bars=1", **BARS)
    assert fragment.strip().startswith('<div class="histogram__drawing" id="bars">')
    assert told(fragment) == expected
    assert "bars=" not in fragment


def test_many_events_are_shown_in_days_of_the_page_s_zone_too_and_in_utc_where_too_many_lie_near_midnight(
    three_days, browser_of, trail_url, monkeypatch
):
    three_days.workspace.time_zone = "Europe/Oslo"
    with as_operator():
        three_days.workspace.save()
    client = browser_of(three_days.olga)
    assert "Events a day, Oslo, UTC+1" in get(client, trail_url)
    right = told(get(client, trail_url))
    for module, name, value in ((trail_bars, "FEW", 5), (bar_counts, "LOOKED_AT", 3)):
        monkeypatch.setattr(module, name, value)
        html = get(client, trail_url)
        assert "Events a day, Oslo, UTC+1" in html
        assert told(html) == right
        monkeypatch.setattr(trail_bars, "FEW", 100)
    monkeypatch.setattr(bar_counts, "BETWEEN", -1)
    assert "Events a day, UTC" in get(client, trail_url)
    html = get(client, trail_url, "from=2026-11-22&to=2026-11-24")
    assert "Events an hour, Oslo, UTC+1" in html
    assert "Not counted: narrow the range" in html
