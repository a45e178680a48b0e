"""A kind of task whose steps note that they ran, in a workspace of its own, run as the worker does."""

from dataclasses import dataclass, field

import pytest

from auditapp.record.workspace_scope import in_workspace
from auditapp.tasks import kinds
from auditapp.tasks.kinds import TaskKind
from auditapp.tasks.models import Task, TaskAttempt
from auditapp.tasks.running import run_due_task
from auditapp.tasks.services import start_task
from tests.factories import acting_as
from tests.shared_clone import cast, own_database, shared_database  # noqa: F401  fixtures


@dataclass
class Work:
    """Steps that ran, with their keys; what a step is to do is set by a test."""

    ran: list = field(default_factory=list)
    does: dict = field(default_factory=dict)
    ended: list = field(default_factory=list)

    def step(self, run):
        self.ran.append((run.step.name, run.key))
        return self.does.get(run.step.name, lambda _: {"about": run.about})(run)


@pytest.fixture
def work(monkeypatch):
    work = Work()
    kind = TaskKind(
        name="test.work",
        steps={"first": work.step, "second": work.step, "third": work.step},
        failed_type="warehouse.run_failed",
        recovered_type="warehouse.run_recovered",
        ended=lambda task: work.ended.append(task.state),
    )
    monkeypatch.setattr(kinds, "_kinds", {kind.name: kind})
    return work


@pytest.fixture
def start(cast):  # noqa: F811
    def start(key="a", workspace=None, **asked):
        cast_workspace = workspace or cast.workspace
        with acting_as(cast.olga, cast_workspace):
            steps = asked.pop("steps", ["first", "second:b", "third"])
            return start_task(kind="test.work", key=key, subject=cast.warehouse, steps=steps, **asked)

    return start


@pytest.fixture
def run(as_role):
    def run(**how):
        with as_role("worker"):
            return run_due_task(**how)

    return run


@pytest.fixture
def stored(cast):  # noqa: F811
    def stored(task):
        with in_workspace(cast.workspace.id):
            return Task.objects.get(workspace_id=cast.workspace.id, id=task.id)

    return stored


@pytest.fixture
def change(cast):  # noqa: F811
    def change(task, **values):
        with in_workspace(cast.workspace.id):
            Task.objects.filter(workspace_id=cast.workspace.id, id=task.id).update(**values)

    return change


@pytest.fixture
def attempts(cast):  # noqa: F811
    def attempts(task):
        with in_workspace(cast.workspace.id):
            rows = TaskAttempt.objects.filter(workspace_id=cast.workspace.id, task_id=task.id).order_by("number")
            return [(one.number, one.state, one.step) for one in rows]

    return attempts
