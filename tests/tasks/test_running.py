"""Tasks: each step once, failures told, interruptions survived, two workers apart."""

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection

from auditapp.lib import clock
from auditapp.lib.errors import Outside
from auditapp.record.workspace_scope import in_workspace
from auditapp.tasks import kinds
from auditapp.tasks.errors import LeaseLost
from auditapp.tasks.jobs import forget_tasks
from auditapp.tasks.kinds import TaskKind
from auditapp.tasks.loop import start_due_tasks
from auditapp.tasks.models import Task, TaskAttempt, TaskStep
from auditapp.tasks.queries import attempts_of, live_task
from auditapp.tasks.running import KILLED_LAST, OURS, _claim, pause_after, run_due_task
from auditapp.tasks.services import cancel_task, hasten_task
from tests.factories import acting_as, events_of, make_cast


class Killed(BaseException):
    """As SIGKILL does: nothing is caught, nothing is tidied up."""


def raising(error):
    def step(run):
        raise error

    return step


def told(workspace):
    keys = ("attempt", "of", "final", "reason")
    return [
        (row.event.type, *(row.event.meta.get(key) for key in keys))
        for row in reversed(events_of(workspace))
        if row.event.type.startswith("warehouse.run_")
    ]


def test_each_step_is_done_once_in_order(work, start, run, stored, cast, attempts):
    task = start(details={"n": 1})
    assert run().id == task.id
    assert [name for name, _ in work.ran] == ["first", "second:b", "third"]
    assert run() is None
    with in_workspace(cast.workspace.id):
        steps = list(TaskStep.objects.order_by("position").values_list("result", flat=True))
    assert steps == [{"about": ""}, {"about": "b"}, {"about": ""}]
    assert (stored(task).state, stored(task).attempt, work.ended) == ("done", 1, ["done"])
    assert attempts(task) == [(1, "done", "")]
    assert told(cast.workspace) == []


def test_a_rollback_takes_the_task_back(work, start, run, cast):
    def start_and_fail():
        with acting_as(cast.olga, cast.workspace):
            start()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        start_and_fail()
    assert run() is None


def test_one_of_a_kind_and_key_is_live(work, start, run, cast):
    first = start()
    assert start() is None
    assert start(key="b") is not None
    assert run().id == first.id
    assert start() is not None


def test_steps_that_nobody_knows_are_refused_at_once(work, start):
    with pytest.raises(ValueError, match="steps"):
        start(steps=["first", "fourth"])


def test_a_failed_attempt_is_an_event_and_so_is_the_recovery(work, start, run, stored, cast, attempts, change):
    task = start()
    work.does["second:b"] = raising(Outside("The warehouse did not answer."))
    run()
    waits = stored(task)
    assert (waits.state, waits.error) == ("waiting", "The warehouse did not answer.")
    assert waits.next_at > clock.now()
    assert run() is None
    change(task, next_at=clock.now())
    work.does.clear()
    run()
    assert told(cast.workspace) == [
        ("warehouse.run_failed", 1, 6, False, "The warehouse did not answer."),
        ("warehouse.run_recovered", 2, 6, None, None),
    ]
    assert {row.event.meta.get("task") for row in events_of(cast.workspace)} == {task.id}
    assert {row.event.outcome for row in events_of(cast.workspace)} == {"success", "failure"}
    # The step that was done is not done again; the one that failed has the same key.
    assert [name for name, _ in work.ran] == ["first", "second:b", "second:b", "third"]
    assert work.ran[1] == work.ran[2]
    assert attempts(task) == [(1, "failed", "second:b"), (2, "done", "")]


def test_after_five_retries_it_fails_for_good(work, start, run, stored, cast, change):
    task = start()
    work.does["first"] = raising(Outside("No."))
    for _ in range(6):
        change(task, next_at=clock.now())
        run()
    assert [one[1:4] for one in told(cast.workspace)] == [(n, 6, n == 6) for n in range(1, 7)]
    assert (stored(task).state, work.ended) == ("failed", ["failed"])
    change(task, next_at=clock.now())
    assert run() is None


def test_what_cannot_get_better_is_not_tried_again(work, start, run, stored, cast):
    task = start()
    work.does["first"] = raising(Outside("This address is never called.", permanent=True))
    run()
    assert stored(task).state == "failed"
    assert told(cast.workspace) == [("warehouse.run_failed", 1, 6, True, "This address is never called.")]


def test_nobody_is_told_a_traceback(work, start, run, stored, caplog):
    task = start()
    work.does["first"] = raising(KeyError("secret-thing"))
    run()
    assert stored(task).error == OURS
    assert "secret-thing" in caplog.text


@pytest.mark.parametrize("place", ["first", "second:b", "third"])
def test_a_killed_worker_loses_nothing(work, start, run, stored, cast, attempts, change, place):
    task = start()
    work.does[place] = raising(Killed())
    with pytest.raises(Killed):
        run()
    assert run() is None  # its lease has not ended
    change(task, lease_until=clock.now() - timedelta(seconds=1))
    work.does.clear()
    run()
    names = [name for name, _ in work.ran]
    assert names == [*names[: names.index(place) + 1], place, *["first", "second:b", "third"][names.index(place) + 1 :]]
    assert attempts(task) == [(1, "interrupted", place), (2, "done", "")]
    assert [one[:4] for one in told(cast.workspace)] == [
        ("warehouse.run_failed", 1, 6, False),
        ("warehouse.run_recovered", 2, 6, None),
    ]


def test_a_task_that_kills_every_worker_comes_to_an_end(work, start, run, stored, change, cast):
    task = start()
    work.does["first"] = raising(Killed())
    for _ in range(6):
        with pytest.raises(Killed):
            run()
        change(task, lease_until=clock.now() - timedelta(seconds=1))
    run()
    assert (stored(task).state, stored(task).error, work.ended) == ("failed", KILLED_LAST, ["failed"])
    assert told(cast.workspace)[-1][1:4] == (6, 6, True)
    assert run() is None


def test_a_stop_in_good_order_counts_as_no_attempt(work, start, run, stored, attempts, cast):
    task, stop = start(), threading.Event()
    work.does["first"] = lambda _: stop.set()
    run(stop=stop)
    assert (stored(task).state, stored(task).attempt, attempts(task)) == ("waiting", 0, [])
    work.does.clear()
    run()
    assert [name for name, _ in work.ran] == ["first", "second:b", "third"]
    assert told(cast.workspace) == []


def test_long_work_gives_way_within_one_attempt(work, start, run, stored, attempts, cast, monkeypatch, change):
    monkeypatch.setattr("auditapp.tasks.run.TURN_S", -1)
    long, other = start(), start(key="b")
    pieces = iter(range(3))
    work.does["first"] = raising(Outside("No."))
    run()
    work.does["first"] = lambda one: (
        one.give_way() if one.task.id == long.id and next(pieces, None) is not None else None
    )
    for task in (long, other):
        change(task, next_at=clock.now())
    run()
    assert (stored(long).state, stored(long).attempt, stored(long).error) == ("waiting", 2, "")
    assert attempts(long)[-1] == (2, "paused", "")
    assert run().id == other.id  # which has waited longer by now
    while run():
        pass
    assert (stored(long).state, attempts(long)) == ("done", [(1, "failed", "first"), (2, "done", "")])
    assert [name for name, key in work.ran if key.startswith(long.id)] == ["first"] * 5 + ["second:b", "third"]
    assert [one[:2] for one in told(cast.workspace)] == [("warehouse.run_failed", 1), ("warehouse.run_recovered", 2)]


def test_a_stop_between_two_turns_counts_as_no_attempt(work, start, run, stored, attempts, monkeypatch):
    monkeypatch.setattr("auditapp.tasks.run.TURN_S", -1)
    task, stop = start(), threading.Event()
    work.does["first"] = lambda one: one.give_way()
    run()
    stop.set()
    run(stop=stop)
    assert (stored(task).attempt, attempts(task)) == (0, [])


def test_a_worker_that_was_thought_dead_writes_nothing_more(work, start, run, stored, change, as_role, cast):
    task = start()
    refused = []

    def overtaken(run_of_first):
        work.does.clear()
        change(task, lease_until=clock.now() - timedelta(seconds=1))
        assert run_due_task().state == "done"
        with pytest.raises(LeaseLost), run_of_first.writing():
            refused.append("the transaction began")
        return {"who": "the first"}

    work.does["second:b"] = overtaken
    run()
    assert refused == []
    assert stored(task).state == "done"
    with in_workspace(cast.workspace.id):
        assert {"who": "the first"} not in TaskStep.objects.values_list("result", flat=True)
    assert work.ended == ["done"]


def test_two_workers_never_have_one_task(work, start, as_role, cast):
    tasks = [start(key=str(number)) for number in range(2)]
    with as_role("worker"):
        claimed = [_claim(), _claim(), _claim()]
    assert sorted(task.id for task in claimed if task) == sorted(task.id for task in tasks)


def test_one_task_is_taken_up_at_a_time_whatever_the_plan(work, start, as_role, cast):
    for number in range(5):
        start(key=str(number))
    with as_role("worker"):
        with connection.cursor() as cursor:
            # The plan that a table of another size would get: for each row of the table the one that is due is looked for.
            for method in ("mergejoin", "hashjoin", "indexscan", "bitmapscan", "material", "memoize"):
                cursor.execute(f"SET enable_{method} = off")
        assert _claim() is not None
        assert Task.objects.filter(state="running").count() == 1


def test_many_workers_at_once_run_each_task_once(work, start, as_role, monkeypatch):
    monkeypatch.setattr("auditapp.tasks.running.MOST_OF_A_WORKSPACE", 8)
    tasks = [start(key=str(number), steps=["first"]) for number in range(12)]

    def worker():
        try:
            while run_due_task() is not None:
                pass
        finally:
            connection.close()

    with as_role("worker"):
        workers = [threading.Thread(target=worker) for _ in range(4)]
        for one in workers:
            one.start()
        for one in workers:
            one.join()
    assert sorted(key for _, key in work.ran) == sorted(f"{task.id}:0" for task in tasks)
    assert work.ended == ["done"] * 12


def test_one_workspace_does_not_take_all_workers(work, start, as_role, cast):
    other = make_cast(slug="other")
    for number in range(4):
        start(key=str(number))
    late = start(key="late", workspace=other.workspace)
    with as_role("worker"):
        claimed = [_claim() for _ in range(4)]
    assert [task and task.workspace_id for task in claimed].count(cast.workspace.id) == 2
    assert late.id in [task.id for task in claimed if task]


def test_a_cancelled_task_writes_nothing_more(work, start, run, stored, cast):
    task = start()

    def cancelled(_):
        with acting_as(cast.olga, cast.workspace):
            assert cancel_task(kind="test.work", key="a")
            assert not cancel_task(kind="test.work", key="a")

    work.does["first"] = cancelled
    run()
    assert ([name for name, _ in work.ran], stored(task).state) == (["first"], "cancelled")
    assert told(cast.workspace) == []


def test_a_retry_can_be_hastened(work, start, run, cast, stored):
    task = start()
    work.does["first"] = raising(Outside("No."))
    run()
    work.does.clear()
    with acting_as(cast.olga, cast.workspace):
        assert live_task(cast.workspace.id, "test.work", "a").id == task.id
        assert hasten_task(kind="test.work", key="a")
        assert not hasten_task(kind="test.work", key="b")
    run()
    assert stored(task).state == "done"


def test_the_lease_is_renewed_while_a_step_runs(work, start, run, change, monkeypatch, as_role, own_database):
    monkeypatch.setattr("auditapp.tasks.running.RENEW_EVERY_S", 0.02)
    task, seen = start(), threading.Event()
    before = clock.now() - timedelta(seconds=5)

    def long_step(_):
        change(task, lease_until=before)
        for _ in range(200):
            if stored_lease() > before:
                return seen.set()
            threading.Event().wait(0.02)

    def stored_lease():
        return Task.objects.get(id=task.id).lease_until

    work.does["first"] = long_step
    run()
    assert seen.is_set()


def test_what_steps_share_is_closed_at_the_end(work, start, run):
    log = []

    @contextmanager
    def opened():
        log.append("open")
        yield "line"
        log.append("closed")

    for name in ("first", "second:b"):
        work.does[name] = lambda run: log.append(run.once("line", opened))
    start()
    run()
    assert log == ["open", "line", "line", "closed"]


def test_pauses_grow_and_differ():
    assert pause_after(1) <= timedelta(seconds=5) < pause_after(3)
    assert pause_after(5) <= timedelta(seconds=405)
    assert len({pause_after(2) for _ in range(20)}) > 1


def test_old_tasks_are_forgotten_with_what_belongs_to_them(work, start, run, change, as_role, cast):
    old, young = start(), start(key="b")
    run()
    run()
    change(old, finished_at=clock.now() - timedelta(days=91))
    with as_role("worker"):
        assert forget_tasks() == 1
    with in_workspace(cast.workspace.id):
        assert list(Task.objects.values_list("id", flat=True)) == [young.id]
        assert set(TaskStep.objects.values_list("task_id", flat=True)) == {young.id}
        assert set(attempts_of(cast.workspace.id, [old.id, young.id])) == {young.id}
        assert TaskAttempt.objects.count() == 1


def test_a_kind_that_cannot_start_its_tasks_holds_up_no_other(work, monkeypatch, caplog, own_database):
    def broken():
        raise KeyError("no")

    known = {
        name: TaskKind(name, {}, "warehouse.run_failed", "warehouse.run_recovered", start_due=due)
        for name, due in (("one", broken), ("two", lambda: 3), ("three", None))
    }
    monkeypatch.setattr(kinds, "_kinds", known)
    assert start_due_tasks() == 3
    assert "Tasks of kind one could not be started" in caplog.text
