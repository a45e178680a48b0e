"""What dead destinations do to those beside them: how long an event takes to a live one, with and without them, by turns."""

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import orjson
from django.test import override_settings

from auditapp.lib.loopback import LOOPBACK
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.services import create_destination, disable_destination, enable_destination
from auditapp.pipeline.intake import take_in
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.models import Source
from tests.bench.engines import EVENT
from tests.bench.streams import worker_of
from tests.factories import Cast, acting_as, make_cast
from tests.torture.receiver import Sink, receiving
from tests.torture.rig import installed, wait_for

EVENTS, PAUSE_S, SETTLE_S = 40, 0.05, 1.0
# Of each kind: those that refuse connections, and those that take them and never answer.
DEAD = 4


class Arrivals(Sink):
    """When each event arrived, by its message id."""

    def __init__(self) -> None:
        super().__init__()
        self.at: dict[str, float] = {}

    def what_to_do(self, name: str, headers: Mapping[str, str], body: bytes) -> tuple[str, float]:
        now = time.monotonic()
        self.at |= {one["messageId"]: now for one in orjson.loads(body)["data"]}
        return "200", 0.0


@dataclass(slots=True)
class Dead:
    """Medians of the rounds, in seconds: alone, and beside the dead."""

    alone: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)

    def measure(self, rounds: int) -> None:
        """All rounds, alone and beside them by turns."""
        with installed() as rig, receiving(Arrivals()) as arrivals, _silent() as silent, ExitStack() as stack:
            stack.enter_context(rig.in_django("app"))
            stack.enter_context(override_settings(DATA_DIR=rig.server.home / "data"))
            cast = make_cast()
            _make(cast, cast.app, "Live", arrivals.port)
            ports = [port for _ in range(DEAD) for port in (silent, _closed_port())]
            dead = [_make(cast, cast.shop, f"Dead {number}", port) for number, port in enumerate(ports)]
            stack.enter_context(rig.running(worker_of(rig)))
            self._turn(cast, arrivals)  # until the worker is up
            for _ in range(rounds):
                with acting_as(cast.olga, cast.workspace):
                    for one in dead:
                        disable_destination(destination_id=one.id)
                self.alone.append(self._turn(cast, arrivals))
                _bring(cast.shop)
                with acting_as(cast.olga, cast.workspace):
                    for one in dead:
                        enable_destination(destination_id=one.id)
                time.sleep(SETTLE_S)
                self.beside.append(self._turn(cast, arrivals))

    def _turn(self, cast: Cast, arrivals: Arrivals) -> float:
        """Bring events one by one; gives the median of how long each took."""
        brought = {}
        for _ in range(EVENTS):
            message_id = _bring(cast.app)
            brought[message_id] = time.monotonic()
            time.sleep(PAUSE_S)
        wait_for(lambda: brought.keys() <= arrivals.at.keys(), "all events arrive", patience_s=120)
        return median(arrivals.at[message_id] - at for message_id, at in brought.items())

    def markdown(self) -> str:
        alone, beside = median(self.alone) * 1_000, median(self.beside) * 1_000
        return (
            f"From inbox to receiver, one event at a time: {alone:.0f} ms; beside {2 * DEAD} dead destinations, half of which never "
            f"answer: {beside:.0f} ms (medians of {len(self.alone)} turns each)."
        )

    def as_value(self) -> dict[str, Any]:
        return {"alone": self.alone, "beside": self.beside}


def _make(cast: Cast, source: Source, name: str, port: int) -> Destination:
    with acting_as(cast.olga, cast.workspace):
        url = f"http://{LOOPBACK}:{port}/"
        made, _ = create_destination(source_id=source.id, kind="webhook", name=name, settings={"url": url})
        Destination.objects.filter(id=made.id).update(tested_at=made.created_at)
        return enable_destination(destination_id=made.id)


def _bring(source: Source) -> str:
    message_id = f"m-{time.monotonic_ns()}"
    with in_workspace(source.workspace_id):
        take_in(source, [EVENT | {"messageId": message_id}])
    return message_id


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _silent() -> Iterator[int]:
    """A port that takes connections, and on which nobody ever says a word."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen(64)
        yield listener.getsockname()[1]
