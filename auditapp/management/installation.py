"""One installation on one machine: database, tables, web and worker, on loopback."""

import os
import socket
import sys
import time
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from auditapp.lib.loopback import LOOPBACK, status_of
from auditapp.management.owner_login import owner_login
from auditapp.management.process_group import ProcessGroup, Program
from auditapp.management.restore import unfinished_restore

START_TIMEOUT_S: Final = 60
WEB_WORKERS: Final = 2
WEB_THREADS: Final = 8


def web_program(port: int) -> Program:
    """gunicorn with threads: a streamed export or a slow client holds a thread, not the worker."""
    command = [sys.executable, "-m", "gunicorn", "settings.wsgi", "--bind", f"{LOOPBACK}:{port}"]
    command += ["--worker-class", "gthread", "--workers", str(WEB_WORKERS), "--threads", str(WEB_THREADS)]
    # One import for all workers; settings/wsgi.py leaves no connection open to be shared by them.
    command += ["--preload", "--log-level", "warning", "--graceful-timeout", "10", "--timeout", "120"]
    # The files of a worker's heartbeat: a disk that is busy must not look like a worker that hangs.
    command += ["--worker-tmp-dir", "/dev/shm"] if sys.platform == "linux" else []
    return Program("web", command, {"DATABASE_ROLE": "app", "DATABASE_POOL_SIZE": str(WEB_THREADS)})


def management_program(name: str, *arguments: str, role: str = "worker") -> Program:
    return Program(name, [sys.executable, "manage.py", *arguments], {"DATABASE_ROLE": role})


def run_installation(
    *,
    port: int,
    programs: list[Program],
    started: Callable[[], None],
    prepared: Callable[[], None] = lambda: None,
) -> None:
    """Bring the tables up to date and run web, worker and the other programs until a signal comes.

    Takes:   prepared, called when the tables are there; started, when the web answers
    Raises:  CommandError where the port is taken or the web does not come up
    """
    require_free_port(port)
    refuse_unfinished_restore()
    if has_migrations_to_run():
        call_command("migrate", verbosity=0, skip_checks=True)
    remember_port(port)
    prepared()
    connection.close()
    group = ProcessGroup([web_program(port)])

    def wait_and_tell() -> None:
        wait_until_healthy(port, group)
        # Not before the web answers: on a small machine they would make each other's start slow.
        group.add(management_program("worker", "worker"), *programs)
        started()

    group.run(each_second=keep_database, started=wait_and_tell)


def remember_port(port: int) -> None:
    """Have the programs of this installation, and commands of other terminals, make links to where it is found."""
    os.environ["PORT"] = str(port)
    settings.PORT_FILE.write_text(f"{port}\n")


def refuse_unfinished_restore() -> None:
    with owner_login() as owner:
        if unfinished := unfinished_restore(owner):
            raise CommandError(unfinished)


def has_migrations_to_run() -> bool:
    """True where tables are missing; much quicker than a `migrate` that finds nothing to do."""
    try:
        executor = MigrationExecutor(connection)
    except OperationalError:  # on a new server the owner's role is not there yet
        return True
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def keep_database() -> None:
    """Start the embedded server again where it died."""
    if not settings.DATABASE_URL and settings.EMBEDDED_SERVER.pid() is None:
        settings.EMBEDDED_SERVER.restart_if_down()


def require_free_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            raise CommandError(f"Port {port} is taken. Choose another one, for example PORT=8001.") from None


def wait_until_healthy(port: int, group: ProcessGroup) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and not group.stopping.is_set():
        if status_of(port, "/healthz") == 200:
            return
        if any(program.process and program.process.poll() is not None for program in group.programs):
            raise CommandError("A program ended while starting; its message is above.")
        time.sleep(0.05)
    if not group.stopping.is_set():
        raise CommandError(f"The web did not answer on {LOOPBACK}:{port} within {START_TIMEOUT_S} s.")
