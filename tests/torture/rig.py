"""A whole installation for one scenario: a cluster of its own, its tables, and the real programs as processes to be killed.

Everything is on loopback and in one temporary folder; only processes started here are ever signalled.
"""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from django.core.management import call_command
from django.db import connections
from django.db.models import Model

from auditapp.access.models import ApiToken, Workspace
from auditapp.lib.loopback import LOOPBACK, status_of
from auditapp.lib.tokens import new_api_token, token_digest
from auditapp.management.installation import management_program, web_program
from auditapp.management.process_group import Program
from settings.embedded import DATABASE, LOGIN, SUPERUSER, EmbeddedServer
from settings.paths import BASE_DIR

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 20
MAX_CONNECTIONS = 60


class RigFailed(RuntimeError):
    """The installation under test did not come up; nothing can be said about its promises."""


@dataclass(frozen=True, slots=True)
class Rig:
    """A migrated installation and how its programs are started."""

    server: EmbeddedServer
    environment: Mapping[str, str]
    database: str = DATABASE

    def connect(self, role: str = "app", *, autocommit: bool = False) -> "psycopg.Connection[tuple[Any, ...]]":
        """A raw connection under a role of the application; role "superuser" passes every wall."""
        if role == "superuser":
            return psycopg.connect(self.server.url(user=SUPERUSER, name=self.database), autocommit=autocommit)
        return psycopg.connect(
            self.server.url(), options=f"-c role=audit_{role} -c timezone=UTC", autocommit=autocommit
        )

    def ask(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of a question about the whole database."""
        with self.connect("superuser", autocommit=True) as connection:
            return connection.execute(sql, parameters).fetchall()

    @contextmanager
    def in_django(self, role: str) -> Iterator[None]:
        """Django's connections in this process, of all threads, go to this installation under a role."""
        own = connections["default"]
        own.close()
        before = dict(own.settings_dict)
        own.settings_dict |= {
            "NAME": self.database,
            "USER": SUPERUSER if role == "owner" else LOGIN,
            "PASSWORD": self.server.password,
            "HOST": str(self.server.sockets),
            "OPTIONS": {"options": f"-c role=audit_{role} -c timezone=UTC"},
        }
        try:
            yield
        finally:
            own.close()
            own.settings_dict.clear()
            own.settings_dict.update(before)

    def make_token(self, workspace_id: int) -> str:
        """A workspace with an access token that reads and writes; gives its secret."""
        secret = new_api_token()
        with self.connect("superuser") as connection:
            _insert(
                connection, Workspace(id=workspace_id, slug=f"torture-{workspace_id}", name=f"Torture {workspace_id}")
            )
            token = ApiToken(
                workspace_id=workspace_id,
                id=f"tok_{secret[-6:]}",
                name="torture",
                digest=token_digest(secret),
                last_characters=secret[-4:],
                scopes=["audit:read", "audit:write"],
                created_by="system",
            )
            _insert(connection, token)
        return secret

    @contextmanager
    def running(self, program: Program) -> Iterator[Program]:
        """Have a program run; it is stopped at the end, however it fared."""
        self.start(program)
        try:
            yield program
        finally:
            stop(program)

    def start(self, program: Program) -> None:
        """Start a program, also again; what it prints goes to a file."""
        with self.log_of(program).open("ab") as log:
            program.process = subprocess.Popen(
                program.command,
                cwd=BASE_DIR,
                env={**self.environment, **program.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @contextmanager
    def kept_running(self, program: Program) -> Iterator[Program]:
        """Have a program run and start it again wherever it ends, as the process group of `up` does."""
        enough = threading.Event()

        def keep() -> None:
            while not enough.wait(1):
                if program.process is None or program.process.poll() is not None:
                    self.start(program)

        keeper = threading.Thread(target=keep)
        with self.running(program):
            keeper.start()
            try:
                yield program
            finally:
                enough.set()
                keeper.join()

    def log_of(self, program: Program) -> Path:
        return self.server.home / f"{program.name}.log"

    @contextmanager
    def web(self, application: str = "settings.wsgi") -> Iterator[tuple[Program, int]]:
        """gunicorn as the product starts it, over this WSGI application; gives it and its port once it answers."""
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port = probe.getsockname()[1]
        real = web_program(port)
        command = [application if word == "settings.wsgi" else word for word in real.command]
        with self.running(replace(real, command=command)) as program:
            wait_for(lambda: status_of(port, "/healthz") == 200, "the web answers", program, self.log_of(program))
            yield program, port

    def worker(self, number: int = 1) -> Program:
        """The worker as the product starts it; not started yet."""
        return replace(management_program("worker", "worker"), name=f"worker-{number}")


def _insert(connection: "psycopg.Connection[Any]", row: Model) -> None:
    """Write a row where there is none, past every wall."""
    values = {one.column: getattr(row, one.attname) for one in row._meta.concrete_fields if one.column}
    names, holes = ", ".join(values), ", ".join(["%s"] * len(values))
    statement = f"INSERT INTO {row._meta.db_table} ({names}) VALUES ({holes}) ON CONFLICT DO NOTHING"
    connection.execute(statement, list(values.values()))


@contextmanager
def installed(*, writers: int = 0, kept: Path | None = None) -> Iterator[Rig]:
    """A cluster with the application's tables, as durable as in production; deleted at the end.

    Takes:   writers, for whom there are connections beside those of web and worker
             kept, a folder in which the cluster stays and is used again
    """
    home = kept or Path(tempfile.mkdtemp(prefix="audit-torture-"))
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o755 if os.geteuid() == 0 else 0o700)
    server = EmbeddedServer(home, {"max_connections": str(MAX_CONNECTIONS + writers)})
    try:
        if kept is None:
            subprocess.run(["cp", "-a", f"{_migrated()}/postgres", f"{_migrated()}/password", str(home)], check=True)
        with server.running():
            rig = Rig(server, _environment(server))
            if kept is not None:
                _migrate(rig)
            yield rig
    finally:
        if kept is None:
            shutil.rmtree(home, ignore_errors=True)


@cache
def _migrated() -> Path:
    """A cluster with tables, made once in a process and at rest: scenarios work on copies of it."""
    home = Path(tempfile.mkdtemp(prefix="audit-migrated-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    home.chmod(0o755 if os.geteuid() == 0 else 0o700)
    server = EmbeddedServer(home)
    with server.running():
        _migrate(Rig(server, _environment(server)))
    return home


def _migrate(rig: Rig) -> None:
    with rig.in_django("owner"):
        call_command("migrate", verbosity=0, skip_checks=True)


def _environment(server: EmbeddedServer) -> dict[str, str]:
    outer = {key: value for key, value in os.environ.items() if not key.startswith("DATABASE_")}
    return {
        **outer,
        "DJANGO_SETTINGS_MODULE": "settings.base",
        "DATABASE_URL": server.url(),
        "DATABASE_OWNER_URL": server.url(user=SUPERUSER),
        "DATA_DIR": str(server.home / "data"),
        "SECRET_KEY": "torture-only-" + "0123456789abcdef" * 4,
    }


def stop(program: Program) -> None:
    """SIGTERM, and SIGKILL where that does not help."""
    process = program.process
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def kill(program: Program) -> None:
    """SIGKILL, and wait until it is gone."""
    assert program.process is not None
    program.process.kill()
    program.process.wait()


def kill_cluster(server: EmbeddedServer) -> None:
    """SIGKILL to the postmaster and each of its processes: nothing is flushed, nobody says goodbye."""
    postmaster = server.pid()
    assert postmaster is not None
    for pid in [postmaster, *children_of(postmaster)]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def children_of(parent: int) -> list[int]:
    """The processes that a process has started and that still run (Linux)."""
    children = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name in parentheses may hold anything; the parent is the second field after it.
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                children.append(int(stat.parent.name))
    return children


def wait_for(
    holds: Callable[[], bool],
    what: str,
    program: Program | None = None,
    log: Path | None = None,
    *,
    patience_s: float = START_TIMEOUT_S,
) -> None:
    """Wait until something holds.

    Raises:  RigFailed, when patience ends or the program that it depends on has ended
    """
    deadline = time.monotonic() + patience_s
    while not holds():
        has_ended = program is not None and program.process is not None and program.process.poll() is not None
        if has_ended or time.monotonic() > deadline:
            end = log.read_text(errors="replace")[-2_000:] if log else ""
            raise RigFailed(f"Waited in vain until {what}.\n{end}")
        time.sleep(0.02)
