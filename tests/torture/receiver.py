"""A receiver of webhooks on loopback that behaves as receivers do on a bad day, and remembers all it was told.

What it took in before it broke off counts as arrived: that is what a receiver that crashes leaves behind.
"""

import hashlib
import json
import os
import random
import socket
import struct
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from auditapp.lib.errors import AppError
from auditapp.lib.loopback import LOOPBACK
from auditapp.lib.webhook_signature import verify

# Shares of all requests; the rest is answered with 200 at once.
CHAOS = {
    "reset": 0.10,
    "slow": 0.05,
    "5xx": 0.05,
    "200, then dropped": 0.02,
    "429": 0.01,
    "taken and reset": 0.001,
}
LONGEST_SLOW_S = 0.5
# RST instead of FIN.
AT_ONCE = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class Arrived:
    """What one destination was given: the numbers of its events as they came, each with the id of its request."""

    events: list[tuple[int, str]] = field(default_factory=list)
    ranges: list[tuple[int, int]] = field(default_factory=list)  # of requests that were taken the first time
    ids: set[str] = field(default_factory=set)

    def firsts(self) -> list[int]:
        """The numbers in the order of their first arrival."""
        return list(dict.fromkeys(number for number, _ in self.events))

    def under_two_ids(self) -> int:
        """Events that came again in another request than before: a receiver that knows requests by their id would take them twice."""
        ids = defaultdict(set)
        for number, request_id in self.events:
            ids[number].add(request_id)
        return sum(len(one) > 1 for one in ids.values())

    def gaps(self, refused: Set[int]) -> int:
        """Requests that do not begin where the one before them ended, but for what was refused between them."""
        pairs = zip(self.ranges, self.ranges[1:], strict=False)
        return sum(not set(range(before[1], one[0])) <= refused or one[0] < before[1] for before, one in pairs)


class Receiver:
    """Takes what is posted to /<destination>. Each event carries its number, and says whether it is poison."""

    def __init__(self, seed: int = 1, chaos: Mapping[str, float] = CHAOS) -> None:
        self.port = 0
        self.says = b""  # the body of its answers
        self.arrived: dict[str, Arrived] = defaultdict(Arrived)
        self.did: Counter[str] = Counter()
        self.secrets: dict[str, str] = {}
        self.changed = 0  # requests with the id of another one and other bytes
        self.unsigned = 0
        self._digests: dict[str, bytes] = {}
        self._choice, self._chaos = random.Random(seed), chaos
        self._turn = threading.Lock()
        self._interrupt: Callable[[], object] | None = None

    def interrupt_once(self, interrupt: Callable[[], object] | None) -> None:
        """Call this in the middle of the next request that is taken, before it is answered."""
        self._interrupt = interrupt

    def what_to_do(self, name: str, headers: Mapping[str, str], body: bytes) -> tuple[str, float]:
        """What happens to a request, and after how many seconds; it is remembered here where it is taken."""
        interrupt = None
        with self._turn:
            deed = self._deed()
            self._look_at(name, headers, body)
            if deed not in ("reset", "5xx", "429"):
                events = events_of(body)
                if any(one["properties"].get("poison") for one in events):
                    deed = "413" if len(events) > 1 else "422"
                else:
                    self._take(self.arrived[name], headers, events)
                    interrupt, self._interrupt = self._interrupt, None
            self.did[deed] += 1
            wait_s = self._choice.uniform(0.02, LONGEST_SLOW_S) if deed == "slow" else 0.0
        if interrupt:
            interrupt()
        return deed, wait_s

    def _deed(self) -> str:
        drawn = self._choice.random()
        for deed, share in self._chaos.items():
            if drawn < share:
                return deed
            drawn -= share
        return "200"

    def _look_at(self, name: str, headers: Mapping[str, str], body: bytes) -> None:
        digest = hashlib.sha256(body).digest()
        self.changed += self._digests.setdefault(headers["webhook-id"], digest) != digest
        try:
            verify(headers, body, [self.secrets[name]])
        except AppError:
            self.unsigned += 1

    def _take(self, arrived: Arrived, headers: Mapping[str, str], events: list[dict[str, Any]]) -> None:
        request_id = headers["webhook-id"]
        arrived.events += [(one["properties"]["number"], request_id) for one in events]
        if request_id not in arrived.ids:
            start, _, end = headers["audit-range"].partition("-")
            arrived.ranges.append((int(start), int(end)))
            arrived.ids.add(request_id)


def events_of(body: bytes) -> list[dict[str, Any]]:
    """The events of a request, of whichever way to send them."""
    said = json.loads(body)
    events: list[dict[str, Any]] = said.get("data", [said])
    return events


class Sink(Receiver):
    """Takes everything, and looks at nothing."""

    def what_to_do(self, name: str, headers: Mapping[str, str], body: bytes) -> tuple[str, float]:
        return "200", 0.0


@contextmanager
def receiving(receiver: Receiver) -> Iterator[Receiver]:
    """Have it receive on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            deed, wait_s = receiver.what_to_do(self.path[1:], {k.lower(): v for k, v in self.headers.items()}, body)
            time.sleep(wait_s)
            if deed in ("reset", "taken and reset"):
                self._break_off()
                return
            status = {"5xx": 503, "429": 429, "413": 413, "422": 422}.get(deed, 200)
            self.send_response(status)
            if deed == "429":
                self.send_header("Retry-After", "1")
            self.send_header("Content-Length", str(len(receiver.says)))
            self.end_headers()
            self.wfile.write(receiver.says)
            if deed == "200, then dropped":
                self.close_connection = True

        def _break_off(self) -> None:
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            os.close(self.connection.detach())

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_: object) -> None:
            """Who calls is killed again and again; a line that is cut off is no news."""

    server = Server((LOOPBACK, 0), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
