"""SIGKILL to workers between and within the steps of their tasks. Larger runs and the broken twin: `make torture`."""

import pytest

from tests.torture import tasks
from tests.torture.outcome import Plan


@pytest.mark.timeout(300)  # an installation of its own
def test_tasks_of_killed_workers_end_and_are_told_of():
    outcome = tasks.run(Plan(writers=2, kills=10))
    assert outcome.broken == [], outcome.counts
    assert outcome.counts["kills"] >= 10
    assert outcome.counts["tasks that kill every worker"] == 1
