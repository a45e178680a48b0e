"""Attempts at a task as one row: nothing is lost or told of twice, whatever the page, the filter, the viewer and what comes in meanwhile."""

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditapp.lib import clock
from auditapp.record.acting import acting
from auditapp.record.attempts import RUN_SIZE, attempt_of
from auditapp.record.drafts import Actor, Target
from auditapp.record.erasure import erase_values
from auditapp.record.event_filter import Choice, EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.services import record
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from auditapp.tasks.models import Task, TaskState
from auditapp.trail.folding import folded_page, span
from auditapp.trail.moments import PageTime
from tests.factories import as_operator
from tests.trail.history import NOON

OLGA = Actor("user", "usr_olga", "Olga")
WAREHOUSE = Target("warehouse", "whs_1", "Snowflake prod")
ALL = EventFilter()
EVERYTHING = Viewer(1, sees_all=True, sees_personal=True)
UTC = ZoneInfo("UTC")
FAILED, RECOVERED = "warehouse.run_failed", "warehouse.run_recovered"


def attempt(number, *, at=NOON, task="tsk_1", of=6, ok=False, target=WAREHOUSE, scope_id=None, actor=OLGA, **said):
    """Record one attempt in workspace 1."""
    meta = {"task": task, "attempt": number, "of": of, **({} if ok else {"reason": f"reason {number}"}), **said}
    with clock.at(at), acting(1, actor):
        return record(
            RECOVERED if ok else FAILED,
            target=target,
            meta=meta,
            outcome="success" if ok else "failure",
            scope_id=scope_id,
        )


def other(*, at=NOON, scope_id=None):
    with clock.at(at), acting(1, OLGA):
        return record("warehouse.disabled", target=WAREHOUSE, scope_id=scope_id)


@dataclass
class Reader:
    """Somebody who turns the pages of one filter, as the list does it."""

    viewer: Viewer = EVERYTHING
    wanted: EventFilter = ALL
    size: int = 50

    def page(self, *, older=None, newer=None, top=None):
        events = visible_events(self.viewer)
        page = events.page(self.wanted, older=older, newer=newer, size=self.size)
        top = top or (page.rows[0].page_key if page.rows else None)
        return page, top, folded_page(events, page.rows, self.wanted, top=top) if page.rows else None

    def pages(self, *, meanwhile=lambda: None):
        """Every page from the newest to the oldest.

        Takes:   meanwhile, what is done before each page but the first
        """
        page, top, folded = self.page()
        while folded:
            yield folded
            if page.older is None:
                return
            meanwhile()
            page, _, folded = self.page(older=page.older, top=top)


def told(folded):
    """What a page tells of each of its rows: the ids of the events under it, newest first."""
    return [
        [one.id for one in folded.folds[row.id].attempts] if row.id in folded.folds else [row.id] for row in folded.rows
    ]


def stories(*pages):
    return [[attempt_of(row.event).number for row in fold.attempts] for page in pages for fold in page.folds.values()]


@pytest.fixture
def inside(db):
    with in_workspace(1):
        yield


# --- The rule ---------------------------------------------------------------------------------------------------------


def test_attempts_of_a_task_are_one_row_at_the_newest(inside):
    for number in (1, 2):
        attempt(number, at=NOON + timedelta(minutes=number))
        other(at=NOON + timedelta(minutes=number, seconds=30))
    attempt(3, ok=True, at=NOON + timedelta(minutes=3))
    [page] = Reader().pages()
    assert [len(ids) for ids in told(page)] == [3, 1, 1]
    assert stories(page) == [[3, 2, 1]]


def test_a_task_across_pages_is_told_of_once_where_its_newest_attempt_is(inside):
    for number in range(1, 6):
        attempt(number, at=NOON + timedelta(minutes=number))
    first, second, third = Reader(size=2).pages()
    assert stories(first, second, third) == [[5, 4, 3, 2, 1]]
    assert (len(first.rows), second.rows, third.rows) == (1, [], [])


def test_tasks_of_one_name_about_two_resources_are_two(inside):
    attempt(1)
    attempt(2, target=Target("warehouse", "whs_2", "BigQuery"), at=NOON + timedelta(minutes=1))
    [page] = Reader().pages()
    assert stories(page) == [[2], [1]]


def test_numbers_that_begin_again_are_another_run(inside):
    for night in range(3):
        for number in (1, 2):
            attempt(number, at=NOON + timedelta(days=night - 3, minutes=number))
    [page] = Reader().pages()
    assert stories(page) == [[2, 1]] * 3


def test_no_row_unfolds_into_more_than_a_bound(inside):
    for number in range(1, RUN_SIZE + 3):
        attempt(number, of=1_000, at=NOON + timedelta(seconds=number))
    [page] = Reader(size=200).pages()
    assert [len(ids) for ids in told(page)] == [2, RUN_SIZE]


def test_a_task_goes_on_while_somebody_turns_pages(inside):
    """Its old attempt is on the second page still: its new one came in after the first page was made."""
    attempt(1)
    for minute in (1, 2):
        other(at=NOON + timedelta(minutes=minute))
    first, second = Reader(size=2).pages(meanwhile=lambda: attempt(2, at=NOON + timedelta(minutes=9)))
    assert stories(first, second) == [[1]]
    [fold] = second.folds.values()
    assert [attempt_of(row.event).number for row in fold.known] == [2, 1]  # and it tells how the task stands now


def test_the_way_back_to_newer_pages_tells_of_what_came_in_as_well(inside):
    attempt(1)
    for minute in (1, 2, 3):
        other(at=NOON + timedelta(minutes=minute))
    reader = Reader(size=2)
    page, top, _ = reader.page()
    attempt(2, at=NOON + timedelta(minutes=9))
    page, _, second = reader.page(older=page.older, top=top)
    _, _, newer = reader.page(newer=page.rows[0].page_key, top=top)
    _, _, newest = reader.page(newer=newer.rows[0].page_key, top=top)
    assert stories(second, newer, newest) == [[1], [2]]


def test_a_filter_folds_what_it_finds_and_still_says_how_it_ended(inside):
    for number in (1, 2):
        attempt(number, at=NOON + timedelta(minutes=number))
    attempt(3, ok=True, at=NOON + timedelta(minutes=3))
    [page] = Reader(wanted=EventFilter(outcomes=Choice(("failure",)))).pages()
    [fold] = page.folds.values()
    assert stories(page) == [[2, 1]]
    assert fold.words(PageTime(UTC, NOON)) == "Failed twice, recovered on attempt 3"


def test_who_may_not_see_an_attempt_sees_no_trace_of_it(inside):
    attempt(1, scope_id="src_1", at=NOON)
    attempt(2, scope_id="src_2", at=NOON + timedelta(minutes=1))
    attempt(3, scope_id="src_1", ok=True, at=NOON + timedelta(minutes=2))
    [page] = Reader(viewer=Viewer(1, scope_ids=("src_1",))).pages()
    [fold] = page.folds.values()
    assert stories(page) == [[3, 1]]
    assert [attempt_of(row.event).number for row in fold.known] == [3, 1]
    assert fold.words(PageTime(UTC, NOON)) == "Recovered on attempt 3"


def test_an_attempt_whose_meta_was_erased_is_an_event_by_itself(inside):
    one = attempt(1)
    attempt(2, at=NOON + timedelta(minutes=1))
    with as_operator(), acting(1, OLGA):
        erase_values(event_ids=[one.id], units=("meta",), ground="on request")
    [page] = Reader(wanted=EventFilter(types=Choice((FAILED,)))).pages()
    assert [len(ids) for ids in told(page)] == [1, 1]
    assert stories(page) == [[2]]


def test_events_that_say_half_of_an_attempt_are_events_by_themselves(inside):
    for meta in (
        {"task": "t"},
        {"attempt": 1, "of": 2},
        {"task": "t", "attempt": 3, "of": 2},
        {"task": "t", "attempt": True, "of": 1},
    ):
        with clock.at(NOON), acting(1, OLGA):
            record(FAILED, target=WAREHOUSE, meta=meta, outcome="failure")
    [page] = Reader().pages()
    assert (len(page.rows), page.folds) == (4, {})


# --- Against a model --------------------------------------------------------------------------------------------------

VIEWERS = (EVERYTHING, Viewer(1, scope_ids=("src_1",)), Viewer(1, scope_ids=("src_2",), own_actor_ids=("usr_olga",)))
FILTERS = (
    EventFilter(),
    EventFilter(outcomes=Choice(("failure",))),
    EventFilter(types=Choice(exclude=(RECOVERED,))),
    EventFilter(sessions=Choice(exclude=("ses_none",))),
    EventFilter(since=NOON + timedelta(seconds=4)),
)
SAID = st.tuples(
    st.sampled_from(("t1", "t2", None)),  # the task; None for an event that is no attempt
    st.integers(1, 4),
    st.booleans(),
    st.sampled_from((None, "src_1", "src_2")),
    st.sampled_from(("usr_olga", "usr_milo")),
)


def write(second, said):
    task, number, ok, scope_id, actor_id = said
    at = NOON + timedelta(seconds=second)
    if task is None:
        other(at=at, scope_id=scope_id)
    else:
        attempt(number, task=task, ok=ok, scope_id=scope_id, at=at, actor=Actor("user", actor_id, "Somebody"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    events=st.lists(SAID, min_size=1, max_size=14),
    late=st.lists(SAID, max_size=5),
    size=st.integers(1, 5),
    viewer=st.sampled_from(VIEWERS),
    wanted=st.sampled_from(FILTERS),
)
def test_rows_unfolded_are_the_rows_of_the_log_in_their_order(inside, events, late, size, viewer, wanted):
    point = transaction.savepoint()
    for second, said in enumerate(events):
        write(second, said)
    raw = [row.id for row in visible_events(viewer).page(wanted, size=1_000).rows]
    coming = iter(enumerate(late, start=100))

    def meanwhile():
        if following := next(coming, None):
            write(*following)

    rows = [ids for page in Reader(viewer, wanted, size).pages(meanwhile=meanwhile) for ids in told(page)]
    transaction.savepoint_rollback(point)
    unfolded = [event_id for ids in rows for event_id in ids]
    place = {event_id: number for number, event_id in enumerate(raw)}
    # What was there when the first page was made: each once, and nothing else.
    assert sorted(unfolded, key=place.__getitem__) == raw
    # Rows stand where their newest event stands in the log, and what is under them is in its order as well.
    assert [ids[0] for ids in rows] == sorted((ids[0] for ids in rows), key=place.__getitem__)
    assert all(ids == sorted(ids, key=place.__getitem__) for ids in rows)


# --- In words ---------------------------------------------------------------------------------------------------------


def fold_now():
    [page] = Reader().pages()
    [fold] = page.folds.values()
    return fold


@pytest.mark.parametrize(
    ("tried", "words"),
    [
        ([(1, {}), (2, {}), (3, {"ok": True})], "Failed twice, recovered on attempt 3"),
        ([(1, {}), (2, {"ok": True})], "Failed once, recovered on attempt 2"),
        ([(3, {}), (4, {"ok": True})], "Recovered on attempt 4"),
        ([(1, {"ok": True})], ""),
        ([(1, {}), (2, {})], "Failing: attempt 2 of 6"),
        ([(5, {}), (6, {})], "Failed after 6 attempts"),
        ([(1, {}), (2, {"final": True})], "Failed for good on attempt 2 of 6"),
        ([(1, {"of": 1})], "Failed, and is not tried again"),
    ],
)
def test_a_row_tells_how_its_task_stands(inside, tried, words):
    for number, how in tried:
        attempt(number, at=NOON + timedelta(minutes=number), **how)
    assert fold_now().words(PageTime(UTC, NOON + timedelta(hours=1))) == words


def test_nobody_is_told_for_ever_that_a_task_is_being_tried(inside):
    attempt(2)
    assert fold_now().words(PageTime(UTC, NOON + timedelta(days=3))) == "Failed on attempt 2 of 6, nothing heard since"


def test_a_task_of_our_own_says_when_it_is_tried_next(inside):
    Task.objects.create(
        workspace_id=1, id="tsk_1", kind="export", key="k", of=6, attempt=2, state=TaskState.WAITING, next_at=NOON
    )
    attempt(2, at=NOON - timedelta(minutes=3))
    with clock.at(NOON):
        fold = fold_now()
    assert fold.words(PageTime(UTC, NOON - timedelta(seconds=90))) == "Failing: attempt 2 of 6, next try in 1 min 30 s"
    assert fold.words(PageTime(UTC, NOON)) == "Failing: attempt 2 of 6, next try is due"


@pytest.mark.parametrize(
    ("length", "words"),
    [
        ({"seconds": 0}, "0 s"),
        ({"seconds": 51}, "51 s"),
        ({"seconds": 125}, "2 min 5 s"),
        ({"hours": 3}, "3 h"),
        ({"days": 2, "hours": 4, "minutes": 59}, "2 d 4 h"),
    ],
)
def test_lengths_of_time_are_said_as_people_say_them(length, words):
    assert span(timedelta(**length)) == words
