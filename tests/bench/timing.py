"""Medians of interleaved rounds, and who computed: this process or its PostgreSQL backend."""

import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from django.db import connection


@dataclass(slots=True)
class Series:
    """Seconds of one row at one size, one entry a round: by the clock, and on a processor."""

    wall: list[float] = field(default_factory=list)
    python: list[float] = field(default_factory=list)
    postgres: list[float] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return median(self.wall)

    @property
    def python_share(self) -> float:
        """How much of the computing was done here; what is neither here nor there is waiting for disk or processor."""
        computed = median(self.python) + median(self.postgres)
        return median(self.python) / computed if computed else 0.0


@dataclass(slots=True)
class Timings:
    """All series of a bench, by row and number of events."""

    series: dict[str, dict[int, Series]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(Series)))

    def take(self, row: str, size: int, action: Callable[[], object]) -> None:
        """Run once and keep how long it took; Django's connection stays the same meanwhile."""
        connection.ensure_connection()
        backend = connection.connection.info.backend_pid
        postgres, python, wall = _computed(backend), time.process_time(), time.perf_counter()
        action()
        one = self.series[row][size]
        one.wall.append(time.perf_counter() - wall)
        one.python.append(time.process_time() - python)
        one.postgres.append(_computed(backend) - postgres)


def _computed(pid: int) -> float:
    """Seconds that a process has spent on a processor; 0 where the system does not tell (it is Linux that does)."""
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    return 0.0
