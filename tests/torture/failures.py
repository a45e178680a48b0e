"""Ten thousand failures in a minute, of many tasks at once, some of which recover; workers are killed meanwhile.

Half of them in a workspace where each failure is told, half in one where the last retry alone is. The promise: every failure fires once,
messages count all of it, a rule speaks at most once in five minutes (here three seconds), and where it is so set only hard failures
speak. The twin: a worker that speaks whenever something fires, and forgets what it held or told.
"""

import itertools
import json
import random
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection
from django.test import override_settings

from auditapp.alerts.hold_setting import notify_after_last_retry
from auditapp.alerts.reader import WAITING
from auditapp.alerts.services import RuleInput, create_alert_rule
from auditapp.lib.loopback import LOOPBACK
from auditapp.management.process_group import Program
from auditapp.record.acting import acting
from auditapp.record.drafts import SYSTEM, Target
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace
from tests.factories import Cast, acting_as, make_cast
from tests.torture.failures_worker import COLLAPSE_S
from tests.torture.outcome import Outcome, Plan
from tests.torture.receiver import Receiver, receiving
from tests.torture.rig import Rig, installed, kill, wait_for

OF, MANY = 6, 10
A_SECOND = 10_000 / 60
AT_ONCE, MOST_OPEN = 20, 60
HARD = 0.2
# Notices and messages that are still to come, and events that nobody has sealed yet.
TO_COME = """
SELECT (SELECT count(*) FROM alert_notice WHERE fixed_at IS NULL) + (SELECT count(*) FROM pending)
    + (SELECT count(*) FROM alert_message WHERE state = 'waiting')
"""
FIRED = "SELECT hold, count(*) FROM alert_firing WHERE workspace_id = %s AND rule_id = %s GROUP BY hold"
SPOKE = "SELECT fixed_at FROM alert_notice WHERE workspace_id = %s AND rule_id = %s ORDER BY fixed_at"


class Ears(Receiver):
    """Remembers what each rule said, once under each id."""

    def __init__(self) -> None:
        super().__init__(chaos={})
        self.heard: dict[str, dict[str, dict[str, Any]]] = {}

    def what_to_do(self, name: str, headers: Mapping[str, str], body: bytes) -> tuple[str, float]:
        said = self.heard.setdefault(name, {})
        before = said.setdefault(headers["webhook-id"], json.loads(body)["data"])
        self.changed += before["firings"] != json.loads(body)["data"]["firings"]
        return "200", 0.0


@dataclass(slots=True)
class Side:
    """A workspace, its rules by name, and what happened in it."""

    cast: Cast
    name: str
    rules: dict[str, str] = field(default_factory=dict)
    failures: int = 0
    hard: int = 0
    recovered: int = 0
    recovered_failures: int = 0


def run(plan: Plan) -> Outcome:
    """Let tasks fail in both workspaces, kill workers, and count what was said."""
    with installed(writers=4) as rig, receiving(Ears()) as ears, rig.in_django("app"):
        here = {"DATA_DIR": rig.server.home / "data", "OUTBOUND_ALLOWED_NETWORKS": [f"{LOOPBACK}/32"]}
        with override_settings(**here):
            sides = [_side("loud", ears, is_quiet=False), _side("quiet", ears, is_quiet=True)]
        worker = _worker(rig, plan)
        with rig.running(worker), ThreadPoolExecutor(len(sides)) as threads:
            wait_for(lambda: not rig.ask(TO_COME)[0][0], "the worker is up", worker, rig.log_of(worker))
            started = time.monotonic()
            failing = [threads.submit(_fail, plan, side) for side in sides]
            choice = random.Random(plan.seed)
            for _ in range(plan.kills):
                time.sleep(choice.uniform(0.5, 1) * plan.events / A_SECOND / (plan.kills + 1))
                kill(worker)
                rig.start(worker)
            for one in failing:
                one.result()
            seconds = time.monotonic() - started
            wait_for(
                lambda: not rig.ask(TO_COME)[0][0] and not rig.ask(WAITING),
                "all is told",
                log=rig.log_of(worker),
                patience_s=120 + plan.events / 50,
            )
        outcome = Outcome(counts={"kills": plan.kills, "failures a second": round(plan.events / seconds, 1)})
        for side in sides:
            _judge(rig, outcome, ears, side)
        return outcome


def _side(name: str, ears: Ears, *, is_quiet: bool) -> Side:
    side = Side(make_cast(slug=name), name)
    given = {
        "all": {"query": "outcome:failure"},
        "syncs": {"query": "event:warehouse.run_failed"},
        "many": {"query": "outcome:failure", "trigger": "threshold", "threshold": MANY, "window_s": 86_400},
    }
    with acting_as(side.cast.olga, side.cast.workspace):
        for rule, values in given.items():
            url = f"http://{LOOPBACK}:{ears.port}/{name}-{rule}"
            side.rules[rule] = create_alert_rule(RuleInput(name=rule, webhook_url=url, **values))[0].id  # type: ignore[arg-type]
        if is_quiet:
            notify_after_last_retry(is_on=True)
    return side


def _worker(rig: Rig, plan: Plan) -> Program:
    real = rig.worker()
    command = [sys.executable, "-m", "tests.torture.failures_worker", *(["twin"] if plan.twin else [])]
    environment = {**real.environment, "OUTBOUND_ALLOWED_NETWORKS": f"{LOOPBACK}/32"}
    return replace(real, command=command, environment=environment)


def _fail(plan: Plan, side: Side) -> None:
    """Record half of the failures, those of some sixty tasks at a time in any order, at the pace of ten thousand a minute."""
    choice, started = random.Random(f"{plan.seed}-{side.name}"), time.monotonic()
    numbers, wanted = itertools.count(), plan.events // 2
    open_: list[list[int]] = []  # number, attempts so far, attempts that fail
    try:
        while open_ or side.failures < wanted:
            with in_workspace(side.cast.workspace.id), acting(side.cast.workspace.id, SYSTEM):
                for _ in range(AT_ONCE):
                    if side.failures < wanted and len(open_) < MOST_OPEN:
                        is_hard = choice.random() < HARD
                        open_.append([next(numbers), 0, OF if is_hard else choice.randint(1, OF - 1)])
                    if not open_:
                        break
                    task = choice.choice(open_)
                    if _attempt(side, *task):
                        open_.remove(task)
                    task[1] += 1
            time.sleep(max(0.0, started + 2 * side.failures / A_SECOND - time.monotonic()))
    finally:
        connection.close()


def _attempt(side: Side, number: int, before: int, failing: int) -> bool:
    """One more attempt at a task, and whether it was the last."""
    is_failure, is_last = before < failing, before + 1 == OF
    meta: dict[str, Any] = {"attempt": before + 1, "of": OF, "task": f"tsk_{number}"}
    target = Target("warehouse", f"whs_{number % 40}", f"Warehouse {number % 40}")
    if is_failure:
        record(
            "warehouse.run_failed",
            target=target,
            meta={**meta, "final": is_last, "reason": "Refused"},
            outcome="failure",
        )
        side.failures += 1
        side.hard += is_last
        return is_last
    record("warehouse.run_recovered", target=target, meta=meta)
    side.recovered += 1
    side.recovered_failures += failing
    return True


def _judge(rig: Rig, outcome: Outcome, ears: Ears, side: Side) -> None:
    is_quiet, name = side.name == "quiet", side.name
    messages = {rule: list(ears.heard.get(f"{name}-{rule}", {}).values()) for rule in side.rules}
    outcome.counts |= {
        f"{name}: failures": side.failures,
        f"{name}: failed for good": side.hard,
        f"{name}: recovered": side.recovered,
        f"{name}: messages": sum(map(len, messages.values())),
    }
    fired = {rule: dict(rig.ask(FIRED, side.cast.workspace.id, side.rules[rule])) for rule in side.rules}
    spoke = {rule: [at for (at,) in rig.ask(SPOKE, side.cast.workspace.id, side.rules[rule])] for rule in side.rules}
    told = {rule: sum(one["firings"] for one in of_rule) for rule, of_rule in messages.items()}
    counting = side.hard if is_quiet else side.failures
    each = ("all", "syncs")
    outcome.promise(f"each failure fires once: {name}", sum(abs(sum(fired[r].values()) - side.failures) for r in each))
    outcome.promise(f"messages count all that fired: {name}", sum(abs(told[rule] - counting) for rule in each))
    outcome.promise(f"a threshold counts what it should: {name}", abs(told["many"] - counting // MANY))
    early = sum(
        (after - at).total_seconds() < COLLAPSE_S - 0.5
        for ats in spoke.values()
        for at, after in itertools.pairwise(ats)
    )
    outcome.promise(f"a rule speaks at most once in its time: {name}", early)
    closed = sum(one["recovered"] for rule in each for one in messages[rule])
    outcome.promise(
        f"who was told of a failure is told of its recovery: {name}",
        abs(closed - (0 if is_quiet else side.recovered * len(each))),
    )
    if is_quiet:
        ends = {"": side.hard, "failed": side.hard * (OF - 1), "recovered": side.recovered_failures}
        outcome.promise("all that was held ended as its task did", sum(fired[rule] != _some(ends) for rule in each))
        soft = sum(
            not event["meta"]["final"] for of_rule in messages.values() for one in of_rule for event in one["events"]
        )
        outcome.promise("only hard failures speak", soft)
    outcome.promise(f"an id always tells the same: {name}", ears.changed)


def _some(ends: Mapping[str, int]) -> dict[str, int]:
    return {how: count for how, count in ends.items() if count}
