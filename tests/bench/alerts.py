"""What alerts cost: 200 rules over the sealed log beside the bare walk of it, and a trial on 30 days of a large workspace.

The rules are narrow and about five of them concern an event by its type, as those of a workspace that watches much; few of them fire.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from django.db.models import F

from auditapp.access.models import Workspace
from auditapp.alerts.models import AlertFiring, AlertReading, AlertRule, Trigger
from auditapp.alerts.queries import viewer_of
from auditapp.alerts.reader import evaluate_batch, index_of
from auditapp.alerts.rule_index import Shape
from auditapp.alerts.trial import Trial, try_rule
from auditapp.record.event_row import open_row
from auditapp.record.event_types import known_types
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.readers import move_reader, read_forward
from tests.bench.dataset import ACTORS, Names, loaded_dataset
from tests.bench.timing import Series, Timings
from tests.torture.rig import Rig, installed

WORKSPACE = 1  # with 30 % of all events
RULES, PER_TYPE, EVENTS, BATCH = 200, 5, 10_000, 500
GOAL = 5_000
# A trial of each sort of rule.
TRIALS = {
    "a common type": {"query": "event:{common}"},
    "a common type, 10 of one actor in an hour": {
        "query": "event:{common}",
        "trigger": Trigger.THRESHOLD,
        "threshold": 10,
        "window_s": 3_600,
        "by": "actor",
    },
    "failures": {"query": "outcome:failure"},
    "a word in 1 % of the events": {"query": "mid"},
    "a word in none": {"query": "nowhere"},
    "all events": {"query": ""},
    "no event of a type for a day": {"query": "event:{rare}", "trigger": Trigger.SILENCE, "window_s": 86_400},
}


def lines(names: Names) -> list[str]:
    """200 lines of which five are about each type: narrowed by a word, an address, a resource or actors."""
    share = len(names.types) * PER_TYPE // RULES
    found = []
    for number in range(RULES):
        types = [names.types[(number * share + step) % len(names.types)] for step in range(share)]
        narrowed = (
            ("seldom", f'"v{number} nowhere"'),
            (f"ip:203.0.{number}.0/28",),
            (f"resource:source:src_{number}",),
            tuple(f"actor:usr_1_{(number * 7 + step) % ACTORS}" for step in range(3)),
        )[number % 4]
        narrow = narrowed[number // 4 % 2] if number % 4 == 0 else " ".join(narrowed)
        found.append(" ".join([*(f"event:{key}" for key in types), narrow]))
    return found


@dataclass(slots=True)
class Alerts:
    """What was measured of both, and how large the workspace was."""

    events: int
    timings: Timings = field(default_factory=Timings)
    candidates: float = 0.0
    fired: int = 0
    size: int = 0
    days: int = 0
    trials: dict[str, list[float]] = field(default_factory=dict)
    found: dict[str, Trial] = field(default_factory=dict)

    def measure(self, rounds: int) -> None:
        """The walk and the reader by turns, then each trial."""
        with installed() as rig, ExitStack() as stack:
            data = loaded_dataset(rig, self.events)
            with rig.connect("superuser", autocommit=True) as superuser:
                superuser.execute(SIZES)
            self.size = rig.ask(COUNT)[0][0]
            stack.enter_context(rig.in_django("worker"))
            self._make(data.names)
            places = min(EVENTS, self.size)
            for _ in range(rounds):
                for name, walk in WALKS.items():
                    self._begin()
                    self.timings.take(name, places, lambda walk=walk: self._walk(walk, places))
            with in_workspace(WORKSPACE):
                self.fired = AlertFiring.objects.filter(workspace_id=WORKSPACE).count() // max(rounds, 1)
            self._try(rig, data.names, rounds)

    def _make(self, names: Names) -> None:
        with in_workspace(WORKSPACE):
            Workspace.objects.get_or_create(id=WORKSPACE, defaults={"slug": "bench", "name": "Bench"})
            AlertRule.objects.bulk_create(
                AlertRule(workspace_id=WORKSPACE, id=f"alr_{n}", owner_id="system", name=f"Rule {n}", query=line)
                for n, line in enumerate(lines(names))
            )
            AlertReading.objects.create(workspace_id=WORKSPACE, revision="rev_bench")
            index = index_of(AlertReading.objects.get(workspace_id=WORKSPACE))
            parsed = [
                one.stored.parsed() for one in read_forward(WORKSPACE, "no-such-reader", 2_000).events if one.stored
            ]
            kinds = known_types(WORKSPACE, {one["type"] for one in parsed})
            found = [len(index.candidates(Shape.sealed(one, kinds[one["type"]].risk), one["actor"])) for one in parsed]
            self.candidates = sum(found) / len(found)

    def _begin(self) -> None:
        """Another reader, from the first place on; what fired is forgotten."""
        with in_workspace(WORKSPACE):
            AlertFiring.objects.filter(workspace_id=WORKSPACE).delete()
            AlertReading.objects.filter(workspace_id=WORKSPACE).update(generation=F("generation") + 1)

    def _walk(self, walk: Callable[[], int], places: int) -> None:
        seen = 0
        while seen < places:
            seen += walk()

    def _try(self, rig: Rig, names: Names, rounds: int) -> None:
        with in_workspace(WORKSPACE):
            viewer = viewer_of(WORKSPACE, "system")
        for _ in range(rounds):
            for name, values in TRIALS.items():
                query = str(values["query"]).format(common=names.types[0], rare=names.rare_type)
                rule = AlertRule(workspace_id=WORKSPACE, owner_id="system", **{**values, "query": query})
                started = time.perf_counter()
                with in_workspace(WORKSPACE):
                    self.found[name] = try_rule(rule, viewer)
                self.trials.setdefault(name, []).append(time.perf_counter() - started)

    def markdown(self) -> str:
        """Both tables."""
        rows = [
            f"| {name} | {self._rate(name):,.0f} | {self._rate(name, of_processor=True):,.0f} | {self._series(name).python_share:.0%} |"
            for name in WALKS
        ]
        head = f"| {RULES} rules, {self.candidates:.1f} candidates an event | events a second | a second of processor | Python's share |\n|---|---:|---:|---:|\n"
        trials = [
            f"| {name} | {median(seconds):.2f} | {self.found[name].events:,}{' (cut)' if self.found[name].is_cut else ''} | "
            f"{len(self.found[name].fired):,} |"
            for name, seconds in self.trials.items()
        ]
        second = f"| a trial on 30 days, {self.size:,} events in the workspace | s | events | firings |\n|---|---:|---:|---:|\n"
        return head + "\n".join(rows) + "\n\n" + second + "\n".join(trials)

    def as_value(self) -> dict[str, Any]:
        return {
            "events": self.size,
            "candidates": round(self.candidates, 2),
            "fired": self.fired,
            "events_a_second": {name: round(self._rate(name)) for name in WALKS},
            "events_a_second_of_processor": {name: round(self._rate(name, of_processor=True)) for name in WALKS},
            "goal": GOAL,
            "trials": {name: [round(one, 3) for one in seconds] for name, seconds in self.trials.items()},
        }

    def _series(self, name: str) -> Series:
        return next(iter(self.timings.series[name].values()))

    def _rate(self, name: str, *, of_processor: bool = False) -> float:
        """Events a second, by the clock or by what processors were busy for, which a machine with other work does not change."""
        places, series = next(iter(self.timings.series[name])), self._series(name)
        return places / (median(series.python) + median(series.postgres) if of_processor else series.seconds)


COUNT = "SELECT count(*) FROM leaf WHERE workspace_id = 1"
# The heads of a filled dataset know of no leaf.
SIZES = "UPDATE tree_head AS h SET size = (SELECT count(*) FROM leaf AS l WHERE l.workspace_id = h.workspace_id)"


def walk_bare() -> int:
    """One batch of the log, read and stepped over."""
    with in_workspace(WORKSPACE):
        reading = AlertReading.objects.select_for_update().get(workspace_id=WORKSPACE)
        ahead = read_forward(WORKSPACE, reading.reader_name, BATCH)
        move_reader(WORKSPACE, reading.reader_name, start=ahead.start, end=ahead.end)
        return len(ahead.events)


def walk_opened() -> int:
    """The same, each event opened as readers do who look into it."""
    with in_workspace(WORKSPACE):
        reading = AlertReading.objects.select_for_update().get(workspace_id=WORKSPACE)
        ahead = read_forward(WORKSPACE, reading.reader_name, BATCH)
        stored = [(one.stored, one.stored.parsed()) for one in ahead.events if one.stored]
        kinds = known_types(WORKSPACE, {said["type"] for _, said in stored})
        everything = Viewer(WORKSPACE, sees_all=True, sees_personal=True)
        for event, said in stored:
            open_row(event, said, kinds[said["type"]], everything)
        move_reader(WORKSPACE, reading.reader_name, start=ahead.start, end=ahead.end)
        return len(ahead.events)


def walk_rules() -> int:
    """The whole reader, with what fires."""
    return evaluate_batch(WORKSPACE, limit=BATCH)


WALKS: dict[str, Callable[[], int]] = {
    "the bare walk of the log": walk_bare,
    "the walk, each event opened": walk_opened,
    "the reader of alerts": walk_rules,
}
