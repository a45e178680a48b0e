"""Reads of the seal for pages and API: marks, proofs, checkpoints, and the check of a single event. The caller is in the workspace.

Verifying a whole workspace is in verification.py.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db import connection

from auditapp.lib.errors import NotFound
from auditapp.merkle import NoteInvalid, ProofInvalid, StoredTree, leaf_hash, verify_inclusion
from auditapp.record.binary_rows import binary_rows
from auditapp.record.models import Pending
from auditapp.sealing.checked_event import BY_ID, CheckedEvent
from auditapp.sealing.erasures import Erasures
from auditapp.sealing.event_check import EventChecker, Findings
from auditapp.sealing.keys import known_verifiers
from auditapp.sealing.models import Checkpoint, Leaf, Node, Verification
from auditapp.sealing.problems import Kind, Problem
from auditapp.sealing.tree_check import opened_checkpoint

MARKS = "SELECT event_id, index FROM leaf WHERE workspace_id = %(workspace_id)s AND event_id = ANY(%(ids)b::uuid[])"
# By its primary key. Its own time would not do: an event may be received long after it happened.
WAITING_SINCE = """
SELECT e.received_at FROM (
    SELECT p.occurred_at, p.event_id FROM pending AS p WHERE p.workspace_id = %(workspace_id)s ORDER BY p.n LIMIT 1
) AS first
JOIN event AS e ON e.workspace_id = %(workspace_id)s AND e.occurred_at = first.occurred_at AND e.id = first.event_id
"""


@dataclass(frozen=True, slots=True)
class Proof:
    """That an event is in the log: its leaf, the hashes from there to the root, and the signed note of that root."""

    index: int
    leaf_hash: bytes
    size: int
    root: bytes
    path: Sequence[bytes]
    note: str
    signed_at: datetime


class Outcome(StrEnum):
    """How one step of a check ended."""

    OK = "ok"
    FAILED = "failed"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a check: what was looked at, how it ended, and what is wrong."""

    key: str
    title: str
    outcome: Outcome
    problems: Sequence[Problem] = ()


@dataclass(frozen=True, slots=True)
class EventCheck:
    """What checking one event found, step by step. `erased` says by which event each erased value went."""

    event_id: UUID
    steps: Sequence[Step]
    proof: Proof | None
    erased: dict[str, UUID]

    @property
    def outcome(self) -> Outcome:
        """Failed where any step is; waiting where the event has no signed leaf yet."""
        ended = {step.outcome for step in self.steps}
        return next((outcome for outcome in (Outcome.FAILED, Outcome.WAITING) if outcome in ended), Outcome.OK)


def seal_marks(workspace_id: int, event_ids: Iterable[UUID]) -> dict[UUID, int]:
    """The leaf index of each of these events; those that wait for their seal are absent."""
    return dict(binary_rows(MARKS, {"workspace_id": workspace_id, "ids": list(event_ids)}))


def latest_checkpoint(workspace_id: int) -> Checkpoint | None:
    """The newest signed root; None where nothing is sealed yet."""
    return Checkpoint.objects.filter(workspace_id=workspace_id).order_by("-size").first()


def waiting_count(workspace_id: int) -> int:
    """How many events wait for their seal."""
    return Pending.objects.filter(workspace_id=workspace_id).count()


def waiting_since(workspace_id: int) -> datetime | None:
    """When the event that waits longest for its seal was received; None where none waits."""
    with connection.cursor() as cursor:
        row = cursor.execute(WAITING_SINCE, {"workspace_id": workspace_id}).fetchone()
    return row[0] if row else None


def last_verification(workspace_id: int) -> Verification | None:
    """What the last verification of the workspace found; None where there was none."""
    return Verification.objects.filter(workspace_id=workspace_id).order_by("-finished_at").first()


def proof_for(workspace_id: int, event_id: UUID) -> Proof | None:
    """The proof that this event is in the log, up to the newest checkpoint; None where it is not sealed yet.

    Raises:  HashesMissing, when the stored tree was damaged
    """
    leaf = Leaf.objects.filter(workspace_id=workspace_id, event_id=event_id).first()
    checkpoint = latest_checkpoint(workspace_id) if leaf else None
    if leaf is None or checkpoint is None or checkpoint.size <= leaf.index:
        return None
    path = stored_tree(workspace_id).inclusion(leaf.index, checkpoint.size)
    return Proof(
        leaf.index,
        bytes(leaf.hash),
        checkpoint.size,
        bytes(checkpoint.root),
        path,
        checkpoint.note,
        checkpoint.created_at,
    )


def stored_tree(workspace_id: int) -> StoredTree:
    """The workspace's tree, which proves for any size that it ever had."""

    def leaves(start: int, end: int) -> list[bytes]:
        rows = Leaf.objects.filter(workspace_id=workspace_id, index__gte=start, index__lt=end).order_by("index")
        return [bytes(hash_) for hash_ in rows.values_list("hash", flat=True)]

    def nodes(level: int, start: int, end: int) -> list[bytes]:
        rows = Node.objects.filter(workspace_id=workspace_id, level=level, index__gte=start, index__lt=end).order_by(
            "index"
        )
        return [bytes(hash_) for hash_ in rows.values_list("hash", flat=True)]

    return StoredTree(leaves, nodes)


def check_event(workspace_id: int, event_id: UUID) -> EventCheck:
    """Check one event as an auditor would: its bytes, columns and values, its way to the root, and the signature of that root.

    Raises:  NotFound
    """
    row = next(iter(binary_rows(BY_ID, [workspace_id, event_id])), None)
    if row is None:
        raise NotFound
    event = CheckedEvent._make(row)
    leaf = Leaf.objects.filter(workspace_id=workspace_id, event_id=event_id).first()
    found = EventChecker(workspace_id, Erasures(workspace_id).find).check(
        event, leaf=bytes(leaf.hash) if leaf else event.leaf_hash, index=leaf.index if leaf else None
    )
    proof, proving = _prove(workspace_id, event)
    return EventCheck(event_id, [*_stored_steps(found), *proving], proof, found.erased)


def _stored_steps(found: Findings) -> list[Step]:
    kinds = {
        "bytes": ("The stored bytes have the hash that was sealed", (Kind.ENVELOPE, Kind.LEAF)),
        "columns": ("What is shown and searched is what the bytes say", (Kind.COLUMN,)),
        "values": ("Every value is the one that was sealed, or was erased on record", (Kind.VALUE, Kind.MISSING_VALUE)),
    }
    steps = []
    for key, (title, of_step) in kinds.items():
        problems = [problem for problem in found.problems if problem.kind in of_step]
        steps.append(Step(key, title, Outcome.FAILED if problems else Outcome.OK, problems))
    return steps


def _prove(workspace_id: int, event: CheckedEvent) -> tuple[Proof | None, list[Step]]:
    inclusion, signature = (
        "The leaf is in the tree below the signed root",
        "The root is signed by this installation's key",
    )
    try:
        proof = proof_for(workspace_id, event.id)
    except LookupError as error:
        return None, [
            _failed("inclusion", inclusion, Kind.TREE, str(error)),
            Step("signature", signature, Outcome.WAITING),
        ]
    if proof is None:
        return None, [Step("inclusion", inclusion, Outcome.WAITING), Step("signature", signature, Outcome.WAITING)]
    steps = [Step("inclusion", inclusion, Outcome.OK), Step("signature", signature, Outcome.OK)]
    try:
        verify_inclusion(leaf_hash(event.envelope), proof.index, proof.size, proof.path, proof.root)
    except ProofInvalid as error:
        steps[0] = _failed("inclusion", inclusion, Kind.TREE, str(error))
    try:
        signed = opened_checkpoint(proof.note, known_verifiers(), workspace_id)
        if (signed.size, signed.root) != (proof.size, proof.root):
            raise NoteInvalid("another root was signed")
    except NoteInvalid as error:
        steps[1] = _failed("signature", signature, Kind.CHECKPOINT, str(error))
    return proof, steps


def _failed(key: str, title: str, kind: Kind, message: str) -> Step:
    return Step(key, title, Outcome.FAILED, [Problem(kind, message)])
