"""Verifies a whole workspace: every event against its leaf, every leaf against the tree, every root against its signature.

It streams: memory does not grow with the log. What is wrong with a single event is decided in event_check.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final
from uuid import UUID

from auditapp.lib import clock
from auditapp.lib.ids import event_key
from auditapp.merkle import Verifier
from auditapp.record.binary_rows import binary_rows
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.checked_event import BY_ID, BY_KEYS, CheckedEvent
from auditapp.sealing.erasures import Erasures
from auditapp.sealing.event_check import EventChecker
from auditapp.sealing.keys import known_verifiers
from auditapp.sealing.models import Verification
from auditapp.sealing.problems import MAX_PROBLEMS, Kind, Problem, Problems
from auditapp.sealing.readers import event_keys
from auditapp.sealing.tree_check import TreeCheck

CHUNK: Final = 2_048
LEAF_CHUNK: Final = 16_384

# Size and peaks as the sealer left them, and the size of the last checkpoint, which it signs in the same transaction.
HEAD: Final = """
SELECT h.size, h.peaks, (SELECT max(size) FROM checkpoint WHERE workspace_id = %(workspace_id)s),
       (SELECT max(index) + 1 FROM leaf WHERE workspace_id = %(workspace_id)s)
FROM (VALUES (1)) AS one (row) LEFT JOIN tree_head AS h ON h.workspace_id = %(workspace_id)s
"""
LEAF_HASHES: Final = """
SELECT index, hash FROM leaf WHERE workspace_id = %s AND index >= %s AND index < %s ORDER BY index LIMIT %s
"""
LEAVES: Final = """
SELECT index, event_id, occurred_at, hash FROM leaf
WHERE workspace_id = %s AND index >= %s AND index < %s ORDER BY index
"""
NEXT_LEAF: Final = "SELECT min(index) FROM leaf WHERE workspace_id = %s AND index >= %s AND index < %s"
# In one statement with the head, so that a sealer at work is not taken for a forger.
BEYOND_HEAD: Final = """
SELECT l.index, l.event_id FROM leaf AS l LEFT JOIN tree_head AS h USING (workspace_id)
WHERE l.workspace_id = %s AND (l.index < 0 OR l.index >= coalesce(h.size, 0)) ORDER BY l.index LIMIT 100
"""
UNSEALED: Final = """
SELECT e.id, e.leaf_hash FROM event AS e WHERE e.workspace_id = %(workspace_id)s
AND NOT EXISTS (SELECT FROM leaf AS l WHERE l.workspace_id = %(workspace_id)s AND l.event_id = e.id AND l.occurred_at = e.occurred_at)
AND NOT EXISTS (SELECT FROM pending AS p WHERE p.workspace_id = %(workspace_id)s AND p.event_id = e.id AND p.occurred_at = e.occurred_at)
ORDER BY e.occurred_at, e.id LIMIT 1000
"""


class Verdict(IntEnum):
    """What a verification comes to; also the exit code of the command."""

    OK = 0
    TAMPERED = 1
    UNDECIDED = 2


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found. `problems` holds the first 1,000 of `problem_count`; `signed_size` is how far signatures reach."""

    workspace_id: int
    events: int
    valid: int
    erased: int
    checkpoints: int
    signed_size: int
    problems: Sequence[Problem]
    problem_count: int

    @property
    def verdict(self) -> Verdict:
        """Tampered where anything is wrong; undecided where nothing is, but nothing vouches for it either."""
        if any(problem.kind is not Kind.UNDECIDED for problem in self.problems):
            return Verdict.TAMPERED
        return Verdict.UNDECIDED if self.problems else Verdict.OK


def verify_workspace(
    workspace_id: int, *, verifier: Verifier | None = None, progress: Callable[[int, int], None] | None = None
) -> Report:
    """Check everything that is sealed of a workspace and say what was touched; runs as the worker, beside a working sealer.

    Takes:   verifier, the only key to be trusted, by default all that the database knows; progress(done, all), called as it goes
    Writes:  Verification
    """
    run = _Run(workspace_id, [verifier] if verifier else known_verifiers())
    report = run.verify(progress or (lambda done, all_: None))
    problems = [problem.as_value() for problem in report.problems]
    Verification.objects.create(
        workspace_id=workspace_id, finished_at=clock.now(), events=report.events, problems=problems
    )
    return report


def verify_tree(
    workspace_id: int, *, verifier: Verifier | None = None, progress: Callable[[int, int], None] | None = None
) -> Report:
    """Check the leaves of a workspace against its tree and signatures, and read no event: a hundred times faster, and no verification.

    Takes:   as verify_workspace
    Gives:   a report of which `events` counts leaves
    """
    return _TreeRun(workspace_id, [verifier] if verifier else known_verifiers()).verify(
        progress or (lambda done, all_: None)
    )


class _Run:
    def __init__(self, workspace_id: int, verifiers: Sequence[Verifier]) -> None:
        self.workspace_id = workspace_id
        self.verifiers = verifiers
        self.problems = Problems()
        self.tree = TreeCheck(workspace_id, verifiers, self.problems)
        self.checker = EventChecker(workspace_id, Erasures(workspace_id).find)
        self.events = self.valid = self.erased = 0
        self.next = 0  # the index that the next leaf must have
        self.without_event: dict[bytes, tuple[int, UUID]] = {}  # leaves by hash
        self.misplaced: set[UUID] = set()  # events whose leaf names another time

    def verify(self, progress: Callable[[int, int], None]) -> Report:
        size, peaks, signed, leaves = binary_rows(HEAD, {"workspace_id": self.workspace_id})[0]
        self._check_head(size, signed, leaves)
        size = leaves or 0 if size is None else size
        while self._check_chunk(size):
            progress(self.next, size)
        if self.next < size:
            self._lose(self.next, size)
            self.tree.grow([], until=size)
        if peaks is not None and self.tree.peaks is not None and self.tree.peaks != tuple(peaks):
            self._add(Kind.HEAD, "tree_head.peaks", "The stored edge of the tree is not the one over its leaves.")
        with in_workspace(self.workspace_id):
            self.tree.finish()
            self._check_rows_apart()
        return self._report()

    def _report(self) -> Report:
        return Report(
            workspace_id=self.workspace_id,
            events=self.events,
            valid=self.valid,
            erased=self.erased,
            checkpoints=self.tree.checkpoints,
            signed_size=self.tree.signed_size,
            problems=self.problems.found,
            problem_count=self.problems.count,
        )

    def _check_head(self, size: int | None, signed: int | None, leaves: int | None) -> None:
        if not self.verifiers:
            self._add(
                Kind.UNDECIDED,
                "seal_key",
                "No public key is known: nothing was ever signed, or the keys were taken away.",
            )
        elif signed is None and (size or leaves):
            self._add(
                Kind.UNDECIDED, "checkpoint", "No checkpoint is left: nobody can say whether these leaves were signed."
            )
        if size is None and leaves:
            self._add(Kind.HEAD, "tree_head", "The head of the tree is missing.")
        if signed is not None and signed != size:
            self._add(
                Kind.HEAD,
                "tree_head.size",
                f"The tree has {size or 0} leaves and its last checkpoint {signed}: one was changed.",
            )

    def _check_chunk(self, size: int) -> bool:
        """Check the next leaves and what was stored above them; False at the end of the log."""
        # In the workspace, where the planner knows how many rows it will see; a short transaction each, so that no lock stays.
        with in_workspace(self.workspace_id):
            first = binary_rows(NEXT_LEAF, [self.workspace_id, self.next, size])[0][0]
            if first is None:
                return False
            leaves = binary_rows(LEAVES, [self.workspace_id, first, min(first + CHUNK, size)])
            found = binary_rows(BY_KEYS, event_keys(self.workspace_id, [(leaf[1], leaf[2]) for leaf in leaves]))
            events = {event.id: event for event in map(CheckedEvent._make, found)}
            hashes = [self._check_leaf(index, event_id, hash_, events) for index, event_id, _, hash_ in leaves]
            self.tree.grow(hashes, until=self.next)
        return True

    def _check_leaf(self, index: int, event_id: UUID, hash_: bytes, events: Mapping[UUID, CheckedEvent]) -> bytes:
        """Check one leaf and its event; gives the hash that the leaf had when it was sealed."""
        if index > self.next:
            self._lose(self.next, index)
        self.next = index + 1
        self.events += 1
        if event := events.get(event_id):
            return self._check_event(event, hash_, index)
        if event := self._event_by_id(event_id):
            self.misplaced.add(event_id)
            return self._check_apart(
                event, hash_, index, "leaf.occurred_at", "The leaf has another time than its event."
            )
        if hash_ not in self.without_event and len(self.without_event) < MAX_PROBLEMS:
            self.without_event[hash_] = (index, event_id)
        else:
            self._add(Kind.MISSING_EVENT, "event", "The event is missing.", event_id, index)
        return hash_

    def _check_apart(self, event: CheckedEvent, hash_: bytes, index: int, field: str, message: str) -> bytes:
        """Leaf and event do not name the same: where the event is as it was sealed, the leaf was changed."""
        before = self.problems.count
        sealed_hash = self._check_event(event, hash_, index)
        if self.problems.count == before:
            self.valid -= 1
            self._add(Kind.LEAF, field, message, event.id, index)
        return sealed_hash

    def _check_event(self, event: CheckedEvent, leaf: bytes, index: int) -> bytes:
        found = self.checker.check(event, leaf=leaf, index=index)
        self.problems.add(*found.problems)
        self.erased += bool(found.erased)
        self.valid += not found.problems
        return found.sealed_hash

    def _event_by_id(self, event_id: UUID) -> CheckedEvent | None:
        rows = binary_rows(BY_ID, [self.workspace_id, event_id])
        return CheckedEvent._make(rows[0]) if rows else None

    def _lose(self, start: int, end: int) -> None:
        self.tree.lose_leaves()
        places = f"Leaf {start} is" if end == start + 1 else f"Leaves {start} to {end - 1} are"
        self._add(Kind.MISSING_LEAF, "leaf", f"{places} missing; no root from there on can be computed.", index=start)

    def _check_rows_apart(self) -> None:
        """Leaves without event, events without leaf: where the hash is the same, the two belong together."""
        for index, event_id in binary_rows(BEYOND_HEAD, [self.workspace_id]):
            self._add(Kind.LEAF, "leaf.index", "The tree has no such place.", event_id, index)
        for event_id, hash_ in binary_rows(UNSEALED, {"workspace_id": self.workspace_id}):
            if event_id in self.misplaced:
                continue
            if hash_ in self.without_event and (event := self._event_by_id(event_id)):
                index, _ = self.without_event.pop(hash_)
                self._check_apart(event, hash_, index, "leaf.event_id", "The leaf names another event than it seals.")
            else:
                self._add(
                    Kind.UNSEALED_EVENT, "pending", "The event is neither sealed nor waiting for its seal.", event_id
                )
        for index, event_id in self.without_event.values():
            self._add(Kind.MISSING_EVENT, "event", "The event is missing.", event_id, index)

    def _add(self, kind: Kind, field: str, message: str, event: UUID | None = None, index: int | None = None) -> None:
        self.problems.add(Problem(kind, message, index, event_key(event) if event else None, field))


class _TreeRun(_Run):
    """The same walk, which believes the leaves."""

    def _check_chunk(self, size: int) -> bool:
        with in_workspace(self.workspace_id):
            leaves = binary_rows(LEAF_HASHES, [self.workspace_id, self.next, size, LEAF_CHUNK])
            hashes = []
            for index, hash_ in leaves:
                if index > self.next:
                    self._lose(self.next, index)
                self.next = index + 1
                hashes.append(hash_)
            self.events += len(hashes)
            self.valid += len(hashes)
            if hashes:
                self.tree.grow(hashes, until=self.next)
        return bool(hashes)

    def _check_rows_apart(self) -> None:
        for index, event_id in binary_rows(BEYOND_HEAD, [self.workspace_id]):
            self._add(Kind.LEAF, "leaf.index", "The tree has no such place.", event_id, index)
