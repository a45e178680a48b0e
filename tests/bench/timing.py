"""Medians of interleaved rounds, and whose time it was: this process's, or that of PostgreSQL and its disk."""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median


@dataclass(slots=True)
class Series:
    """Wall and CPU seconds of one row at one size, one entry a round."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return median(self.wall)

    @property
    def python_share(self) -> float:
        """How much of the time this process computed rather than waited."""
        return min(1.0, sum(self.cpu) / sum(self.wall))


@dataclass(slots=True)
class Timings:
    """All series of a bench, by row and number of events."""

    series: dict[str, dict[int, Series]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(Series)))

    def take(self, row: str, size: int, action: Callable[[], object]) -> None:
        """Run once and keep how long it took."""
        cpu, wall = time.process_time(), time.perf_counter()
        action()
        one = self.series[row][size]
        one.wall.append(time.perf_counter() - wall)
        one.cpu.append(time.process_time() - cpu)
