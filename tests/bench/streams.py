"""Sources and destinations: events that come in over HTTP by way of the real web, and go out to a webhook by one real worker.

Beside them: the same bodies only decoded and inserted, and only posted. Seconds by the clock are shared with whatever else the machine
does; what a process computed is not.
"""

import base64
import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any

import httpcore2
import orjson
from django.db import connection
from django.test import override_settings

from auditapp.lib.loopback import LOOPBACK
from auditapp.management.process_group import Program
from auditapp.pipeline.destination_filters.services import create_filter
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.services import create_destination, disable_destination, enable_destination
from auditapp.pipeline.intake import take_in
from auditapp.record.workspace_scope import in_workspace
from tests.bench.engines import EVENT
from tests.factories import Cast, acting_as, make_cast, make_transformation, write_keys
from tests.torture.receiver import Receiver, Sink, receiving
from tests.torture.rig import Rig, children_of, installed, wait_for

BATCH, REQUESTS, SENDERS = 500, 24, 4
EVENTS = 20_000
TICK_S = 1 / os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 0.01
MAKE_HEAP = "CREATE TABLE bench_inbox (index bigint, message_id text, type text, name text, payload bytea); GRANT INSERT ON bench_inbox TO audit_app"
INTO_HEAP = "INSERT INTO bench_inbox VALUES (%s, %s, %s, %s, %b)"


@dataclass(slots=True)
class Taken:
    """Seconds of the rounds of one row: by the clock, and computed by each side."""

    events: int
    wall: list[float] = field(default_factory=list)
    computed: dict[str, list[float]] = field(default_factory=dict)

    @contextmanager
    def round(self, **processes: Callable[[], float]) -> Iterator[None]:
        before = {name: seconds() for name, seconds in processes.items()}
        started = time.perf_counter()
        yield
        self.wall.append(time.perf_counter() - started)
        for name, seconds in processes.items():
            self.computed.setdefault(name, []).append(seconds() - before[name])

    @property
    def a_second(self) -> float:
        return self.events / median(self.wall)

    def told(self) -> str:
        return "; ".join(f"{name} {median(s) / self.events * 1e6:.0f}" for name, s in self.computed.items())


class Streams:
    """One installation, its web and its worker."""

    def __init__(self) -> None:
        self.rows: dict[str, Taken] = {}

    def measure(self, rounds: int) -> None:
        """All rounds, ours and bare by turns."""
        with installed() as rig, receiving(Kept()) as sink, ExitStack() as stack:
            with rig.in_django("app"), override_settings(DATA_DIR=rig.server.home / "data"):
                cast = make_cast()
                destination = _make_destination(cast, sink)
            with rig.connect("superuser", autocommit=True) as superuser:
                superuser.execute(MAKE_HEAP)
            web, port = stack.enter_context(rig.web())
            worker = stack.enter_context(rig.running(worker_of(rig)))
            with rig.in_django("app"):
                door = Door(rig, cast, port)
                door.warm_up()
                for number in range(rounds):
                    door.measure(self.rows, web, number)
                for _ in range(rounds):
                    self._deliver(rig, cast, destination, worker, sink)

    def _deliver(self, rig: Rig, cast: Cast, destination: Destination, worker: Program, sink: "Kept") -> None:
        with acting_as(cast.olga, cast.workspace):
            disable_destination(destination_id=destination.id)
        with in_workspace(cast.workspace.id):
            for start in range(0, EVENTS, BATCH):
                take_in(cast.app, [EVENT | {"messageId": f"{time.monotonic_ns()}-{start + n}"} for n in range(BATCH)])
        sink.forget()
        ours = self.rows.setdefault("inbox, two filters, a transformation, webhook", Taken(EVENTS))
        assert worker.process is not None
        pid = worker.process.pid
        with acting_as(cast.olga, cast.workspace):
            enable_destination(destination_id=destination.id)
        wait_for(lambda: sink.events > 0, "the first batch goes out")
        with ours.round(worker=lambda: computed(pid), PostgreSQL=lambda: computed(rig.server.pid(), children=True)):
            begun = sink.events
            wait_for(lambda: sink.events >= EVENTS, "all is out", patience_s=600)
        ours.wall[-1] *= EVENTS / (EVENTS - begun)
        bodies, bare = sink.forget(), self.rows.setdefault("the same bodies posted, httpcore", Taken(EVENTS))
        with bare.round(client=time.process_time):
            _post(sink.port, bodies)

    def markdown(self) -> str:
        """A table for the README; each row of ours has its bare one below it."""
        lines = ["| events a second | | of the bare one | µs computed an event |", "| --- | ---: | ---: | --- |"]
        rows = list(self.rows.items())
        for (name, one), (_, bare) in zip(rows, rows[1:] + rows[-1:], strict=True):
            share = "" if one is bare or "the same" in name else f"{one.a_second / bare.a_second:.0%}"
            lines.append(f"| {name} | {one.a_second:,.0f} | {share} | {one.told()} |")
        return "\n".join(lines)

    def as_value(self) -> dict[str, Any]:
        return {
            name: {"events": one.events, "wall": one.wall, "computed": one.computed} for name, one in self.rows.items()
        }


@dataclass(slots=True)
class Door:
    """The source's API, and clients of it."""

    rig: Rig
    cast: Cast
    port: int
    key: str = ""

    def warm_up(self) -> None:
        """Each process of the web has loaded what it needs, and PostgreSQL knows the table, as it does after a minute by itself."""
        self.key = write_keys(self.cast.shop)[0]
        self._send([body_of(f"warm-{number}") for number in range(2 * SENDERS)])
        with self.rig.connect("superuser", autocommit=True) as superuser:
            superuser.execute("ANALYZE source_event")
        self._send([body_of(f"warmer-{number}") for number in range(2 * SENDERS)])

    def measure(self, rows: dict[str, Taken], web: Program, number: int) -> None:
        bodies = [body_of(f"{number}-{request}") for request in range(REQUESTS)]
        ours = rows.setdefault(f"POST /v1/batch of {BATCH}", Taken(BATCH * REQUESTS))
        assert web.process is not None
        pid = web.process.pid
        of_web, of_server = lambda: computed(pid, children=True), lambda: computed(self.rig.server.pid(), children=True)
        with ours.round(web=of_web, PostgreSQL=of_server):
            self._send(bodies)
        bare = rows.setdefault("the same bodies decoded, executemany", Taken(BATCH * REQUESTS))
        with bare.round(client=time.process_time, PostgreSQL=of_server):
            for body in bodies:
                _insert(body)

    def _send(self, bodies: list[bytes]) -> None:
        with ThreadPoolExecutor(SENDERS) as threads:
            for sent in [threads.submit(self._send_some, bodies[first::SENDERS]) for first in range(SENDERS)]:
                sent.result()

    def _send_some(self, bodies: list[bytes]) -> None:
        line = HTTPConnection(LOOPBACK, self.port, timeout=120)
        basic = base64.b64encode(f"{self.key}:".encode()).decode()
        headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/json"}
        for body in bodies:
            line.request("POST", "/v1/batch", body, headers)
            answer = line.getresponse()
            said = answer.read()
            assert answer.status == 200, said
        line.close()


class Kept(Sink):
    """Counts events by their numbers, and keeps the bodies."""

    def __init__(self) -> None:
        super().__init__()
        self.events = 0
        self.bodies: list[bytes] = []

    def what_to_do(self, name: str, headers: Mapping[str, str], body: bytes) -> tuple[str, float]:
        start, _, end = headers.get("audit-range", "0-0").partition("-")
        self.events += int(end) - int(start)
        self.bodies.append(body)
        return "200", 0.0

    def forget(self) -> list[bytes]:
        bodies, self.bodies, self.events = self.bodies, [], 0
        return bodies


def _make_destination(cast: Cast, sink: Receiver) -> Destination:
    with acting_as(cast.olga, cast.workspace):
        url = f"http://{LOOPBACK}:{sink.port}/"
        made, _ = create_destination(source_id=cast.app.id, kind="webhook", name="Bench", settings={"url": url})
        dropped = {"type": "DROP_PROPERTIES", "fields": {"properties": ["email"]}}
        create_filter(destination_id=made.id, title="Tests", condition="event = 'Test'", actions=[{"type": "DROP"}])
        create_filter(destination_id=made.id, title="E-mail", condition="all", actions=[dropped])
        renames = [{"oldName": "total", "newName": "revenue"}]
        definition = {"newEventName": "Purchase", "propertyRenames": renames}
        make_transformation(source=cast.app, definition=definition, destination_id=made.id, is_enabled=True)
        Destination.objects.filter(id=made.id).update(tested_at=made.created_at)
        return enable_destination(destination_id=made.id)


def worker_of(rig: Rig) -> Program:
    """The real worker, which may call this machine."""
    worker = rig.worker()
    worker.environment = {**worker.environment, "OUTBOUND_ALLOWED_NETWORKS": f"{LOOPBACK}/32"}
    return worker


def body_of(name: str) -> bytes:
    """A batch as Segment's libraries post it."""
    event = {key: value for key, value in EVENT.items() if key != "receivedAt"}
    items = [event | {"messageId": f"{name}-{number}"} for number in range(BATCH)]
    return orjson.dumps({"batch": items, "sentAt": "2026-11-24T10:00:01.000Z"})


def _insert(body: bytes) -> None:
    items = orjson.loads(body)["batch"]
    rows = [(n, one["messageId"], one["type"], one["event"], orjson.dumps(one)) for n, one in enumerate(items)]
    with connection.cursor() as cursor:
        cursor.executemany(INTO_HEAP, rows)


def _post(port: int, bodies: list[bytes]) -> None:
    url = f"http://{LOOPBACK}:{port}/"
    with httpcore2.ConnectionPool() as pool:
        for body in bodies:
            answer = pool.request("POST", url, headers={"Content-Type": "application/json"}, content=body)
            assert answer.status == 200


def computed(pid: int | None, *, children: bool = False) -> float:
    """Seconds that a process, or all that it started, has spent on a processor (Linux)."""
    assert pid is not None
    pids = [pid, *children_of(pid)] if children else [pid]
    return sum(_ticks(one) for one in pids) * TICK_S


def _ticks(pid: int) -> int:
    try:
        parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(parts[11]) + int(parts[12])
