"""One filter, two backends: SQL finds exactly the events that `matches` lets through. More pairs: TWO_BACKENDS_PAIRS=100000."""

import os
from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from auditapp.record import event_keys
from auditapp.record.event_filter import EventFilter
from auditapp.record.event_keys import find_keys
from auditapp.record.event_matches import matches
from auditapp.record.event_types import CATALOGUE, undeclared_type
from auditapp.record.workspace_scope import in_workspace
from auditapp.record.writer import write_events
from tests.record.random_filters import VIEWERS, WORKSPACE, random_event, random_filter

EVENTS = 50
PAIRS = int(os.environ.get("TWO_BACKENDS_PAIRS", "6000"))


def risk_of(event):
    return CATALOGUE.get(event.type, undeclared_type(event.type)).risk


def test_sql_finds_what_python_lets_through(db, monkeypatch):
    # No time limit, and first walks so short that the index of tokens and the longer walks are asked too.
    monkeypatch.setattr(event_keys, "WALK_EVENTS", 10)
    random = Random(1)
    events = [random_event(random) for _ in range(EVENTS)]
    with in_workspace(WORKSPACE):
        write_events(events)
        found_some = left_some = 0

        @settings(
            max_examples=max(PAIRS // EVENTS, 1),
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=[*HealthCheck],
        )
        @given(st.integers(min_value=0, max_value=2**64))
        def agree(seed):
            nonlocal found_some, left_some
            random = Random(seed)
            wanted, viewer = random_filter(random), random.choice(VIEWERS)
            by_sql = {key.event_id for key in find_keys(viewer, wanted, limit=EVENTS + 1).keys}
            by_python = {e.id for e in events if matches(wanted, e, viewer, risk=risk_of(e))}
            assert by_sql == by_python, (wanted, viewer)
            found_some += len(by_sql) > 0
            left_some += len(by_sql) < EVENTS

        agree()
    # The comparison says little where most filters find nothing, or everything.
    assert found_some > PAIRS // EVENTS // 4
    assert left_some > PAIRS // EVENTS // 4


def test_the_values_tell_filters_apart():
    random = Random(2)
    events = [random_event(random) for _ in range(EVENTS)]
    everything = [e for e in events if matches(EventFilter(with_reads=True), e, VIEWERS[0])]
    assert len(everything) == EVENTS
    assert 0 < sum(matches(EventFilter(), e, VIEWERS[0]) for e in events) < EVENTS
    assert 0 < sum(matches(EventFilter(with_reads=True), e, VIEWERS[2]) for e in events) < EVENTS
