"""SIGKILL to the web's workers in the middle of requests, while clients post events under idempotency keys.

The promise: what was acknowledged is there, once, and what was not acknowledged is settled by sending it again.
The twin: a web that answers first and commits later.
"""

import os
import random
import signal
import time
from contextlib import suppress

from tests.torture.log_check import check_log, wait_until_sealed
from tests.torture.outcome import Outcome, Plan
from tests.torture.rig import children_of, installed
from tests.torture.senders import check_acknowledged, deliver_while

WORKSPACE = 1
ANSWERS_EARLY = "tests.torture.twins:answer_early"


def run(plan: Plan) -> Outcome:
    """Kill workers of the web again and again under load."""
    application = ANSWERS_EARLY if plan.twin else "settings.wsgi"
    with installed() as rig, rig.running(rig.worker()) as worker, rig.web(application) as (web, port):
        token = rig.make_token(WORKSPACE)

        def crash(choice: random.Random) -> None:
            time.sleep(choice.uniform(0.1, 1.5))
            assert web.process is not None
            if workers := children_of(web.process.pid):
                with suppress(ProcessLookupError):
                    os.kill(choice.choice(sorted(workers)), signal.SIGKILL)

        told = deliver_while(crash, plan, port=port, token=token)
        outcome = Outcome(counts={"kills": plan.kills, "writers": plan.writers})
        time.sleep(2 * plan.twin)  # what a broken web still has in hand may come yet
        check_acknowledged(rig, outcome, told, workspace_id=WORKSPACE)
        wait_until_sealed(rig, worker)
        check_log(rig, outcome, seed=plan.seed)
        return outcome
