"""Bars over time show what the list would: the events of the filter, of this viewer, each in its span, or say that they were not counted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auditapp.catalogue.types import Verb
from auditapp.record import bar_counts as bars
from auditapp.record.bar_counts import BarCount, bar_counts, counts_of_days, counts_of_local_days, first_seen
from auditapp.record.event_filter import Choice, EventFilter, Word
from auditapp.record.event_matches import matches
from auditapp.record.event_types import CATALOGUE, undeclared_type
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from auditapp.record.writer import write_events
from tests.record.random_filters import NOON, VIEWERS, WORKSPACE, random_event, random_filter
from tests.trail.history import seal_all

ALL, UNSEEN, MILO, NOBODY = VIEWERS
TODAY = NOON.replace(hour=0)
DAYS = tuple(TODAY + timedelta(days=n) for n in range(-60, 2))
HOURS = tuple(TODAY + timedelta(hours=n) for n in range(25))
WEEKS = DAYS[::7]
BERLIN = tuple(day - timedelta(hours=1) for day in DAYS)
FILTERS = 200


def kind_of(event):
    return CATALOGUE.get(event.type, undeclared_type(event.type))


@pytest.fixture
def events(db):
    """Eighty events of two months, two thirds of them sealed; of areas and verbs as the application records them."""
    random = Random(5)
    drafts = []
    for _ in range(80):
        draft = random_event(random)
        at = NOON - timedelta(minutes=random.choice((0, 1, 61, 500, 1_500, 9_000, 57_600)))
        kind = kind_of(draft)
        drafts.append(replace(draft, occurred_at=at, area=kind.area, is_read=kind.verb is Verb.READ))
    with in_workspace(WORKSPACE):
        write_events(drafts[:50])
    seal_all()
    with in_workspace(WORKSPACE):
        write_events(drafts[50:])
        yield drafts


def expected(events, wanted, viewer, edges):
    wanted = replace(wanted, since=None, until=None)
    found = [event for event in events if matches(wanted, event, viewer, risk=kind_of(event).risk)]
    spans = pairwise(edges)
    of_spans = [[event for event in found if start <= event.occurred_at < end] for start, end in spans]
    return [BarCount(len(span), sum(event.outcome == "failure" for event in span)) for span in of_spans]


def check(count: Callable[..., bars.BarCounts], events: list[object], filters: int = FILTERS) -> int:
    """Hold counts against `matches`; gives how many of them were whole and found something."""
    random = Random(11)
    told = 0
    for _ in range(filters):
        wanted, viewer = random_filter(random), random.choice(VIEWERS)
        edges = random.choice((DAYS, WEEKS, HOURS, BERLIN))
        found, right = count(viewer, wanted, edges), expected(events, wanted, viewer, edges)
        for start, bar, should in zip(edges, found.bars, right, strict=False):
            if found.counted_from is None or start >= found.counted_from:
                assert bar == should, f"{start} {wanted} {viewer}"
        told += found.counted_from is None and found.events > 0
    return told


def searched(viewer, wanted, edges):
    return bar_counts(viewer, wanted, edges, may_search=True)


@pytest.mark.parametrize(
    "zone", ["Europe/Oslo", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Norfolk"]
)
def test_days_of_another_zone_add_up_from_those_of_utc_and_what_lies_between(events, zone):
    random, place, seen = Random(3), ZoneInfo(zone), 0
    first = NOON.astimezone(place).date() - timedelta(days=70)
    for step in (1, 7):
        edges = [datetime.combine(first + timedelta(days=n), time.min, place) for n in range(0, 78, step)]
        for _ in range(20):
            wanted = replace(random_filter(random), since=None, until=None)
            found = counts_of_local_days(ALL, wanted, edges)
            if found:
                assert found.bars == expected(events, wanted, ALL, edges)
                seen += found.events > 0
    everything = EventFilter(with_reads=True)
    assert counts_of_local_days(ALL, everything, edges).bars == expected(events, everything, ALL, edges)
    assert counts_of_local_days(MILO, everything, edges) is None
    assert seen


def test_too_much_near_midnight_is_not_counted(events, monkeypatch):
    edges = [
        datetime.combine(NOON.date() + timedelta(days=n), time.min, ZoneInfo("Pacific/Kiritimati"))
        for n in range(-70, 3)
    ]
    everything = EventFilter(with_reads=True)
    whole = counts_of_local_days(ALL, everything, edges)
    monkeypatch.setattr(bars, "BETWEEN", 3)
    assert counts_of_local_days(ALL, everything, edges) is None
    # Nothing is read where the rollups tell that it would not come to an end, and they are asked once.
    midnights = [datetime.combine(edge.date(), time.min, UTC) for edge in edges]
    known = (midnights, counts_of_days(ALL, everything, midnights))
    with CaptureQueriesContext(connection) as asked:
        assert counts_of_local_days(ALL, everything, edges, known=known) is None
    assert len(asked) == 0
    monkeypatch.undo()
    with CaptureQueriesContext(connection) as asked:
        assert counts_of_local_days(ALL, everything, edges, known=known) == whole
    assert len(asked) == 1


def test_bars_add_up_to_what_the_filter_finds(events):
    assert check(searched, events) > FILTERS // 5


def test_bars_that_were_not_counted_are_never_taken_for_nothing(events, monkeypatch):
    monkeypatch.setattr(bars, "LOOKED_AT", 9)
    monkeypatch.setattr(bars, "SEARCHED", 4)
    check(searched, events)
    cut = searched(ALL, EventFilter(with_reads=True), HOURS)
    assert cut.counted_from is not None


@pytest.mark.parametrize(
    "twin",
    [
        lambda viewer, wanted, edges: searched(viewer, EventFilter(), edges),
        lambda viewer, wanted, edges: searched(replace(viewer, sees_all=True), wanted, edges),
        lambda viewer, wanted, edges: searched(viewer, replace(wanted, outcomes=Choice()), edges),
        lambda viewer, wanted, edges: replace(searched(viewer, wanted, edges), bars=[BarCount()] * (len(edges) - 1)),
    ],
    ids=["ignores the filter", "ignores the viewer", "ignores the outcome", "counts nothing"],
)
def test_a_count_that_ignores_what_was_asked_is_noticed(events, twin):
    with pytest.raises(AssertionError):
        check(twin, events)


def test_a_cut_count_that_hides_its_end_is_noticed(events, monkeypatch):
    monkeypatch.setattr(bars, "LOOKED_AT", 9)
    monkeypatch.setattr(bars, "SEARCHED", 4)
    with pytest.raises(AssertionError):
        check(lambda *asked: replace(searched(*asked), counted_from=None), events)


TYPES = Choice(("source.created", "warehouse.deleted"))


@pytest.mark.parametrize(
    ("wanted", "viewer"),
    [
        (EventFilter(), ALL),
        (EventFilter(types=TYPES), ALL),
        (EventFilter(types=Choice(("source.*",)), outcomes=Choice(("failure",))), ALL),
        (EventFilter(areas=Choice(exclude=("sources",)), risks=Choice(("risky",))), UNSEEN),
        (EventFilter(with_reads=True), MILO),
        (EventFilter(types=TYPES), MILO),
    ],
)
def test_types_areas_risks_and_outcomes_are_counted_without_looking_at_sealed_events_of_the_scope(
    events, monkeypatch, wanted, viewer
):
    monkeypatch.setattr(bars, "find_keys", None)
    assert counts_of_days(viewer, wanted, DAYS).bars == expected(events, wanted, viewer, DAYS)
    assert counts_of_days(viewer, wanted, HOURS) is None
    assert counts_of_days(viewer, wanted, BERLIN) is None


@pytest.mark.parametrize(
    ("wanted", "viewer"),
    [
        (EventFilter(words=(Word("prod"),)), ALL),
        (EventFilter(ips=Choice(("10.1.2.3",))), ALL),
        (EventFilter(requests=Choice(("req_1",))), ALL),
        (EventFilter(actors=Choice(("usr_1",))), MILO),
        (EventFilter(resources=Choice(("source",))), ALL),
    ],
)
def test_what_only_a_search_can_tell_is_searched_where_it_may_take_that_long(events, wanted, viewer):
    assert bar_counts(viewer, wanted, DAYS) is None
    assert searched(viewer, wanted, DAYS).bars == expected(events, wanted, viewer, DAYS)


def test_reads_of_types_that_nobody_declared_are_owned_up_to(events):
    assert counts_of_days(ALL, EventFilter(), DAYS).has_doubtful_reads  # order.refunded
    assert not counts_of_days(ALL, EventFilter(with_reads=True), DAYS).has_doubtful_reads
    assert not bar_counts(ALL, EventFilter(), HOURS).has_doubtful_reads
    # Nobody learns from it that there are such types where they may not look.
    assert not counts_of_days(Viewer(WORKSPACE, scope_ids=("src_9",)), EventFilter(), DAYS).has_doubtful_reads


def test_oldest_event_is_that_of_the_viewer(events):
    def oldest(viewer):
        return min(event.occurred_at for event in events if matches(EventFilter(with_reads=True), event, viewer))

    assert first_seen(ALL) == datetime.combine(oldest(ALL).date(), datetime.min.time(), UTC)
    assert first_seen(MILO).date() <= oldest(MILO).date()
    assert first_seen(NOBODY) is None
    assert first_seen(Viewer(WORKSPACE, own_actor_ids=("usr_9",))) is None


def test_who_sees_nothing_has_no_bars(events):
    assert searched(NOBODY, EventFilter(with_reads=True), DAYS).events == 0
