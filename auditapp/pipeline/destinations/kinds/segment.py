"""Another source of Segment, or of whatever takes Segment's HTTP API: calls go on as they came in.

Source:  segment.com/docs, Sources, HTTP API: batch
"""

from base64 import b64encode
from collections.abc import Sequence
from typing import Final

import orjson

from auditapp.lib.outbound import Answer
from auditapp.pipeline.destinations.http_kind import (
    TLS_FIELDS,
    Call,
    HttpKind,
    address_under,
    call_to,
    outcome_of,
    told_of,
    word_of,
)
from auditapp.pipeline.destinations.kind import Batch, Field, Outcome, Outgoing, Setup
from auditapp.pipeline.formats.rendering import Format

PATH: Final = "/v1/batch"
MOST_BYTES: Final = 490_000  # of the 500 KB of a request, with some left for what stands around the calls
MOST_EVENTS: Final = 2_500
# Times of our own arrival: with sentAt the other side would take the delay here for a clock that is slow.
_NOT_SENT: Final = {"receivedAt", "sentAt", "originalTimestamp", "writeKey"}


class Segment(HttpKind):
    """Calls keep their message id, by which the other side knows one that comes twice."""

    key = "segment"
    name = "Segment"
    summary = "Another source, over Segment's HTTP API; of Segment itself or of what speaks as it does."
    icon = "source"
    formats = (Format.SEGMENT,)
    fields = (
        Field("url", "Address", "url", "Without /v1/batch.", default="https://api.segment.io"),
        Field("write_key", "Write key", is_secret=True),
        *TLS_FIELDS,
    )

    def check(self, setup: Setup) -> None:
        address_under(str(setup.settings["url"]), PATH)
        word_of(setup.secrets["write_key"], "write_key")

    def max_events(self, setup: Setup) -> int:
        return MOST_EVENTS

    def max_bytes(self, setup: Setup) -> int:
        return MOST_BYTES

    def item(self, outgoing: Outgoing, setup: Setup) -> bytes:
        kept = {name: value for name, value in outgoing.event.items() if name not in _NOT_SENT}
        return orjson.dumps({**kept, "messageId": outgoing.message_id})

    def body(self, items: Sequence[bytes], batch: Batch, setup: Setup) -> bytes:
        return b'{"batch":[' + b",".join(items) + b"]}"

    def call(self, body: bytes, batch: Batch, setup: Setup) -> Call:
        basic = b64encode(f"{setup.secrets['write_key']}:".encode()).decode()
        headers = {"Content-Type": "application/json", "Authorization": f"Basic {basic}"}
        return call_to(address_under(str(setup.settings["url"]), PATH), headers, setup)

    def understood(self, answer: Answer, batch: Batch) -> tuple[Outcome, str]:
        outcome, message = outcome_of(answer.status), told_of(answer)
        if outcome is Outcome.AUTH:
            return outcome, f"{message}: nobody has this write key, or its source is off."
        if outcome is Outcome.REFUSED:
            return outcome, f"{message}: a call is larger than 32 KB or cannot be understood."
        return outcome, message
