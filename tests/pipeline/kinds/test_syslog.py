"""Syslog over TCP and TLS: read by a strict parser, and by Debian's rsyslog where it is installed."""

import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import orjson
import pytest

from auditapp.lib.errors import Invalid
from auditapp.pipeline.destinations.kind import Outcome
from auditapp.pipeline.destinations.kinds.syslog import Syslog
from auditapp.pipeline.formats.rendering import Format
from tests.pipeline.kinds.rfc5424 import frames_of, parsed
from tests.pipeline.kinds.setups import batch_of, body_of, outgoing, sent, setup_of
from tests.pipeline.test_formats import AUDIT, audit

KIND = Syslog()
RSYSLOG = shutil.which("rsyslogd") or shutil.which("rsyslogd", path="/usr/sbin")
needs_rsyslog = pytest.mark.skipif(RSYSLOG is None, reason="needs rsyslog: apt-get install rsyslog rsyslog-gnutls")


def _messages(*events, form=Format.SEGMENT, **values):
    setup = setup_of(KIND, form, **{"host": "127.0.0.1", **values})
    return [parsed(frame) for frame in frames_of(body_of(KIND, batch_of(*events), setup))]


def _properties(**values):
    return outgoing(1, properties={**AUDIT["properties"], **values})


# --- Messages ---------------------------------------------------------------------------------------------------------


def test_a_message_has_all_of_its_parts():
    [said] = _messages(outgoing(1), hostname="trail.example", facility="16")
    assert (said.facility, said.severity) == (16, 4)
    assert said.at == datetime(2026, 11, 24, 10, 0, 0, 250_000, tzinfo=UTC)
    assert (said.hostname, said.app_name, said.procid, said.msgid) == (
        *("trail.example", "audit-trail", "-"),
        "warehouse.disabled",
    )
    facts = {"id": "msg_1", "actor": "usr_7", "resource": "whs_1", "workspace": "wsp_1", "outcome": "success"}
    assert said.data == {"audit@32473": facts}
    assert orjson.loads(said.text) == {**AUDIT, "messageId": "msg_1"}


@pytest.mark.parametrize("form", KIND.formats)
def test_each_format_is_the_message(form):
    first, second = _messages(outgoing(1), outgoing(2), form=form)
    assert first.text.startswith("CEF:0|") if form is Format.CEF else orjson.loads(first.text)
    assert second.data["audit@32473"]["id"] == "msg_2"
    assert KIND.formats[0] is Format.CEF


@pytest.mark.parametrize(
    ("key", "outcome", "severity"),
    [
        ("warehouse.disabled", "success", 4),
        ("warehouse.disabled", "failure", 3),
        ("source.created", "success", 6),
        ("source.created", "failure", 4),
        ("source.created", None, 6),
    ],
)
def test_severity_is_by_risk_and_outcome(key, outcome, severity):
    [said] = _messages(outgoing(1, **{**audit(type=key, outcome=outcome), "messageId": "msg_1"}))
    assert said.severity == severity


@pytest.mark.parametrize(
    "text", ['a"b]c\\d', "line\nbreak\r\x00\x85\u2028", "<13>1 - - - - - - x", "ü\u202eb", "]]]", '"' * 300]
)
def test_no_text_ends_a_value_or_a_line(text):
    actor, resource = {"id": text}, {"id": text, "name": text, "type": "x"}
    for form in KIND.formats:
        [said, after] = _messages(_properties(actor=actor, resource=resource, type=text), outgoing(2), form=form)
        assert after.data["audit@32473"]["id"] == "msg_2"
        if text.isprintable():
            assert said.data["audit@32473"]["actor"] == text[:200]
        if form is Format.SEGMENT:
            assert orjson.loads(said.text)["properties"]["actor"] == actor


def test_the_element_of_a_hosted_service_goes_along_and_is_not_shown(serving):
    element = '[k3yk3yk3y@41058 tag="audit"]'
    with serving(_reads([])) as server:
        setup = setup_of(KIND, host="127.0.0.1", port=server.port, transport="tcp", element=element)
        result = sent(KIND, batch_of(), setup)
    [said] = _messages(outgoing(1), element=element)
    assert said.data["k3yk3yk3y@41058"] == {"tag": "audit"}
    assert "k3yk3yk3y" not in result.request


@pytest.mark.parametrize("form", KIND.formats)
@pytest.mark.parametrize("longest", [2_048, 8_192])
def test_what_is_too_long_is_shortened_to_who_did_what(form, longest):
    long = {"id": "i" * 900, "name": "ü" * 900, "type": "t" * 900}
    event = _properties(
        changes=[{"path": "p" * 30_000}], resource=long, actor={**long, "email": "e" * 900}, area="a" * 900
    )
    [frame] = frames_of(body_of(KIND, batch_of(event), setup_of(KIND, form, host="h", longest=longest)))
    assert len(frame) <= longest
    said = parsed(frame)
    assert said.data["audit@32473"]["id"] == "msg_1"
    if form is not Format.CEF:
        assert b'"is_shortened":true' in frame
        assert orjson.loads(said.text)
    assert "Warehouse Disabled" in said.text
    [whole] = _messages(event, form=form, longest=100_000)
    assert "is_shortened" not in whole.text


# --- Connections ------------------------------------------------------------------------------------------------------


def _reads(received):
    def serve(line):
        while more := line.recv(65536):
            received.append(more)

    return serve


def _setup(port, **values):
    return setup_of(KIND, Format.SEGMENT, **{"host": "127.0.0.1", "port": port, "transport": "tcp", **values})


@pytest.fixture
def patient(monkeypatch):
    """A server that turns somebody down gets the time for it on a machine that is busy, too."""

    def wait():
        monkeypatch.setattr("auditapp.pipeline.destinations.kinds.syslog.WAIT_S", 5)
        monkeypatch.setattr("auditapp.lib.outbound.lines.REFUSAL_S", 5)

    return wait


def test_over_tcp_everything_arrives_and_the_end_is_waited_for(serving, patient):
    received = []
    patient()
    with serving(_reads(received)) as server:
        result = sent(KIND, batch_of(outgoing(1), outgoing(2)), _setup(server.port))
        assert (result.outcome, result.code) == (Outcome.DELIVERED, "sent")
        assert [parsed(frame).data["audit@32473"]["id"] for frame in frames_of(b"".join(received))] == [
            "msg_1",
            "msg_2",
        ]
    assert "the other side closed" in result.message
    assert "syslog has no receipts" in result.message
    assert "that it was stored is not" in KIND.summary


def test_who_stays_open_is_not_waited_for_long(serving):
    told = Event()

    def serve(line):
        while line.recv(65536):
            pass
        told.wait(30)

    with serving(serve) as server:
        started_at = time.monotonic()
        result = sent(KIND, batch_of(), _setup(server.port))
        assert time.monotonic() - started_at < 10
        told.set()
    assert "stayed open" in result.message


def test_a_connection_that_breaks_is_a_failure(serving, patient):
    patient()

    def serve(line):
        line.recv(10)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with serving(serve) as server:
        result = sent(KIND, batch_of(), _setup(server.port))
    assert (result.outcome, result.code) == (Outcome.RETRY, "broken")


def test_nobody_there_and_a_port_that_is_not_called():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert sent(KIND, batch_of(), _setup(port)).code == "connect"
    assert sent(KIND, batch_of(), _setup(25)).code == "port"


def test_tls_with_an_authority_and_a_certificate(serving, server_context, authority, patient):
    received, client = [], authority.issue("trail.example")
    context = server_context(authority.issue("127.0.0.1"), authority)
    pair = {"client_certificate": client.certificate, "client_key": client.key}
    with serving(_reads(received), context) as server:
        good = sent(KIND, batch_of(), _setup(server.port, transport="tls", ca=authority.pem, **pair))
        patient()
        without = sent(KIND, batch_of(), _setup(server.port, transport="tls", ca=authority.pem))
        unknown = sent(KIND, batch_of(), _setup(server.port, transport="tls", **pair))
    assert good.outcome is Outcome.DELIVERED
    assert len(frames_of(b"".join(received))) == 1
    # It is turned down after the handshake, and noticed all the same.
    assert (without.outcome, without.code in ("tls", "broken")) == (Outcome.RETRY, True)
    assert (unknown.outcome, unknown.code) == (Outcome.RETRY, "tls")
    assert client.key not in good.request


# --- rsyslog ----------------------------------------------------------------------------------------------------------

PLAIN = """
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="{port}")
"""
TLS = """
global(DefaultNetstreamDriver="gtls" DefaultNetstreamDriverCAFile="{folder}/ca.pem"
  DefaultNetstreamDriverCertFile="{folder}/cert.pem" DefaultNetstreamDriverKeyFile="{folder}/key.pem")
module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="x509/certvalid")
input(type="imtcp" address="127.0.0.1" port="{port}")
"""
WRITES = """
global(workDirectory="{folder}" maxMessageSize="64k")
template(name="parts" type="list") {{
  property(name="pri") constant(value="\\t") property(name="timereported" dateFormat="rfc3339") constant(value="\\t")
  property(name="hostname") constant(value="\\t") property(name="app-name") constant(value="\\t")
  property(name="msgid") constant(value="\\t") property(name="structured-data") constant(value="\\t")
  property(name="msg") constant(value="\\n")
}}
action(type="omfile" file="{folder}/out" template="parts")
"""


@contextmanager
def _rsyslog(folder, listens):
    """A rsyslogd of the test's own; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "conf").write_text((WRITES + listens).format(folder=folder, port=port))
    command = [RSYSLOG, "-n", "-f", str(folder / "conf"), "-i", str(folder / "pid")]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            _wait_for(lambda: _listens(port))
            yield port
        finally:
            process.terminate()
            process.wait(10)


def _listens(port):
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


def _wait_for(condition):
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def _written(folder, number):
    file = folder / "out"
    _wait_for(lambda: file.exists() and file.read_bytes().count(b"\n") >= number)
    return [line.split("\t") for line in file.read_text("utf-8").split("\n")[:-1]]


@needs_rsyslog
def test_rsyslog_reads_what_is_sent(tmp_path):
    with _rsyslog(tmp_path, PLAIN) as port:
        hostile = _properties(actor={"id": 'a"]\\', "name": "ü\n\u2028<1>"}, changes=[{"path": "x" * 6_000}])
        result = sent(KIND, batch_of(outgoing(1), hostile, outgoing(3)), _setup(port, hostname="trail.example"))
        assert result.outcome is Outcome.DELIVERED
        rows = _written(tmp_path, 3)
    assert [row[:5] for row in rows] == [
        ["108", "2026-11-24T10:00:00.250000Z", "trail.example", "audit-trail", "warehouse.disabled"]
    ] * 3
    assert rows[1][5].startswith('[audit@32473 id="msg_1" actor="a\\"\\]\\\\"')
    assert orjson.loads(rows[1][6].lstrip("\ufeff")) == {**hostile.event}


@needs_rsyslog
@pytest.mark.skipif(not [*Path("/usr/lib").glob("*/rsyslog/lmnsd_gtls.so")], reason="needs rsyslog-gnutls")
def test_rsyslog_reads_it_over_tls_from_who_shows_a_certificate(tmp_path, authority, patient):
    issued, client = authority.issue("127.0.0.1"), authority.issue("trail.example")
    (tmp_path / "ca.pem").write_text(authority.pem)
    (tmp_path / "cert.pem").write_text(issued.certificate)
    (tmp_path / "key.pem").write_text(issued.key)
    pair = {"client_certificate": client.certificate, "client_key": client.key}
    with _rsyslog(tmp_path, TLS) as port:
        good = sent(KIND, batch_of(), _setup(port, transport="tls", ca=authority.pem, **pair))
        rows = _written(tmp_path, 1)
        patient()
        without = sent(KIND, batch_of(), _setup(port, transport="tls", ca=authority.pem))
    assert good.outcome is Outcome.DELIVERED
    assert orjson.loads(rows[0][6].lstrip("\ufeff"))["messageId"] == "msg_0"
    assert without.outcome is Outcome.RETRY


# --- Settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "field"),
    [
        *(({"host": host}, "host") for host in ("", "a b", "127.1", "https://a.example", "a/b")),
        *(({"app_name": name}, "app_name") for name in ("", "a b", "ü", "x" * 49)),
        ({"hostname": "a b"}, "hostname"),
        *(({"element": text}, "element") for text in ("TOKEN@1", "[a b]", '[a b="c]"]', "[a]\n", '[a b="c"] x', "[]")),
    ],
)
def test_settings_that_cannot_work_are_refused(values, field):
    with pytest.raises(Invalid) as raised:
        KIND.check(setup_of(KIND, **{"host": "syslog.example.com", **values}))
    assert raised.value.field == field


def test_good_settings():
    KIND.check(setup_of(KIND, host="syslog.example.com"))
    KIND.check(setup_of(KIND, host="203.0.113.9", element='[TOKEN@41058 tag="audit" x="a\\]b"]'))
