"""Connections for syslog and others, TLS for public names, and names that are looked up in time."""

import socket
import time
from ipaddress import ip_address
from threading import Event

import pytest

from auditapp.lib.outbound import (
    Failure,
    Refusal,
    Refused,
    Unreachable,
    connect,
    deliver,
    lines,
    names,
    post,
    vetted_peer,
)
from auditapp.lib.outbound.deadline import Deadline
from tests.lib.outbound.conftest import read_request

PUBLIC = ip_address("93.184.215.14")


def _echo(line):
    while received := line.recv(1000):
        line.sendall(received)


@pytest.fixture
def names_of(monkeypatch):
    """Answers of the resolver, in its place."""

    def answer(*addresses):
        def look_up(host, port, **options):
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]

        monkeypatch.setattr(names, "getaddrinfo", look_up)

    return answer


# --- connect() --------------------------------------------------------------------------------------------------------


def test_a_line_in_the_clear_goes_to_allowed_networks(serving):
    with serving(_echo) as server, connect("127.0.0.1", server.port, tls=False) as line:
        line.sendall(b"<13>1 - - - - - - hello\n")
        assert line.recv(100) == b"<13>1 - - - - - - hello\n"
        assert line.gettimeout() == 5


def test_a_line_in_the_clear_does_not_cross_the_internet(names_of, settings):
    names_of(str(PUBLIC))
    with pytest.raises(Refused, match="Turn TLS on") as raised:
        connect("logs.example.com", 5514, tls=False)
    assert raised.value.why is Refusal.SCHEME
    settings.OUTBOUND_ALLOW_HTTP = True
    assert vetted_peer("logs.example.com", 5514, tls=False).addresses == (PUBLIC,)


def test_a_line_over_tls_is_verified_and_offers_no_http(serving, server_context, authority):
    context = server_context(authority.issue("127.0.0.1"), authority)
    context.set_alpn_protocols(["http/1.1"])
    chosen = []

    def serve(line):
        chosen.append(line.selected_alpn_protocol())
        _echo(line)

    certificate = authority.issue("trail.example")
    with (
        serving(serve, context) as server,
        connect("127.0.0.1", server.port, tls=True, ca=authority.pem, client_certificate=certificate) as line,
    ):
        line.sendall(b"x")
        assert line.recv(10) == b"x"
    assert chosen == [None]
    with serving(_echo, context) as server, pytest.raises(Unreachable) as raised:
        connect("127.0.0.1", server.port, tls=True)
    assert raised.value.why is Failure.TLS


@pytest.mark.parametrize(
    ("host", "port", "tls", "why"),
    [
        ("10.0.0.5", 6514, True, Refusal.ADDRESS),
        ("127.1", 6514, True, Refusal.HOST),
        ("logs.example.com/x", 6514, True, Refusal.HOST),
        ("a@logs.example.com", 6514, True, Refusal.HOST),
        ("", 6514, True, Refusal.HOST),
        ("8.8.8.8", 25, True, Refusal.PORT),
        ("8.8.8.8", 22, True, Refusal.PORT),
        ("8.8.8.8", 6379, True, Refusal.PORT),
        ("8.8.8.8", 514, True, Refusal.PORT),
        ("8.8.8.8", 0, True, Refusal.PORT),
        ("8.8.8.8", -1, True, Refusal.PORT),
        ("8.8.8.8", 65536, True, Refusal.PORT),
    ],
)
def test_lines_are_judged_as_urls_are(host, port, tls, why):
    with pytest.raises(Refused) as raised:
        connect(host, port, tls=tls)
    assert raised.value.why is why
    assert raised.value.permanent
    assert not raised.value.retryable


def test_the_connection_has_a_deadline_whoever_is_silent(serving):
    over = Event()
    with serving(lambda line: over.wait(5)) as server, pytest.raises(Unreachable, match=r"within 0\.3 s") as raised:
        connect("127.0.0.1", server.port, tls=True, deadline_s=0.3)
    over.set()
    assert raised.value.why is Failure.TIMEOUT


# --- deliver() --------------------------------------------------------------------------------------------------------


def test_what_is_delivered_arrives_whole_and_its_end_is_seen(serving):
    received = []

    def serve(line):
        while more := line.recv(100):
            received.append(more)

    with serving(serve) as server:
        assert deliver("127.0.0.1", server.port, b"x" * 300_000, tls=False, wait_s=5)
    assert b"".join(received) == b"x" * 300_000


def test_who_goes_on_talking_is_waited_for_no_longer_than_told(serving):
    def serve(line):
        while True:
            line.sendall(b"x" * 1000)
            time.sleep(0.01)

    with serving(serve) as server:
        started_at = time.monotonic()
        assert not deliver("127.0.0.1", server.port, b"x", tls=False, wait_s=0.2)
    assert 0.19 < time.monotonic() - started_at < 10


def test_who_takes_nothing_is_told(serving):
    stop = Event()
    with serving(lambda line: stop.wait(10)) as server, pytest.raises(Unreachable, match=r"within 0\.2 s") as raised:
        deliver("127.0.0.1", server.port, b"x" * 50_000_000, tls=False, wait_s=5, deadline_s=0.2)
    stop.set()
    assert raised.value.why is Failure.TIMEOUT


def test_tls_that_ends_without_a_farewell_has_ended(serving, server_context, authority):
    def serve(line):
        while line.recv(100):
            pass

    with serving(serve, server_context(authority.issue("127.0.0.1"))) as server:
        assert deliver("127.0.0.1", server.port, b"x", tls=True, wait_s=5, ca=authority.pem)


def test_a_certificate_that_is_turned_down_after_the_handshake_is_noticed(serving, server_context, authority):
    context = server_context(authority.issue("127.0.0.1"), authority)
    with serving(_echo, context) as server, pytest.raises(Unreachable) as raised:
        deliver("127.0.0.1", server.port, b"x", tls=True, wait_s=5, ca=authority.pem)
    assert raised.value.why in (Failure.TLS, Failure.BROKEN)


def test_who_closes_before_the_end_has_broken_it(serving):
    with serving(lambda line: line.recv(100)) as server, pytest.raises(Unreachable) as raised:
        deliver("127.0.0.1", server.port, b"x" * 20_000_000, tls=False, wait_s=5)
    assert raised.value.why is Failure.BROKEN


# --- A public name ----------------------------------------------------------------------------------------------------


@pytest.fixture
def public(names_of, monkeypatch):
    """A name with a public address, behind which is a server on loopback."""
    dialled = []

    def to(port):
        names_of(str(PUBLIC))
        connected = lines._connected

        def redirected(address, asked_port, timeout_s):
            dialled.append((address, asked_port))
            return connected(ip_address("127.0.0.1"), port, timeout_s)

        monkeypatch.setattr(lines, "_connected", redirected)
        monkeypatch.setattr(lines, "peer_of", lambda line: PUBLIC)
        monkeypatch.setattr("auditapp.lib.outbound.carrier.peer_of", lambda line: PUBLIC)
        return dialled

    return to


def test_tls_and_host_are_of_the_name_and_the_address_is_the_judged_one(serving, server_context, authority, public):
    asked, seen = [], []
    context = server_context(authority.issue("hooks.example.com"))
    context.sni_callback = lambda line, name, context: asked.append(name)

    def serve(line):
        seen.append(read_request(line))
        line.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with serving(serve, context) as server:
        dialled = public(server.port)
        assert post("https://Hooks.Example.COM./in", b"x", ca=authority.pem).status == 204
    assert asked == ["hooks.example.com"]
    assert b"Host: hooks.example.com\r\n" in seen[0]
    assert dialled == [(PUBLIC, 443)]


def test_the_certificate_has_to_be_of_the_name(serving, server_context, authority, public):
    with serving(_echo, server_context(authority.issue("other.example.com"))) as server:
        public(server.port)
        with pytest.raises(Unreachable, match=r"not valid for 'hooks\.example\.com'"):
            post("https://hooks.example.com/", b"x", ca=authority.pem)


# --- Addresses of a name ----------------------------------------------------------------------------------------------


def test_the_next_address_is_tried_where_one_refuses(serving, names_of, settings):
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/29"]
    names_of("127.0.0.2", "127.0.0.1")
    with serving(_echo) as server, connect("logs.example.com", server.port, tls=False) as line:
        assert line.getpeername() == ("127.0.0.1", server.port)


def test_no_more_than_four_addresses_are_tried(names_of, settings, monkeypatch):
    tried = []

    def connected(address, port, timeout_s):
        tried.append(timeout_s)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(lines, "_connected", connected)
    names_of(*(f"93.184.215.{n}" for n in range(20)))
    with pytest.raises(Unreachable, match="refuses connections"):
        connect("logs.example.com", 6514, tls=True, deadline_s=4)
    assert [round(timeout_s) for timeout_s in tried] == [1, 1, 2, 4]


def test_an_address_of_this_machine_itself_is_refused_however_public(monkeypatch):
    class Probe(socket.socket):
        def connect(self, address):
            assert self.type == socket.SOCK_DGRAM

        def getsockname(self):
            return (str(PUBLIC), 40000)

    monkeypatch.setattr("auditapp.lib.outbound.targets.socket.socket", Probe)
    with pytest.raises(Refused, match="is this machine"):
        vetted_peer(str(PUBLIC), 6514, tls=True)
    assert vetted_peer("8.8.8.8", 6514, tls=True).authority == "8.8.8.8:6514"


def _hanging(monkeypatch):
    over = Event()

    def look_up(*args, **options):
        over.wait(5)
        return []

    monkeypatch.setattr(names, "getaddrinfo", look_up)
    return over


def test_a_resolver_that_hangs_is_not_waited_for(monkeypatch):
    over = _hanging(monkeypatch)
    started = time.monotonic()
    with pytest.raises(Unreachable, match=r"address of slow\.example was not found in time") as raised:
        post("https://slow.example/", b"", deadline_s=0.3)
    over.set()
    assert raised.value.why is Failure.TIMEOUT
    assert time.monotonic() - started < 2


def test_where_too_many_names_hang_it_is_said_and_addresses_still_work():
    taken = 0
    while names._look_ups.acquire(blocking=False):
        taken += 1
    try:
        with pytest.raises(Unreachable, match="Too many names"):
            names.addresses_of("hooks.example.com", Deadline(5))
        assert names.addresses_of("::ffff:8.8.8.8", Deadline(5)) == (ip_address("8.8.8.8"),)
    finally:
        names._look_ups.release(taken)


@pytest.mark.parametrize("error", [socket.gaierror(-2, "Name or service not known"), UnicodeError("label too long")])
def test_a_name_without_an_address_is_tried_again_later(monkeypatch, error):
    def look_up(*args, **options):
        raise error

    monkeypatch.setattr(names, "getaddrinfo", look_up)
    with pytest.raises(Unreachable, match=r"gone\.example has no address") as raised:
        post("https://gone.example/", b"")
    assert raised.value.why is Failure.NAME
