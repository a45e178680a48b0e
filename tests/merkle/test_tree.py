from collections.abc import Callable

import pytest

from auditapp.merkle import EMPTY_ROOT, STORED_LEVELS, Frontier, StoredNode, leaf_hash

Root = Callable[[int, int], bytes]

# the inputs and roots of sizes 0 to 8 that Certificate Transparency logs are tested with
CT_INPUTS = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_roots_are_those_of_certificate_transparency() -> None:
    frontier = Frontier()
    roots = [frontier.root().hex()]
    for entry in CT_INPUTS:
        frontier.append(leaf_hash(bytes.fromhex(entry)))
        roots.append(frontier.root().hex())
    assert roots == CT_ROOTS


def test_root_of_every_size_to_300_is_that_of_the_definition(leaves: list[bytes], root_over: Root) -> None:
    frontier = Frontier()
    for size, leaf in enumerate(leaves[:300], start=1):
        frontier.append(leaf)
        assert frontier.size == size
        assert frontier.root() == root_over(0, size)


def test_empty_tree_has_the_empty_root_and_no_peaks() -> None:
    assert (Frontier().root(), Frontier().size, Frontier().peaks) == (EMPTY_ROOT, 0, ())


def test_peaks_are_the_perfect_subtrees_largest_first(leaves: list[bytes], root_over: Root) -> None:
    frontier = Frontier()
    for leaf in leaves[:13]:
        frontier.append(leaf)
    assert frontier.peaks == (root_over(0, 8), root_over(8, 12), root_over(12, 13))


def test_stored_frontier_goes_on_where_it_stopped(leaves: list[bytes]) -> None:
    whole, stored = Frontier(), Frontier()
    for leaf in leaves[:300]:
        stored = Frontier(stored.size, stored.peaks)
        assert whole.append(leaf) == stored.append(leaf)
        assert (whole.size, whole.peaks) == (stored.size, stored.peaks)


def test_every_completed_node_of_levels_8_and_16_is_given_once(leaves: list[bytes], root_over: Root) -> None:
    frontier = Frontier()
    completed = [node for leaf in leaves for node in frontier.append(leaf)]
    expected = {
        StoredNode(level, position, root_over(position << level, (position + 1) << level))
        for level in (8, 16)
        for position in range(len(leaves) >> level)
    }
    assert len(completed) == len(expected)
    assert set(completed) == expected


def test_leaf_that_completes_several_levels_gives_the_lowest_first(leaves: list[bytes]) -> None:
    frontier = Frontier()
    for leaf in leaves[:65_535]:
        frontier.append(leaf)
    completed = frontier.append(leaves[65_535])
    assert [(node.level, node.position) for node in completed] == [(8, 255), (16, 0)]
    assert completed[-1].hash == frontier.root()


def test_level_24_is_completed_by_the_last_of_its_leaves(leaves: list[bytes]) -> None:
    frontier = Frontier(2**24 - 1, leaves[:24])
    completed = frontier.append(leaves[24])
    assert [(node.level, node.position) for node in completed] == [(8, 65_535), (16, 255), (24, 0)]
    assert tuple(node.level for node in completed) == STORED_LEVELS
    assert completed[-1].hash == frontier.root()


@pytest.mark.parametrize(("size", "count"), [(0, 1), (3, 1), (4, 2), (1, 0), (-1, 1)])
def test_peaks_of_another_size_are_refused(leaves: list[bytes], size: int, count: int) -> None:
    with pytest.raises(ValueError, match=f"of {size} leaves does not have {count} peaks"):
        Frontier(size, leaves[:count])


def test_wrong_length_peak_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes, not 31"):
        Frontier(1, [bytes(31)])


def test_wrong_length_leaf_is_refused_and_leaves_the_tree_as_it_was(leaves: list[bytes]) -> None:
    frontier = Frontier(1, leaves[:1])
    with pytest.raises(ValueError, match="32 bytes, not 33"):
        frontier.append(bytes(33))
    assert (frontier.size, frontier.peaks) == (1, (leaves[0],))
