"""pg_dump and pg_restore: found for the server's version, and run as the owner's login."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from django.conf import settings
from django.core.management.base import CommandError

from auditapp.management.owner_login import VARIABLES, login_parameters

_VERSION: Final = re.compile(r"\(PostgreSQL\) (\d+)")
CHUNK_BYTES: Final = 1024 * 1024
# Whoever reads a session's key is signed in by it, here and wherever the dump is loaded; the cache is for the moment only.
WITHOUT_ROWS: Final = ("django_session", "usersessions_usersession", "cache")


def dump_database(out: IO[bytes], *, server_version: int) -> None:
    """Write the schema `public` in pg_dump's own format, as it is at this moment; others may go on writing.

    Sessions are left out.

    Raises:  CommandError
    """
    command = [_tool("pg_dump", server_version), "--format=custom", "--schema=public", "--role=audit_owner"]
    command += [f"--exclude-table-data=public.{table}" for table in WITHOUT_ROWS]
    with _running(command) as process:
        assert process.stdout
        shutil.copyfileobj(process.stdout, out, CHUNK_BYTES)


def load_database(dump: IO[bytes], *, server_version: int) -> None:
    """Make everything that a dump holds, in one transaction: all of it or nothing.

    Raises:  CommandError
    """
    command = [_tool("pg_restore", server_version), "--single-transaction", "--schema=public", "--role=audit_owner"]
    command += ["--dbname", login_parameters()["dbname"]]
    with _running(command) as process:
        assert process.stdin
        try:
            shutil.copyfileobj(dump, process.stdin, CHUNK_BYTES)
            process.stdin.close()
        except BrokenPipeError:
            pass  # it has ended; why is on its standard error


@contextmanager
def _running(command: Sequence[str]) -> "Iterator[subprocess.Popen[bytes]]":
    parameters = login_parameters()
    environment = {**os.environ, **{VARIABLES[name]: value for name, value in parameters.items()}}
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [*command, "--no-password"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said
        )
        with process:
            yield process
        if process.returncode:
            said.seek(0)
            text = said.read().decode(errors="replace").strip()[-2000:]
            raise CommandError(f"{Path(command[0]).name} ended with code {process.returncode}:\n{text}")


def _tool(name: str, server_version: int) -> str:
    """The program of the server's own major version: an older one refuses the server, a newer one may write what it does not know."""
    if not settings.DATABASE_URL:
        return str(settings.EMBEDDED_SERVER.program(name))
    places: list[Callable[[], str | Path | None]] = [
        lambda: shutil.which(name),
        lambda: shutil.which(name, path=f"/usr/lib/postgresql/{server_version}/bin"),
        lambda: settings.EMBEDDED_SERVER.program(name),
    ]
    for place in places:
        try:
            found = place()
        except RuntimeError:  # the embedded server is not installed
            continue
        if found and _version_of(str(found)) == server_version:
            return str(found)
    raise CommandError(
        f"The server is PostgreSQL {server_version}, and no {name} of that version was found on the PATH. Install the"
        f" package postgresql-client-{server_version}, or run this where it is installed."
    )


def _version_of(program: str) -> int | None:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = _VERSION.search(said)
    return int(found[1]) if found else None
