"""The connection to a warehouse: to an address that was judged, within a time that the other end does not decide."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.rows import tuple_row

from auditapp.lib.outbound import authorities_file, cut, vetted_peer
from auditapp.pipeline.warehouses.problems import plain_words

CONNECT_TIMEOUT_S: Final = 5
STATEMENT_TIMEOUT_S: Final = 60
LOCK_TIMEOUT_S: Final = 5
MOST_ADDRESSES: Final = 2  # of those behind a name that are tried
SSL_MODES: Final = {
    "require": "Encrypted",
    "verify-full": "Encrypted, and the certificate is verified",
    "prefer": "Encrypted where the server can",
}
DEFAULT_SSL_MODE: Final = "require"
SETTINGS: Final = """
SELECT set_config('statement_timeout', %s, false), set_config('lock_timeout', %s, false), set_config('timezone', 'UTC', false),
       set_config('idle_in_transaction_session_timeout', %s, false), set_config('search_path', 'pg_catalog', false),
       set_config('synchronous_commit', 'on', false), set_config('default_transaction_isolation', 'read committed', false)
"""


class Connection(NamedTuple):
    """How a warehouse is reached, but for its password."""

    host: str
    port: int
    database: str
    username: str
    sslmode: str = DEFAULT_SSL_MODE


@dataclass(frozen=True, slots=True)
class Session:
    """An open connection, each of whose transactions begins explicitly."""

    line: "psycopg.Connection[tuple[Any, ...]]"
    password: str

    @contextmanager
    def within(self, seconds: float) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
        """Do something that ends within a time, whatever the server does; its errors are in plain words.

        Raises:  WarehouseProblem
        """
        watch = threading.Timer(seconds, cut, [self.line.fileno()]) if not self.line.closed else None
        if watch:
            watch.daemon = True
            watch.start()
        try:
            with plain_words(self.password):
                yield self.line
        finally:
            if watch:
                watch.cancel()


@contextmanager
def connected(connection: Connection, password: str, *, timeout_s: int = STATEMENT_TIMEOUT_S) -> Iterator[Session]:
    """A connection to the warehouse, closed at the end.

    Raises:  Refused, Unreachable, WarehouseProblem
    """
    target = vetted_peer(connection.host, connection.port, tls=connection.sslmode != "prefer")
    addresses = [str(address) for address in target.addresses[:MOST_ADDRESSES]]
    with plain_words(password):
        line = psycopg.connect(
            host=",".join([target.host] * len(addresses)),
            hostaddr=",".join(addresses),
            port=connection.port,
            dbname=connection.database,
            user=connection.username,
            password=password,
            connect_timeout=CONNECT_TIMEOUT_S,
            autocommit=True,
            application_name="audit-trail",
            row_factory=tuple_row,
            prepare_threshold=None,  # poolers by transaction do not know prepared statements
            **_encryption(connection.sslmode),
            # Nothing of this machine's own settings: no password file, no Kerberos ticket, no client certificate.
            passfile="/dev/null",
            gssencmode="disable",
            sslcertmode="disable",
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
            tcp_user_timeout=30_000,
        )
    with line:
        session = Session(line, password)
        with session.within(CONNECT_TIMEOUT_S):
            line.execute(SETTINGS, [f"{timeout_s}s", f"{LOCK_TIMEOUT_S}s", f"{2 * timeout_s}s"])
        yield session


def _encryption(sslmode: str) -> dict[str, Any]:
    if sslmode == "verify-full":
        return {"sslmode": sslmode, "sslrootcert": authorities_file() or "system"}
    # Whoever is in between without TLS gets no password to read.
    words = {"require_auth": "!password"} if sslmode == "prefer" else {}
    # With a file of authorities in the home folder, `require` would verify by it.
    return {"sslmode": sslmode, "sslrootcert": "/dev/null/none", **words}
