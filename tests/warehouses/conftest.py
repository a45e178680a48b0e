"""A second PostgreSQL database with a role of its own, reached over TCP on loopback as a warehouse is, and syncs as the worker runs them."""

import os
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psycopg
import pytest

from auditapp.ingest.segment.calls import Arrival, event_of
from auditapp.lib import clock
from auditapp.lib.secret_box import seal
from auditapp.pipeline.intake import take_in
from auditapp.pipeline.warehouses.due import start_due_syncs
from auditapp.pipeline.warehouses.models import Warehouse, WarehouseFeed, WarehouseSync
from auditapp.pipeline.warehouses.sync_services import sync_now
from auditapp.record.workspace_scope import in_workspace
from auditapp.tasks.models import Task
from auditapp.tasks.running import run_due_task
from settings.embedded import SOCKET_NAME, SUPERUSER
from tests.factories import acting_as
from tests.shared_clone import cast, own_database, shared_database  # noqa: F401  fixtures

PASSWORD = "warehouse-p4ss"


class Line:
    """Carries bytes between a port on loopback and the socket of the embedded server, until it is cut."""

    def __init__(self, path):
        self.path, self.port = path, 0
        self.open = []

    def start(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def cut(self):
        """As a server that goes away: nothing listens, and what was open breaks off."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for end in self.open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self.open.clear()

    def _accept(self, listener):
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self.path)
                self.open += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one, other):
        with suppress(OSError):
            while data := one.recv(65_536):
                other.sendall(data)
        with suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)


@dataclass
class Store:
    """The warehouse's own side: its database, and what is in it."""

    server: object
    line: Line
    name: str
    user: str

    def settings(self, **values):
        return {
            "host": "127.0.0.1",
            "port": self.line.port,
            "database": self.name,
            "username": self.user,
            "sslmode": "prefer",
            **values,
        }

    def ask(self, sql, *values, user=SUPERUSER):
        with psycopg.connect(self.server.url(user=user, name=self.name), autocommit=True) as connection:
            cursor = connection.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []

    def empty(self):
        """Take away every schema that is not PostgreSQL's own."""
        for (schema,) in self.ask(
            "SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema|public)'"
        ):
            self.ask(f'DROP SCHEMA "{schema}" CASCADE')

    def columns(self, schema, table):
        return dict(
            self.ask(
                "SELECT column_name, data_type FROM information_schema.columns"
                " WHERE table_schema = %s AND table_name = %s",
                schema,
                table,
            )
        )

    def ids(self, schema, table="tracks"):
        return [row[0] for row in self.ask(f'SELECT id FROM "{schema}"."{table}" ORDER BY received_at, id')]


@pytest.fixture(scope="session")
def store_database(server):
    """The database and its role; the name of both. Making one takes a third of a second."""
    name = f"store_{os.getpid()}"
    with psycopg.connect(server.url(user=SUPERUSER, name="postgres"), autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        yield name
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        admin.execute(f"DROP ROLE {name}")


@pytest.fixture
def store(server, store_database, settings):
    """The database, empty, reached over a line that can be cut."""
    line = Line(f"{server.sockets}{SOCKET_NAME}")
    line.start()
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    found = Store(server, line, store_database, store_database)
    found.ask(f"GRANT CREATE ON DATABASE {store_database} TO {store_database}")
    yield found
    with suppress(OSError):
        line.cut()
    found.empty()


@dataclass
class World:
    """A warehouse fed from the web shop, events into it, and syncs of it."""

    cast: object
    store: Store
    as_role: object
    warehouse: object = None

    def set(self, **values):
        with in_workspace(self.cast.workspace.id):
            Warehouse.objects.filter(workspace_id=self.cast.workspace.id, id=self.warehouse.id).update(**values)

    def stored(self):
        with in_workspace(self.cast.workspace.id):
            return Warehouse.objects.get(workspace_id=self.cast.workspace.id, id=self.warehouse.id)

    def send(self, *calls, source=None):
        source = source or self.cast.shop
        arrival = Arrival(clock.now())
        with in_workspace(source.workspace_id):
            return take_in(source, [event_of({"userId": "u1", "type": "track", **call}, arrival) for call in calls])

    def tracks(self, number, event="Order Completed", **properties):
        self.send(
            *({"event": event, "messageId": f"m{n:05}", "properties": {"n": n, **properties}} for n in range(number))
        )

    def ask(self):
        with acting_as(self.cast.olga, self.cast.workspace):
            return sync_now(warehouse_id=self.warehouse.id)

    def work(self, **how):
        with self.as_role("worker"):
            return run_due_task(**how)

    def sync(self):
        self.ask()
        return self.work()

    def start_due(self):
        with self.as_role("worker"):
            return start_due_syncs()

    def again(self, **values):
        """Let the lease end and the next attempt be due."""
        with in_workspace(self.cast.workspace.id):
            Task.objects.filter(state__in=["waiting", "running"]).update(
                next_at=clock.now(), lease_until=None, **values
            )

    def history(self):
        with in_workspace(self.cast.workspace.id):
            return list(WarehouseSync.objects.order_by("-started_at"))

    def history_task(self):
        with in_workspace(self.cast.workspace.id):
            return Task.objects.order_by("-created_at").first()

    def feed(self, source=None):
        with in_workspace(self.cast.workspace.id):
            return WarehouseFeed.objects.get(source_id=(source or self.cast.shop).id)

    def notices(self):
        return {
            (one["code"], one["where"]): one["count"] for line in self.history()[0].sources for one in line["notices"]
        }


@pytest.fixture
def world(cast, store, as_role):  # noqa: F811
    world = World(cast, store, as_role, cast.warehouse)
    world.set(settings=store.settings(), secret=seal(PASSWORD), source_ids=[cast.shop.id], schedule="manual")
    return world


class Killed(BaseException):
    """As SIGKILL does: nothing is caught, nothing is tidied up."""


@pytest.fixture
def fault(monkeypatch):
    """`with fault("loading.move_position"):` the worker is killed there, before or after the call."""

    @contextmanager
    def at(place, *, after=False, times=1):
        module, _, name = place.rpartition(".")
        target = __import__(f"auditapp.pipeline.warehouses.{module}", fromlist=[name])
        own = getattr(target, name)
        left = [times]

        def faulty(*args, **kwargs):
            if left[0]:
                left[0] -= 1
                if after:
                    own(*args, **kwargs)
                raise Killed
            return own(*args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr(target, name, faulty)
            yield

    return at
