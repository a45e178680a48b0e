"""SIGKILL to every process of PostgreSQL at random moments, while clients post events under idempotency keys.

The promise: what was acknowledged is there, once, and the log verifies; and the worker, which lost its database, still ends when it is
told to. The twin: `synchronous_commit = off`, which
acknowledges what is not on disk yet. The operating system stays up: this is a crash, not a loss of power.
"""

import random
import time

from tests.torture.log_check import check_log, wait_until_sealed
from tests.torture.outcome import Outcome, Plan
from tests.torture.rig import Rig, installed, kill_cluster
from tests.torture.senders import check_acknowledged, deliver_while

WORKSPACE = 1
# The application refuses to start over such a server, but cannot keep anybody from changing it later. At its longest interval
# the writer of the log leaves most commits in memory.
FORGETFUL = {"synchronous_commit": "off", "wal_writer_delay": "10s", "wal_writer_flush_after": "64MB"}


def run(plan: Plan) -> Outcome:
    """Crash the cluster again and again under load."""
    with installed() as rig:
        with rig.kept_running(rig.worker()) as worker, rig.web() as (_, port):
            outcome = _crash_again_and_again(rig, plan, port)
        assert worker.process is not None
        outcome.promise("the worker ends when it is told to", int(worker.process.returncode != 0))
        return outcome


def _crash_again_and_again(rig: Rig, plan: Plan, port: int) -> Outcome:
    token = rig.make_token(WORKSPACE)
    if plan.twin:
        _make_forgetful(rig)
    down_s: list[float] = []

    def crash(choice: random.Random) -> None:
        time.sleep(choice.uniform(0.5, 2.5))
        kill_cluster(rig.server)
        killed_at = time.monotonic()
        rig.server.restart_if_down()
        down_s.append(time.monotonic() - killed_at)

    told = deliver_while(crash, plan, port=port, token=token)
    outcome = Outcome(counts={"kills": plan.kills, "writers": plan.writers})
    outcome.counts["longest recovery, s"] = round(max(down_s, default=0), 2)
    check_acknowledged(rig, outcome, told, workspace_id=WORKSPACE)
    wait_until_sealed(rig)
    check_log(rig, outcome, seed=plan.seed)
    return outcome


def _make_forgetful(rig: Rig) -> None:
    with rig.connect("superuser", autocommit=True) as connection:
        for name, value in FORGETFUL.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        connection.execute("SELECT pg_reload_conf()")
