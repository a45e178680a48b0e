"""The growing edge of a tree: append leaves, know the root, learn the nodes to keep.

It remembers only the peaks of perfect subtrees; proving from a stored tree is in `proofs`.
"""

from collections.abc import Sequence
from typing import NamedTuple

from .hashing import EMPTY_ROOT, HASH_BYTES, node_hash

# A stored node stands for 256 hashes of the stored level below: one row for 255 leaves,
# where keeping every interior node would cost a row for each leaf.
TILE_LEVELS = 8
STORED_LEVELS = (8, 16, 24)


class StoredNode(NamedTuple):
    """An interior node to keep: the `position`-th perfect subtree of `2**level` leaves."""

    level: int
    position: int
    hash: bytes


class Frontier:
    """The right edge of a tree: all that is needed to append to it and to know its root."""

    __slots__ = ("_peaks", "_size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        """Start an empty tree, or take up one whose `size` and `peaks` were stored.

        Raises:  ValueError, when the peaks cannot be those of a tree of this size
        """
        # a perfect subtree for each bit that is set in the size
        if size < 0 or len(peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves does not have {len(peaks)} peaks")
        for peak in peaks:
            _require_hash(peak)
        self._size = size
        self._peaks = list(peaks)

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return self._size

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """The roots of the perfect subtrees, leftmost and largest first, to be stored."""
        return tuple(self._peaks)

    def append(self, leaf: bytes) -> tuple[StoredNode, ...]:
        """Add one leaf hash on the right.

        Gives:   the nodes of STORED_LEVELS that this leaf completed, lowest first; mostly none
        Raises:  ValueError, when the leaf is not a hash
        """
        _require_hash(leaf)
        level, position, node = 0, self._size, leaf
        completed: tuple[StoredNode, ...] = ()
        # at an odd position, the last peak is the finished left neighbour
        while position & 1:
            node = node_hash(self._peaks.pop(), node)
            level, position = level + 1, position >> 1
            if level in STORED_LEVELS:
                completed += (StoredNode(level, position, node),)
        self._peaks.append(node)
        self._size += 1
        return completed

    def root(self) -> bytes:
        """Give the root of the tree as it stands."""
        return fold_peaks(self._peaks) if self._peaks else EMPTY_ROOT


def fold_peaks(peaks: Sequence[bytes]) -> bytes:
    """Give the root over perfect subtrees that lie side by side, largest first."""
    *left_peaks, root = peaks
    for peak in reversed(left_peaks):
        root = node_hash(peak, root)
    return root


def _require_hash(value: bytes) -> None:
    if len(value) != HASH_BYTES:
        raise ValueError(f"a hash has {HASH_BYTES} bytes, not {len(value)}")
