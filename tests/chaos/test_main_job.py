"""A click on a page is at the receiver behind the forwarding, by way of real processes. Five hundred of them: `make torture`."""

from tests.torture import main_job
from tests.torture.outcome import Plan


def test_warehouse_that_was_turned_off_is_told_to_the_receiver():
    outcome = main_job.run(Plan(events=1))
    assert outcome.broken == [], outcome.counts
    assert outcome.counts["clicks"] == 1
