"""Setups and batches for kinds, and receivers on loopback that answer as told."""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from auditapp.pipeline.destinations.kind import Batch, Outgoing, Setup
from tests.lib.outbound.conftest import read_request
from tests.pipeline.test_formats import AUDIT

AT = datetime(2026, 11, 24, 10, 0, 1, tzinfo=UTC)


def setup_of(kind, form=None, signing_secrets=(), **values) -> Setup:
    """A setup as it is opened for a kind: defaults where nothing is said, secrets apart."""
    settings = {one.name: one.default for one in kind.fields if not one.is_secret}
    secrets = {one.name for one in kind.fields if one.is_secret}
    assert values.keys() <= {*settings, *secrets}
    settings |= {name: value for name, value in values.items() if name not in secrets}
    kept = {name: value for name, value in values.items() if name in secrets}
    return Setup(settings, kept, form or kind.formats[0], signing_secrets)


def outgoing(index=0, **event) -> Outgoing:
    message_id = event.get("messageId", f"msg_{index}")
    return Outgoing(index, message_id, AT + timedelta(seconds=index), {**AUDIT, "messageId": message_id, **event})


def batch_of(*events, start=0) -> Batch:
    kept = tuple(events) or (outgoing(start),)
    return Batch("bat_7Q2k", "src_1", "dst_1", start, start + len(kept), kept)


def body_of(kind, batch, setup) -> bytes:
    return kind.body([kind.item(one, setup) for one in batch.events], batch, setup)


def sent(kind, batch, setup):
    """Send as the delivery does: bytes first, and the same at a second try."""
    body = body_of(kind, batch, setup)
    assert body == body_of(kind, batch, setup)
    return kind.send(body, batch, setup)


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """An HTTP server of a function from a request to a status, headers and a body."""

    url: str
    port: int
    requests: list[Request] = field(default_factory=list)


Answering = Callable[[Request], tuple[int, dict[str, str], bytes]]


@contextmanager
def receiving(serving, answer: Answering, context=None, host="127.0.0.1"):
    """Gives a Receiver; over TLS with a context."""
    requests: list[Request] = []

    def serve(line):
        while raw := read_request(line):
            requests.append(_parsed(raw))
            status, headers, body = answer(requests[-1])
            lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            line.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    with serving(serve, context) as server:
        scheme = "https" if context else "http"
        yield Receiver(f"{scheme}://{host}:{server.port}", server.port, requests)


def _parsed(raw: bytes) -> Request:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *rows = head.decode("latin-1").split("\r\n")
    method, path, version = first.split(" ")
    assert version == "HTTP/1.1"
    headers = {name.lower(): value for name, value in (row.split(": ", 1) for row in rows)}
    assert len(headers) == len(rows)
    return Request(method, path, headers, body)
