"""A process that runs one function: started, asked, and ended at the deadline. What it answers is measured before it is read.

The engine has limits of its own; this process is the wall behind them, since an engine can have a hole.
"""

import os
import select
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import Any, Final

import orjson

HOW_TO_INSTALL: Final = "uv sync --frozen --extra functions"
CHILD: Final = Path(__file__).with_name("child.py")
HEADER_BYTES: Final = 4
PIECE: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one function may take. Tests use shorter ones."""

    time_s: float = 5.0  # for each event, or for each call of onBatch
    memory_bytes: int = 64 * 1024 * 1024
    output_bytes: int = 128 * 1024  # of the event that comes back
    start_s: float = 10.0

    @property
    def frame_bytes(self) -> int:
        """Of one answer: escapes make a text longer, and logs come along."""
        return 8 * self.output_bytes + 256 * 1024


DEFAULT: Final = Limits()


class Gone(Exception):
    """The process ended, or says what no process of ours says."""


class TooLate(Exception):
    """The deadline passed; the process has to be killed."""


class Broken(Exception):
    """The code cannot be run at all."""


def has_functions() -> bool:
    """Whether the extra is installed."""
    return find_spec("_quickjs") is not None


class Process:
    """One process for one version of a function. Used by one thread at a time."""

    def __init__(self, code: str, limits: Limits = DEFAULT) -> None:
        """Start it.

        Raises:  Broken, where the code does not load; TooLate, Gone
        """
        self.limits = limits
        self.number = 0
        spec = find_spec("_quickjs")
        folder = str(Path(spec.origin).parent) if spec and spec.origin else ""
        self._process = subprocess.Popen(  # noqa: S603  nothing of it comes from outside
            [sys.executable, "-I", "-S", str(CHILD), folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            start_new_session=True,
        )
        assert self._process.stdin
        assert self._process.stdout
        self._to, self._from = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._to, False)
        os.set_blocking(self._from, False)
        self._rest = b""
        try:
            until = monotonic() + limits.start_s
            program = {"code": code, "time_s": limits.time_s}
            self._send(program | {"memory_bytes": limits.memory_bytes, "output_bytes": limits.output_bytes}, until)
            answer = self._receive(until)
            if answer.get("state") != "ready":
                raise Broken(str(answer.get("message") or "The code cannot be loaded.")[:500])
            self.handlers = [name for name in answer.get("handlers", ()) if isinstance(name, str)]
        except BaseException:
            self.kill()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, events: Sequence[str], settings: str, *, is_batch: bool) -> None:
        """Give it events as JSON texts; their answers are read one by one.

        Raises:  Gone, TooLate
        """
        self.number += 1
        asked = {"number": self.number, "events": list(events), "settings": settings, "is_batch": is_batch}
        self._send(asked, monotonic() + self.limits.time_s)

    def answer(self, *, until: float | None = None) -> dict[str, Any]:
        """The answer for the next event.

        Takes:   until, an earlier deadline than that of the limits, by the monotonic clock
        Raises:  Gone, TooLate
        """
        own = monotonic() + self.limits.time_s + 0.5
        answer = self._receive(own if until is None else min(own, until))
        if answer.get("number") != self.number:
            raise Gone
        return answer

    def kill(self) -> None:
        """End it now, whatever it does."""
        with suppress(OSError):
            self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe:
                    pipe.close()
        self._process.wait()

    def _send(self, value: dict[str, Any], until: float) -> None:
        body = orjson.dumps(value)
        left = memoryview(len(body).to_bytes(HEADER_BYTES) + body)
        while left:
            self._wait(self._to, select.POLLOUT, until)
            try:
                left = left[os.write(self._to, left[:PIECE]) :]
            except BlockingIOError:
                continue
            except OSError:
                raise Gone from None

    def _receive(self, until: float) -> dict[str, Any]:
        length = int.from_bytes(self._exactly(HEADER_BYTES, until))
        if length > self.limits.frame_bytes:
            raise Gone
        try:
            answer = orjson.loads(self._exactly(length, until))
        except ValueError:
            raise Gone from None
        if not isinstance(answer, dict):
            raise Gone
        return answer

    def _exactly(self, count: int, until: float) -> bytes:
        pieces, have = [self._rest], len(self._rest)
        while have < count:
            self._wait(self._from, select.POLLIN, until)
            try:
                piece = os.read(self._from, PIECE)
            except BlockingIOError:
                continue
            except OSError:
                raise Gone from None
            if not piece:
                raise Gone
            pieces.append(piece)
            have += len(piece)
        whole = b"".join(pieces)
        self._rest = whole[count:]
        return whole[:count]

    def _wait(self, pipe: int, event: int, until: float) -> None:
        left = until - monotonic()
        if left <= 0:
            raise TooLate
        poll = select.poll()
        poll.register(pipe, event)
        if not poll.poll(left * 1000):
            raise TooLate
