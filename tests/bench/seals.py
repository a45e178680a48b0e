"""Sealing many unequal workspaces, how long an event waits for its seal, and verifying a tree by itself."""

import os
import time
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction

from auditapp.lib import clock
from auditapp.lib.ids import new_event_id
from auditapp.management.process_group import Program
from auditapp.merkle import Checkpoint, Frontier, sign_note
from auditapp.sealing.keys import origin_of, signing_key
from auditapp.sealing.services import seal_batch
from auditapp.sealing.verification import Verdict, verify_tree
from tests.bench.timing import Timings
from tests.torture.rig import Rig

FIRST, WORKSPACES = 3_000, 500
TO_SEAL = 30_000
TREE, CHECKPOINT_EACH = 2_000, 1_000  # the workspace with a large tree
A_SECOND, BATCHES_A_SECOND, SECONDS = 500, 10, 20

# The sealer reads nothing but the queue: rows of it stand for events. Unequal as Zipf's law has it.
QUEUE = """
INSERT INTO pending (workspace_id, occurred_at, event_id, leaf_hash, type, actor_id, scope_id, is_failure)
SELECT %s + floor(power(%s, random()))::bigint, now(), gen_random_uuid(), sha256(n::text::bytea), 'type_' || n %% 120,
       'usr_' || floor(power(3000, random())), CASE WHEN n %% 10 < 7 THEN 'src_' || n %% 200 END, n %% 33 = 0
FROM generate_series(1, %s) AS n
"""
QUEUE_ONE = """
INSERT INTO pending (workspace_id, occurred_at, event_id, leaf_hash, type, actor_id, scope_id, is_failure)
VALUES (%s, now(), %s, %b, 'source.created', 'usr_1', 'src_1', false)
"""
SEALED = "SELECT event_id FROM leaf WHERE workspace_id = ANY(%s) AND event_id = ANY(%s)"


def sealing_worker(rig: Rig) -> Program:
    """A real worker that signs with the bench's own key, as all that is sealed here."""
    worker = rig.worker()
    key = {"SEAL_KEY_FILE": str(rig.server.home / "keys" / "seal.key")}
    return replace(worker, environment={**worker.environment, **key})


@dataclass(slots=True)
class Seals:
    """One installation."""

    rig: Rig
    events: int
    leaves: int = 0

    def seal_many(self, timings: Timings) -> None:
        """One round of sealing what waits in 500 workspaces, counts and signatures included; as the worker."""
        with self.rig.connect("superuser", autocommit=True) as superuser:
            superuser.execute(QUEUE, [FIRST, WORKSPACES, TO_SEAL])

        def seal_all() -> None:
            while seal_batch(limit=1_000):
                pass

        timings.take(f"sealing, {WORKSPACES} workspaces", self.events, seal_all)

    def verify_tree(self, timings: Timings) -> None:
        """One round of verifying a tree with a leaf for each event and a checkpoint for every thousand; as the worker."""

        def verify() -> None:
            report = verify_tree(TREE)
            assert report.verdict is Verdict.OK, report.problems
            self.leaves = report.events

        timings.take("verifying leaves and tree", self.events, verify)

    def grow_tree(self) -> None:
        """Make that tree; as the worker, whose key signs it. Done once."""
        if self.rig.ask("SELECT 1 FROM tree_head WHERE workspace_id = %s", TREE):
            return
        with transaction.atomic():
            signer = signing_key()
        tree, now = Frontier(), clock.now()
        nodes: list[Any] = []
        checkpoints = []
        with self.rig.connect("superuser") as superuser, superuser.cursor() as cursor:
            with cursor.copy("COPY leaf (workspace_id, index, event_id, occurred_at, hash) FROM STDIN") as copy:
                for index in range(self.events):
                    leaf = os.urandom(32)
                    copy.write_row((TREE, index, new_event_id(), now, leaf))
                    nodes += tree.append(leaf)
                    if tree.size % CHECKPOINT_EACH == 0 or tree.size == self.events:
                        signed = Checkpoint(origin_of(signer.verifier.name, TREE), tree.size, tree.root())
                        checkpoints.append((TREE, tree.size, signed.root, sign_note(signed.format(), signer), now))
            cursor.executemany("INSERT INTO node VALUES (%s, %s, %s, %s)", [(TREE, *node) for node in nodes])
            cursor.executemany("INSERT INTO checkpoint VALUES (%s, %s, %s, %s, %s)", checkpoints)
            cursor.execute("INSERT INTO tree_head VALUES (%s, %s, %s::bytea[])", [TREE, tree.size, list(tree.peaks)])

    def wait_for_seals(self) -> list[float]:
        """Seconds from commit until the seal is seen, for each of the batches that 500 events a second make; a real worker seals."""
        waits: list[float] = []
        with (
            self.rig.running(sealing_worker(self.rig)),
            self.rig.connect("superuser", autocommit=True) as writer,
            self.rig.connect("superuser", autocommit=True) as watcher,
        ):
            self._wait_for_one(writer, watcher)
            started, batches, open_ = time.monotonic(), 0, {}
            while open_ or batches < SECONDS * BATCHES_A_SECOND:
                assert time.monotonic() < started + 3 * SECONDS, f"{len(open_)} batches are not sealed"
                if batches < SECONDS * BATCHES_A_SECOND and time.monotonic() >= started + batches / BATCHES_A_SECOND:
                    open_[self._queue(writer, FIRST + batches % 20)] = time.monotonic()
                    batches += 1
                found = watcher.execute(SEALED, [list(range(FIRST, FIRST + 20)), list(open_)]).fetchall()
                waits += [time.monotonic() - open_.pop(event_id) for (event_id,) in found]
                time.sleep(0.005)
        return sorted(waits)

    def _wait_for_one(self, writer: Any, watcher: Any) -> None:
        first, started = self._queue(writer, FIRST), time.monotonic()
        while not watcher.execute(SEALED, [[FIRST], [first]]).fetchall():
            assert time.monotonic() < started + SECONDS, "the worker seals nothing"
            time.sleep(0.05)

    def _queue(self, writer: Any, workspace_id: int) -> Any:
        rows = [(workspace_id, new_event_id(), os.urandom(32)) for _ in range(A_SECOND // BATCHES_A_SECOND)]
        with writer.transaction(), writer.cursor() as cursor:
            cursor.executemany(QUEUE_ONE, rows)
        return rows[-1][1]
