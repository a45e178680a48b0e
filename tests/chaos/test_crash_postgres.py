"""SIGKILL to all of PostgreSQL while clients post. Larger runs and the broken twin, which takes minutes: `make torture`."""

from tests.torture import crash_postgres
from tests.torture.outcome import Plan


def test_crashed_database_loses_and_doubles_nothing_that_was_acknowledged():
    outcome = crash_postgres.run(Plan(writers=4, events=40, kills=2))
    assert outcome.broken == [], outcome.counts
