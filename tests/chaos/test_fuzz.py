"""Hostile requests over real sockets. The hundred thousand: `make torture TORTURE="fuzz segment_fuzz"`."""

from tests.torture import fuzz, segment_fuzz
from tests.torture.outcome import Plan


def test_no_hostile_request_breaks_the_web():
    outcome = fuzz.run(Plan(writers=2, events=150))
    assert outcome.broken == [], outcome.counts


def test_web_that_breaks_is_caught():
    outcome = fuzz.run(Plan(writers=2, events=150, twin=True))
    assert "no answer is a 5xx" in outcome.broken


def test_no_hostile_call_breaks_a_source_or_what_is_behind_it():
    outcome = segment_fuzz.run(Plan(writers=2, events=300))
    assert outcome.broken == [], outcome.counts
    assert outcome.counts["events taken in"] > 50
