"""HTTP connections that stay open for the next request to the same address of the same name.

Names are judged anew before each request: a connection is only used again while its address is among those just found.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Final

import httpcore2

from auditapp.lib.outbound.carrier import Carrier
from auditapp.lib.outbound.targets import Target

IDLE_S: Final = 15  # well within the 60 s after which usual load balancers close what is idle
OLDEST_S: Final = 120  # so that a server that moved behind its address is found
MOST_KEPT: Final = 64


@dataclass(eq=False, slots=True)
class Connection:
    """One HTTP connection, for one request at a time."""

    http: httpcore2.HTTPConnection
    carrier: Carrier
    of: tuple[str, str, int, ssl.SSLContext | None]
    opened_at: float = field(default_factory=monotonic)
    idle_since: float = 0

    @property
    def is_old(self) -> bool:
        now = monotonic()
        return now - self.opened_at > OLDEST_S or now - self.idle_since > IDLE_S


class Pool:
    """The idle connections of this process; any thread may take one."""

    def __init__(self) -> None:
        self._idle: list[Connection] = []  # the one used last at the end
        self._lock = Lock()

    def take(self, target: Target, context: ssl.SSLContext | None) -> Connection | None:
        """An open connection to one of the target's addresses, with the same certificates; none where there is none."""
        while True:
            with self._lock:
                fitting = (kept for kept in reversed(self._idle) if _fits(kept, target, context))
                found = next(fitting, None)
                if found is None:
                    return None
                self._idle.remove(found)
            if not found.http.has_expired():
                return found
            found.http.close()

    def keep(self, connection: Connection) -> None:
        """Keep a connection whose request is over, or close it where that cannot be."""
        with self._lock:
            known = [*self._idle, connection]
            connection.idle_since = monotonic()
            self._idle = [kept for kept in known if kept.http.is_available() and not kept.is_old][-MOST_KEPT:]
            closing = [kept for kept in known if kept not in self._idle]
        for kept in closing:
            kept.http.close()

    def clear(self) -> None:
        """Close all that is kept."""
        with self._lock:
            closing, self._idle = self._idle, []
        for kept in closing:
            kept.http.close()

    def leave_to_parent(self) -> None:
        """In a process that was forked: let go of connections that the other one goes on using."""
        self._lock = Lock()
        self.clear()


def opened(target: Target, context: ssl.SSLContext | None) -> Connection:
    """A new connection to the target, which is dialled by its first request."""
    carrier = Carrier(target)
    origin = httpcore2.Origin(target.scheme.encode(), target.host.encode(), target.port)
    http = httpcore2.HTTPConnection(origin, context, network_backend=carrier)
    return Connection(http, carrier, (target.scheme, target.host, target.port, context))


def _fits(kept: Connection, target: Target, context: ssl.SSLContext | None) -> bool:
    is_of_target = kept.of == (target.scheme, target.host, target.port, context)
    return is_of_target and kept.carrier.peer in target.addresses and not kept.is_old


POOL: Final = Pool()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=POOL.leave_to_parent)
