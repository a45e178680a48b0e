"""The network as httpcore sees it: addresses that were judged, and nothing else, under one deadline.

No private part of httpcore is touched: a network backend is its own place for this.
"""

from __future__ import annotations

import selectors
import socket
import ssl
from typing import Any

import httpcore2

from auditapp.lib.outbound.deadline import Deadline
from auditapp.lib.outbound.errors import Failure, Unreachable
from auditapp.lib.outbound.lines import CONNECT_TIMEOUT_S, dial, encrypt, peer_of
from auditapp.lib.outbound.ranges import Address
from auditapp.lib.outbound.targets import Target


class Carrier(httpcore2.NetworkBackend):
    """Dials one target for one HTTP connection, and knows the request that is under way on it."""

    def __init__(self, target: Target) -> None:
        self.host = target.host
        self.peer: Address | None = None
        self._target = target

    def start(self, deadline: Deadline) -> None:
        """Begin a request, which has to be over by the deadline."""
        self.deadline = deadline
        self.has_received = False

    # httpcore names host, port and timeouts; the target and the deadline know better.
    def connect_tcp(self, *args: Any, **options: Any) -> httpcore2.NetworkStream:
        connecting = self.deadline.within(CONNECT_TIMEOUT_S)
        line = dial(self._target, connecting)
        self.peer = peer_of(line)
        return _Stream(self, line, connecting)

    def encrypted(self, line: socket.socket, context: ssl.SSLContext, connecting: Deadline) -> httpcore2.NetworkStream:
        """The stream over TLS, for the target's name whatever httpcore calls it."""
        return _Stream(self, encrypt(line, context, self._target, connecting), connecting)

    def too_late(self) -> Unreachable:
        return Unreachable(Failure.TIMEOUT, f"{self.host} did not answer within {self.deadline.seconds:.3g} s.")

    def broken(self) -> Unreachable:
        return Unreachable(Failure.BROKEN, f"{self.host} broke the connection before it had answered.")


class _Stream(httpcore2.NetworkStream):
    """Bytes of one connection; a read or write may take what is left of the request, not so long each."""

    def __init__(self, carrier: Carrier, line: socket.socket, connecting: Deadline) -> None:
        self._carrier = carrier
        self._line = line
        self._connecting = connecting

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            self._line.settimeout(self._carrier.deadline.left())
            received = self._line.recv(max_bytes)
        except TimeoutError:
            raise self._carrier.too_late() from None
        except OSError as error:
            raise self._carrier.broken() from error
        self._carrier.has_received |= bool(received)
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            self._line.settimeout(self._carrier.deadline.left())
            self._line.sendall(buffer)
        except TimeoutError:
            raise self._carrier.too_late() from None
        except OSError as error:
            # To httpcore, which then reads: a server may refuse a body with an answer before it has read it all.
            raise httpcore2.WriteError from error

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return self._carrier.encrypted(self._line, ssl_context, self._connecting)

    def close(self) -> None:
        self._line.close()

    def get_extra_info(self, info: str) -> Any:
        if info == "ssl_object":
            return self._line if isinstance(self._line, ssl.SSLSocket) else None
        if info == "is_readable":
            # Asked before a connection is used again: there is its end to read, or bytes that nobody asked for.
            with selectors.DefaultSelector() as selector:
                selector.register(self._line, selectors.EVENT_READ)
                return bool(selector.select(0))
        return None
