"""Splunk HEC against a collector that reads as Splunk does, and each of its codes."""

import orjson
import pytest

from auditapp.lib.errors import Invalid
from auditapp.pipeline.destinations.kind import Outcome
from auditapp.pipeline.destinations.kinds.splunk import SplunkHec
from auditapp.pipeline.formats.rendering import Format
from tests.pipeline.kinds.setups import batch_of, outgoing, receiving, sent, setup_of
from tests.pipeline.test_formats import MOMENT

KIND = SplunkHec()
TOKEN = "b3f7c1d2-0a9e-4c55-9f4e-77d1c2a0e6b8"
KEYS = {"time", "host", "source", "sourcetype", "index", "event", "fields"}


def _hec(request, indexes=("main", "audit")):
    """JSON objects one after the other, each with what the documentation allows."""
    assert (request.method, request.path) == ("POST", "/services/collector/event")
    if request.headers.get("authorization") != f"Splunk {TOKEN}":
        return 403, {}, b'{"text":"Invalid token","code":4}'
    for number, line in enumerate(request.body.split(b"\n")):
        entry = orjson.loads(line)
        if not entry.keys() <= KEYS or float(entry["time"]) < 1_000_000_000:
            return 400, {}, b'{"text":"Invalid data format","code":6,"invalid-event-number":%d}' % number
        if entry.get("index", "main") not in indexes:
            return 400, {}, b'{"text":"Incorrect index","code":7,"invalid-event-number":%d}' % number
        if entry["event"] in ("", {}, None):
            return 400, {}, b'{"text":"Event field cannot be blank","code":13,"invalid-event-number":%d}' % number
    return 200, {}, b'{"text":"Success","code":0}'


def _setup(receiver, form=Format.SEGMENT, **values):
    return setup_of(KIND, form, **{"url": receiver.url, "token": TOKEN, **values})


@pytest.mark.parametrize("form", Format)
def test_events_arrive_with_time_index_and_source(serving, form):
    with receiving(serving, _hec) as receiver:
        setup = _setup(receiver, form, index="audit", sourcetype="audit:json")
        result = sent(KIND, batch_of(outgoing(1), outgoing(2)), setup)
    assert result.outcome is Outcome.DELIVERED
    first, _ = map(orjson.loads, receiver.requests[0].body.split(b"\n"))
    assert first["time"] == f"{MOMENT / 1_000:.6f}"
    assert (first["index"], first["sourcetype"], first["source"]) == ("audit", "audit:json", "audit-trail")
    assert isinstance(first["event"], str) == (form is Format.CEF)
    assert TOKEN not in result.request


def test_what_the_collector_refuses_is_told(serving):
    with receiving(serving, _hec) as receiver:
        unknown = sent(KIND, batch_of(), _setup(receiver, token="another-token"))
        elsewhere = sent(KIND, batch_of(), _setup(receiver, index="nothere"))
        early = sent(KIND, batch_of(outgoing(1), outgoing(2, timestamp="1970-01-01T00:00:00Z")), _setup(receiver))
    assert unknown.outcome is Outcome.AUTH
    assert "code 4" in unknown.message
    assert elsewhere.outcome is Outcome.AUTH
    assert "index" in elsewhere.message
    assert (early.outcome, early.message) == (
        Outcome.REFUSED,
        "400, code 6: Splunk does not understand an event. It is event 2 of 2.",
    )


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        *((403, 1, Outcome.AUTH), (401, 2, Outcome.AUTH), (401, 3, Outcome.AUTH), (400, 5, Outcome.REFUSED)),
        *((500, 8, Outcome.RETRY), (503, 9, Outcome.RETRY), (400, 10, Outcome.AUTH), (400, 11, Outcome.AUTH)),
        *((400, 12, Outcome.REFUSED), (400, 15, Outcome.REFUSED), (503, 18, Outcome.RETRY), (503, 23, Outcome.RETRY)),
        *((429, 26, Outcome.RETRY), (413, 27, Outcome.REFUSED), (400, 99, Outcome.REFUSED), (200, 99, Outcome.RETRY)),
    ],
)
def test_codes(serving, status, code, outcome):
    with receiving(serving, lambda request: (status, {}, b'{"text":"x","code":%d}' % code)) as receiver:
        result = sent(KIND, batch_of(), _setup(receiver))
    assert result.outcome is outcome
    assert (f"code {code}:" in result.message) == (code != 99)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'"ok"', b"\xff", b""])
def test_a_good_status_of_something_else_is_no_delivery(serving, body):
    with receiving(serving, lambda request: (200, {}, body)) as receiver:
        assert sent(KIND, batch_of(), _setup(receiver)).outcome is Outcome.RETRY


def test_settings_are_checked():
    KIND.check(setup_of(KIND, url="https://s.example:8088/services/collector/event", token=TOKEN))
    with pytest.raises(Invalid) as raised:
        KIND.check(setup_of(KIND, url="https://s.example:8088", token="a\nb"))
    assert raised.value.field == "token"
