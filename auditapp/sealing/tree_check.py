"""Holds the tree above the leaves against what was signed: stored nodes, head and checkpoints, as the leaves go by.

Single events are checked in event_check.py.
"""

from collections.abc import Sequence
from typing import Final

from django.db import connection

from auditapp.merkle import STORED_LEVELS, Checkpoint, Frontier, NoteInvalid, Verifier, open_note
from auditapp.sealing.keys import origin_of
from auditapp.sealing.problems import Kind, Problem, Problems

NODES: Final = """
SELECT n.level, n.index, n.hash FROM unnest(%(levels)s::smallint[], %(starts)s::bigint[], %(ends)s::bigint[]) AS r (level, low, high)
JOIN node AS n ON n.workspace_id = %(workspace_id)s AND n.level = r.level AND n.index >= r.low AND n.index < r.high
"""
CHECKPOINTS: Final = """
SELECT size, root, note FROM checkpoint WHERE workspace_id = %s AND size > %s AND size <= %s ORDER BY size
"""
# In one statement with the head, so that a sealer at work is not taken for a forger.
STRANGE_NODES: Final = """
SELECT n.level, n.index FROM node AS n LEFT JOIN tree_head AS h USING (workspace_id) WHERE n.workspace_id = %s
AND (n.level NOT IN (8, 16, 24) OR n.index < 0 OR n.index >= coalesce(h.size, 0) >> n.level) ORDER BY n.level, n.index LIMIT 100
"""
STRANGE_CHECKPOINTS: Final = """
SELECT c.size, c.root, c.note FROM checkpoint AS c LEFT JOIN tree_head AS h USING (workspace_id) WHERE c.workspace_id = %s
AND (c.size < 1 OR c.size > coalesce(h.size, 0)) ORDER BY c.size LIMIT 100
"""


def opened_checkpoint(note: str, verifiers: Sequence[Verifier], workspace_id: int) -> Checkpoint:
    """The checkpoint that a known key signed for this workspace.

    Raises:  NoteInvalid
    """
    checkpoint = Checkpoint.parse(open_note(note, verifiers))
    if checkpoint.origin not in {origin_of(verifier.name, workspace_id) for verifier in verifiers}:
        raise NoteInvalid(f"it is signed for {checkpoint.origin}")
    return checkpoint


class TreeCheck:
    """Grows the tree anew, leaf by leaf, and compares it with the stored one."""

    def __init__(self, workspace_id: int, verifiers: Sequence[Verifier], problems: Problems) -> None:
        self.checkpoints = 0
        self.signed_size = 0  # up to here, root and signature agree with the leaves
        self._workspace_id = workspace_id
        self._verifiers = verifiers
        self._problems = problems
        self._tree = Frontier()
        self._is_whole = True
        self._has_diverged = False
        self._seen_until = 0

    @property
    def peaks(self) -> tuple[bytes, ...] | None:
        """The peaks over all leaves so far; None where leaves are missing and nobody can say."""
        return self._tree.peaks if self._is_whole else None

    def lose_leaves(self) -> None:
        """From here on no root can be computed: the caller has told of the leaves that are missing."""
        self._is_whole = False

    def grow(self, hashes: Sequence[bytes], *, until: int) -> None:
        """Take the hashes of the next leaves, up to index `until`, and check all that was stored on the way."""
        start, roots = self._tree.size, self._stored_checkpoints(until)
        nodes: dict[tuple[int, int], bytes] = {}
        for leaf in hashes if self._is_whole else ():
            for level, index, hash_ in self._tree.append(leaf):
                nodes[level, index] = hash_
            if self._tree.size in roots:
                self._check_root(roots.pop(self._tree.size))
        self._check_nodes(nodes, start)

    def finish(self) -> None:
        """Look for nodes and checkpoints where no sealer writes any."""
        with connection.cursor() as cursor:
            for level, index in cursor.execute(STRANGE_NODES, [self._workspace_id]).fetchall():
                self._add(Kind.NODE, f"node {level}/{index}", "No sealer wrote this node: the tree has no such place.")
            for size, root, note in cursor.execute(STRANGE_CHECKPOINTS, [self._workspace_id]).fetchall():
                self._open(size, bytes(root), note)
                self._add(Kind.CHECKPOINT, f"checkpoint {size} size", "The tree never had this size.")

    def _stored_checkpoints(self, until: int) -> dict[int, Checkpoint]:
        """The checkpoints of the sizes up to here whose rows say what was signed."""
        with connection.cursor() as cursor:
            seen = cursor.execute(CHECKPOINTS, [self._workspace_id, self._seen_until, until]).fetchall()
        self._seen_until = until
        opened = [self._open(size, bytes(root), note) for size, root, note in seen]
        return {checkpoint.size: checkpoint for checkpoint in opened if checkpoint}

    def _open(self, size: int, root: bytes, note: str) -> Checkpoint | None:
        if not self._verifiers:
            return None  # the caller has told that nothing can be decided
        try:
            checkpoint = opened_checkpoint(note, self._verifiers, self._workspace_id)
        except NoteInvalid as error:
            self._add(Kind.CHECKPOINT, f"checkpoint {size} note", f"The signature does not hold: {error}.")
            return None
        self.checkpoints += 1
        if checkpoint.root != root:
            self._add(Kind.CHECKPOINT, f"checkpoint {size} root", "The column root is not the root that was signed.")
        if checkpoint.size != size:
            self._add(
                Kind.CHECKPOINT,
                f"checkpoint {size} size",
                f"The column size is not the size that was signed, {checkpoint.size}.",
            )
            return None
        return checkpoint

    def _check_root(self, checkpoint: Checkpoint) -> None:
        if self._tree.root() == checkpoint.root:
            self.signed_size = checkpoint.size
        elif not self._has_diverged:
            # All roots above it differ as well: telling of the first says where.
            self._has_diverged = True
            self._add(
                Kind.TREE,
                f"leaves {self.signed_size} to {checkpoint.size - 1}",
                f"These leaves are not the ones that were signed: the root at size {checkpoint.size} is another one.",
            )

    def _check_nodes(self, computed: dict[tuple[int, int], bytes], start: int) -> None:
        if not self._is_whole:
            return
        ranges = {
            "levels": list(STORED_LEVELS),
            "starts": [start >> level for level in STORED_LEVELS],
            "ends": [self._tree.size >> level for level in STORED_LEVELS],
        }
        with connection.cursor() as cursor:
            rows = cursor.execute(NODES, {"workspace_id": self._workspace_id, **ranges}).fetchall()
        stored = {(level, index): bytes(hash_) for level, index, hash_ in rows}
        for (level, index), hash_ in computed.items():
            leaves = f"leaves {index << level} to {((index + 1) << level) - 1}"
            if (level, index) not in stored:
                self._add(Kind.NODE, f"node {level}/{index}", f"The node over {leaves} is missing.")
            elif stored[level, index] != hash_:
                self._add(
                    Kind.NODE,
                    f"node {level}/{index} hash",
                    f"The node is not the one over {leaves}: it or they were changed.",
                )

    def _add(self, kind: Kind, field: str, message: str) -> None:
        self._problems.add(Problem(kind, message, field=field))
