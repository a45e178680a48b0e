"""Splunk's HTTP Event Collector (HEC), and what speaks as it does.

Source:  docs.splunk.com, "Format events for HTTP Event Collector", "Troubleshoot HTTP Event Collector"
"""

from collections.abc import Sequence
from typing import Any, Final

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
from auditapp.pipeline.formats.reading import read
from auditapp.pipeline.formats.rendering import render

PATH: Final = "/services/collector/event"
SUCCESS: Final = 0
_CODES: Final = {
    1: (Outcome.AUTH, "This token is disabled. Enable it under Settings > Data inputs > HTTP Event Collector."),
    2: (Outcome.AUTH, "A token is asked for. Something between here and Splunk takes the Authorization header away."),
    3: (Outcome.AUTH, "The Authorization header is not understood."),
    4: (
        Outcome.AUTH,
        "Splunk does not know this token. Is it one of this installation, and are tokens enabled globally?",
    ),
    5: (Outcome.REFUSED, "Splunk found no event in this request."),
    6: (Outcome.REFUSED, "Splunk does not understand an event."),
    7: (Outcome.AUTH, "The token may not write into this index, or there is none of this name."),
    8: (Outcome.RETRY, "Splunk could not do it (internal error)."),
    9: (Outcome.RETRY, "Splunk is busy."),
    10: (
        Outcome.AUTH,
        "The token has indexer acknowledgement on, which is not spoken here. Turn it off for this token.",
    ),
    11: (
        Outcome.AUTH,
        "The token has indexer acknowledgement on, which is not spoken here. Turn it off for this token.",
    ),
    12: (Outcome.REFUSED, "Splunk finds no event in an item."),
    13: (Outcome.REFUSED, "Splunk finds an event empty."),
    14: (Outcome.AUTH, "Acknowledgement is disabled."),
    15: (Outcome.REFUSED, "Splunk cannot index a field."),
    16: (Outcome.AUTH, "Tokens in the query are not enabled."),
    18: (Outcome.RETRY, "The queues of Splunk are full."),
    19: (Outcome.RETRY, "The acknowledgement service of Splunk is not available."),
    20: (Outcome.RETRY, "The queues of Splunk are full, and so is its acknowledgement service."),
    23: (Outcome.RETRY, "Splunk is being shut down."),
    26: (Outcome.RETRY, "Splunk takes no more at the moment."),
    27: (Outcome.REFUSED, "This is larger than Splunk takes (max_content_length in limits.conf)."),
}


class SplunkHec(HttpKind):
    """Each event with its own time; a batch is JSON objects one after the other."""

    key = "splunk"
    name = "Splunk HEC"
    summary = "Splunk Cloud or Enterprise, over the HTTP Event Collector."
    icon = "terminal"
    fields = (
        Field("url", "URL", "url", "Without /services/collector/event.", placeholder="https://splunk.example.com:8088"),
        Field("token", "Token", is_secret=True),
        Field("index", "Index", help="Empty: the token's own.", is_required=False),
        Field("sourcetype", "Source type", default="_json", is_advanced=True),
        Field("source", "Source", default="audit-trail", is_advanced=True),
        Field("host", "Host", default="audit-trail", is_advanced=True),
        *TLS_FIELDS,
    )

    def check(self, setup: Setup) -> None:
        address_under(str(setup.settings["url"]), PATH)
        word_of(setup.secrets["token"], "token")

    def item(self, outgoing: Outgoing, setup: Setup) -> bytes:
        entry: dict[str, Any] = {
            "time": f"{read(outgoing.event).at.timestamp():.6f}",
            **{name: setup.settings[name] for name in ("host", "source", "sourcetype")},
        }
        if setup.settings["index"]:
            entry["index"] = setup.settings["index"]
        return orjson.dumps({**entry, "event": render(setup.form, outgoing.event)})

    def body(self, items: Sequence[bytes], batch: Batch, setup: Setup) -> bytes:
        return b"\n".join(items)

    def call(self, body: bytes, batch: Batch, setup: Setup) -> Call:
        headers = {"Content-Type": "application/json", "Authorization": f"Splunk {setup.secrets['token']}"}
        return call_to(address_under(str(setup.settings["url"]), PATH), headers, setup)

    def understood(self, answer: Answer, batch: Batch) -> tuple[Outcome, str]:
        said = _said(answer)
        code, number = said.get("code"), said.get("invalid-event-number")
        outcome = outcome_of(answer.status)
        if code in _CODES:
            meant, told_plainly = _CODES[code]
            place = f" It is event {number + 1} of {len(batch.events)}." if type(number) is int else ""
            return meant, f"{answer.status}, code {code}: {told_plainly}{place if meant is Outcome.REFUSED else ''}"
        if outcome is Outcome.DELIVERED and code != SUCCESS:
            return Outcome.RETRY, f"{told_of(answer)}, but not as the collector answers: is this its address and port?"
        return outcome, told_of(answer)


def _said(answer: Answer) -> dict[str, Any]:
    try:
        said = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}
