import pytest

from auditapp.merkle import EMPTY_ROOT, HASH_BYTES, leaf_hash, node_hash

# published beside transparency-dev/merkle rfc6962
LEAF_OF_NOTHING = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
LEAF_OF_L123456 = "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
NODE_OF_N123_N456 = "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"
ROOT_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(("entry", "expected"), [(b"", LEAF_OF_NOTHING), (b"L123456", LEAF_OF_L123456)])
def test_leaf_hash_is_that_of_the_rfc(entry: bytes, expected: str) -> None:
    assert leaf_hash(entry).hex() == expected


def test_node_hash_is_that_of_the_rfc() -> None:
    assert node_hash(b"N123", b"N456").hex() == NODE_OF_N123_N456


def test_empty_root_is_the_hash_of_nothing() -> None:
    assert EMPTY_ROOT.hex() == ROOT_OF_NOTHING


def test_node_cannot_be_passed_off_as_a_leaf() -> None:
    left, right = leaf_hash(b"olga"), leaf_hash(b"milo")
    assert leaf_hash(left + right) != node_hash(left, right)


def test_hashes_have_the_length_that_they_claim() -> None:
    assert {len(EMPTY_ROOT), len(leaf_hash(b"")), len(node_hash(b"", b""))} == {HASH_BYTES}
