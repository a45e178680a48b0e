"""FQL means what a model in plain Python says, over random conditions and events. More pairs: FQL_PAIRS=100000."""

import os
from copy import deepcopy
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from auditapp.pipeline.destination_filters.fql import compile_expression, compile_fql
from auditapp.pipeline.destination_filters.fql_errors import FqlFailed
from tests.pipeline.fql_model import FAILED, kind, meaning, random_event, random_tree, text_of

EVENTS = 10
PAIRS = int(os.environ.get("FQL_PAIRS", "6000"))


def outcome(call, event):
    try:
        return call(event)
    except FqlFailed:
        return FAILED


@pytest.mark.timeout(1_200)
def test_engine_and_model_agree():
    seen = {True: 0, False: 0, FAILED: 0}

    @settings(
        max_examples=PAIRS // EVENTS,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=[*HealthCheck],
    )
    @given(st.integers(min_value=0, max_value=2**64))
    def agree(seed):
        random = Random(seed)
        tree = random_tree(random, random.choice(("bool", "bool", "any")))
        text = text_of(tree, random)
        expression = compile_expression(text)
        for _ in range(EVENTS):
            event = random_event(random)
            before = deepcopy(event)
            expected, found = meaning(tree, event), outcome(expression.value, event)
            assert (type(found), found) == (type(expected), expected), (text, event)
            assert event == before
            if isinstance(expected, bool) or expected == FAILED:
                seen[expected] += 1

    agree()
    # The comparison says little where most conditions fail.
    assert min(seen[True], seen[False], seen[FAILED]) > PAIRS // 20, seen


def test_a_condition_is_its_expression_taken_as_true_or_false():
    random = Random(3)
    found = 0
    for _ in range(1_000):
        tree = ("field", ("ok",))
        event = random_event(random)
        value = meaning(tree, event)
        expected = value is True if kind(value) in ("bool", "null") else FAILED
        assert outcome(compile_fql("ok").matches, event) == expected
        found += expected is True
    assert found > 10
