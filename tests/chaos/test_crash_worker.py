"""SIGKILL to the worker while it seals. Larger runs and the broken twin, which takes minutes: `make torture`."""

from tests.torture import crash_worker
from tests.torture.outcome import Plan


def test_killed_sealer_leaves_a_log_that_the_next_one_continues():
    outcome = crash_worker.run(Plan(writers=2, events=500, kills=2))
    assert outcome.broken == [], outcome.counts
