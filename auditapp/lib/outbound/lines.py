"""Connections to vetted addresses, each to exactly the address that was judged.

HTTP is spoken over them in client.py; syslog and others take `connect()`.
"""

from __future__ import annotations

import os
import socket
import ssl
from contextlib import suppress
from ipaddress import ip_address
from select import select
from time import monotonic
from typing import Final

from auditapp.lib.outbound.deadline import Deadline
from auditapp.lib.outbound.errors import Failure, Refusal, Refused, Unreachable
from auditapp.lib.outbound.ranges import Address, unmapped
from auditapp.lib.outbound.targets import Target, vetted_peer
from auditapp.lib.outbound.tls import ClientCertificate, tls_context

CONNECT_TIMEOUT_S: Final = 5
DELIVER_TIMEOUT_S: Final = 15
REFUSAL_S: Final = 0.05
_MOST_TRIED: Final = 4  # of the addresses of one name


def connect(
    host: str,
    port: int,
    *,
    tls: bool,
    deadline_s: float = CONNECT_TIMEOUT_S,
    client_certificate: ClientCertificate | None = None,
    ca: str | None = None,
) -> socket.socket:
    """A connection to a host, over TLS for its name; it also waits so long in each later send and receive.

    Takes:   tls, False only towards allowed networks, or with OUTBOUND_ALLOW_HTTP
             deadline_s, for looking up, connecting and the handshake together
             ca, authorities in PEM that are trusted instead of the system's
    Raises:  Refused, Unreachable
    """
    deadline = Deadline(deadline_s)
    context = tls_context("line", client_certificate, ca) if tls else None
    target = vetted_peer(host, port, tls=tls, deadline=deadline)
    line = dial(target, deadline)
    if context is not None:
        line = encrypt(line, context, target, deadline)
    line.settimeout(deadline_s)
    return line


def deliver(
    host: str,
    port: int,
    said: bytes,
    *,
    tls: bool,
    wait_s: float,
    deadline_s: float = DELIVER_TIMEOUT_S,
    client_certificate: ClientCertificate | None = None,
    ca: str | None = None,
) -> bool:
    """Send bytes to who never answers, end there, and say whether the other end closed its side too within `wait_s`.

    All were sent; whether they were read, nobody says. What is noticed is a connection that was broken or closed
    meanwhile, and a server of TLS that turns the certificate down.

    Takes:   deadline_s, for connecting and, again, for sending
    Raises:  Refused, Unreachable
    """
    started_at = monotonic()
    with connect(host, port, tls=tls, client_certificate=client_certificate, ca=ca) as line:
        try:
            _await_refusal(line, min(wait_s, REFUSAL_S + 2 * (monotonic() - started_at)))
            line.settimeout(deadline_s)
            line.sendall(said)
            return _has_ended(line, Deadline(wait_s))
        except TimeoutError:
            raise Unreachable(
                Failure.TIMEOUT, f"{host} at port {port} did not take everything within {deadline_s:.3g} s."
            ) from None
        except ssl.SSLError as error:
            raise Unreachable(Failure.TLS, f"{host} at port {port} ended TLS ({error.reason or 'cut off'}).") from error
        except OSError as error:
            raise Unreachable(Failure.BROKEN, f"{host} at port {port} broke the connection.") from error


def _await_refusal(line: socket.socket, seconds: float) -> None:
    """In TLS 1.3 a server looks at the certificate when the handshake is over for us; what it turns down, it would not read.

    Some say why, others just close, as they do when all is well: so nothing is sent before that can have come.
    """
    if not isinstance(line, ssl.SSLSocket) or line.version() != "TLSv1.3":
        return
    line.settimeout(seconds)
    try:
        if line.recv(1):
            return
    except TimeoutError:
        return
    raise Unreachable(
        Failure.TLS,
        "The connection was closed after the handshake: a client certificate is asked for, or this one not taken.",
    )


def _has_ended(line: socket.socket, deadline: Deadline) -> bool:
    """Say that nothing more comes, and wait for the same from there; what else is said there is not for us."""
    line.settimeout(0)
    with suppress(BlockingIOError, ssl.SSLWantReadError):
        while line.recv(65536):
            pass
        raise ConnectionAbortedError  # it closed before it was told that this is all
    try:
        if not isinstance(line, ssl.SSLSocket):
            line.shutdown(socket.SHUT_WR)
        elif _takes_leave(line, deadline):
            return True
        line.settimeout(deadline.left())
        while line.recv(65536):
            line.settimeout(deadline.left())
    except TimeoutError:
        return False
    return True


def _takes_leave(line: ssl.SSLSocket, deadline: Deadline) -> bool:
    """Say TLS's farewell without waiting for theirs, which recv() tells better; whether it came at once."""
    while True:
        try:
            line.unwrap()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLWantWriteError:
            select([], [line], [], deadline.left())
        except ssl.SSLEOFError:  # closed without one, as many do
            return True
        else:
            return True


def dial(target: Target, deadline: Deadline) -> socket.socket:
    """A TCP connection to the first of the target's addresses that takes it.

    Raises:  Unreachable; Refused where the other end is not the address that was judged
    """
    tried = target.addresses[:_MOST_TRIED]
    failure: OSError = OSError()
    for place, address in enumerate(tried):
        try:
            # A share of the time for each: the first one may swallow packets.
            line = _connected(address, target.port, deadline.left() / (len(tried) - place))
        except OSError as error:
            failure = error
            continue
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if (peer := peer_of(line)) == address:
            return line
        line.close()
        raise Refused(Refusal.ADDRESS, f"{target.host} was answered by {peer}, which was not asked.")
    raise _unreachable(target, failure, deadline) from failure


def encrypt(line: socket.socket, context: ssl.SSLContext, target: Target, deadline: Deadline) -> ssl.SSLSocket:
    """The same connection with TLS, the certificate verified for the target's name. A failure closes it.

    Raises:  Unreachable
    """
    try:
        line.settimeout(deadline.left())
        return context.wrap_socket(line, server_hostname=target.host)
    except OSError as error:
        line.close()
        raise _unreachable(target, error, deadline) from error


def cut(descriptor: int) -> None:
    """End a connection that another library holds and waits on: it then finds it closed by the other end."""
    with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as line:
        line.shutdown(socket.SHUT_RDWR)


def peer_of(line: socket.socket) -> Address:
    """The address at the other end."""
    return unmapped(ip_address(line.getpeername()[0]))


def _connected(address: Address, port: int, timeout_s: float) -> socket.socket:
    line = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    try:
        line.settimeout(timeout_s)
        line.connect((str(address), port))
    except OSError:
        line.close()
        raise
    return line


def _unreachable(target: Target, error: OSError, deadline: Deadline) -> Unreachable:
    host, place = target.host, f"{target.host} at port {target.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return Unreachable(Failure.TLS, f"The certificate of {host} is not valid: {error.verify_message.rstrip('.')}.")
    if isinstance(error, TimeoutError):
        return Unreachable(Failure.TIMEOUT, f"{place} could not be connected to within {deadline.seconds:.3g} s.")
    if isinstance(error, ssl.SSLError):
        return Unreachable(Failure.TLS, f"{place} does not speak TLS as expected ({error.reason or 'cut off'}).")
    if isinstance(error, ConnectionRefusedError):
        return Unreachable(Failure.CONNECT, f"{place} refuses connections.")
    return Unreachable(Failure.CONNECT, f"{place} cannot be reached ({error.strerror or 'cut off'}).")
