"""`make torture`: runs scenarios under a seed, writes what came of each to torture-results/, exit code 1 on a broken promise.

With --twin each scenario runs with its broken twin, and it is a failure when the twin is not caught.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace

import django

from settings.paths import BASE_DIR
from tests.torture.outcome import Outcome, Plan, write_result

RESULTS = BASE_DIR / "torture-results"
# Bounded: about one to three minutes each. The README names the longer runs.
PLANS = {
    "access_races": Plan(writers=1, events=10),
    "commit_order": Plan(writers=64, events=20_000),
    "crash_postgres": Plan(writers=8, events=1_000, kills=20),
    "crash_web": Plan(writers=8, events=1_000, kills=50),
    "crash_worker": Plan(writers=2, events=10_000, kills=20),
    "delivery": Plan(writers=2, events=200_000, kills=50),
    "export_kill": Plan(writers=1, events=60_000, kills=12),
    "failures": Plan(events=10_000, kills=5),
    "idempotency": Plan(writers=50, events=200),
    "fuzz": Plan(writers=4, events=100_000),
    "main_job": Plan(writers=1, events=500),
    "reverts": Plan(writers=1, events=1_000),
    "segment_fuzz": Plan(writers=4, events=100_000),
    "way_back": Plan(writers=1, events=60),
    "tasks": Plan(writers=2, events=0, kills=200),
}


def main() -> int:
    asked = _arguments()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.testing")
    django.setup()
    return max([_run(name, _plan(name, asked)) for name in asked.scenario or PLANS])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make torture", description=__doc__)
    parser.add_argument("scenario", nargs="*", help=f"one or more of {', '.join(PLANS)}; by default all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--twin", action="store_true", help="run the broken twins: each must be caught")
    for number in ("writers", "events", "kills"):
        parser.add_argument(f"--{number}", type=int)
    asked = parser.parse_args()
    if unknown := set(asked.scenario) - PLANS.keys():
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    return asked


def _plan(name: str, asked: argparse.Namespace) -> Plan:
    numbers = {key: getattr(asked, key) for key in ("writers", "events", "kills") if getattr(asked, key) is not None}
    return replace(PLANS[name], seed=asked.seed, twin=asked.twin, **numbers)


def _run(name: str, plan: Plan) -> int:
    started = time.monotonic()
    outcome = _scenario(name)(plan)
    has_passed = outcome.is_kept is not plan.twin
    result = {
        "scenario": name,
        "seed": plan.seed,
        "plan": asdict(plan),
        "seconds": round(time.monotonic() - started, 1),
        "counts": outcome.counts,
        "promises": outcome.promises,
        "verdict": "kept" if outcome.is_kept else "broken",
    }
    file = write_result(RESULTS, f"{name}{'.twin' * plan.twin}-{plan.seed}", result)
    _tell(name, plan, outcome, has_passed, file.relative_to(BASE_DIR).as_posix())
    return 0 if has_passed else 1


def _scenario(name: str) -> Callable[[Plan], Outcome]:
    # After django.setup(): the scenarios import what reads tables.
    from importlib import import_module

    run: Callable[[Plan], Outcome] = import_module(f"tests.torture.{name}").run
    return run


def _tell(name: str, plan: Plan, outcome: Outcome, has_passed: bool, file: str) -> None:
    verdicts = ("TWIN NOT CAUGHT", "twin caught") if plan.twin else ("BROKEN", "kept")
    lines = [f"{name} (seed {plan.seed}): {verdicts[has_passed]}; {file}"]
    lines += [f"    {number:>12,}  {counted}" for counted, number in outcome.counts.items()]
    lines += [f"    broken: {promise}" for promise in outcome.broken]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
