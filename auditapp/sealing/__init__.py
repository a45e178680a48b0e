"""The seal: gap-free order, Merkle trees, signed checkpoints, verification, and readers that follow the sealed log."""
