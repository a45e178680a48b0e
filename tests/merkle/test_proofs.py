import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from auditapp.merkle import (
    EMPTY_ROOT,
    ProofInvalid,
    consistency_path,
    inclusion_path,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)

Root = Callable[[int, int], bytes]

VECTORS = Path(__file__).parents[1] / "vectors" / "merkle"
SIZES = st.integers(1, 300)


def vectors(kind: str) -> list[Any]:
    lines = (VECTORS / f"merkle-{kind}.jsonl").read_text(encoding="utf-8").splitlines()
    return [pytest.param(vector, id=vector["name"]) for vector in map(json.loads, lines)]


def check(vector: dict[str, Any], verify: Callable[[], None]) -> None:
    if vector["wantErr"]:
        with pytest.raises(ProofInvalid):
            verify()
    else:
        verify()


def hashes_of(vector: dict[str, Any]) -> list[bytes]:
    return [b64decode(hash_) for hash_ in vector["proof"] or []]


@pytest.mark.parametrize("kind", ["inclusion", "consistency"])
def test_all_98_vectors_are_there_and_some_want_success(kind: str) -> None:
    wants = [param.values[0]["wantErr"] for param in vectors(kind)]
    assert len(wants) == 98
    assert set(wants) == {True, False}


@pytest.mark.parametrize("vector", vectors("inclusion"))
def test_public_inclusion_vector_has_its_outcome(vector: dict[str, Any]) -> None:
    check(
        vector,
        lambda: verify_inclusion(
            b64decode(vector["leafHash"]),
            vector["leafIdx"],
            vector["treeSize"],
            hashes_of(vector),
            b64decode(vector["root"]),
        ),
    )


@pytest.mark.parametrize("vector", vectors("consistency"))
def test_public_consistency_vector_has_its_outcome(vector: dict[str, Any]) -> None:
    check(
        vector,
        lambda: verify_consistency(
            vector["size1"],
            vector["size2"],
            b64decode(vector["root1"]),
            b64decode(vector["root2"]),
            hashes_of(vector),
        ),
    )


def split_of(start: int, end: int) -> int:
    half = 1
    while 2 * half < end - start:
        half *= 2
    return start + half


def rfc_path(index: int, start: int, end: int, root_over: Root) -> list[bytes]:
    """PATH(m, D[n]) of RFC 6962 section 2.1.1."""
    if end - start == 1:
        return []
    split = split_of(start, end)
    if index < split:
        return [*rfc_path(index, start, split, root_over), root_over(split, end)]
    return [*rfc_path(index, split, end, root_over), root_over(start, split)]


def rfc_subproof(old_end: int, start: int, end: int, is_whole: bool, root_over: Root) -> list[bytes]:
    """SUBPROOF(m, D[n], b) of RFC 6962 section 2.1.2."""
    if old_end == end:
        return [] if is_whole else [root_over(start, end)]
    split = split_of(start, end)
    if old_end <= split:
        return [*rfc_subproof(old_end, start, split, is_whole, root_over), root_over(split, end)]
    return [*rfc_subproof(old_end, split, end, False, root_over), root_over(start, split)]


def test_every_leaf_of_every_size_to_300_proves_as_the_rfc_says(leaves: list[bytes], root_over: Root) -> None:
    for size in range(1, 301):
        root = root_over(0, size)
        for index in range(size):
            proof = inclusion_path(index, size, root_over)
            assert proof == rfc_path(index, 0, size, root_over)
            verify_inclusion(leaves[index], index, size, proof, root)


def test_every_pair_of_sizes_to_300_proves_as_the_rfc_says(root_over: Root) -> None:
    for new_size in range(1, 301):
        new_root = root_over(0, new_size)
        for old_size in range(1, new_size + 1):
            proof = consistency_path(old_size, new_size, root_over)
            assert proof == rfc_subproof(old_size, 0, new_size, True, root_over)
            verify_consistency(old_size, new_size, root_over(0, old_size), new_root, proof)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 1), (300, 300)])
def test_leaf_outside_the_tree_has_no_proof(index: int, size: int, root_over: Root) -> None:
    with pytest.raises(ValueError, match=f"of {size} leaves has no leaf {index}"):
        inclusion_path(index, size, root_over)
    with pytest.raises(ProofInvalid, match=f"of {size} leaves has no leaf {index}"):
        verify_inclusion(EMPTY_ROOT, index, size, [], EMPTY_ROOT)


@pytest.mark.parametrize(("old_size", "new_size"), [(0, 0), (0, 1), (-1, 1), (2, 1)])
def test_empty_or_larger_old_tree_has_no_proof(old_size: int, new_size: int, root_over: Root) -> None:
    with pytest.raises(ValueError, match=f"from {old_size} to {new_size} leaves"):
        consistency_path(old_size, new_size, root_over)
    with pytest.raises(ProofInvalid, match=f"from {old_size} to {new_size} leaves"):
        verify_consistency(old_size, new_size, EMPTY_ROOT, EMPTY_ROOT, [])


def test_wrong_length_hashes_are_refused_where_the_arithmetic_would_pass() -> None:
    left, right = leaf_hash(b"olga"), leaf_hash(b"milo")
    root = node_hash(left, right)
    short, long = left[:31], left[31:] + right
    assert node_hash(short, long) == root
    with pytest.raises(ProofInvalid, match="32 bytes, not 31"):
        verify_inclusion(short, 0, 2, [long], root)
    with pytest.raises(ProofInvalid, match="32 bytes, not 31"):
        verify_consistency(1, 2, short, root, [long])


def test_wrong_length_hash_in_a_proof_is_refused(leaves: list[bytes], root_over: Root) -> None:
    proof = inclusion_path(2, 5, root_over)
    for place, hash_ in enumerate(proof):
        for wrong in (hash_[:-1], hash_ + b"\0", b""):
            with pytest.raises(ProofInvalid, match="a hash has 32 bytes"):
                verify_inclusion(leaves[2], 2, 5, [*proof[:place], wrong, *proof[place + 1 :]], root_over(0, 5))


def test_wrong_length_hash_in_a_consistency_claim_is_refused(root_over: Root) -> None:
    hashes = [root_over(0, 3), root_over(0, 5), *consistency_path(3, 5, root_over)]
    for place, hash_ in enumerate(hashes):
        for wrong in (hash_[:-1], hash_ + b"\0", b""):
            changed = [*hashes[:place], wrong, *hashes[place + 1 :]]
            old_root, new_root, *proof = changed
            with pytest.raises(ProofInvalid, match="a hash has 32 bytes"):
                verify_consistency(3, 5, old_root, new_root, proof)


@given(data=st.data(), size=SIZES)
def test_flipped_bit_spoils_an_inclusion_proof(
    data: st.DataObject, size: int, leaves: list[bytes], root_over: Root
) -> None:
    index = data.draw(st.integers(0, size - 1))
    hashes = [leaves[index], root_over(0, size), *inclusion_path(index, size, root_over)]
    leaf, root, *proof = flip_one_bit(data, hashes)
    with pytest.raises(ProofInvalid, match="another root"):
        verify_inclusion(leaf, index, size, proof, root)


@given(data=st.data(), old_size=SIZES, new_size=SIZES)
def test_flipped_bit_spoils_a_consistency_proof(
    data: st.DataObject, old_size: int, new_size: int, root_over: Root
) -> None:
    assume(old_size < new_size)
    hashes = [root_over(0, old_size), root_over(0, new_size), *consistency_path(old_size, new_size, root_over)]
    old_root, new_root, *proof = flip_one_bit(data, hashes)
    with pytest.raises(ProofInvalid, match=r"another (old|new) root"):
        verify_consistency(old_size, new_size, old_root, new_root, proof)


def flip_one_bit(data: st.DataObject, hashes: list[bytes]) -> list[bytes]:
    place = data.draw(st.integers(0, len(hashes) - 1))
    bit = data.draw(st.integers(0, 255))
    flipped = int.from_bytes(hashes[place], "big") ^ (1 << bit)
    return [*hashes[:place], flipped.to_bytes(32, "big"), *hashes[place + 1 :]]


@given(data=st.data(), size=SIZES)
def test_shorter_or_longer_inclusion_proof_is_refused(
    data: st.DataObject, size: int, leaves: list[bytes], root_over: Root
) -> None:
    index = data.draw(st.integers(0, size - 1))
    root = root_over(0, size)
    proof = inclusion_path(index, size, root_over)
    for wrong in resized(data, proof, root):
        with pytest.raises(ProofInvalid, match=f"the proof has {len(wrong)} hashes, not {len(proof)}"):
            verify_inclusion(leaves[index], index, size, wrong, root)


@given(data=st.data(), old_size=SIZES, new_size=SIZES)
def test_shorter_or_longer_consistency_proof_is_refused(
    data: st.DataObject, old_size: int, new_size: int, root_over: Root
) -> None:
    assume(old_size <= new_size)
    old_root, new_root = root_over(0, old_size), root_over(0, new_size)
    proof = consistency_path(old_size, new_size, root_over)
    for wrong in resized(data, proof, new_root):
        with pytest.raises(ProofInvalid, match=f"the proof has {len(wrong)} hashes, not {len(proof)}"):
            verify_consistency(old_size, new_size, old_root, new_root, wrong)


def resized(data: st.DataObject, proof: list[bytes], extra: bytes) -> list[list[bytes]]:
    place = data.draw(st.integers(0, len(proof)))
    longer = [*proof[:place], extra, *proof[place:]]
    return [longer, *(proof[:length] for length in range(len(proof))), *([proof[1:]] if proof else [])]


@given(data=st.data(), size=st.integers(2, 300))
def test_inclusion_proof_holds_at_its_own_index_only(
    data: st.DataObject, size: int, leaves: list[bytes], root_over: Root
) -> None:
    index, other = data.draw(st.lists(st.integers(0, size - 1), min_size=2, max_size=2, unique=True))
    proof = inclusion_path(index, size, root_over)
    with pytest.raises(ProofInvalid):
        verify_inclusion(leaves[index], other, size, proof, root_over(0, size))


@given(data=st.data(), size=SIZES)
def test_inclusion_proof_fails_at_twice_the_size(
    data: st.DataObject, size: int, leaves: list[bytes], root_over: Root
) -> None:
    index = data.draw(st.integers(0, size - 1))
    with pytest.raises(ProofInvalid):
        verify_inclusion(leaves[index], index, 2 * size, inclusion_path(index, size, root_over), root_over(0, size))


@given(old_size=SIZES, new_size=SIZES, other=SIZES)
def test_consistency_proof_fails_from_another_size_to_twice_the_size_and_with_swapped_roots(
    old_size: int, new_size: int, other: int, root_over: Root
) -> None:
    assume(old_size < new_size and other != old_size)
    old_root, new_root = root_over(0, old_size), root_over(0, new_size)
    proof = consistency_path(old_size, new_size, root_over)
    for claim in (
        (other, new_size, old_root, new_root),
        (old_size, 2 * new_size, old_root, new_root),
        (old_size, new_size, new_root, old_root),
    ):
        with pytest.raises(ProofInvalid):
            verify_consistency(*claim, proof)


def test_changed_history_is_told_apart_from_a_changed_head(root_over: Root) -> None:
    old_root, new_root = root_over(0, 3), root_over(0, 5)
    proof = consistency_path(3, 5, root_over)
    with pytest.raises(ProofInvalid, match="another old root"):
        verify_consistency(3, 5, EMPTY_ROOT, new_root, proof)
    with pytest.raises(ProofInvalid, match="another new root"):
        verify_consistency(3, 5, old_root, EMPTY_ROOT, proof)
    with pytest.raises(ProofInvalid, match="different roots"):
        verify_consistency(3, 3, old_root, EMPTY_ROOT, [])
