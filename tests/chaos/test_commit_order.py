"""Transactions that commit in disorder: sealer and readers skip none. Larger runs: `make torture`."""

from tests.torture import commit_order
from tests.torture.outcome import Plan


def test_no_event_is_skipped_whatever_the_order_of_commits():
    outcome = commit_order.run(Plan(writers=8, events=80))
    assert outcome.broken == [], outcome.counts
    assert outcome.counts["rolled back"] > 0


def test_reader_that_polls_by_id_is_caught_skipping():
    outcome = commit_order.run(Plan(writers=12, events=150, twin=True))
    assert "readers miss no event" in outcome.broken
