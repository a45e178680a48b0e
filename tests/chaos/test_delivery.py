"""SIGKILL to workers that deliver to receivers on a bad day. Larger runs and the broken twin: `make torture`."""

import pytest

from tests.torture import delivery
from tests.torture.outcome import Plan


@pytest.mark.timeout(300)  # workers start again and again
def test_killed_workers_deliver_everything_in_order():
    outcome = delivery.run(Plan(writers=2, events=1_500, kills=1))
    assert outcome.broken == [], outcome.counts
    assert outcome.counts["dead letters"] >= 5
