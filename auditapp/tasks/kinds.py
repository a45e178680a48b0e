"""The kinds of tasks. They belong to packages above this one, which wiring.py registers here: imports only go down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditapp.record.drafts import HasTarget
    from auditapp.tasks.models import Task
    from auditapp.tasks.run import TaskRun


def _nothing(task: Task) -> None:
    """What most kinds do when a task ends."""


def _its_subject(task: Task) -> Sequence[HasTarget]:
    return [task]


def _no_more(task: Task) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class TaskKind:
    """One kind of task.

    `steps` are functions by the first word of a step's name: "load:src_1" is done by steps["load"]. What one gives back is kept with
    the step, as JSON. `ended` is called in the transaction in which a task ends, well or not. `start_due` is asked again and
    again, outside of any workspace, to start the tasks whose time has come. `targets` and `tells` are what its events are about, and what
    they say beside the attempt.
    """

    name: str
    steps: Mapping[str, Callable[[TaskRun], Any]]
    failed_type: str
    recovered_type: str
    ended: Callable[[Task], None] = _nothing
    start_due: Callable[[], int] | None = None
    targets: Callable[[Task], Sequence[HasTarget]] = _its_subject
    tells: Callable[[Task], Mapping[str, Any]] = _no_more


_kinds: dict[str, TaskKind] = {}


def register_task_kind(kind: TaskKind) -> None:
    """Let tasks of this kind be started and run."""
    _kinds[kind.name] = kind


def task_kinds() -> Mapping[str, TaskKind]:
    """Every kind by its name."""
    return _kinds
