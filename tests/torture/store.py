"""A warehouse on loopback: a second database of the same cluster, behind a TCP port, and when the rows of a table came into it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from settings.embedded import SOCKET_NAME, SUPERUSER
from tests.torture.rig import Rig
from tests.warehouses.conftest import PASSWORD, Line

NAME = "store"
LOOK_S = 0.02
COUNT = sql.SQL("SELECT event_text FROM {}.tracks WHERE event_text = ANY(%s) ORDER BY received_at, id OFFSET %s")


@dataclass
class Store:
    """How it is reached, and each row of interest as it came: its event, and when it was seen there."""

    port: int
    url: str
    came: list[tuple[str, float]] = field(default_factory=list)

    def watch(self, schema: str, events: tuple[str, ...], stop: threading.Event) -> None:
        """Look again and again until told to stop; before the first sync there is no table."""
        with psycopg.connect(self.url, autocommit=True) as line:
            while not stop.wait(LOOK_S):
                try:
                    found = line.execute(
                        COUNT.format(sql.Identifier(schema)), [list(events), len(self.came)]
                    ).fetchall()
                except psycopg.errors.UndefinedTable:
                    continue
                now = time.monotonic()
                self.came += [(event, now) for (event,) in found]


@contextmanager
def store_behind(rig: Rig, schema: str, events: tuple[str, ...]) -> Iterator[Store]:
    """The database with its role, watched for these events in this schema."""
    with psycopg.connect(rig.server.url(user=SUPERUSER, name="postgres"), autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {NAME} LOGIN PASSWORD '{PASSWORD}'")
        admin.execute(f"CREATE DATABASE {NAME} TEMPLATE template0")
        admin.execute(f"GRANT CREATE ON DATABASE {NAME} TO {NAME}")
    line = Line(f"{rig.server.sockets}{SOCKET_NAME}")
    line.start()
    store = Store(line.port, rig.server.url(user=SUPERUSER, name=NAME))
    stop = threading.Event()
    watching = threading.Thread(target=store.watch, args=(schema, events, stop), name="watch")
    watching.start()
    try:
        yield store
    finally:
        stop.set()
        watching.join()
        line.cut()
