"""What a step sees of its task while it runs: what to do, and the only way to write about it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import Event
from time import monotonic
from typing import Any, Final, TypeVar

from django.db import connection

from auditapp.record.acting import acting
from auditapp.record.drafts import SYSTEM
from auditapp.record.workspace_scope import in_workspace
from auditapp.tasks.errors import LeaseLost, TurnOver, WorkerStops
from auditapp.tasks.models import Task, TaskStep

LEASE_S: Final = 30
# Short: a warehouse that is synced continuously promises two seconds, and lanes are few.
TURN_S: Final = 2.0
# By the database's clock, which all workers share. The row is locked from here to the end of the transaction.
HOLD = """
UPDATE task SET lease_until = clock_timestamp() + make_interval(secs => %s)
WHERE workspace_id = %s AND id = %s AND fence = %s AND state = 'running'
"""
Kept = TypeVar("Kept")


@dataclass(slots=True)
class TaskRun:
    """One attempt at a task. A step that is done again gets the same `key`, by which others can tell that it is the same."""

    task: Task
    stop: Event = field(default_factory=Event)
    lost: Event = field(default_factory=Event)
    step: TaskStep = field(default_factory=TaskStep)
    turn_began: float = field(default_factory=monotonic)
    _kept: dict[str, Any] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)

    @property
    def about(self) -> str:
        """What the step's name says after the colon."""
        return self.step.name.partition(":")[2]

    @property
    def key(self) -> str:
        return f"{self.task.id}:{self.step.position}"

    def check(self) -> None:
        """Go on only while the worker is not being stopped and the task is still this worker's.

        Raises:  WorkerStops, LeaseLost
        """
        if self.lost.is_set():
            raise LeaseLost
        if self.stop.is_set():
            raise WorkerStops

    def give_way(self) -> None:
        """Between two pieces of long work whose place is kept: leave the lane to others once this turn has lasted.

        Raises:  TurnOver, WorkerStops, LeaseLost
        """
        self.check()
        if monotonic() - self.turn_began > TURN_S:
            raise TurnOver

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction inside the workspace, acting as the system, which commits only while the lease is this worker's.

        Raises:  LeaseLost
        """
        with in_workspace(self.task.workspace_id), acting(self.task.workspace_id, SYSTEM):
            hold(self.task)
            yield

    def progress(self, done: int, total: int | None = None) -> None:
        """Say how far the task is, in the caller's transaction."""
        self.task.done, self.task.total = done, total
        self.task.save(update_fields=["done", "total"])

    def once(self, name: str, make: Callable[[], AbstractContextManager[Kept]]) -> Kept:
        """Something that the steps of this attempt share, such as a connection; it is closed at the attempt's end."""
        if name not in self._kept:
            self._kept[name] = self._stack.enter_context(make())
        kept: Kept = self._kept[name]
        return kept

    def close(self) -> None:
        """Close what the steps shared."""
        self._kept.clear()
        self._stack.close()


def hold(task: Task) -> None:
    """Renew the lease in the caller's transaction, which keeps everybody else from the task until it ends.

    Raises:  LeaseLost
    """
    with connection.cursor() as cursor:
        cursor.execute(HOLD, [LEASE_S, task.workspace_id, task.id, task.fence])
        if cursor.rowcount != 1:
            raise LeaseLost
