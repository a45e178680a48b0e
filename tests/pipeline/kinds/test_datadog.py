"""Datadog Logs against an intake that holds its limits."""

import gzip

import orjson
import pytest

from auditapp.lib.errors import Invalid
from auditapp.pipeline.destinations.kind import Outcome
from auditapp.pipeline.destinations.kinds.datadog import MOST_BYTES, DatadogLogs
from auditapp.pipeline.formats.rendering import Format
from tests.pipeline.kinds.setups import batch_of, body_of, outgoing, receiving, sent, setup_of
from tests.pipeline.test_formats import AUDIT

KIND = DatadogLogs()
KEY = "0123456789abcdef0123456789abcdef"


def _intake(request):
    assert (request.method, request.path) == ("POST", "/api/v2/logs")
    assert request.headers["content-type"] == "application/json"
    if request.headers["dd-api-key"] != KEY:
        return 403, {}, b'{"errors":[{"status":"403","title":"Forbidden"}]}'
    assert request.headers["content-encoding"] == "gzip"
    unpacked = gzip.decompress(request.body)
    logs = orjson.loads(unpacked)
    if len(unpacked) > 5_000_000 or len(logs) > 1_000:
        return 413, {}, b"{}"
    assert all(isinstance(log["message"], str) and log["ddsource"] and log["service"] for log in logs)
    return 202, {}, b"{}"


def _setup(receiver, form=Format.SEGMENT, **values):
    return setup_of(KIND, form, **{"url": receiver.url, "api_key": KEY, **values})


@pytest.mark.parametrize("form", Format)
def test_logs_arrive_with_a_sentence_and_the_event(serving, form):
    failed = outgoing(2, properties={**AUDIT["properties"], "outcome": "failure"})
    with receiving(serving, _intake) as receiver:
        setup = _setup(receiver, form, ddtags="env:prod,team:security", hostname="trail.example")
        result = sent(KIND, batch_of(outgoing(1), failed), setup)
    assert result.outcome is Outcome.DELIVERED
    first, second = orjson.loads(gzip.decompress(receiver.requests[0].body))
    assert (first["ddtags"], first["hostname"]) == ("env:prod,team:security", "trail.example")
    assert (first["timestamp"], first["status"], second["status"]) == ("2026-11-24T10:00:00.250000Z", "info", "warning")
    if form is Format.CEF:
        assert first["message"].startswith("CEF:0|")
        assert "cef" not in first
    else:
        assert first["message"] == "Warehouse Disabled: Snowflake prod (Ana Larsen)"
        assert isinstance(first[str(form)], dict)
    assert KEY not in result.request
    assert "Warehouse Disabled" in result.request


def test_the_bytes_tell_nothing_of_when_they_were_packed():
    body = body_of(KIND, batch_of(), setup_of(KIND, api_key=KEY))
    assert body[4:8] == b"\0\0\0\0"


def test_what_is_empty_is_left_out():
    log = orjson.loads(KIND.item(outgoing(1), setup_of(KIND, api_key=KEY)))
    assert not {"ddtags", "hostname"} & log.keys()


def test_limits_and_sites():
    setup = setup_of(KIND, api_key=KEY, site="datadoghq.eu")
    assert KIND.max_events(setup) == 1_000
    assert KIND.max_bytes(setup) + 1_002 <= 5_000_000
    assert KIND.max_bytes(setup) == MOST_BYTES
    assert KIND.call(b"", batch_of(), setup).url == "https://http-intake.logs.datadoghq.eu/api/v2/logs"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        *((200, Outcome.DELIVERED), (400, Outcome.REFUSED), (401, Outcome.AUTH), (403, Outcome.AUTH)),
        *((408, Outcome.RETRY), (413, Outcome.REFUSED), (429, Outcome.RETRY), (503, Outcome.RETRY)),
    ],
)
def test_what_a_status_means(serving, status, outcome):
    with receiving(serving, lambda request: (status, {}, b"{}")) as receiver:
        result = sent(KIND, batch_of(), _setup(receiver))
    assert result.outcome is outcome
    assert ("Keys belong to one site" in result.message) == (outcome is Outcome.AUTH)


def test_a_page_with_a_good_status_is_no_delivery(serving):
    with receiving(serving, lambda request: (200, {}, b"<html>Welcome</html>")) as receiver:
        result = sent(KIND, batch_of(), _setup(receiver))
    assert result.outcome is Outcome.RETRY
    assert "is this its address" in result.message


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"ddtags": "a b"}, "ddtags"),
        ({"ddtags": "a,,b"}, "ddtags"),
        ({"api_key": "a b"}, "api_key"),
        ({"url": "https://a/?b"}, "url"),
    ],
)
def test_settings_that_cannot_work_are_refused(values, field):
    with pytest.raises(Invalid) as raised:
        KIND.check(setup_of(KIND, **{"api_key": KEY, **values}))
    assert raised.value.field == field
    KIND.check(setup_of(KIND, api_key=KEY, ddtags="env:prod,team:a"))
