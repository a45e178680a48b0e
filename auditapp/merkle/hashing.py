"""The two hashes of RFC 6962 and the root of the empty tree.

How hashes are arranged in a tree is in `tree`, how they prove something in `proofs`.
"""

from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()

# The prefixes keep a node from being passed off as a leaf (RFC 6962 section 2.1).
LEAF_PREFIX = b"\x00"
NODE_PREFIX = b"\x01"


def leaf_hash(entry: bytes) -> bytes:
    """Hash the bytes of one entry into its leaf.

    Source:  RFC 6962 section 2.1
    """
    return sha256(LEAF_PREFIX + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two neighbouring subtrees into their parent.

    Source:  RFC 6962 section 2.1
    """
    return sha256(NODE_PREFIX + left + right).digest()
