"""Ranges made of totals and days are the ranges that were asked for, wherever the folding stands."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditapp.lib import clock
from auditapp.record.acting import acting
from auditapp.record.counts import type_counts
from auditapp.record.drafts import Target
from auditapp.record.event_filter import EventFilter
from auditapp.record.facets import facets
from auditapp.record.models import ActorTotal, TypeCount, TypeTotal
from auditapp.record.rollups import spans_of
from auditapp.record.services import record
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.models import TreeHead
from auditapp.sealing.services import seal_batch
from tests.record.conftest import OLGA

TODAY = date(2026, 11, 24)
DAYS = st.dates(date(2023, 12, 25), date(2026, 11, 25))
ALL, OF_IOS = Viewer(1, sees_all=True), Viewer(1, scope_ids=("src_ios",))


@given(first=st.none() | DAYS, last=st.none() | DAYS, folded_before=DAYS)
def test_totals_and_days_make_up_each_day_of_a_range_once(first, last, folded_before):
    spans = spans_of(first, last, TODAY)
    for number in range((TODAY - date(2023, 12, 1)).days + 2):
        day = date(2023, 12, 1) + timedelta(days=number)
        is_inside = (first is None or day >= first) and (last is None or day <= last)
        if spans.is_short:
            times = spans.days.get(day, 0)
        elif day >= folded_before:
            times = int(is_inside)
        else:
            times = spans.periods.get("all", 0) + spans.periods.get(day.strftime("%Y-%m"), 0) + spans.days.get(day, 0)
        assert times == is_inside, day


@given(first=DAYS, last=st.none() | DAYS)
def test_no_more_than_a_month_of_days_is_added_up(first, last):
    spans = spans_of(first, last, TODAY)
    assert len(spans.days) <= 32
    assert len(spans.periods) <= 36


@pytest.fixture
def years(own_database, as_role):
    """Two sealings, a year and an hour ago, with events on days in between; the second one meets days that are folded."""
    with as_role("worker"):
        for sealed_on, ages in ((date(2025, 11, 20), (400, 371, 370)), (TODAY, (369, 300, 300, 75, 60, 1, 0))):
            for age in ages:
                _record_at(datetime.combine(TODAY - timedelta(days=age), time(12), UTC))
            with clock.at(datetime.combine(sealed_on, time(13), UTC)):
                seal_batch()
        for age in (380, 75, 0):
            _record_at(datetime.combine(TODAY - timedelta(days=age), time(12), UTC))
        with clock.at(datetime.combine(TODAY, time(14), UTC)):
            seal_batch()
            with in_workspace(1):
                yield


def _record_at(moment):
    with in_workspace(1), clock.at(moment), acting(1, OLGA):
        record("source.created", target=Target("source", "src_ios", "iOS"), scope_id="src_ios")


def test_totals_hold_what_the_days_before_the_fold_hold(years):
    assert TreeHead.objects.get().folded_before == TODAY
    for scope in ("", "src_ios"):
        of_scope = TypeCount.objects.filter(scope_id=scope)
        folded = [row for row in of_scope if row.day < TODAY]
        assert sum(row.events for row in folded) == 11
        wanted = {"all": 11}
        for row in folded:
            month = row.day.strftime("%Y-%m")
            wanted[month] = wanted.get(month, 0) + row.events
        assert dict(TypeTotal.objects.filter(scope_id=scope).values_list("period", "events")) == wanted
        assert dict(ActorTotal.objects.filter(scope_id=scope).values_list("period", "events")) == wanted


@pytest.mark.parametrize("viewer", [ALL, OF_IOS])
@pytest.mark.parametrize(
    ("since", "until"), [(None, None), (90, None), (90, 10), (380, 300), (None, 300), (375, 74), (1, 0)]
)
def test_counts_over_years_are_those_of_their_days(years, viewer, since, until):
    midnight = datetime.combine(TODAY, time.min, UTC)
    wanted = EventFilter(
        since=None if since is None else midnight - timedelta(days=since),
        until=None if until is None else midnight - timedelta(days=until),
    )
    by_day = TypeCount.objects.filter(scope_id="" if viewer is ALL else "src_ios")
    events = sum(
        row.events
        for row in by_day
        if (since is None or row.day >= TODAY - timedelta(days=since))
        and (until is None or row.day < TODAY - timedelta(days=until))
    )
    assert events > 0
    assert type_counts(viewer, wanted) == {"source.created": events}
    assert [actor.events for actor in facets(viewer, wanted).actors] == [events]


def test_a_range_without_events_names_nothing(years):
    midnight = datetime.combine(TODAY, time.min, UTC)
    long_ago = EventFilter(since=midnight - timedelta(days=290), until=midnight - timedelta(days=200))
    assert type_counts(ALL, long_ago) == {}
    assert facets(ALL, long_ago).actors == []
