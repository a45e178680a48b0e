"""Many sends of the same key at the same moment, some with another body.

The promise: one event a key; every sender of its body learns the same id, every other body is refused with 409.
The twin: clients that look whether the event is there and send it, without a key, where it is not.
"""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException

from tests.torture.log_check import check_log, wait_until_sealed
from tests.torture.outcome import Outcome, Plan
from tests.torture.rig import Rig, installed
from tests.torture.senders import STORED, Client, make_event

WORKSPACE = 1
OTHER_BODY = 0.2

Answer = tuple[str, str, int, str | None]  # marker, reason sent, status, id


def run(plan: Plan) -> Outcome:
    """Send each key from all writers at once."""
    with installed() as rig, rig.running(rig.worker()) as worker, rig.web() as (_, port):
        token = rig.make_token(WORKSPACE)
        start = threading.Barrier(plan.writers)
        with ThreadPoolExecutor(plan.writers) as threads:
            senders = [threads.submit(_send, Client(port, token), start, plan, n) for n in range(plan.writers)]
            answers = [answer for sender in senders for answer in sender.result()]
        outcome = Outcome(counts={"keys": plan.events, "sends": len(answers)})
        _judge(rig, outcome, plan, answers)
        wait_until_sealed(rig, worker)
        check_log(rig, outcome, seed=plan.seed)
        return outcome


def _send(client: Client, start: threading.Barrier, plan: Plan, number: int) -> list[Answer]:
    choice = random.Random(f"{plan.seed}-{number}")
    answers: list[Answer] = []
    for key in range(plan.events):
        marker = f"key-{key}"
        reason = "another" if choice.random() < OTHER_BODY and not plan.twin else "same"
        start.wait()
        try:
            if plan.twin and client.is_known(marker):
                answers.append((marker, reason, 200, None))
                continue
            status, answer = client.post(make_event(marker, meta={"reason": reason}), None if plan.twin else marker)
        except (OSError, HTTPException, ValueError):
            answers.append((marker, reason, 0, None))
            continue
        answers.append((marker, reason, status, answer["data"]["id"] if status in (200, 201) else None))
    client.close()
    return answers


def _judge(rig: Rig, outcome: Outcome, plan: Plan, answers: list[Answer]) -> None:
    stored = Counter(marker for marker, _ in rig.ask(STORED, WORKSPACE))
    outcome.counts["stored"] = stored.total()
    outcome.counts |= {f"answers: {status}": n for status, n in sorted(Counter(a[2] for a in answers).items())}
    outcome.promise("every key is one event", sum(abs(stored[f"key-{key}"] - 1) for key in range(plan.events)))
    outcome.promise("every send is answered with 200, 201 or 409", sum(a[2] not in (200, 201, 409) for a in answers))
    if plan.twin:
        return
    told: dict[str, set[str | None]] = {}
    taken: dict[str, set[str]] = {}
    refused: dict[str, set[str]] = {}
    for marker, reason, status, event_id in answers:
        if status in (200, 201):
            told.setdefault(marker, set()).add(event_id)
            taken.setdefault(marker, set()).add(reason)
        elif status == 409:
            refused.setdefault(marker, set()).add(reason)
    outcome.promise("all senders of a key learn the same id", sum(len(ids) - 1 for ids in told.values()))
    outcome.promise("one body of a key is taken", sum(len(reasons) - 1 for reasons in taken.values()))
    both = sum(bool(taken[marker] & refused.get(marker, set())) for marker in taken)
    outcome.promise("the body that is taken is never refused", both)
    created = Counter(marker for marker, _, status, _ in answers if status == 201)
    outcome.promise("one sender alone is told that it was first", sum(abs(n - 1) for n in created.values()))
