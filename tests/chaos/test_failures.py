"""A storm of failures of which some recover, under workers that are killed. Larger runs: `make torture TORTURE=failures`."""

import pytest

from tests.torture import failures
from tests.torture.outcome import Plan


@pytest.mark.timeout(300)  # a worker starts again
def test_a_storm_of_failures_is_counted_and_only_hard_ones_speak_where_so_set():
    outcome = failures.run(Plan(events=300, kills=1))
    assert outcome.broken == [], outcome.counts
    assert outcome.counts["quiet: failed for good"] > 0


@pytest.mark.timeout(300)
def test_a_worker_that_forgets_what_it_held_is_caught():
    outcome = failures.run(Plan(events=500, twin=True))
    assert "who was told of a failure is told of its recovery: loud" in outcome.broken
    assert "all that was held ended as its task did" in outcome.broken
