from collections.abc import Callable

import pytest

from auditapp.merkle import (
    EMPTY_ROOT,
    Frontier,
    HashesMissing,
    StoredTree,
    consistency_path,
    inclusion_path,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)

Root = Callable[[int, int], bytes]

EDGES = [1, 2, 255, 256, 257, 511, 513, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073]


class Storage:
    """Leaves and stored nodes in lists, as a database holds them, counting what is read."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.rows: dict[int, list[bytes]] = {0: leaves, 8: [], 16: [], 24: []}
        self.reads: list[tuple[int, int, int]] = []
        frontier = Frontier()
        for leaf in leaves:
            for level, position, hash_ in frontier.append(leaf):
                assert position == len(self.rows[level])
                self.rows[level].append(hash_)

    def tree(self) -> StoredTree:
        self.reads.clear()
        return StoredTree(lambda start, end: self.read(0, start, end), self.read)

    def read(self, level: int, start: int, end: int) -> list[bytes]:
        self.reads.append((level, start, end))
        return self.rows[level][start:end]


@pytest.fixture(scope="module")
def storage(leaves: list[bytes]) -> Storage:
    return Storage(leaves)


def indices_near_edges(size: int) -> list[int]:
    near = {edge + step for edge in [0, *EDGES, size] for step in (-1, 0, 1)}
    return sorted(index for index in near if 0 <= index < size)


@pytest.mark.parametrize("size", EDGES)
def test_root_of_an_earlier_size_is_read_back(storage: Storage, root_over: Root, size: int) -> None:
    assert storage.tree().root(size) == root_over(0, size)


def test_root_of_no_leaves_is_known_without_reading(storage: Storage) -> None:
    assert storage.tree().root(0) == EMPTY_ROOT
    assert storage.reads == []


@pytest.mark.parametrize("size", EDGES)
def test_leaves_near_the_edges_are_proved(storage: Storage, leaves: list[bytes], root_over: Root, size: int) -> None:
    for index in indices_near_edges(size):
        proof = storage.tree().inclusion(index, size)
        assert proof == inclusion_path(index, size, root_over)
        verify_inclusion(leaves[index], index, size, proof, root_over(0, size))


@pytest.mark.parametrize("size", EDGES)
def test_sizes_near_the_edges_are_consistent(storage: Storage, root_over: Root, size: int) -> None:
    for old_size in [*indices_near_edges(size)[1:], size]:
        proof = storage.tree().consistency(old_size, size)
        assert proof == consistency_path(old_size, size, root_over)
        verify_consistency(old_size, size, root_over(0, old_size), root_over(0, size), proof)


def test_proof_reads_few_short_ranges_and_none_twice(storage: Storage) -> None:
    size = 131_073 + 200
    for index in indices_near_edges(size):
        for prove in (StoredTree.inclusion, StoredTree.consistency):
            prove(storage.tree(), index or 1, size)
            # at each of three levels the tile on the way and the last one
            assert len(storage.reads) <= 6
            assert len(set(storage.reads)) == len(storage.reads)
            assert max(end - start for _, start, end in storage.reads) <= 256


def test_nothing_beyond_the_size_is_read(storage: Storage) -> None:
    size = 65_536 + 256 + 7
    storage.tree().inclusion(3, size)
    storage.tree().root(size)
    assert storage.reads
    assert all(end <= size >> level for level, _, end in storage.reads)


def test_tree_of_more_than_four_thousand_million_leaves_is_read_by_level_24() -> None:
    def tops(level: int, start: int, end: int) -> list[bytes]:
        assert level == 24
        return [leaf_hash(b"%d" % position) for position in range(start, end)]

    def no_leaves(start: int, end: int) -> list[bytes]:
        raise AssertionError("no leaf is needed")

    frontier = Frontier()
    for top in tops(24, 0, 1024 + 512 + 3):
        frontier.append(top)
    assert StoredTree(no_leaves, tops).root((1024 + 512 + 3) << 24) == frontier.root()


def test_missing_leaf_is_said_and_not_proved_around(leaves: list[bytes]) -> None:
    storage = Storage(leaves[:600])
    del storage.rows[0][599]
    with pytest.raises(HashesMissing, match="level 0 has 87 of 88 hashes from 512"):
        storage.tree().root(600)


def test_missing_node_is_said_and_not_proved_around(leaves: list[bytes]) -> None:
    storage = Storage(leaves[:600])
    del storage.rows[8][1]
    with pytest.raises(HashesMissing, match="level 8 has 1 of 2 hashes from 0"):
        storage.tree().inclusion(599, 600)


def test_altered_stored_node_gives_another_root(leaves: list[bytes], root_over: Root) -> None:
    storage = Storage(leaves[:600])
    storage.rows[8][0] = node_hash(leaves[0], leaves[1])
    assert storage.tree().root(600) != root_over(0, 600)


def test_leaf_or_size_outside_the_tree_is_refused(storage: Storage) -> None:
    with pytest.raises(ValueError, match="has no leaf 5"):
        storage.tree().inclusion(5, 5)
    with pytest.raises(ValueError, match="from 0 to 5 leaves"):
        storage.tree().consistency(0, 5)
