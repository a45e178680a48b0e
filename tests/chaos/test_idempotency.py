"""The same key from many senders at once. Larger runs: `make torture`."""

from tests.torture import idempotency
from tests.torture.outcome import Plan


def test_key_sent_many_times_at_once_is_one_event():
    outcome = idempotency.run(Plan(writers=20, events=6))
    assert outcome.broken == [], outcome.counts
    assert outcome.counts["answers: 409"] > 0


def test_senders_that_look_before_they_send_are_caught_doubling():
    outcome = idempotency.run(Plan(writers=20, events=6, twin=True))
    assert "every key is one event" in outcome.broken
