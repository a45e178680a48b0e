"""Tries the settings of a warehouse: reaches it, and does once what a sync does, in a transaction that is taken back.

What is found is said in plain words; who may ask, and the event, are in sync_services.py.
"""

from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Identifier

from auditapp.lib.errors import AppError, Busy
from auditapp.lib.ids import random_base62
from auditapp.lib.outbound import Refused, Unreachable
from auditapp.pipeline.warehouses.connecting import Connection, connected
from auditapp.pipeline.warehouses.problems import WarehouseProblem, problem_of

TRY_S: Final = 10
OLDEST_SERVER: Final = 100_000  # PostgreSQL 10
# Each one holds a thread of the web for as long as the other end likes, up to TRY_S.
_at_once: Final = BoundedSemaphore(4)
NO_SCHEMA_RIGHT: Final = "The user {user} may not create schemas in the database {database}. As its owner, run: GRANT CREATE ON DATABASE {database} TO {user};"


class TooManyChecks(Busy):
    """Several settings are being tried right now. Wait a moment and try again."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found: nothing wrong, or a problem by code and in words."""

    code: str = ""
    message: str = ""
    server: str = ""

    @property
    def is_good(self) -> bool:
        return not self.code


class _TakenBack(Exception):
    """Ends the rehearsal, of which nothing stays."""


def find_problem(connection: Connection, password: str) -> Finding:
    """Try to reach the warehouse and to make a schema with a table in it.

    Raises:  TooManyChecks
    """
    if not _at_once.acquire(blocking=False):
        raise TooManyChecks
    try:
        with connected(connection, password, timeout_s=TRY_S) as session, session.within(TRY_S) as line:
            server, is_read_only = _server(line)
            if server < OLDEST_SERVER:
                return Finding("too_old", "The server is older than PostgreSQL 10, which this needs.")
            if is_read_only:
                return Finding("read_only", "The warehouse is read-only. Enter the address of its primary server.")
            return _rehearsed(line, connection, password) or Finding(server=str(server // 10_000))
    except Refused as error:
        return Finding("refused_address", error.message)
    except Unreachable as error:
        return Finding("host_not_found" if error.why == "name" else "unreachable", error.message)
    except WarehouseProblem as error:
        return Finding(error.code, error.message)
    except AppError as error:
        return Finding("other", error.message)
    finally:
        _at_once.release()


def _server(line: "psycopg.Connection[tuple[Any, ...]]") -> tuple[int, bool]:
    row = line.execute(
        "SELECT current_setting('server_version_num')::int, pg_is_in_recovery() OR current_setting('transaction_read_only')::bool"
    ).fetchone()
    return row if row else (0, False)


def _rehearsed(line: "psycopg.Connection[tuple[Any, ...]]", connection: Connection, password: str) -> Finding | None:
    schema = Identifier(f"audit_check_{random_base62(10).lower()}")
    try:
        with line.transaction():
            line.execute(SQL("CREATE SCHEMA {}").format(schema))
            line.execute(SQL("CREATE TABLE {}.audit_check (id text PRIMARY KEY)").format(schema))
            line.execute(
                SQL("CREATE TEMPORARY TABLE audit_check ON COMMIT DROP AS SELECT id FROM {}.audit_check").format(schema)
            )
            raise _TakenBack
    except _TakenBack:
        return None
    except psycopg.errors.InsufficientPrivilege as error:
        if "temporary" in str(error):
            problem = problem_of(error, password)
            return Finding(problem.code, problem.message)
        names = {"user": connection.username, "database": connection.database}
        return Finding("no_create_right", NO_SCHEMA_RIGHT.format(**names))
