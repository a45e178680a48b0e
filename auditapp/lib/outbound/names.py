"""Looking names up within a deadline, which the system's resolver does not know.

Whether an address may be called is decided elsewhere.
"""

from __future__ import annotations

from ipaddress import ip_address
from queue import Empty, SimpleQueue
from socket import SOCK_STREAM, getaddrinfo
from threading import BoundedSemaphore, Thread
from typing import Final

from auditapp.lib.outbound.deadline import Deadline
from auditapp.lib.outbound.errors import Failure, Unreachable
from auditapp.lib.outbound.ranges import Address, unmapped
from auditapp.lib.outbound.urls import literal_address

LOOK_UP_TIMEOUT_S: Final = 5
# A resolver that hangs holds a thread for its own time, half a minute; others must still get theirs.
_look_ups: Final = BoundedSemaphore(64)


def addresses_of(host: str, deadline: Deadline) -> tuple[Address, ...]:
    """Every address of a host, A and AAAA, in the order in which they are to be tried.

    Raises:  Unreachable
    """
    if literal := literal_address(host):
        return (unmapped(literal),)
    if not _look_ups.acquire(blocking=False):
        raise Unreachable(Failure.NAME, "Too many names are being looked up. It is tried again later.")
    outcome: SimpleQueue[list[str] | Exception] = SimpleQueue()
    Thread(target=_look_up, args=(host, outcome), daemon=True).start()
    try:
        found = outcome.get(timeout=deadline.within(LOOK_UP_TIMEOUT_S).left())
    except (Empty, TimeoutError):
        raise Unreachable(Failure.TIMEOUT, f"The address of {host} was not found in time (DNS).") from None
    if isinstance(found, Exception) or not found:
        raise Unreachable(Failure.NAME, f"{host} has no address (DNS).")
    # In order and each once; a mapped IPv4 address is judged and called as what it is.
    return tuple(dict.fromkeys(unmapped(ip_address(text)) for text in found))


def _look_up(host: str, outcome: SimpleQueue[list[str] | Exception]) -> None:
    try:
        outcome.put([str(found[4][0]) for found in getaddrinfo(host, None, type=SOCK_STREAM)])
    except (OSError, UnicodeError) as error:  # gaierror; a label that the resolver's own codec refuses
        outcome.put(error)
    finally:
        _look_ups.release()
