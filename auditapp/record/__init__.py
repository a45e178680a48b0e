"""The event: how it is written, and the only door through which events are read.

Who may read is decided in `access`, order and proofs in `sealing`; this package knows workspaces and people by plain ids.
"""
