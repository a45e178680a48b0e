"""HTTP requests to addresses that users enter.

No redirect is followed, no proxy, .netrc or cookie is used, nothing is unpacked: httpcore does none of it, and so there is nothing to turn off.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

import httpcore2

from auditapp.lib.outbound.deadline import Deadline
from auditapp.lib.outbound.errors import Failure, Refusal, Refused, Unreachable
from auditapp.lib.outbound.pool import POOL, Connection, opened
from auditapp.lib.outbound.targets import Target, vetted
from auditapp.lib.outbound.tls import ClientCertificate, tls_context
from auditapp.lib.visible_text import terminal_safe

ANSWER_TIMEOUT_S: Final = 15
MOST_READ: Final = 64 * 1024

_METHODS: Final = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)  # RFC 9110 section 5.6.2
_VALUE: Final = re.compile(r"([!-~]([ -~\t]*[!-~])?)?", re.ASCII)
# Where the request ends, and to whom it goes, is said by nobody else.
_OURS: Final = {
    *("host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect"),
    *("accept-encoding", "proxy-authorization", "proxy-connection"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; its body is cut after 64 KiB and never unpacked."""

    status: int
    headers: dict[str, str] = field(repr=False)  # by name in lower case
    body: bytes = field(repr=False)
    is_cut: bool
    elapsed_ms: int


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str] | None = None,
    *,
    deadline_s: float = ANSWER_TIMEOUT_S,
    client_certificate: ClientCertificate | None = None,
    ca: str | None = None,
) -> Answer:
    """Post a body; see `request`."""
    return request(
        "POST",
        url,
        body=body,
        headers=headers,
        deadline_s=deadline_s,
        client_certificate=client_certificate,
        ca=ca,
    )


def request(
    method: str,
    url: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    deadline_s: float = ANSWER_TIMEOUT_S,
    client_certificate: ClientCertificate | None = None,
    ca: str | None = None,
) -> Answer:
    """The answer to one request, whatever its status; a redirect is an answer like any other.

    Where a connection that was kept open breaks before a first byte came back, the same bytes are sent once more over a new
    one: whoever sends what must not arrive twice gives it a key that the receiver knows it by.

    Takes:   deadline_s, for looking up, connecting, sending and the whole answer together
             ca, authorities in PEM that are trusted instead of the system's
    Raises:  Refused, Unreachable
    """
    started_at, deadline = monotonic(), Deadline(deadline_s)
    if method not in _METHODS:
        raise Refused(Refusal.METHOD, f"{method[:20]!r} requests are not sent.")
    check_headers(headers or {})
    target = vetted(url, deadline=deadline)
    context = tls_context("http", client_certificate, ca) if target.scheme == "https" else None
    sent = _as_sent(method, target, body, headers or {})
    if kept := POOL.take(target, context):
        try:
            return _exchange(kept, sent, deadline, started_at)
        except Unreachable as error:
            # The server closed it just when it was taken; and where it did read the request, it gets the same bytes again.
            if error.why is not Failure.BROKEN or kept.carrier.has_received:
                raise
    return _exchange(opened(target, context), sent, deadline, started_at)


def check_headers(headers: Mapping[str, str]) -> None:
    """Headers that a caller may add, looked at before they are sent or stored.

    Raises:  Refused
    """
    for name, value in headers.items():
        if _NAME.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
            shown = terminal_safe(name[:60])
            raise Refused(Refusal.HEADER, f"The header “{shown}” holds line breaks or characters that no header has.")
        if name.lower() in _OURS:
            raise Refused(Refusal.HEADER, f"The header {name} is set by the client itself. Leave it out.")


def _as_sent(method: str, target: Target, body: bytes, headers: Mapping[str, str]) -> httpcore2.Request:
    sent = {"Host": target.authority, "User-Agent": "audit-trail", "Accept": "*/*", "Accept-Encoding": "identity"}
    if body or method in {"POST", "PUT", "PATCH"}:
        sent["Content-Length"] = str(len(body))
    given = {name.lower() for name in headers}
    lines = [(name, value) for name, value in sent.items() if name.lower() not in given]
    url = httpcore2.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
    return httpcore2.Request(method, url, headers=[*lines, *headers.items()], content=body)


def _exchange(connection: Connection, sent: httpcore2.Request, deadline: Deadline, started_at: float) -> Answer:
    connection.carrier.start(deadline)
    try:
        response = connection.http.handle_request(sent)
        body = bytearray()
        with closing(response):  # what is left of a longer answer is not read: the connection is closed
            if not connection.carrier.has_received:
                # An answer to nothing, which came with the one before: what was asked now is still to be answered.
                raise connection.carrier.broken()
            for chunk in response.iter_stream():
                body += chunk
                if len(body) > MOST_READ:
                    break
    except httpcore2.RemoteProtocolError as error:
        if not connection.carrier.has_received:
            raise connection.carrier.broken() from error
        host = connection.carrier.host
        raise Unreachable(Failure.PROTOCOL, f"{host} cut its answer off, or it is no HTTP answer.") from error
    finally:
        POOL.keep(connection)
    read: dict[str, str] = {}
    for name, value in response.headers:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        read[key] = f"{read[key]}, {text}" if key in read else text
    elapsed_ms = round((monotonic() - started_at) * 1000)
    return Answer(response.status, read, bytes(body[:MOST_READ]), len(body) > MOST_READ, elapsed_ms)
