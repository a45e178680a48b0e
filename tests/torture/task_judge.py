"""What must hold of tasks whatever happened to their workers: judged by what their steps noted, the tables and the trail."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from auditapp.access.models import Workspace
from auditapp.record.workspace_scope import in_workspace
from auditapp.tasks.models import AttemptState, Task, TaskAttempt, TaskState
from tests.factories import events_of
from tests.torture.outcome import Outcome

ENDED = {TaskState.DONE, TaskState.FAILED}
BAD = {AttemptState.FAILED, AttemptState.INTERRUPTED}


@dataclass(frozen=True, slots=True)
class Began:
    """A step that a worker began, in the order in which they did. `was_done` says what the table said of it then.

    `is_late` is where the task was another worker's by then: what it does counts for nothing, and it may write nothing.
    """

    task: str
    attempt: int
    fence: int
    position: int
    name: str
    key: str
    was_done: bool
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Wrote:
    """A transaction that a step committed: under which fence, and which one the task had."""

    fence: int
    real: int


def judge(outcome: Outcome, workspaces: Sequence[Workspace], began: Sequence[Began], wrote: Sequence[Wrote]) -> None:
    """Add each promise of tasks, with how often it was broken."""
    by_task = defaultdict(list)
    for one in began:
        if not one.is_late:
            by_task[one.task].append(one)
    tasks, attempts, told = _tables(workspaces)
    outcome.promise("every task ends", sum(task.state not in ENDED for task in tasks))
    outcome.promise("no completed step runs again", sum(one.was_done for one in began if not one.is_late))
    outcome.promise("steps run in their order", sum(_backwards(steps) for steps in by_task.values()))
    outcome.promise("a step that runs again has the same key", _keys_that_differ(began))
    outcome.promise("an interrupted attempt is followed by one at its step", _not_followed(by_task, attempts))
    outcome.promise("nobody writes about a task that is another worker's", sum(one.fence != one.real for one in wrote))
    outcome.promise("every worker that takes a task up is an attempt of it", _uncounted(by_task))
    outcome.promise("no task has more than six attempts", sum(len(attempts[task.id]) > task.of for task in tasks))
    outcome.promise(
        "the sixth bad attempt is the end", sum(not _is_ended_well(task, attempts[task.id]) for task in tasks)
    )
    wrong = sum(_expected(task, attempts[task.id]) != told[task.id] for task in tasks)
    outcome.promise("the trail tells of each failed attempt and each recovery, once and in order", wrong)


def _tables(
    workspaces: Sequence[Workspace],
) -> tuple[list[Task], dict[str, list[TaskAttempt]], dict[str, list[dict[str, Any]]]]:
    tasks: list[Task] = []
    attempts: dict[str, list[TaskAttempt]] = defaultdict(list)
    told: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for workspace in workspaces:
        with in_workspace(workspace.id):
            tasks += Task.objects.filter(workspace_id=workspace.id)
            for one in TaskAttempt.objects.filter(workspace_id=workspace.id).order_by("number"):
                attempts[one.task_id].append(one)
        rows = [row.event for row in events_of(workspace) if ".run_" in row.event.type]
        for event in sorted(rows, key=lambda event: (event.occurred_at, event.meta["attempt"])):
            told[event.meta["task"]].append({"type": event.type, "outcome": event.outcome, **event.meta})
    return tasks, attempts, told


def _backwards(steps: Sequence[Began]) -> int:
    """Of one task: steps that ran after a later one had begun, or twice within one attempt, or that left one out."""
    breaches, last = 0, Began("", 0, 0, -1, "", "", was_done=False)
    for one in steps:
        is_again = one.position == last.position and one.attempt > last.attempt
        breaches += not (is_again or one.position == last.position + 1)
        last = one
    return breaches


def _keys_that_differ(began: Sequence[Began]) -> int:
    keys = defaultdict(set)
    for one in began:
        keys[one.task, one.position].add(one.key)
    return (
        sum(len(found) != 1 for found in keys.values())
        + len(keys)
        - len({key for found in keys.values() for key in found})
    )


def _not_followed(by_task: dict[str, list[Began]], attempts: dict[str, list[TaskAttempt]]) -> int:
    """Attempts that began elsewhere than where the one before them ended."""
    breaches = 0
    for task, steps in by_task.items():
        first = {one.attempt: one.name for one in reversed(steps)}
        ended = {one.number: one.step for one in attempts[task] if one.state in BAD}
        breaches += sum(first.get(number + 1, step) != step for number, step in ended.items() if step)
    return breaches


def _uncounted(by_task: dict[str, list[Began]]) -> int:
    """Attempts that two workers shared, of which one was not counted."""
    fences = defaultdict(set)
    for steps in by_task.values():
        for one in steps:
            fences[one.task, one.attempt].add(one.fence)
    return sum(len(found) - 1 for found in fences.values())


def _is_ended_well(task: Task, attempts: Sequence[TaskAttempt]) -> bool:
    """Whether it failed after its last attempt alone, or where another one could not have helped, and is done otherwise."""
    numbers, states = [one.number for one in attempts], [one.state for one in attempts]
    if numbers != list(range(1, task.attempt + 1)) or any(state not in BAD for state in states[:-1]):
        return False
    if task.state == TaskState.DONE:
        return states[-1] == AttemptState.DONE
    return states[-1] in BAD and (len(numbers) == task.of or "permanent" in task.details)


def _expected(task: Task, attempts: Sequence[TaskAttempt]) -> list[dict[str, Any]]:
    """What the trail should tell of a task."""
    told = []
    for one in attempts:
        about = {"attempt": one.number, "of": task.of, "task": task.id}
        if one.state in BAD:
            is_final = one.number == task.attempt and task.state == TaskState.FAILED
            said = {"final": is_final, "reason": one.error}
            told.append({"type": "warehouse.run_failed", "outcome": "failure", **about, **said})
        elif one.number > 1:
            told.append({"type": "warehouse.run_recovered", "outcome": "success", **about})
    return told
