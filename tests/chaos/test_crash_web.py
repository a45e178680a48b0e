"""SIGKILL to the web's workers while clients post. Larger runs: `make torture`."""

from tests.torture import crash_web
from tests.torture.outcome import Plan


def test_killed_web_loses_and_doubles_nothing_it_acknowledged():
    outcome = crash_web.run(Plan(writers=4, events=40, kills=3))
    assert outcome.broken == [], outcome.counts


def test_web_that_answers_before_it_commits_is_caught():
    outcome = crash_web.run(Plan(writers=4, events=40, kills=3, twin=True))
    # What was in hand at a kill is lost, where a kill found something; the names in its early answers are wrong at any rate.
    assert {"nothing acknowledged is lost", "every acknowledgement names the stored event"} & {*outcome.broken}
