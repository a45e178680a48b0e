"""The loop of the worker that starts tasks whose time has come and runs them, several at once."""

import logging
import threading
from collections.abc import Callable
from typing import Final

from django.db import InterfaceError, OperationalError, connection

from auditapp.tasks.kinds import task_kinds
from auditapp.tasks.running import run_due_task

logger = logging.getLogger(__name__)

LANES: Final = 4
POLL_S: Final = 0.5
START_EVERY_S: Final = 0.5
MAX_PAUSE_S: Final = 10.0


def run_tasks(stop: threading.Event) -> None:
    """Start and run tasks until `stop` is set. Any number of workers may do so: each task is one worker's at a time."""
    lanes = [threading.Thread(target=_lane, args=(stop, number), name=f"tasks-{number}") for number in range(LANES)]
    for lane in lanes:
        lane.start()
    try:
        _repeat(stop, _start_due, START_EVERY_S)
    finally:
        for lane in lanes:
            lane.join()


def start_due_tasks() -> int:
    """Start the tasks of every kind whose time has come; gives how many. What goes wrong with one kind holds up no other."""
    started = 0
    for kind in task_kinds().values():
        if kind.start_due is None:
            continue
        try:
            started += kind.start_due()
        except (OperationalError, InterfaceError):
            raise  # the database is away for all of them
        except Exception:
            logger.exception("Tasks of kind %s could not be started.", kind.name)
    return started


def _start_due(stop: threading.Event) -> bool:
    start_due_tasks()
    return False


def _lane(stop: threading.Event, number: int) -> None:
    # One after the other, so that together they look more often than each does.
    stop.wait(number * POLL_S / LANES)
    _repeat(stop, lambda stopping: run_due_task(stop=stopping) is not None, POLL_S)


def _repeat(stop: threading.Event, work: Callable[[threading.Event], bool], every_s: float) -> None:
    """Work until `stop` is set, at once again where there was something to do; a database that is away is waited for."""
    pause_s = every_s
    try:
        while not stop.is_set():
            try:
                had_work = work(stop)
            except (OperationalError, InterfaceError) as error:
                logger.warning("Tasks wait for the database: %s", str(error).strip())
                pause_s = min(pause_s * 2, MAX_PAUSE_S)
                connection.close()
                stop.wait(pause_s)
                continue
            except Exception:
                logger.exception("A task could not be run; the next one is tried in %s s.", MAX_PAUSE_S)
                stop.wait(MAX_PAUSE_S)
                continue
            pause_s = every_s
            if not had_work:
                stop.wait(every_s)
    finally:
        connection.close()
