"""SIGKILL to the worker in the middle of sealing, while events are written.

The promise: the next worker goes on where the log stands: no gap, no event in two leaves, and every signed checkpoint is
consistent with all others. The twin: a sealer that commits its leaves and its checkpoint one by one.
"""

import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

from auditapp.management.process_group import Program
from tests.torture.events import insert_events, make_draft
from tests.torture.log_check import check_log, wait_until_sealed
from tests.torture.outcome import Outcome, Plan
from tests.torture.rig import Rig, RigFailed, installed, kill, wait_for

WORKSPACES = (1, 2, 3)
BATCH = 50
# A worker needs a few seconds to start, on a busy machine many; the twin starts faster and is known to stop for good.
PATIENCE_S, PATIENCE_WITH_TWIN_S = 60, 15
LEAVES = "SELECT count(*) FROM leaf"


def run(plan: Plan) -> Outcome:
    """Kill the worker again and again while there is something to seal."""
    choice, enough = random.Random(plan.seed), threading.Event()
    with installed(writers=plan.writers) as rig, ThreadPoolExecutor(plan.writers) as threads:
        worker = _worker(rig, plan)
        writers = [threads.submit(_write, rig, plan, number, enough) for number in range(plan.writers)]
        kills = stalls = 0
        patience_s = PATIENCE_WITH_TWIN_S if plan.twin else PATIENCE_S
        try:
            while kills < plan.kills and not stalls:
                rig.start(worker)
                stalls = not _seals(rig, worker, patience_s)
                time.sleep(choice.uniform(0, 0.4))
                kill(worker)
                kills += 1
        finally:
            enough.set()
        outcome = Outcome(counts={"kills": kills, "written": sum(writer.result() for writer in writers)})
        with rig.running(worker):
            stalls = stalls or not _seals_all(rig, worker, patience_s)
        outcome.promise("sealing goes on after every kill", stalls)
        check_log(rig, outcome, seed=plan.seed)
        return outcome


def _worker(rig: Rig, plan: Plan) -> Program:
    worker = rig.worker()
    return replace(worker, command=[sys.executable, "-m", "tests.torture.twins"]) if plan.twin else worker


def _seals(rig: Rig, worker: Program, patience_s: float) -> bool:
    """Wait until there are new leaves; False where the worker runs and makes none."""
    before = rig.ask(LEAVES)[0][0]
    with suppress(RigFailed):
        wait_for(lambda: rig.ask(LEAVES)[0][0] > before, "the worker seals", worker, patience_s=patience_s)
        return True
    if worker.process is None or worker.process.poll() is not None:
        raise RigFailed(rig.log_of(worker).read_text())
    return False


def _seals_all(rig: Rig, worker: Program, patience_s: float) -> bool:
    with suppress(RigFailed):
        wait_until_sealed(rig, worker, patience_s=patience_s)
        return True
    return False


def _write(rig: Rig, plan: Plan, number: int, enough: threading.Event) -> int:
    """Keep the queue filled: its sealer is hardly ever found idle."""
    choice, written = random.Random(f"{plan.seed}-{number}"), 0
    with rig.connect("app") as connection:
        while not enough.is_set() or written < plan.events // plan.writers:
            workspace_id = choice.choice(WORKSPACES)
            insert_events(connection, [make_draft(workspace_id, f"w{number}") for _ in range(BATCH)])
            connection.commit()
            written += BATCH
            time.sleep(0.05)
    return written
