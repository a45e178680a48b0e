"""Kinds call servers on loopback, which the tests of the outbound client have."""

from tests.lib.outbound.conftest import authority, loopback, server_context, serving

__all__ = ["authority", "loopback", "server_context", "serving"]
