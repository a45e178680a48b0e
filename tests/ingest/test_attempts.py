"""Attempts at tasks, as other systems report them: what is taken, what is refused at which field, and how they come back."""

import pytest

from auditapp.record.acting import acting
from auditapp.record.attempts import Attempt, attempt_of
from auditapp.record.declarations import declare_type
from auditapp.record.drafts import Actor
from auditapp.record.models import EventAttempt
from auditapp.record.workspace_scope import in_workspace
from tests.ingest.conftest import Caller

TARGET = {"type": "report", "id": "rep_1", "name": "Weekly sales"}
FAILED = {
    "type": "report.build_failed",
    "target": TARGET,
    "outcome": "failure",
    "task": "rep_1-24",
    "attempt": 2,
    "of": 3,
}
BUILT = {"type": "report.built", "target": TARGET, "task": "rep_1-24", "attempt": 3, "of": 3}


def runs(caller: Caller) -> list[tuple[int, int]]:
    with in_workspace(caller.workspace.id):
        return list(EventAttempt.objects.order_by("run", "number").values_list("run", "number"))


def test_an_attempt_is_kept_in_meta_and_comes_back_as_it_was_sent(caller: Caller, stored):
    assert caller.post("/audit-events", FAILED | {"final": False, "meta": {"reason": "No answer"}}).status_code == 201
    [row] = stored(caller.workspace)
    assert row.event.meta == {"task": "rep_1-24", "attempt": 2, "of": 3, "final": False, "reason": "No answer"}
    assert attempt_of(row.event) == Attempt("rep_1-24", 2, 3, is_final=False)
    [told] = caller.get("/audit-events").json()["data"]["events"]
    assert {key: told[key] for key in ("task", "attempt", "of", "final")} == {
        "task": "rep_1-24",
        "attempt": 2,
        "of": 3,
        "final": False,
    }
    assert caller.get(f"/audit-events/{row.key}").json()["data"]["event"]["attempt"] == 2


def test_a_success_says_nothing_of_final_and_other_events_nothing_of_attempts(caller: Caller):
    caller.post("/audit-events", [BUILT, {"type": "report.built", "target": TARGET}])
    told = {one.get("attempt"): one for one in caller.get("/audit-events").json()["data"]["events"]}
    assert "final" not in told[3]
    assert not {"task", "attempt", "of", "final"} & told[None].keys()


def test_every_attempt_is_an_event_of_the_api(caller: Caller):
    caller.post("/audit-events", [FAILED | {"attempt": 1}, FAILED, BUILT])
    assert sorted(one["attempt"] for one in caller.get("/audit-events").json()["data"]["events"]) == [1, 2, 3]


def test_a_batch_in_any_order_is_one_run(caller: Caller):
    times = [{"occurredAt": f"2026-01-01T00:00:0{number}Z"} for number in range(4)]
    caller.post("/audit-events", [BUILT | times[3], FAILED | {"attempt": 1} | times[1], FAILED | times[2]])
    assert runs(caller) == [(1, 1), (1, 2), (1, 3)]


def test_a_task_that_looks_like_a_key_is_still_its_name(caller: Caller, stored):
    task = "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW"
    caller.post("/audit-events", FAILED | {"task": task})
    assert stored(caller.workspace)[0].event.meta["task"] == task


def test_two_point_zero_is_two(caller: Caller):
    assert caller.post("/audit-events", FAILED | {"attempt": 2.0, "of": 3.0}).status_code == 201
    assert runs(caller) == [(1, 2)]


def test_meta_of_a_declared_type_is_checked_without_the_attempt(caller: Caller):
    schema = {"type": "object", "additionalProperties": False, "properties": {"reason": {"type": "string"}}}
    with in_workspace(caller.workspace.id), acting(caller.workspace.id, Actor("user", "usr_ana", "Ana")):
        declare_type(key=FAILED["type"], name="Build Failed", sentence="failed to build {resource}", schema=schema)
    assert caller.post("/audit-events", FAILED | {"meta": {"reason": "No answer"}}).status_code == 201
    assert caller.post("/audit-events", FAILED | {"meta": {"why": 1}}).status_code == 422


@pytest.mark.parametrize(
    ("sent", "field", "message"),
    [
        ({"attempt": 0}, "attempt", "minimum"),
        ({"attempt": 4}, "attempt", "Write a number from 1 to 3."),
        ({"attempt": "2"}, "attempt", "integer"),
        (
            {"attempt": None},
            "attempt",
            '"attempt" is missing: an attempt at a task says all of "task", "attempt" and "of".',
        ),
        ({"of": 1_001}, "of", "maximum"),
        ({"of": None}, "of", '"of" is missing: an attempt at a task says all of "task", "attempt" and "of".'),
        ({"task": "x" * 201}, "task", "200"),
        ({"task": ""}, "task", "1"),
        ({"task": None}, "task", '"task" is missing: an attempt at a task says all of "task", "attempt" and "of".'),
        ({"final": "yes"}, "final", "boolean"),
        ({"final": True, "outcome": "success"}, "final", "Only of a failure"),
        ({"attempt": 3, "final": False}, "final", "This is the last attempt"),
        ({"meta": {"attempt": 1}}, "attempt", "meta says another attempt"),
    ],
)
def test_what_does_not_go_together_is_refused_at_its_field(caller: Caller, stored, sent, field, message):
    answer = caller.post("/audit-events", FAILED | sent)
    assert answer.status_code == 422
    [problem] = answer.json()["errors"]
    assert problem["field"] == field
    assert message in problem["message"]
    assert not stored(caller.workspace)
