"""Logs of Datadog: its intake of version 2, and what takes the same (Observability Pipelines, Vector).

Source:  docs.datadoghq.com, API, Logs, "Send logs"
"""

import gzip
import re
from collections.abc import Sequence
from typing import Any, Final

import orjson

from auditapp.lib.clock import utc_text
from auditapp.lib.errors import Invalid
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

PATH: Final = "/api/v2/logs"
SITES: Final = (
    ("datadoghq.com", "US1 (datadoghq.com)"),
    ("us3.datadoghq.com", "US3"),
    ("us5.datadoghq.com", "US5"),
    ("datadoghq.eu", "EU1 (datadoghq.eu)"),
    ("ap1.datadoghq.com", "AP1"),
    ("ap2.datadoghq.com", "AP2"),
    ("ddog-gov.com", "US1-FED"),
)
MOST_EVENTS: Final = 1_000
MOST_BYTES: Final = 4_900_000  # of 5 MB before it is packed
_ACCEPTED: Final = 202
_TAGS: Final = re.compile(r"[^\s,]+(,[^\s,]+)*")


class DatadogLogs(HttpKind):
    """An event is a log whose message is a sentence, with the event under the name of its format."""

    key = "datadog"
    name = "Datadog Logs"
    summary = "Logs of a Datadog site, with tags, service and source."
    icon = "diff"
    fields = (
        Field("site", "Site", "choice", default="datadoghq.com", choices=SITES),
        Field("api_key", "API key", is_secret=True),
        Field("service", "Service", default="audit-trail"),
        Field("ddsource", "Source", default="audit-trail", help="By which Datadog chooses a pipeline."),
        Field("ddtags", "Tags", help="As in env:prod,team:security.", is_required=False),
        Field("hostname", "Host", is_required=False, is_advanced=True),
        Field(
            "url",
            "Another address",
            "url",
            "In place of the site: an Observability Pipelines Worker, or Vector.",
            is_required=False,
            is_advanced=True,
        ),
        *TLS_FIELDS,
    )

    def check(self, setup: Setup) -> None:
        word_of(setup.secrets["api_key"], "api_key")
        _address(setup)
        if setup.settings["ddtags"] and not _TAGS.fullmatch(str(setup.settings["ddtags"])):
            raise Invalid("Write tags as env:prod,team:security, without spaces.", field="ddtags", code="bad_tags")

    def max_events(self, setup: Setup) -> int:
        return MOST_EVENTS

    def max_bytes(self, setup: Setup) -> int:
        return MOST_BYTES

    def item(self, outgoing: Outgoing, setup: Setup) -> bytes:
        facts, said = read(outgoing.event), render(setup.form, outgoing.event)
        log: dict[str, Any] = {
            "message": said if isinstance(said, str) else facts.sentence,
            "timestamp": utc_text(facts.at),
            "status": "warning" if facts.is_success is False else "info",
            **{name: setup.settings[name] for name in ("ddsource", "service", "ddtags", "hostname")},
        }
        if not isinstance(said, str):
            log[str(setup.form)] = said
        return orjson.dumps({name: value for name, value in log.items() if value != ""})

    def body(self, items: Sequence[bytes], batch: Batch, setup: Setup) -> bytes:
        # Without the time of packing, or the same events were other bytes at each try.
        return gzip.compress(b"[" + b",".join(items) + b"]", 6, mtime=0)

    def call(self, body: bytes, batch: Batch, setup: Setup) -> Call:
        headers = {
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
            "DD-API-KEY": setup.secrets["api_key"],
        }
        return call_to(_address(setup), headers, setup)

    def understood(self, answer: Answer, batch: Batch) -> tuple[Outcome, str]:
        outcome, message = outcome_of(answer.status), told_of(answer)
        # Vector says 200 and no more.
        if outcome is Outcome.DELIVERED and answer.status != _ACCEPTED and answer.body.strip() not in (b"", b"{}"):
            return Outcome.RETRY, f"{message}, but not 202 as the intake answers: is this its address?"
        if outcome is Outcome.AUTH:
            return outcome, f"{message}: the API key is not valid at this site. Keys belong to one site."
        return outcome, message


def _address(setup: Setup) -> str:
    if setup.settings["url"]:
        return address_under(str(setup.settings["url"]), PATH)
    return f"https://http-intake.logs.{setup.settings['site']}{PATH}"
