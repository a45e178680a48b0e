"""Proofs that a leaf is in a tree and that a tree only grew: making and checking them.

Making one reads hashes through `StoredTree`; who signed a root is in `notes`.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from .hashing import EMPTY_ROOT, HASH_BYTES, node_hash
from .tree import STORED_LEVELS, TILE_LEVELS, fold_peaks

TILE_WIDTH = 1 << TILE_LEVELS

Subtree = Callable[[int, int], bytes]
ReadLeaves = Callable[[int, int], Sequence[bytes]]
ReadNodes = Callable[[int, int, int], Sequence[bytes]]


class ProofInvalid(ValueError):
    """The proof does not show what it claims."""


class HashesMissing(LookupError):
    """The stored tree lacks hashes that a tree of this size must have."""


def inclusion_path(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """List the hashes that lead from the leaf at `index` to the root of `size` leaves.

    Takes:   subtree(start, end), the root over the leaves from `start` up to `end`
    Raises:  ValueError, when the tree has no such leaf
    Source:  RFC 6962 section 2.1.1
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    return [subtree(start, end) for start, end, _ in _siblings(index, index + 1, size)]


def consistency_path(old_size: int, new_size: int, subtree: Subtree) -> list[bytes]:
    """List the hashes that show the first `old_size` of `new_size` leaves unchanged.

    Takes:   subtree(start, end), the root over the leaves from `start` up to `end`
    Raises:  ValueError, when the old tree is empty or larger than the new one
    Source:  RFC 6962 section 2.1.2
    """
    if not 0 < old_size <= new_size:
        raise ValueError(f"no proof leads from {old_size} to {new_size} leaves")
    if old_size == new_size:
        return []
    start = _last_peak_start(old_size)
    siblings = [(low, high) for low, high, _ in _siblings(start, old_size, new_size)]
    # an old tree that is one perfect subtree is its own last peak: its root is known
    ranges = [(start, old_size), *siblings] if start else siblings
    return [subtree(low, high) for low, high in ranges]


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Make sure that the leaf is at `index` in the tree of `size` leaves with this root.

    Raises:  ProofInvalid, with the reason
    Source:  RFC 6962 section 2.1.1
    """
    if not 0 <= index < size:
        raise ProofInvalid(f"a tree of {size} leaves has no leaf {index}")
    siblings = _siblings(index, index + 1, size)
    _require_length(proof, len(siblings))
    _require_hashes(leaf_hash, root, *proof)
    node = leaf_hash
    for sibling, hash_ in zip(siblings, proof, strict=True):
        node = node_hash(hash_, node) if sibling.is_left else node_hash(node, hash_)
    if node != root:
        raise ProofInvalid("the proof leads to another root")


def verify_consistency(old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Make sure that the tree with the new root begins with the whole tree with the old root.

    Raises:  ProofInvalid, with the reason; always from size 0, which any tree begins with
    Source:  RFC 6962 section 2.1.2
    """
    if not 0 < old_size <= new_size:
        raise ProofInvalid(f"no proof leads from {old_size} to {new_size} leaves")
    if old_size == new_size:
        # compared, not proved: as in the public vectors, any bytes that are equal will do
        _require_length(proof, 0)
        if old_root != new_root:
            raise ProofInvalid("two trees of one size have different roots")
        return
    start = _last_peak_start(old_size)
    siblings = _siblings(start, old_size, new_size)
    _require_length(proof, len(siblings) + (1 if start else 0))
    _require_hashes(old_root, new_root, *proof)
    last_peak, *path = proof if start else [old_root, *proof]
    old_node = new_node = last_peak
    for sibling, hash_ in zip(siblings, path, strict=True):
        if sibling.is_left:
            old_node = node_hash(hash_, old_node)
            new_node = node_hash(hash_, new_node)
        else:
            new_node = node_hash(new_node, hash_)
    if old_node != old_root:
        raise ProofInvalid("the proof leads to another old root")
    if new_node != new_root:
        raise ProofInvalid("the proof leads to another new root")


class StoredTree:
    """A tree kept as leaves and nodes of STORED_LEVELS; it proves for any size it ever had.

    A proof reads a few ranges of at most 256 hashes, none of them twice.

    Takes:   read_leaves(start, end), the leaf hashes from `start` up to `end`
             read_nodes(level, start, end), the same for the nodes of a stored level
    """

    def __init__(self, read_leaves: ReadLeaves, read_nodes: ReadNodes) -> None:
        self._read_leaves = read_leaves
        self._read_nodes = read_nodes

    def root(self, size: int) -> bytes:
        """Give the root of the first `size` leaves.

        Raises:  HashesMissing
        """
        return self._at(size).subtree(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Prove that the leaf at `index` is in the tree of the first `size` leaves.

        Raises:  HashesMissing; ValueError, when the tree has no such leaf
        """
        return inclusion_path(index, size, self._at(size).subtree)

    def consistency(self, old_size: int, new_size: int) -> list[bytes]:
        """Prove that the tree of `new_size` leaves begins with the tree of `old_size`.

        Raises:  HashesMissing; ValueError, when the old tree is empty or larger than the new one
        """
        return consistency_path(old_size, new_size, self._at(new_size).subtree)

    def _at(self, size: int) -> "_TreeAtSize":
        return _TreeAtSize(size, self._read)

    def _read(self, level: int, start: int, end: int) -> Sequence[bytes]:
        hashes = self._read_nodes(level, start, end) if level else self._read_leaves(start, end)
        if len(hashes) != end - start:
            raise HashesMissing(f"level {level} has {len(hashes)} of {end - start} hashes from {start}")
        return hashes


class _TreeAtSize:
    """The tree as it was at one size, with the tiles that one proof has read so far."""

    def __init__(self, size: int, read: ReadNodes) -> None:
        self._size = size
        self._read = read
        self._tiles: dict[tuple[int, int], Sequence[bytes]] = {}

    def subtree(self, start: int, end: int) -> bytes:
        """Give the root over the leaves from `start` up to `end`, as a proof asks for it."""
        peaks = []
        while start < end:
            level = (end - start).bit_length() - 1
            peaks.append(self._perfect(level, start >> level))
            start += 1 << level
        return fold_peaks(peaks)

    def _perfect(self, level: int, index: int) -> bytes:
        stored_level = level - level % TILE_LEVELS
        if stored_level > STORED_LEVELS[-1]:
            left, right = 2 * index, 2 * index + 1
            return node_hash(self._perfect(level - 1, left), self._perfect(level - 1, right))
        width = 1 << (level - stored_level)
        tile, offset = divmod(index * width, TILE_WIDTH)
        row = self._tile(stored_level, tile)[offset : offset + width]
        while len(row) > 1:
            row = [node_hash(*pair) for pair in zip(row[::2], row[1::2], strict=True)]
        return row[0]

    def _tile(self, level: int, tile: int) -> Sequence[bytes]:
        if (level, tile) not in self._tiles:
            start = tile * TILE_WIDTH
            end = min(start + TILE_WIDTH, self._size >> level)
            self._tiles[level, tile] = self._read(level, start, end)
        return self._tiles[level, tile]


class _Sibling(NamedTuple):
    start: int
    end: int
    is_left: bool


def _siblings(start: int, end: int, size: int) -> list[_Sibling]:
    """List what lies beside the way from a perfect subtree up to the root, lowest first."""
    siblings = []
    low, high = 0, size
    while (low, high) != (start, end):
        # the left side is the largest power of two below the whole (RFC 6962 section 2.1)
        split = low + (1 << (high - low - 1).bit_length() - 1)
        if end <= split:
            siblings.append(_Sibling(split, high, is_left=False))
            high = split
        else:
            siblings.append(_Sibling(low, split, is_left=True))
            low = split
    siblings.reverse()
    return siblings


def _last_peak_start(size: int) -> int:
    # clears the lowest set bit, which is the size of the smallest and last perfect subtree
    return size & (size - 1)


def _require_hashes(*hashes: bytes) -> None:
    # a short hash beside a long one joins to the same bytes: the arithmetic would pass
    for hash_ in hashes:
        if len(hash_) != HASH_BYTES:
            raise ProofInvalid(f"a hash has {HASH_BYTES} bytes, not {len(hash_)}")


def _require_length(proof: Sequence[bytes], length: int) -> None:
    if len(proof) != length:
        raise ProofInvalid(f"the proof has {len(proof)} hashes, not {length}")
