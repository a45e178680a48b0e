"""An RFC 6962 tree, its proofs and signed checkpoints: this folder alone verifies an export.

It needs Python and `cryptography`; storage, keys and the shape of entries live elsewhere.

To check an export, take the root from `Checkpoint.parse(open_note(note, verifiers))`, hash
the stored bytes of an entry with `leaf_hash` and call `verify_inclusion`. A checkpoint kept
from earlier is held against a newer one with `verify_consistency`.
"""

from .hashing import EMPTY_ROOT, HASH_BYTES, leaf_hash, node_hash
from .notes import Checkpoint, NoteInvalid, Signer, Verifier, open_note, sign_note
from .proofs import (
    HashesMissing,
    ProofInvalid,
    StoredTree,
    consistency_path,
    inclusion_path,
    verify_consistency,
    verify_inclusion,
)
from .tree import STORED_LEVELS, Frontier, StoredNode

__all__ = [
    "EMPTY_ROOT",
    "HASH_BYTES",
    "STORED_LEVELS",
    "Checkpoint",
    "Frontier",
    "HashesMissing",
    "NoteInvalid",
    "ProofInvalid",
    "Signer",
    "StoredNode",
    "StoredTree",
    "Verifier",
    "consistency_path",
    "inclusion_path",
    "leaf_hash",
    "node_hash",
    "open_note",
    "sign_note",
    "verify_consistency",
    "verify_inclusion",
]
