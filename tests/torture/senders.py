"""HTTP clients as a careful service writes them: each event has a key, and is sent again until there is an answer."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlencode

from auditapp.lib.ids import parse_event_key
from auditapp.lib.loopback import LOOPBACK
from tests.torture.outcome import Outcome, Plan
from tests.torture.rig import Rig

PATH = "/api/audit-events"
# More than the web waits for a connection of its pool.
ANSWER_TIMEOUT_S = 20
PATIENCE_S = 90
RETRY_S = 0.1

STORED = "SELECT resource_id, id::text FROM event WHERE workspace_id = %s AND resource_type = 'torture'"


class NoAnswer(RuntimeError):
    """The web gave no answer for a minute and a half: the event's fate is unknown."""


@dataclass(slots=True)
class Client:
    """One connection to the web, opened again where it breaks."""

    port: int
    token: str
    connection: HTTPConnection | None = None

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any]:
        """One request; gives status and parsed body.

        Raises:  OSError, HTTPException, ValueError, where there was no whole answer
        """
        if self.connection is None:
            self.connection = HTTPConnection(LOOPBACK, self.port, timeout=ANSWER_TIMEOUT_S)
        try:
            headers |= {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, HTTPException, ValueError):
            self.close()
            raise

    def post(self, event: dict[str, Any], key: str | None) -> tuple[int, Any]:
        """Send one event."""
        headers = {"Idempotency-Key": key} if key else {}
        return self.ask("POST", PATH, json.dumps(event).encode(), **headers)

    def is_known(self, marker: str) -> bool:
        """Whether the trail has an event about this resource."""
        _, answer = self.ask("GET", f"{PATH}?{urlencode({'resourceId': marker})}")
        return bool(answer["data"]["events"])

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def make_event(marker: str, **more: Any) -> dict[str, Any]:
    """An event about the resource that the marker names."""
    return {
        "type": "torture.sent",
        "actor": {"id": "usr_olga", "name": "Olga Owner", "kind": "user"},
        "target": {"type": "torture", "id": marker, "name": f"Torture {marker}"},
        **more,
    }


@dataclass(slots=True)
class Acknowledged:
    """What the clients were told, by marker, and how often they had to ask."""

    ids: dict[str, str] = field(default_factory=dict)
    tries: Counter[str] = field(default_factory=Counter)


def deliver(client: Client, marker: str, told: Acknowledged) -> None:
    """Send an event under its own key until it is acknowledged.

    Raises:  NoAnswer
    """
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            status, answer = client.post(make_event(marker), marker)
        except (OSError, HTTPException, ValueError):
            told.tries["no answer"] += 1
        else:
            told.tries[str(status)] += 1
            if status in (200, 201):
                told.ids[marker] = answer["data"]["id"]
                return
        time.sleep(RETRY_S)
    raise NoAnswer(marker)


def deliver_while(disturb: Callable[[random.Random], None], plan: Plan, *, port: int, token: str) -> Acknowledged:
    """Have clients deliver events for as long as something is disturbed; gives what they were told.

    Takes:   disturb, called once a kill
    """
    told, enough = Acknowledged(), threading.Event()

    def send(number: int) -> None:
        client, sent = Client(port, token), 0
        while not enough.is_set() or sent < plan.events // plan.writers:
            deliver(client, f"{number}-{sent}", told)
            sent += 1
        client.close()

    with ThreadPoolExecutor(plan.writers) as threads:
        senders = [threads.submit(send, number) for number in range(plan.writers)]
        try:
            choice = random.Random(plan.seed)
            for _ in range(plan.kills):
                disturb(choice)
        finally:
            enough.set()
        for sender in senders:
            sender.result()
    return told


def check_acknowledged(rig: Rig, outcome: Outcome, told: Acknowledged, *, workspace_id: int) -> None:
    """Hold what was stored against what was acknowledged."""
    stored: dict[str, list[str]] = {}
    for marker, event_id in rig.ask(STORED, workspace_id):
        stored.setdefault(marker, []).append(event_id)
    outcome.counts["acknowledged"] = len(told.ids)
    outcome.counts |= {f"answers: {answer}": times for answer, times in sorted(told.tries.items())}
    outcome.promise("nothing acknowledged is lost", len(told.ids.keys() - stored.keys()))
    outcome.promise("nothing is stored that nobody sent", len(stored.keys() - told.ids.keys()))
    outcome.promise("no event is stored twice", sum(len(ids) - 1 for ids in stored.values()))
    other = sum(_uuid(told.ids[marker]) not in ids for marker, ids in stored.items() if marker in told.ids)
    outcome.promise("every acknowledgement names the stored event", other)


def _uuid(key: str) -> str:
    return str(parse_event_key(key))
