"""Transactions that stay open, commit in any order and roll back, while sealers and readers follow.

The promise: whatever commits gets exactly one leaf, and a reader of leaves sees each event once, in their order.
The twin: a reader of events by `id > last`, which never sees what commits late.
"""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection as django_connection

from auditapp.management.process_group import Program
from auditapp.sealing.readers import move_reader, read_forward
from tests.torture.events import insert_events, make_draft
from tests.torture.log_check import check_log, wait_until_sealed
from tests.torture.outcome import Outcome, Plan
from tests.torture.rig import Rig, installed

WORKSPACES = (1, 2, 3)
LONGEST_OPEN_S = 2.0
STAYS_OPEN, ROLLS_BACK = 0.1, 0.15
MOST_EVENTS = 5
NAME = "torture"
READ_LIMIT = 200
POLL_S = 0.05

BY_ID = "SELECT id FROM event WHERE workspace_id = %s AND id > %s ORDER BY id LIMIT %s"


@dataclass(slots=True)
class Reader:
    """Follows one workspace until it is told to stop and has read all there is."""

    workspace_id: int
    by_id: bool
    seen: list[UUID] = field(default_factory=list)

    def follow(self, stop: threading.Event) -> None:
        try:
            is_last_turn = False
            while not is_last_turn:
                is_last_turn = stop.is_set()
                while new := self._next():
                    self.seen += new
                time.sleep(POLL_S)
        finally:
            django_connection.close()

    def _next(self) -> list[UUID]:
        if self.by_id:
            last = self.seen[-1] if self.seen else UUID(int=0)
            with django_connection.cursor() as cursor:
                rows = cursor.execute(BY_ID, [self.workspace_id, last, READ_LIMIT]).fetchall()
            return [event_id for (event_id,) in rows]
        forward = read_forward(self.workspace_id, NAME, READ_LIMIT)
        move_reader(self.workspace_id, NAME, start=forward.start, end=forward.end)
        return [event.event_id for event in forward.events]


def run(plan: Plan) -> Outcome:
    """Let writers commit in disorder and hold what was sealed and read against what was committed."""
    stop = threading.Event()
    with installed(writers=plan.writers) as rig, ExitStack() as programs:
        readers = [Reader(workspace_id, plan.twin) for workspace_id in WORKSPACES]
        workers = [programs.enter_context(rig.running(rig.worker(number))) for number in (1, 2)]
        programs.enter_context(rig.in_django("worker"))
        with ThreadPoolExecutor(plan.writers + len(readers)) as threads:
            _wait_until_sealing(rig, workers[0])
            following = [threads.submit(reader.follow, stop) for reader in readers]
            try:
                shares = [threads.submit(_write, rig, plan, number) for number in range(plan.writers)]
                committed = {id_ for share in shares for id_ in share.result()[0]}
                rolled_back = {id_ for share in shares for id_ in share.result()[1]}
                wait_until_sealed(rig, workers[0])
            finally:
                stop.set()
        for reader in following:
            reader.result()
        return _judge(rig, plan, readers, committed, rolled_back)


def _wait_until_sealing(rig: Rig, worker: Program) -> None:
    """The first event comes back as a leaf: only now is there a sealer that can be too fast."""
    with rig.connect("app") as connection:
        insert_events(connection, [make_draft(WORKSPACES[-1] + 1, "first")])
    wait_until_sealed(rig, worker)


def _write(rig: Rig, plan: Plan, number: int) -> tuple[list[UUID], list[UUID]]:
    """One writer's share of the events; gives the ids that were committed and those that were rolled back."""
    choice = random.Random(f"{plan.seed}-{number}")
    committed: list[UUID] = []
    rolled_back: list[UUID] = []
    with rig.connect("app") as connection:
        while len(committed) < plan.events // plan.writers:
            workspace_id = choice.choice(WORKSPACES)
            drafts = [make_draft(workspace_id, f"w{number}") for _ in range(choice.randint(1, MOST_EVENTS))]
            ids = insert_events(connection, drafts)
            time.sleep(choice.uniform(0, LONGEST_OPEN_S if choice.random() < STAYS_OPEN else LONGEST_OPEN_S / 100))
            if choice.random() < ROLLS_BACK:
                connection.rollback()
                rolled_back += ids
            else:
                connection.commit()
                committed += ids
    return committed, rolled_back


def _judge(rig: Rig, plan: Plan, readers: list[Reader], committed: set[UUID], rolled_back: set[UUID]) -> Outcome:
    outcome = Outcome(counts={"writers": plan.writers, "committed": len(committed), "rolled back": len(rolled_back)})
    check_log(rig, outcome, seed=plan.seed)
    sealed = {
        w: [i for (i,) in rig.ask("SELECT event_id FROM leaf WHERE workspace_id = %s ORDER BY index", w)]
        for w in WORKSPACES
    }
    leaves = [event_id for ids in sealed.values() for event_id in ids]
    outcome.promise("what was committed is sealed, and nothing else", len(committed.symmetric_difference(leaves)))
    seen = [event_id for reader in readers for event_id in reader.seen]
    outcome.counts["seen by readers"] = len(seen)
    outcome.promise("readers miss no event", len(committed.difference(seen)))
    outcome.promise("readers see no event twice", len(seen) - len(set(seen)))
    disorder = sum(reader.seen != sealed[reader.workspace_id] for reader in readers)
    outcome.promise("readers see events in the order of the log", disorder)
    return outcome
