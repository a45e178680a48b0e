"""Jobs with a name and a time, registered with procrastinate, enqueued in the caller's transaction.

Payloads are ids only: procrastinate logs them whole where something fails.
"""

import logging
import signal
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Any, Final

from django.db import close_old_connections, transaction
from procrastinate import App, exceptions
from procrastinate.contrib.django import app as django_app

logger = logging.getLogger(__name__)
LONGEST_WAIT_S: Final = 30


@dataclass(frozen=True, slots=True)
class Job:
    """A function of ids that runs in the worker. `cron` (UTC) runs it by the clock, without ids."""

    name: str
    run: Callable[..., object]
    cron: str | None = None


def register(app: App, jobs: Iterable[Job]) -> None:
    """Make the jobs known to procrastinate; one of a scheduled kind runs or waits at a time."""
    for job in jobs:
        # A job that waits already is enough: a worker that was down for days does not run it once a missed day.
        task = app.task(name=job.name, queueing_lock=job.name if job.cron else None, lock=job.name)(_wrapped(job))
        if job.cron:
            app.periodic(cron=job.cron)(task)


def _wrapped(job: Job) -> Callable[..., None]:
    def run(**arguments: Any) -> None:
        arguments.pop("timestamp", None)  # procrastinate's own argument of periodic tasks
        close_old_connections()
        try:
            job.run(**arguments)
        finally:
            close_old_connections()

    return run


def enqueue(name: str, **ids: int | str) -> None:
    """Have a job run soon; a rollback of the caller's transaction takes it back, and one that waits already is enough."""
    with suppress(exceptions.AlreadyEnqueued), transaction.atomic():
        django_app.configure_task(name).defer(**ids)


class Worker:
    """Runs jobs until it is told to stop; a database that went away is waited for."""

    def __init__(self) -> None:
        self.stopping = threading.Event()

    def run(self) -> None:
        """Block until SIGINT or SIGTERM; jobs that run are given time to end."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self.stopping.set())
        wait_s = 1
        while not self.stopping.is_set():
            try:
                self._run_once()
                return
            except (exceptions.ConnectorException, OSError) as lost:
                logger.warning("the worker lost its database, next try in %s s: %s", wait_s, lost)
                self.stopping.wait(wait_s)
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _run_once(self) -> None:
        connector: Any = django_app.connector
        with _connected(django_app, connector.get_worker_connector()) as app:
            # procrastinate takes SIGINT and SIGTERM while it runs, finishes what it has begun and returns.
            app.run_worker(delete_jobs="successful", shutdown_graceful_timeout=10)
        self.stopping.set()


def _connected(app: App, connector: Any) -> AbstractContextManager[App]:
    return app.replace_connector(connector)
