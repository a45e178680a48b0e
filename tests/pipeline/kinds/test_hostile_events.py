"""Every kind in every format, on events as hostile as they come in: rendered always, alike each time, and read as it was meant."""

import gzip
from html.parser import HTMLParser

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditapp.pipeline.destinations.kind import Batch, Outgoing
from auditapp.pipeline.destinations.kinds.slack import MOST_EVENTS
from auditapp.pipeline.destinations.object_files import parquet_of
from auditapp.pipeline.destinations.telling import told
from auditapp.pipeline.formats.rendering import Format, render
from auditapp.wiring import DESTINATION_KINDS
from tests.pipeline.kinds.rfc5424 import frames_of, parsed
from tests.pipeline.kinds.setups import AT, setup_of
from tests.pipeline.test_formats import AUDIT

KINDS = {kind.key: kind for kind in DESTINATION_KINDS}
PAIRS = [(kind.key, form) for kind in DESTINATION_KINDS for form in kind.formats]
SETTINGS = {
    "email": {"recipients": "olga@example.com"},
    "s3": {"bucket": "audit", "access_key_id": "AKIA"},
    "syslog": {"host": "syslog.example.com", "longest": 1_000_000},
}

nasty = st.sampled_from(
    [
        *(
            "",
            "\0",
            "\n",
            "\r\n",
            "\u2028\u2029\x85",
            "\u202eabc\u2066",
            "<!channel>",
            "&lt;",
            "]]>",
            "<script>",
            '"]\\',
        ),
        *(
            "=|\\",
            "x" * 32_000,
            "ü" * 10_000,
            "\U0001f4a9",
            "\ufeff",
            "{{ x }}",
            ".\r\n",
            '{"a":1}\n{"b":2}',
            "\x1b[2J",
        ),
    ]
)
texts = nasty | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)
deep = st.integers(1, 90).map(lambda depth: _nested(depth))
things = st.fixed_dictionaries({}, optional=dict.fromkeys(("id", "name", "type", "kind", "email"), values)) | values
properties = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(
            ("type", "area", "outcome", "risk", "event_id", "changes", "targets", "details"), values | deep
        ),
        **dict.fromkeys(("actor", "resource", "workspace"), things),
    },
)
calls = st.fixed_dictionaries(
    {"type": st.sampled_from(["track", "identify", "group"]), "messageId": texts.map(lambda text: text[:100])},
    optional={
        **dict.fromkeys(("event", "userId", "anonymousId", "name", "timestamp", "traits"), values),
        "context": values | st.fixed_dictionaries({}, optional=dict.fromkeys(("ip", "userAgent", "requestId"), values)),
        "properties": properties | values,
    },
)


def everywhere(text):
    """An audit event all of whose texts are this one."""
    thing = dict.fromkeys(("id", "name", "type", "kind", "email"), text)
    said = dict.fromkeys(("type", "area", "risk", "event_id"), text)
    context = dict.fromkeys(("ip", "userAgent", "requestId"), text)
    facts = {**said, "actor": thing, "resource": thing, "workspace": thing, text: text}
    return {
        "type": "track",
        "event": text,
        "messageId": text[:100],
        "userId": text,
        "context": context,
        "properties": facts,
    }


def _nested(depth):
    value = "end"
    for _ in range(depth):
        value = {"in": [value]}
    return value


def _batch(events):
    kept = [Outgoing(index, event["messageId"], AT, event) for index, event in enumerate(events)]
    return Batch("dlv_1", "src_1", "dst_1", 0, len(kept), (*kept, Outgoing(len(kept), "last", AT, AUDIT)))


@pytest.mark.parametrize(("key", "form"), PAIRS)
@given(events=st.lists(calls | texts.map(everywhere), min_size=1, max_size=2))
@settings(max_examples=15, deadline=None)
def test_what_a_receiver_reads_is_what_was_meant(key, form, events):
    kind, batch = KINDS[key], _batch(events)
    setup = setup_of(kind, form, **SETTINGS.get(key, {}))
    items = [kind.item(one, setup) for one in batch.events]
    body = kind.body(items, batch, setup)
    # As the inbox gives them at another try, they are the same bytes.
    again = _batch(orjson.loads(orjson.dumps(events)))
    assert kind.body([kind.item(one, setup) for one in again.events], again, setup) == body
    meant = [render(form, one.event) for one in batch.events]
    READERS[key](body, batch, meant, form)


# --- Readers ----------------------------------------------------------------------------------------------------------


def _webhook(body, batch, meant, form):
    assert orjson.loads(body)["data"] == meant


def _segment(body, batch, meant, form):
    read = orjson.loads(body)["batch"]
    assert [one["messageId"] for one in read] == [one.message_id for one in batch.events]
    ours = {"receivedAt", "sentAt", "originalTimestamp", "writeKey", "messageId"}
    for one, event in zip(read, meant, strict=True):
        assert {k: v for k, v in one.items() if k not in ours} == {k: v for k, v in event.items() if k not in ours}


def _slack(body, batch, meant, form):
    message = orjson.loads(body)
    assert len(message["blocks"]) == len(batch.events) <= MOST_EVENTS
    for block, outgoing in zip(message["blocks"], batch.events, strict=True):
        text = block["text"]["text"]
        assert 0 < len(text) <= 3_000
        assert text.count("<") == text.count(">") == 1
        first, _ = text.split("\n")
        assert told(outgoing.event).sentence in _plain(first)
    assert _plain(message["text"]).split("\n") == [told(one.event).sentence for one in batch.events]


def _plain(text):
    assert "&" not in text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.cells = [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.cells += [""] if tag == "td" else []
        assert dict(attributes).keys() <= {"lang", "charset", "align", "valign", "href"}

    def handle_data(self, data):
        if self.cells:
            self.cells[-1] += data


def _email(body, batch, meant, form):
    said = orjson.loads(body)
    assert said["subject"].isprintable()
    reader = _Tags()
    reader.feed(said["html"])
    assert reader.tags.count("tr") == len(batch.events) + 1
    for cell, outgoing in zip(reader.cells[1::2], batch.events, strict=True):
        assert told(outgoing.event).sentence in cell
        assert told(outgoing.event).sentence in said["text"].split("\n")


def _s3(body, batch, meant, form):
    lines = gzip.decompress(body).split(b"\n")
    assert lines.pop() == b""
    assert [line.decode() if form is Format.CEF else orjson.loads(line) for line in lines] == meant
    payloads = [line.rstrip(b"\n") for line in lines]
    if form is Format.SEGMENT:
        pytest.importorskip("arro3.io")
        assert parquet_of(batch.events, payloads) == parquet_of(batch.events, payloads)


def _splunk(body, batch, meant, form):
    read = [orjson.loads(line) for line in body.split(b"\n")]
    assert [one["event"] for one in read] == meant
    assert all(float(one["time"]) >= 0 for one in read)


def _datadog(body, batch, meant, form):
    for log, event in zip(orjson.loads(gzip.decompress(body)), meant, strict=True):
        assert (log["message"] if form is Format.CEF else log[str(form)]) == event
        assert isinstance(log["message"], str)


def _elasticsearch(body, batch, meant, form):
    lines = body.split(b"\n")
    assert lines.pop() == b""
    identifiers = [orjson.loads(line)["create"]["_id"] for line in lines[::2]]
    assert len(set(identifiers)) == len({one.message_id for one in batch.events})
    for line, event in zip(lines[1::2], meant, strict=True):
        document = orjson.loads(line)
        assert document.pop("@timestamp")
        assert document == {name: value for name, value in event.items() if name != "@timestamp"}


def _syslog(body, batch, meant, form):
    for frame, event in zip(frames_of(body), meant, strict=True):
        said = parsed(frame)
        assert "audit@32473" in said.data
        if form is not Format.CEF:
            assert orjson.loads(said.text) == event
        else:
            assert said.text.startswith("CEF:0|")
            assert len(said.text) == len(event)


READERS = {
    "webhook": _webhook,
    "segment": _segment,
    "slack": _slack,
    "email": _email,
    "s3": _s3,
    "splunk": _splunk,
    "datadog": _datadog,
    "elasticsearch": _elasticsearch,
    "syslog": _syslog,
}


def test_every_kind_has_a_reader():
    assert READERS.keys() == KINDS.keys()
