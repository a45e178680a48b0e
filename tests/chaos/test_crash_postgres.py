"""SIGKILL to all of PostgreSQL while clients post. Larger runs: `make torture`."""

from tests.torture import crash_postgres
from tests.torture.outcome import Plan


def test_crashed_database_loses_and_doubles_nothing_that_was_acknowledged():
    outcome = crash_postgres.run(Plan(writers=4, events=40, kills=2))
    assert outcome.broken == [], outcome.counts


def test_commit_that_does_not_wait_for_the_disk_is_caught():
    outcome = crash_postgres.run(Plan(writers=4, events=40, kills=2, twin=True))
    assert "nothing acknowledged is lost" in outcome.broken
