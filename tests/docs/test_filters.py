"""docs/filters.md and docs/functions.md: every example is taken as it stands there."""

import json

import pytest

from auditapp.pipeline.destination_filters.action_input import actions_of
from auditapp.pipeline.destination_filters.actions import ActionType
from auditapp.pipeline.destination_filters.fql import compile_fql
from auditapp.pipeline.destination_filters.fql_values import FUNCTIONS
from auditapp.pipeline.functions.outcomes import Result
from auditapp.pipeline.functions.pool import Key
from auditapp.pipeline.functions.running import Program, run_function
from auditapp.pipeline.transformations.definition import transformation_of
from auditapp.pipeline.transformations.kinds import KINDS, kinds_of
from auditapp.pipeline.verdicts import Verdict
from tests.docs.snippets import ROOT, blocks


def lines(language):
    return [line for _, text in blocks("filters.md", language) for line in text.splitlines()]


@pytest.mark.parametrize("line", lines("fql"))
def test_a_condition_is_sound(line):
    compile_fql(line)


def test_every_function_of_the_language_is_named():
    page = (ROOT / "docs/filters.md").read_text()
    assert [name for name in FUNCTIONS if f"`{name}`" not in page] == []


def test_every_action_and_every_kind_of_change_is_shown_and_taken():
    actions = [actions_of(json.loads(line)) for line in lines("actions")]
    assert {action.type for found in actions for action in found} == set(ActionType)
    definitions = [json.loads(line) for line in lines("definition")]
    for definition in definitions:
        transformation_of("x", definition)
    assert {kind for definition in definitions for kind in kinds_of(definition)} == set(KINDS)


def test_the_function_runs_as_it_stands_there_and_every_code_is_listed():
    [(_, code)] = blocks("functions.md", "js")
    event = {"type": "track", "event": "A", "messageId": "m", "properties": {}}
    program = Program(Key(1, "docs", 1), code, {"region": "eu"})
    kept, dropped = run_function(program, [event, {**event, "properties": {"internal": True}}])
    assert kept.event["properties"] == {"region": "eu"}
    assert dropped.result is Result.DROPPED
    page = (ROOT / "docs/functions.md").read_text()
    codes = (
        "DROPPED_BY_FUNCTION",
        "BAD_REQUEST",
        "MESSAGE_REJECTED",
        "UNSUPPORTED_EVENT_TYPE",
        "GATEWAY_TIMEOUT",
        "RETRY",
    )
    assert [code for code in (*codes, "FUNCTIONS_LOCK_OUT") if f"`{Verdict[code]}`" not in page] == []
