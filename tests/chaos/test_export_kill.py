"""SIGKILL to the worker while it writes exports. Larger runs and the broken twin, which takes minutes: `make torture`."""

import pytest

from tests.torture import export_kill
from tests.torture.outcome import Plan


@pytest.mark.timeout(300)  # two workers start one after the other
def test_killed_worker_leaves_exports_that_become_whole():
    outcome = export_kill.run(Plan(events=600, kills=1))
    assert outcome.broken == [], outcome.counts
    assert outcome.counts["kills"] == 1
