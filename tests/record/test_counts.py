"""Counts from the rollups are those of the rows, sealed or not."""

from datetime import UTC, datetime, timedelta

import pytest

from auditapp.record.acting import acting
from auditapp.record.counts import exact_count, type_counts
from auditapp.record.drafts import Target
from auditapp.record.event_filter import Choice, EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.facets import facets
from auditapp.record.query_language import words_of
from auditapp.record.services import record
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.services import seal_batch
from tests.record.conftest import OLGA

ALL = Viewer(1, sees_all=True)
TODAY = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def counted(own_database, as_role):
    """Six events of which the first four are sealed."""
    with as_role("worker"):
        for n, key in enumerate(["source.created", "source.created", "source.disabled", "audit_trail.viewed"]):
            with in_workspace(1), acting(1, OLGA):
                record(key, target=Target("source", f"src_{n}", "iOS"), scope_id="src_0")
        seal_batch()
        with in_workspace(1), acting(1, OLGA):
            record("source.created", target=Target("source", "src_9", "Web"))
            record("warehouse.disabled", target=Target("warehouse", "whs_1", "W"))
        with in_workspace(1):
            yield


def test_sealed_and_waiting_events_are_counted_once(counted):
    wanted = {"source.created": 3, "source.disabled": 1, "audit_trail.viewed": 1, "warehouse.disabled": 1}
    assert type_counts(ALL, EventFilter()) == wanted
    seal_outside = Viewer(1, scope_ids=("src_0",))
    assert type_counts(seal_outside, EventFilter()) == {
        "source.created": 2,
        "source.disabled": 1,
        "audit_trail.viewed": 1,
    }


@pytest.mark.parametrize(
    ("wanted", "events"),
    [
        (EventFilter(), 5),
        (EventFilter(with_reads=True), 6),
        (EventFilter(types=Choice(("source.created",))), 3),
        (EventFilter(since=TODAY - timedelta(days=400)), 5),
        (EventFilter(until=TODAY - timedelta(days=400)), 0),
    ],
)
def test_exact_counts_are_those_of_the_rows(counted, wanted, events):
    assert exact_count(ALL, wanted) == events
    assert len(visible_events(ALL).page(wanted).rows) == events


@pytest.mark.parametrize(
    "wanted",
    [
        EventFilter(words=words_of("web")),
        EventFilter(actors=Choice(("usr_olga",))),
        EventFilter(since=TODAY + timedelta(hours=1)),
    ],
)
def test_what_the_rollups_cannot_tell_is_not_guessed(counted, wanted):
    assert exact_count(ALL, wanted) is None
    assert exact_count(Viewer(1, scope_ids=("src_0",)), EventFilter()) is None


def test_facets_name_the_actors(counted):
    found = facets(ALL, EventFilter())
    [actor] = found.actors
    assert (actor.id, actor.name, actor.email) == ("usr_olga", "Olga Owner", None)
