"""`make bench`: what reading, writing, sealing and verifying cost on ten thousand events and on many more.

Both sizes stand side by side and are measured in turn, so that their ratio holds on a busy machine; absolute times do not.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import django

from settings.paths import BASE_DIR

RESULTS = BASE_DIR / "bench-results"
SMALL = 10_000
ROWS = ("pages", "counts", "writes", "sealing", "verifying", "seals", "singles", "exports", "peers")
# Measured on installations of their own, whatever the size.
STREAM_ROWS = ("stages", "streams", "dead", "alerts")
VERIFY_ROUNDS = 3


def main() -> int:
    asked = _arguments()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.testing")
    django.setup()
    # After django.setup(): these import what reads tables.
    from tests.bench.table import exports_table, markdown, seal_waits
    from tests.torture.outcome import write_result

    sizes = sorted({SMALL, asked.events}) if set(ROWS) & set(asked.rows) else []
    with ExitStack() as stack:
        bench = Bench.loaded(stack, sizes, asked.rows, asked.keep)
        bench.events = asked.events
        bench.run(asked.rounds)
    table = markdown(bench.timings, bench.sizes, bench.counts) if sizes else ""
    table += "".join(f"\n\n{text}" for text in bench.stream_tables)
    if "peers" in asked.rows:
        table += "\n\n" + bench.beside.markdown()
    if bench.waits:
        table += f"\n\n{seal_waits(bench.waits)}"
    table += "".join(f"\n\n{one.markdown()}" for one in bench.singles)
    if bench.exports:
        table += f"\n\n{exports_table(bench.exports)}"
    file = write_result(
        RESULTS, f"{max(bench.sizes, default=0) or 'streams'}", bench.as_value() | {"table": table.splitlines()}
    )
    sys.stdout.write(f"{table}\n\n{file.relative_to(BASE_DIR).as_posix()}\n")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="the larger size; 10,000 is always beside it")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="a folder in which the loaded databases stay, to be measured again")
    parser.add_argument("--rows", nargs="+", choices=ROWS + STREAM_ROWS, default=ROWS + STREAM_ROWS)
    return parser.parse_args()


class Bench:
    """Installations of both sizes, and what was measured on them."""

    def __init__(self, rows: list[str]) -> None:
        from tests.bench.beside import Beside
        from tests.bench.timing import Timings

        self.rows = rows
        self.events = SMALL
        self.beside = Beside()
        self.waits: list[float] = []
        self.singles: list[Any] = []
        self.exports: list[Any] = []
        self.streams: dict[str, Any] = {}
        self.stream_tables: list[str] = []
        self.timings = Timings()
        self.sizes: list[int] = []
        self.counts: dict[str, dict[int, int]] = {"sealing": {}, "verifying": {}}
        self.seconds: dict[str, float] = {}
        self.bytes_an_event: dict[int, int] = {}
        self._pages: list[Any] = []
        self._writes: list[Any] = []

    @classmethod
    def loaded(cls, stack: ExitStack, sizes: list[int], rows: list[str], keep: Path | None) -> "Bench":
        from tests.bench.dataset import loaded_dataset
        from tests.bench.pages import Pages
        from tests.bench.writes import Writes
        from tests.torture.rig import installed

        bench = cls(rows)
        bench.sizes = sizes
        for size in sizes:
            rig = stack.enter_context(installed(kept=keep and keep.resolve() / f"{size}"))
            started = time.monotonic()
            data = loaded_dataset(rig, size)
            bench.seconds[f"loading {size:,}"] = round(time.monotonic() - started, 1)
            bench.bytes_an_event[size] = int(rig.ask(SIZE)[0][0] // size)
            bench._pages.append(Pages.of(rig, data))
            bench._writes.append(Writes.of(rig, size))
            _say(f"{size:,} events loaded in {bench.seconds[f'loading {size:,}']} s")
        return bench

    def run(self, rounds: int) -> None:
        self._run_streams(rounds)
        for number in range(rounds):
            for pages in self._pages:
                with pages.rig.in_django("app"):
                    if "pages" in self.rows:
                        pages.measure(self.timings)
                    if "counts" in self.rows:
                        pages.measure_counts(self.timings)
            _say(f"round {number + 1} of {rounds}")
        if {"writes", "sealing", "verifying"} & set(self.rows):
            self._run_writes(rounds)
        if "seals" in self.rows:
            self._run_seals(rounds)
        if "singles" in self.rows:
            self._run_singles()
        if "exports" in self.rows:
            self._run_exports(rounds)
        if "peers" in self.rows:
            self.beside.measure(self._pages[-1], rounds)
            _say("measured beside the peers")

    def _run_streams(self, rounds: int) -> None:
        from tests.bench import engines
        from tests.bench.alerts import Alerts
        from tests.bench.dead import Dead
        from tests.bench.streams import Streams

        if "stages" in self.rows:
            measured = engines.microseconds(engines.rows(), rounds=rounds, calls=engines.CALLS)
            self.streams["stages"] = measured
            self.stream_tables.append(engines.markdown(measured))
        for row, one in (("streams", Streams()), ("dead", Dead()), ("alerts", Alerts(self.events))):
            if row in self.rows:
                one.measure(rounds)
                self.streams[row] = one.as_value()
                self.stream_tables.append(one.markdown())
                _say(f"measured {row}")

    def _run_writes(self, rounds: int) -> None:
        for writes in self._writes:
            with writes.rig.in_django("app"):
                writes.warm_up()
        for _ in range(rounds):
            for writes in self._writes:
                with writes.rig.in_django("app"):
                    writes.measure(self.timings)
        for writes in self._writes:
            with _key_in(writes.rig.server.home / "keys"), writes.rig.in_django("worker"):
                writes.seal(self.timings)
                for _ in range(VERIFY_ROUNDS):
                    writes.verify(self.timings)
            self.counts["sealing"][writes.events] = self.counts["verifying"][writes.events] = writes.verified
        _say("written, sealed and verified")

    def _run_seals(self, rounds: int) -> None:
        from tests.bench.seals import TO_SEAL, WORKSPACES, Seals

        seals = [Seals(writes.rig, writes.events) for writes in self._writes]
        for one in seals:
            with _key_in(one.rig.server.home / "keys"), one.rig.in_django("worker"):
                one.grow_tree()
        for _ in range(rounds):
            for one in seals:
                with _key_in(one.rig.server.home / "keys"), one.rig.in_django("worker"):
                    one.seal_many(self.timings)
                    one.verify_tree(self.timings)
        self.counts[f"sealing, {WORKSPACES} workspaces"] = {one.events: TO_SEAL for one in seals}
        self.counts["verifying leaves and tree"] = {one.events: one.leaves for one in seals}
        self.waits = seals[-1].wait_for_seals()
        _say("sealed and verified trees")

    def _run_singles(self) -> None:
        from tests.bench.singles import Singles

        self.singles = [Singles(self._writes[-1].rig)]
        for one in self.singles:
            one.measure()
        _say("sent one by one")

    def _run_exports(self, rounds: int) -> None:
        from tests.bench.exports import Exports

        self.exports = [Exports(pages) for pages in self._pages]
        for one in self.exports:
            one.measure(rounds)
        _say("exported")

    def as_value(self) -> dict[str, Any]:
        return {
            "sizes": self.sizes,
            "seconds": self.seconds,
            "bytes_an_event": self.bytes_an_event,
            "rows": {
                row: {size: _as_value(one) for size, one in series.items()}
                for row, series in self.timings.series.items()
            },
            "streams": self.streams,
            "singles": [one.as_value() for one in self.singles],
            "exports": [one.as_value() for one in self.exports],
            "peers": self.beside.as_value(),
            "seconds_to_seal": [round(wait, 4) for wait in self.waits],
        }


def _as_value(one: Any) -> dict[str, Any]:
    milliseconds = {name: [round(s * 1_000, 3) for s in getattr(one, name)] for name in ("wall", "python", "postgres")}
    return {"median_ms": round(one.seconds * 1_000, 3), "python_share": round(one.python_share, 2), **milliseconds}


SIZE = "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'event'::regclass"


@contextmanager
def _key_in(folder: Path) -> Iterator[None]:
    """Checkpoints are signed with a key of the bench's own."""
    from django.conf import settings

    before, settings.SEAL_KEY_FILE = settings.SEAL_KEY_FILE, folder / "seal.key"
    try:
        yield
    finally:
        settings.SEAL_KEY_FILE = before


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
