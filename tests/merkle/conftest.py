"""The tree as RFC 6962 section 2.1 defines it, over leaves that every test here shares.

Nothing from the code under test but the two hashes is used in it.
"""

from collections.abc import Callable
from functools import cache

import pytest

from auditapp.merkle import leaf_hash, node_hash

Root = Callable[[int, int], bytes]


@pytest.fixture(scope="session")
def leaves() -> list[bytes]:
    """Leaf hashes, enough for two nodes of level 16 and some more."""
    return [leaf_hash(b"entry %d" % index) for index in range(2 * 65_536 + 300)]


@pytest.fixture(scope="session")
def root_over(leaves: list[bytes]) -> Root:
    """MTH(D[start:end]) of the RFC, as a plain recursion."""

    @cache
    def root(start: int, end: int) -> bytes:
        if end - start == 1:
            return leaves[start]
        half = 1
        while 2 * half < end - start:
            half *= 2
        return node_hash(root(start, start + half), root(start + half, end))

    return root
