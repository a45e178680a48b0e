"""Beside the peers: what each way to keep history adds to the same save, and how it answers when a million entries are there."""

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from auditapp.lib.keyset import PageKey
from auditapp.record.event_filter import Choice, EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.query_language import words_of
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from settings.paths import BASE_DIR
from tests.bench.dataset import Names
from tests.bench.pages import COUNT, KEY_AT, LARGEST, Pages
from tests.torture.rig import Rig

WAYS = ("none", "ours", "auditlog", "simple_history", "easy_audit")
NAMES = {"none": "the bare save", "ours": "record()", "auditlog": "django-auditlog"} | {
    "simple_history": "django-simple-history",
    "easy_audit": "django-easy-audit",
}
TIMEOUT_S = 3_600


@dataclass(slots=True)
class Beside:
    """Medians of rounds in which every way has its turn, in seconds."""

    saves: dict[str, list[dict[str, float]]] = field(default_factory=lambda: defaultdict(list))
    theirs: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    ours: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def measure(self, pages: Pages, rounds: int) -> None:
        """All rounds, on an installation with so many events and as many entries of django-auditlog."""
        rig = pages.rig
        rig.make_token(1_000)
        for way in WAYS:
            _run(rig, way, "owner", "prepare")
        _run(rig, "auditlog", "owner", "fill", "--events", str(pages.data.events))
        looks = _our_looks(pages)
        for _ in range(rounds):
            for way in WAYS:
                self.saves[way].append(_run(rig, way, "app", "save"))
            for look, seconds in _run(rig, "auditlog", "app", "read").items():
                self.theirs[look] += seconds
            with rig.in_django("app"), in_workspace(LARGEST):
                for look, action in looks.items():
                    self.ours[look] += [_seconds(action) for _ in range(5)]

    def markdown(self) -> str:
        """Two tables for the README."""
        saved = {way: median(one["wall"] for one in self.saves[way]) * 1_000 for way in WAYS}
        adds = {way: saved[way] - saved["none"] for way in WAYS}
        fastest = min(adds[way] for way in WAYS[2:])
        lines = [
            "| a save of three fields in a transaction | ms | adds | beside the fastest peer |",
            "| --- | ---: | ---: | ---: |",
        ]
        lines += [
            f"| {NAMES[way]} | {saved[way]:.2f} | {adds[way]:.2f} | {f'{adds[way] / fastest:.1f}' if way != 'none' else ''} |"
            for way in WAYS
        ]
        lines += [
            "",
            "| a look at the trail (ms) | django-auditlog | here | times faster |",
            "| --- | ---: | ---: | ---: |",
        ]
        for look, seconds in self.theirs.items():
            theirs, ours = median(seconds) * 1_000, median(self.ours[look]) * 1_000
            lines.append(f"| {look} | {theirs:.1f} | {ours:.1f} | {theirs / ours:.1f} |")
        return "\n".join(lines)

    def as_value(self) -> dict[str, Any]:
        return {"saves": dict(self.saves), "reads": {"django-auditlog": dict(self.theirs), "here": dict(self.ours)}}


def _our_looks(pages: Pages) -> dict[str, Callable[[], Any]]:
    names: Names = pages.data.names
    viewer: Viewer = pages.viewers["olga"]
    deep = PageKey(*pages.rig.ask(KEY_AT, int(pages.rig.ask(COUNT)[0][0] * 0.95))[0])

    def page(wanted: EventFilter, older: PageKey | None = None) -> Callable[[], Any]:
        return lambda: visible_events(viewer).page(wanted, older=older)

    return {
        "count": lambda: visible_events(viewer).count(EventFilter()),
        "latest": page(EventFilter()),
        "95 % down": page(EventFilter(), deep),
        "1 common actor": page(EventFilter(actors=Choice((names.actors[0],)))),
        "1 seldom actor": page(EventFilter(actors=Choice((names.actors[-1],)))),
        "word in 1 %": page(EventFilter(words=words_of("mid"))),
        "word in 6 events": page(EventFilter(words=words_of("rareword"))),
        "word in none": page(EventFilter(words=words_of("nowhere"))),
    }


def _run(rig: Rig, way: str, role: str, *asked: str) -> Any:
    """One process of the peers' project; gives what it printed."""
    environment = {**os.environ, **rig.environment, "PEER": way, "DATABASE_ROLE": role}
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.peers", *asked],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    if done.returncode:
        raise RuntimeError(f"{way} {asked}: {done.stderr[-2_000:]}")
    return json.loads(done.stdout)


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
