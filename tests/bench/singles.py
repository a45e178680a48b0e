"""Events sent one by one, each in a request of its own, by a few clients to the real web, while a real worker seals them."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

from auditapp.lib.loopback import LOOPBACK
from tests.bench.seals import sealing_worker
from tests.bench.writes import posted_event
from tests.torture.rig import Rig

WORKSPACE = 1_001
# Few: they are threads of one process on the machine that they measure.
CLIENTS = 4
REQUESTS, FIRST_REQUESTS = 4_000, 200
PATH = "/api/audit-events"


@dataclass(slots=True)
class Singles:
    """One installation: how long each answer took, and all of them together."""

    rig: Rig
    answers: list[float] = field(default_factory=list)
    seconds: float = 0

    def measure(self) -> None:
        """All requests, on connections that stay open; the first ones, by which the web has loaded what it needs, do not count."""
        token = self.rig.make_token(WORKSPACE)
        with (
            self.rig.running(sealing_worker(self.rig)),
            self.rig.web() as (_, port),
            ThreadPoolExecutor(CLIENTS) as threads,
        ):
            for requests in (FIRST_REQUESTS, REQUESTS):
                started = time.perf_counter()
                clients = [threads.submit(_send, port, token, requests // CLIENTS) for _ in range(CLIENTS)]
                self.answers = sorted(seconds for client in clients for seconds in client.result())
                self.seconds = time.perf_counter() - started

    def markdown(self) -> str:
        """What was measured, in one line."""
        p50, p99 = (self.answers[int(len(self.answers) * share)] * 1_000 for share in (0.5, 0.99))
        return (
            f"One event a request, {CLIENTS} clients, the worker sealing: {len(self.answers) / self.seconds:,.0f} requests a"
            f" second, p50 {p50:.1f} ms, p99 {p99:.1f} ms."
        )

    def as_value(self) -> dict[str, Any]:
        return {"seconds": round(self.seconds, 3), "answers_ms": [round(one * 1_000, 2) for one in self.answers]}


def _send(port: int, token: str, requests: int) -> list[float]:
    """Seconds of each answer."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answers = []
    with closing(HTTPConnection(LOOPBACK, port, timeout=60)) as web:
        for number in range(requests):
            body = json.dumps(posted_event(number)).encode()
            started = time.perf_counter()
            web.request("POST", PATH, body, headers)
            answer = web.getresponse()
            told = answer.read()
            answers.append(time.perf_counter() - started)
            assert answer.status == 201, told[:500]
    return answers
