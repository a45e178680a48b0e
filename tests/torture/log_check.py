"""What must hold of the log after any scenario: every event has one leaf, no gaps, and all that was signed still stands."""

import random
from itertools import combinations, pairwise
from typing import Any

from auditapp.management.process_group import Program
from auditapp.merkle import (
    Checkpoint,
    NoteInvalid,
    ProofInvalid,
    StoredTree,
    Verifier,
    node_hash,
    open_note,
    verify_consistency,
)
from auditapp.sealing.models import TreeHead
from auditapp.sealing.verification import verify_workspace
from tests.torture.outcome import Outcome
from tests.torture.rig import Rig, wait_for

FEW = 50
PAIRS = 1_000

WITHOUT_LEAF = """
SELECT count(*) FROM event AS e
WHERE NOT EXISTS (SELECT FROM leaf AS l WHERE (l.workspace_id, l.event_id, l.occurred_at, l.hash) = (e.workspace_id, e.id, e.occurred_at, e.leaf_hash))
"""
WITHOUT_EVENT = """
SELECT count(*) FROM leaf AS l WHERE NOT EXISTS (SELECT FROM event AS e WHERE (e.workspace_id, e.id) = (l.workspace_id, l.event_id))
"""
DOUBLED = "SELECT count(*) - count(DISTINCT (workspace_id, event_id)) FROM leaf"
GAPS = """
SELECT coalesce(sum(abs(index - place)), 0)
FROM (SELECT index, row_number() OVER (PARTITION BY workspace_id ORDER BY index) - 1 AS place FROM leaf) AS numbered
"""


def wait_until_sealed(rig: Rig, worker: Program | None = None, *, patience_s: float = 60) -> None:
    """Wait until nothing waits for its leaf.

    Raises:  RigFailed, also when the worker ends meanwhile
    """

    def is_empty() -> bool:
        return not rig.ask("SELECT FROM pending LIMIT 1")

    log = rig.log_of(worker) if worker else None
    wait_for(is_empty, "all events are sealed", worker, log, patience_s=patience_s)


def check_log(rig: Rig, outcome: Outcome, *, seed: int) -> None:
    """Add the promises of the log, and what verifying it finds."""
    outcome.counts["events"] = rig.ask("SELECT count(*) FROM event")[0][0]
    outcome.counts["leaves"] = rig.ask("SELECT count(*) FROM leaf")[0][0]
    outcome.promise("every event has its leaf", rig.ask(WITHOUT_LEAF)[0][0])
    outcome.promise("every leaf has its event", rig.ask(WITHOUT_EVENT)[0][0])
    outcome.promise("no event has two leaves", rig.ask(DOUBLED)[0][0])
    outcome.promise("indices have no gaps", int(rig.ask(GAPS)[0][0]))
    outcome.promise("every signed checkpoint is consistent with all others", _inconsistent(rig, outcome, seed))
    with rig.in_django("worker"):
        workspaces = list(TreeHead.objects.values_list("workspace_id", flat=True))
        reports = [verify_workspace(workspace_id) for workspace_id in workspaces]
    outcome.promise("verify finds nothing wrong", sum(report.problem_count for report in reports))


def _inconsistent(rig: Rig, outcome: Outcome, seed: int) -> int:
    """How many checkpoints nobody signed, and how many pairs do not agree."""
    verifiers = [Verifier.parse(vkey) for (vkey,) in rig.ask("SELECT vkey FROM seal_key")]
    found = 0
    outcome.counts["checkpoints"] = outcome.counts["checkpoint pairs"] = 0
    for (workspace_id,) in rig.ask("SELECT DISTINCT workspace_id FROM checkpoint"):
        signed = []
        for (note,) in rig.ask("SELECT note FROM checkpoint WHERE workspace_id = %s ORDER BY size", workspace_id):
            try:
                signed.append(Checkpoint.parse(open_note(note, verifiers)))
            except NoteInvalid:
                found += 1
        pairs = _pairs(signed, random.Random(seed))
        tree = _tree(rig, workspace_id)
        found += sum(not _agree(old, new, tree) for old, new in pairs)
        outcome.counts["checkpoints"] += len(signed)
        outcome.counts["checkpoint pairs"] += len(pairs)
    return found


def _pairs(signed: list[Checkpoint], choice: random.Random) -> list[tuple[Checkpoint, ...]]:
    """Each with each where there are few; else all neighbours and a sample of the others."""
    if len(signed) <= FEW:
        return list(combinations(signed, 2))
    places = [sorted(choice.sample(range(len(signed)), 2)) for _ in range(PAIRS)]
    return [*pairwise(signed), *(tuple(signed[place] for place in pair) for pair in places)]


def _tree(rig: Rig, workspace_id: int) -> StoredTree:
    """The tree over the stored leaves, computed without the stored nodes."""
    hashes = [
        bytes(h) for (h,) in rig.ask("SELECT hash FROM leaf WHERE workspace_id = %s ORDER BY index", workspace_id)
    ]
    levels: dict[int, list[bytes]] = {0: hashes}
    for level in range(1, 25):
        below = levels[level - 1]
        levels[level] = [node_hash(left, right) for left, right in zip(below[::2], below[1::2], strict=False)]

    def nodes(level: int, start: int, end: int) -> list[bytes]:
        return levels[level][start:end]

    return StoredTree(lambda start, end: hashes[start:end], nodes)


def _agree(old: Checkpoint, new: Checkpoint, tree: Any) -> bool:
    try:
        verify_consistency(old.size, new.size, old.root, new.root, tree.consistency(old.size, new.size))
    except (ProofInvalid, LookupError):
        return False
    return True
