"""A webhook as Standard Webhooks has it: JSON by POST, signed, and with an id that stays the same when it is tried again.

Source:  standardwebhooks.com, specification 1.0.0
"""

from collections.abc import Mapping, Sequence

import orjson

from auditapp.lib import clock
from auditapp.lib.clock import utc_text
from auditapp.lib.errors import Invalid
from auditapp.lib.webhook_signature import signature_headers
from auditapp.pipeline.destinations.http_kind import TLS_FIELDS, Call, HttpKind, call_to, headers_of
from auditapp.pipeline.destinations.kind import MAX_EVENTS, Batch, Field, Outgoing, Setup
from auditapp.pipeline.destinations.messages import MESSAGES_FIELD, message_for
from auditapp.pipeline.destinations.telling import told
from auditapp.pipeline.formats.rendering import Format, render


class Webhook(HttpKind):
    """Any HTTPS address. A batch says from where to where it goes, so that the receiver sees that nothing is missing between two."""

    key = "webhook"
    name = "Webhook"
    summary = "Signed JSON to any HTTPS address (Standard Webhooks)."
    icon = "link"
    signs = True
    fields = (
        Field("url", "URL", "url", placeholder="https://hooks.example.com/audit"),
        Field(
            "sends",
            "Each request holds",
            "choice",
            "A receiver of single events gets each as it is, with its number in the header audit-range.",
            default="batch",
            choices=(("batch", "A batch of up to 500 events"), ("single", "One event")),
        ),
        Field(
            "headers",
            "Headers",
            "lines",
            "One Name: value a line, sent with each request.",
            is_required=False,
            is_secret=True,
            is_advanced=True,
        ),
        Field(
            "with_message",
            "Say in words what happened, as message beside each event",
            "flag",
            "For receivers that show it as it is. In CEF there is no room for it.",
            default=False,
            is_required=False,
            is_advanced=True,
        ),
        MESSAGES_FIELD,
        *TLS_FIELDS,
    )

    def check(self, setup: Setup) -> None:
        headers_of(setup.secrets.get("headers", ""), "headers")
        if setup.settings["with_message"] and setup.form is Format.CEF:
            raise Invalid("CEF has no room for a message.", field="with_message", code="no_room")

    def max_events(self, setup: Setup) -> int:
        return 1 if setup.settings["sends"] == "single" else MAX_EVENTS

    def item(self, outgoing: Outgoing, setup: Setup) -> bytes:
        said = render(setup.form, outgoing.event)
        if setup.settings["with_message"] and isinstance(said, Mapping):
            said = {**said, "message": message_for(outgoing.event, told(outgoing.event), setup.settings)}
        return orjson.dumps(said)

    def body(self, items: Sequence[bytes], batch: Batch, setup: Setup) -> bytes:
        if setup.settings["sends"] == "single":
            return items[0]
        head = {
            "type": "events",
            "timestamp": utc_text(batch.events[-1].received_at),
            "source": batch.source_id,
            "destination": batch.destination_id,
            "from": batch.start,
            "to": batch.end,
        }
        return orjson.dumps(head)[:-1] + b',"data":[' + b",".join(items) + b"]}"

    def call(self, body: bytes, batch: Batch, setup: Setup) -> Call:
        headers = {
            "Content-Type": "application/json",
            **headers_of(setup.secrets.get("headers", ""), "headers"),
            "audit-range": f"{batch.start}-{batch.end}",
            **signature_headers(batch.id, clock.now(), body, setup.signing_secrets),
        }
        return call_to(str(setup.settings["url"]), headers, setup)
