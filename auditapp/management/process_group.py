"""Starts programs side by side, starts them again where they die, and stops them all together."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

STOP_TIMEOUT_S: Final = 15
LONGEST_WAIT_S: Final = 30
# A program that ran so long starts its waits anew when it dies.
STEADY_S: Final = 60


@dataclass
class Program:
    """One child: what to run, and how it has fared."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0
    wait_s: float = 0

    def start(self) -> None:
        environment = {**os.environ, **self.environment}
        self.process = subprocess.Popen(
            self.command, env=environment, stdin=subprocess.DEVNULL, preexec_fn=_ignore_ctrl_c
        )
        self.started_at = time.monotonic()

    def restart_if_dead(self) -> None:
        if self.process is None or self.process.poll() is None:
            return
        ran_s = time.monotonic() - self.started_at
        if ran_s > STEADY_S:
            self.wait_s = 0
        if ran_s >= self.wait_s:
            print(
                f"{self.name} ended with code {self.process.returncode}, starting it again", file=sys.stderr, flush=True
            )
            self.wait_s = min(2 * self.wait_s + 1, LONGEST_WAIT_S)
            self.start()


def _ignore_ctrl_c() -> None:
    """A terminal's Ctrl-C reaches the whole group; a program that is still starting would answer with a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class ProcessGroup:
    """The programs of one installation; SIGINT, SIGTERM and SIGHUP end them all."""

    def __init__(self, programs: Sequence[Program]) -> None:
        self.programs = list(programs)
        self.stopping = threading.Event()

    def run(
        self, *, each_second: Callable[[], None] = lambda: None, started: Callable[[], None] = lambda: None
    ) -> None:
        """Start all, call `started`, and keep them running until a signal comes."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self.stopping.set())
        try:
            for program in self.programs:
                program.start()
            started()
            while not self.stopping.wait(1):
                each_second()
                for program in self.programs:
                    program.restart_if_dead()
        finally:
            self.stop()

    def add(self, *programs: Program) -> None:
        """Start more programs, to be kept running and stopped with the others."""
        if self.stopping.is_set():
            return
        for program in programs:
            self.programs.append(program)
            program.start()

    def stop(self) -> None:
        """SIGTERM to all, then SIGKILL to what is left after 15 s. Ctrl-C has reached them already, which does no harm."""
        living = [program.process for program in self.programs if program.process and program.process.poll() is None]
        for process in living:
            process.terminate()
        deadline = time.monotonic() + STOP_TIMEOUT_S
        for process in living:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
