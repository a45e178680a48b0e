"""Engines that are broken on purpose, each caught by the judge of `make torture TORTURE=tasks`, which finds nothing about the real one."""

from datetime import timedelta

import pytest

from auditapp.lib import clock
from auditapp.record.workspace_scope import in_workspace
from auditapp.tasks import run as task_run
from auditapp.tasks import running
from auditapp.tasks.models import AttemptState, Task, TaskAttempt, TaskStep
from tests.tasks.test_running import Killed
from tests.torture.outcome import Outcome
from tests.torture.task_judge import Began, Wrote, judge


@pytest.fixture
def play(cast, work, start, run, change):
    """A task whose worker is killed in its second step, and is thought dead in its third; gives the promises that were broken."""
    began, wrote = [], []

    def note(one):
        task, step = one.task, one.step
        with in_workspace(task.workspace_id):
            real = Task.objects.get(id=task.id).fence
            was_done = TaskStep.objects.get(task_id=task.id, position=step.position).completed_at is not None
        about = (task.id, task.attempt, task.fence, step.position, step.name, one.key)
        began.append(Began(*about, was_done=was_done, is_late=task.fence != real))

    def write(one):
        with one.writing():
            wrote.append(Wrote(one.task.fence, Task.objects.get(id=one.task.id).fence))

    def step(one):
        note(one)
        write(one)

    def overtaken(one):
        note(one)
        work.does["third"] = step
        change(one.task, lease_until=clock.now() - timedelta(seconds=1))
        running.run_due_task()
        write(one)

    def killed(one):
        note(one)
        raise Killed

    def played():
        work.does.update({"first": step, "second:b": killed, "third": step})
        task = start()
        with pytest.raises(Killed):
            run()
        work.does.update({"second:b": step, "third": overtaken})
        change(task, lease_until=clock.now() - timedelta(seconds=1))
        run()
        outcome = Outcome()
        judge(outcome, [cast.workspace], began, wrote)
        return outcome.broken

    return played


def test_the_real_engine_breaks_no_promise(play):
    assert play() == []


def test_an_engine_that_runs_completed_steps_again_is_caught(play, monkeypatch):
    begin = running._begin

    def begin_anew(task, kind):
        is_begun = begin(task, kind)
        with in_workspace(task.workspace_id):
            TaskStep.objects.filter(task_id=task.id).update(completed_at=None)
        return is_begun

    monkeypatch.setattr(running, "_begin", begin_anew)
    assert {"steps run in their order", "an interrupted attempt is followed by one at its step"} <= set(play())


def test_an_engine_that_looks_for_no_completed_steps_is_caught(play, monkeypatch):
    do_steps = running._do_steps

    def do_all(one, kind):
        with monkeypatch.context() as broken:
            every = TaskStep.objects.filter
            broken.setattr(TaskStep.objects, "filter", lambda completed_at=None, **where: every(**where), raising=False)
            do_steps(one, kind)

    monkeypatch.setattr(running, "_do_steps", do_all)
    assert "no completed step runs again" in play()


def test_an_engine_that_counts_no_interrupted_attempt_is_caught(play, monkeypatch):
    begin = running._begin

    def begin_uncounted(task, kind):
        with in_workspace(task.workspace_id):
            TaskAttempt.objects.filter(task_id=task.id, state=AttemptState.RUNNING).update(state=AttemptState.PAUSED)
        return begin(task, kind)

    monkeypatch.setattr(running, "_begin", begin_uncounted)
    assert "every worker that takes a task up is an attempt of it" in play()


def test_an_engine_that_ignores_the_lease_is_caught(play, monkeypatch):
    for module in (running, task_run):
        monkeypatch.setattr(module, "hold", lambda task: None)
    assert "nobody writes about a task that is another worker's" in play()


def test_a_failure_that_the_trail_does_not_tell_of_is_caught(play, monkeypatch):
    monkeypatch.setattr(running, "record", lambda *asked, **said: None)
    assert play() == ["the trail tells of each failed attempt and each recovery, once and in order"]
