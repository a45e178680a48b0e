"""A kind of destination for tests: it keeps what it was sent, and answers as it is told."""

from collections import deque
from contextlib import contextmanager

import orjson

from auditapp.pipeline.destinations.kind import Field, Kind, Outcome, Sent
from auditapp.pipeline.destinations.registry import _kinds, register_destination_kind
from auditapp.pipeline.formats.rendering import Format, render


class Played(Kind):
    """`answers` are given in turn, then `always`; a function of the batch decides for itself."""

    key = "played"
    name = "Played"
    summary = "For tests."
    signs = True
    fields = (
        Field("url", "URL", "url"),
        Field("token", "Token", is_secret=True),
        Field("note", "Note", is_required=False),
        Field("size", "Size", "number", default=500, least=1, most=5_000),
        Field("mode", "Mode", "choice", default="a", choices=(("a", "A"), ("b", "B"))),
        Field("is_quick", "Quick", "flag", default=False, is_required=False),
        Field("linger", "Linger", "number", default=0, least=0, most=600),
    )
    formats = (Format.SEGMENT, Format.CEF)

    def __init__(self):
        self.got = []  # (batch, body) of what was delivered
        self.tries = []  # (batch, body) of everything
        self.answers = deque()
        self.always = Sent(Outcome.DELIVERED, "200", "200 OK")

    def max_events(self, setup):
        return int(setup.settings["size"])

    def linger_s(self, setup):
        return float(setup.settings["linger"])

    def item(self, outgoing, setup):
        said = render(setup.form, outgoing.event)
        return said.encode() if isinstance(said, str) else orjson.dumps(said)

    def body(self, items, batch, setup):
        return b"\n".join(items)

    def send(self, body, batch, setup):
        self.tries.append((batch, body))
        answer = self.answers.popleft() if self.answers else self.always
        sent = answer(batch) if callable(answer) else answer
        if sent.outcome is Outcome.DELIVERED:
            self.got.append((batch, body))
        return sent

    @property
    def names(self):
        return [one.event["event"] for batch, _ in self.got for one in batch.events]


SETTINGS = {"url": "https://hooks.example.com/in", "token": "s3cret-token"}
BUSY = Sent(Outcome.RETRY, "503", "503 Service Unavailable", request="POST …", answer="busy")
BAD = Sent(Outcome.REFUSED, "422", "422 Unprocessable Entity")
DENIED = Sent(Outcome.AUTH, "401", "401 Unauthorized")
GONE = Sent(Outcome.GONE, "410", "410 Gone")


@contextmanager
def played():
    kind = Played()
    register_destination_kind(kind)
    try:
        yield kind
    finally:
        _kinds.pop(kind.key)
