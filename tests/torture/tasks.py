"""SIGKILL to workers between and within the steps of their tasks, from outside at any moment and at the very places of the engine.

The promise: every task ends, no completed step runs again, an interrupted one runs again under its key, each attempt is counted, and the
trail tells of each that failed. Some tasks kill every worker themselves: after six of them they have failed for good.
The twin: a worker that begins each attempt with the first step.
"""

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import kill as send_signal
from pathlib import Path
from signal import SIGKILL
from typing import Any

from django.test import override_settings

from auditapp.tasks import kinds
from auditapp.tasks.services import start_task
from settings.paths import BASE_DIR
from tests.factories import Cast, acting_as, make_cast
from tests.torture.outcome import Outcome, Plan
from tests.torture.rig import Rig, RigFailed, installed
from tests.torture.task_judge import Began, Wrote, judge
from tests.torture.task_worker import KIND, PLACES, register

WORKSPACES = 4
LIVE_AT_ONCE = 12
MOST_STEPS = 4
DEADLY = 3  # tasks that kill whoever takes them up
LONGEST_STEP_S = 0.03
LONGEST_LIFE_S = 0.15  # from its first task on
IDLE_S = 10.0
PATIENCE_S = 120
TABLES = """
CREATE TABLE torture_began (seq bigserial PRIMARY KEY, task text, attempt int, fence bigint, position int, name text, key text, pid int,
    was_done bool, is_late bool);
CREATE TABLE torture_took (pid int, task text, fence bigint);
CREATE TABLE torture_wrote (fence bigint, real bigint);
GRANT SELECT, INSERT ON torture_began, torture_took, torture_wrote TO audit_worker;
GRANT USAGE ON SEQUENCE torture_began_seq_seq TO audit_worker;
"""
LIVE = "SELECT count(*) FROM task WHERE state IN ('waiting', 'running')"
TOOK = "SELECT count(*) FROM torture_took WHERE pid = %s"
HAS_IN_HAND = """
SELECT count(*) FROM torture_took AS k JOIN task AS t ON t.id = k.task AND t.fence = k.fence AND t.state = 'running' WHERE k.pid = %s
"""
# Whether a worker was within a step when it ended: begun under the present fence and attempt, and not completed.
WITHIN = """
SELECT count(*) FROM torture_began AS b JOIN task AS t ON t.id = b.task AND t.fence = b.fence AND t.state = 'running'
JOIN task_step AS s ON s.workspace_id = t.workspace_id AND s.task_id = t.id AND s.position = b.position AND s.completed_at IS NULL
JOIN task_attempt AS a ON a.workspace_id = t.workspace_id AND a.task_id = t.id AND a.number = b.attempt AND a.state = 'running'
WHERE b.pid = %s
"""
BEGAN = "SELECT task, attempt, fence, position, name, key, was_done, is_late FROM torture_began ORDER BY seq"
SUMS = """
SELECT count(*), count(*) FILTER (WHERE state = 'done'), count(*) FILTER (WHERE state = 'failed'),
    (SELECT count(*) FROM task_attempt), (SELECT count(*) FROM task_attempt WHERE state = 'interrupted'),
    (SELECT count(*) FROM task_attempt WHERE state = 'failed') FROM task
"""


@dataclass(slots=True)
class Life:
    """A worker process: where it is to kill itself, how long it may live with work to do, and until when."""

    pid: int
    place: str
    life_s: float
    until: float
    has_begun: bool = False

    def begin(self) -> None:
        """It has something to do: its time runs."""
        self.has_begun, self.until = True, time.monotonic() + self.life_s

    @property
    def is_over(self) -> bool:
        # Nobody waits for them while the scenario runs: no other process can have their number.
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] in {"Z", "X"}


@dataclass(slots=True)
class Nursery:
    """The process that forks workers, and those that live."""

    process: "subprocess.Popen[str]"
    choice: random.Random
    lives: list[Life] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)

    def bear(self, *, is_calm: bool = False) -> None:
        """Start one more worker, with its death chosen; a calm one dies of the tasks that kill alone."""
        place = "" if is_calm or self.choice.random() < 0.5 else self.choice.choice(PLACES)
        life_s = PATIENCE_S if is_calm else IDLE_S if place else self.choice.uniform(0, LONGEST_LIFE_S)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{place} {self.choice.randint(1, 6)}\n")
        self.process.stdin.flush()
        pid = int(self.process.stdout.readline())
        self.lives.append(Life(pid, place, life_s, time.monotonic() + max(life_s, IDLE_S)))

    def reap(self, rig: Rig, ask: Callable[..., int]) -> int:
        """Kill those whose time is over; gives how many ended that had something in hand, told apart in `ends`."""
        kills = 0
        for life in list(self.lives):
            is_own = life.is_over
            if not is_own and not life.has_begun and ask(TOOK, life.pid):
                life.begin()
            if not is_own and time.monotonic() < life.until:
                continue
            had_work = is_own or ask(HAS_IN_HAND, life.pid) > 0
            if not is_own:
                send_signal(life.pid, SIGKILL)
                while not life.is_over:
                    time.sleep(0.001)
            self.lives.remove(life)
            if had_work:
                kills += 1
                self.ends["kills within a step" if ask(WITHIN, life.pid) else "kills between steps"] += 1
                self.ends["kills at a place of the engine"] += is_own
        return kills

    def end(self) -> None:
        """Kill all that still live."""
        for life in self.lives:
            send_signal(life.pid, SIGKILL)


def run(plan: Plan) -> Outcome:
    """Keep workers at work and kill one after the other, then let calm ones finish."""
    choice = random.Random(plan.seed)
    outcome = Outcome()
    before = kinds._kinds
    with installed() as rig, override_settings(DATA_DIR=rig.server.home / "data"), _asking(rig) as ask:
        register()
        try:
            with rig.in_django("app"):
                casts = [make_cast(slug=f"torture-{number}") for number in range(WORKSPACES)]
            with rig.connect("superuser") as superuser:
                superuser.execute(TABLES)
            _play(rig, ask, plan, casts, choice, outcome)
            with rig.in_django("worker"):
                began = [Began(*row) for row in rig.ask(BEGAN)]
                wrote = [Wrote(*row) for row in rig.ask("SELECT fence, real FROM torture_wrote")]
                judge(outcome, [cast.workspace for cast in casts], began, wrote)
        finally:
            kinds._kinds = before
        outcome.counts |= {"steps begun": len(began), "writes": len(wrote)}
        names = ("tasks", "done", "failed for good", "attempts", "interrupted attempts", "failed attempts")
        outcome.counts |= dict(zip(names, rig.ask(SUMS)[0], strict=True))
        deadly = rig.ask("SELECT state, attempt FROM task WHERE details ? 'deadly'")
        outcome.counts["tasks that kill every worker"] = len(deadly)
        outcome.promise(
            "a task whose workers are killed six times fails for good", sum(one != ("failed", 6) for one in deadly)
        )
    return outcome


def _play(
    rig: Rig, ask: Callable[..., int], plan: Plan, casts: list[Cast], choice: random.Random, outcome: Outcome
) -> None:
    kills, deadly, most = 0, 0, min(DEADLY, plan.kills // 10)
    with _nursery(rig, plan, choice) as nursery:
        while kills < plan.kills:
            with rig.in_django("app"):
                for _ in range(LIVE_AT_ONCE - ask(LIVE)):
                    is_deadly = deadly < most and kills >= deadly * plan.kills // most
                    _start(choice.choice(casts), choice, deadly=is_deadly)
                    deadly += is_deadly
            while len(nursery.lives) < plan.writers:
                nursery.bear()
            kills += nursery.reap(rig, ask)
            time.sleep(0.005)
        deadline = time.monotonic() + PATIENCE_S
        while ask(LIVE):
            if time.monotonic() > deadline:
                break  # which the judge tells of
            while len(nursery.lives) < plan.writers:
                nursery.bear(is_calm=True)
            kills += nursery.reap(rig, ask)
            time.sleep(0.02)
    outcome.counts |= {"kills": kills, **dict(sorted(nursery.ends.items()))}


def _start(cast: Cast, choice: random.Random, *, deadly: bool) -> None:
    """A task of some steps, of which now and then one fails at first, for good or by killing."""
    steps = choice.randint(1, MOST_STEPS)
    details: dict[str, Any] = {"takes_s": choice.uniform(0, LONGEST_STEP_S), "fails": {}}
    place, chance = choice.randrange(steps), choice.random()
    if deadly:
        details["deadly"] = place
    elif chance < 0.25:
        details["fails"] = {str(place): choice.randint(1, 3)}
    elif chance < 0.3:
        details["permanent"] = place
    with acting_as(cast.olga, cast.workspace):
        key = f"{choice.getrandbits(64):x}"
        start_task(
            kind=KIND,
            key=key,
            subject=cast.warehouse,
            steps=[f"work:{number}" for number in range(steps)],
            details=details,
        )


@contextmanager
def _asking(rig: Rig) -> Iterator[Callable[..., int]]:
    """Ask for a number, over a connection that stays open."""
    with rig.connect("superuser", autocommit=True) as connection:
        yield lambda sql, *values: int(connection.execute(sql, values).fetchone()[0])  # type: ignore[index]


@contextmanager
def _nursery(rig: Rig, plan: Plan, choice: random.Random) -> Iterator[Nursery]:
    command = [sys.executable, "-m", "tests.torture.task_worker", *(["twin"] if plan.twin else [])]
    environment = {**rig.environment, "DATABASE_ROLE": "worker"}
    log = rig.server.home / "workers.log"
    with (
        log.open("ab") as said,
        subprocess.Popen(
            command,
            cwd=BASE_DIR,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        ) as process,
    ):
        nursery = Nursery(process, choice)
        try:
            yield nursery
        except (ValueError, BrokenPipeError) as ended:
            raise RigFailed(log.read_text()[-2_000:]) from ended
        finally:
            nursery.end()
            process.kill()
