"""Random histories of changes and reverts come out as a small model says; a stale preview is refused, and nothing is undone twice."""

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from auditapp.revert import services
from tests.factories import make_cast
from tests.revert.history import MOVES, History

STEPS = some.lists(some.tuples(some.sampled_from(MOVES), some.integers(0, 1000)), min_size=4, max_size=14)
RARELY = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.fixture
def cast(db):
    return make_cast()


def played(cast, steps):
    with transaction.atomic():
        history = History(cast)
        history.begin()
        for move, choice in steps:
            history.play(move, choice)
        transaction.set_rollback(True)
    return history


@settings(max_examples=10, deadline=None, suppress_health_check=RARELY)
@given(steps=STEPS)
def test_histories_come_out_as_the_model_says(cast, steps):
    played(cast, steps)


def test_a_twin_that_does_not_compare_stamps_is_caught(cast, monkeypatch):
    monkeypatch.setattr(services, "is_stale", lambda preview, stamp: False)
    with pytest.raises(AssertionError, match="stale"):
        played(cast, [("name", 1), ("stale", 10), ("stale", 4), ("stale", 8), ("stale", 22), ("stale", 36)])
