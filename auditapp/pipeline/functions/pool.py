"""Processes that are kept warm, one set for all threads of this process: lent to one caller at a time, ended when another version came."""

import atexit
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, NamedTuple

from auditapp.lib.errors import Busy
from auditapp.pipeline.functions.process import DEFAULT, Limits, Process

MAX_RUNNING: Final = 4
MAX_IDLE: Final = 8
IDLE_S: Final = 300.0
WAIT_S: Final = 10.0


class NoProcessFree(Busy):
    """All processes for functions are at work. Nothing was taken in; send it again in a moment."""


class Key(NamedTuple):
    """Which code a process runs."""

    workspace_id: int
    function_id: str
    version: int


@dataclass(slots=True)
class Lent:
    """A process while somebody uses it; a new one takes its place where it ended."""

    code: str
    limits: Limits
    process: Process | None = None

    def alive(self) -> Process:
        """The process, started where there is none.

        Raises:  Broken, Gone, TooLate; NoProcessFree, where the machine has no room for one
        """
        if self.process is None:
            try:
                self.process = Process(self.code, self.limits)
            except OSError:
                raise NoProcessFree from None
        return self.process

    def kill(self) -> None:
        if self.process:
            self.process.kill()
        self.process = None


@dataclass(slots=True)
class Pool:
    """The processes of one process of ours."""

    idle: "OrderedDict[tuple[Key, int], tuple[Process, float]]" = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    running: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(MAX_RUNNING))

    @contextmanager
    def lend(self, key: Key, code: str, *, limits: Limits = DEFAULT, wait_s: float = WAIT_S) -> Iterator[Lent]:
        """A process for this code, warm where there is one; it comes back alive or not at all.

        Raises:  NoProcessFree
        """
        if not self.running.acquire(timeout=wait_s):
            raise NoProcessFree
        lent = Lent(code, limits)
        try:
            lent.process = self._taken(key, limits)
            yield lent
        except BaseException:
            lent.kill()  # nobody knows what it is in the middle of
            raise
        finally:
            if lent.process:
                self._put_back(key, lent.process)
            self.running.release()

    def close(self) -> None:
        """End all that are idle."""
        with self.lock:
            ended = [process for process, _ in self.idle.values()]
            self.idle.clear()
        for process in ended:
            process.kill()

    def _taken(self, key: Key, limits: Limits) -> Process | None:
        """A warm one, while those of other versions of it, the dead and those long unused end."""
        now, found = monotonic(), None
        ended = []
        with self.lock:
            for place, (process, since) in list(self.idle.items()):
                is_other = place[0][:2] == key[:2] and place[0] != key
                if is_other or now - since > IDLE_S or not process.is_alive:
                    ended.append(self.idle.pop(place)[0])
                elif place[0] == key and process.limits == limits and found is None:
                    found = self.idle.pop(place)[0]
        for process in ended:
            process.kill()
        return found

    def _put_back(self, key: Key, process: Process) -> None:
        ended = []
        with self.lock:
            self.idle[key, process.pid] = (process, monotonic())
            while len(self.idle) > MAX_IDLE:
                ended.append(self.idle.popitem(last=False)[1][0])
        for one in ended:
            one.kill()


pool: Final = Pool()
atexit.register(pool.close)
