"""Jobs with a name and a time, registered with procrastinate, enqueued in the caller's transaction.

Payloads are ids only: procrastinate logs them whole where something fails.
"""

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from django.db import close_old_connections, connection, transaction
from procrastinate import App, PsycopgConnector, exceptions
from procrastinate.contrib.django import app as django_app
from procrastinate.contrib.django.utils import connector_params
from psycopg_pool import AsyncNullConnectionPool

logger = logging.getLogger(__name__)
LONGEST_WAIT_S: Final = 30
GRACE_S: Final = 10
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
STALLED: Final = (
    "FROM procrastinate_jobs AS j LEFT JOIN procrastinate_workers AS w ON w.id = j.worker_id"
    " WHERE j.status = 'doing' AND (w.id IS NULL OR w.last_heartbeat < now() - interval '1 minute')"
)
# A killed worker leaves its job as being done, whose lock then keeps all later ones of its kind from starting. It is done again,
# unless one that waits already will do the same.
END_DOUBLE = f"""
SELECT procrastinate_finish_job_v1(j.id, 'failed', true) {STALLED}
AND EXISTS (SELECT FROM procrastinate_jobs AS o WHERE o.status = 'todo' AND o.queueing_lock = j.queueing_lock)
"""  # noqa: S608  a constant
DO_AGAIN = f"SELECT procrastinate_retry_job_v2(j.id, now(), NULL, NULL, NULL) {STALLED}"


@dataclass(frozen=True, slots=True)
class Job:
    """A function of ids that runs in the worker. `cron` (UTC) runs it by the clock, without ids, one at a time.

    `may_overlap` is for what must run even where a killed worker has left one of its kind as being done.
    """

    name: str
    run: Callable[..., object]
    cron: str | None = None
    may_overlap: bool = False


def register(app: App, jobs: Iterable[Job]) -> None:
    """Make the jobs known to procrastinate; one of a scheduled kind runs or waits at a time."""
    for job in jobs:
        # A job that waits already is enough: a worker that was down for days does not run it once a missed day.
        lock = job.name if job.cron and not job.may_overlap else None
        task = app.task(name=job.name, queueing_lock=lock, lock=lock)(_wrapped(job))
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
    """Have a job run soon; a rollback of the caller's transaction takes it back, and one that waits already is enough.

    Of one name and one set of ids, one runs at a time.
    """
    lock = " ".join([name, *(f"{key}={value}" for key, value in sorted(ids.items()))])
    with suppress(exceptions.AlreadyEnqueued), transaction.atomic():
        django_app.configure_task(name, lock=lock, queueing_lock=lock).defer(**ids)


def redo_stalled() -> None:
    """Have the jobs of workers that were killed done again."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(END_DOUBLE)
        cursor.execute(DO_AGAIN)


class Worker:
    """Runs jobs until it is told to stop; a database that went away is waited for."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self.jobs = tuple(jobs)
        self.stopping = threading.Event()

    def run(self) -> None:
        """Block until SIGINT or SIGTERM; jobs that run are given time to end."""
        self._hear_signals()
        wait_s = 1
        while not self.stopping.is_set():
            try:
                asyncio.run(self._work())
            except (exceptions.ConnectorException, OSError) as lost:
                logger.warning("the worker lost its database, next try in %s s: %s", wait_s, lost)
                self._hear_signals()
                self.stopping.wait(wait_s)
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)
        self._hear_signals()

    def _hear_signals(self) -> None:
        """Also while nothing runs; a loop that ends takes its own handlers with it."""
        for number in SIGNALS:
            signal.signal(number, lambda *_: self.stopping.set())

    async def _work(self) -> None:
        # An app of its own: a job that enqueues another one does so in its own transaction, through Django's connection. Connections
        # are opened as they are needed: a pool hands out dead ones after the database was away.
        app = App(connector=PsycopgConnector(kwargs=connector_params(), pool_factory=AsyncNullConnectionPool))
        register(app, self.jobs)
        async with app.open_async():
            working = asyncio.create_task(
                app.run_worker_async(
                    delete_jobs="successful", shutdown_graceful_timeout=GRACE_S, install_signal_handlers=False
                )
            )

            def stop() -> None:
                # Noted here first: what ends by losing the database is not begun again.
                self.stopping.set()
                working.cancel()

            for number in SIGNALS:
                asyncio.get_running_loop().add_signal_handler(number, stop)
            if self.stopping.is_set():
                working.cancel()
            with suppress(asyncio.CancelledError):
                await working
