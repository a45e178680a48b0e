"""Requests and their answers, over real connections on loopback."""

import gzip
import time
from threading import Event

import pytest

from auditapp.lib.outbound import ClientCertificate, Failure, Refusal, Refused, Unreachable, post, request
from auditapp.lib.outbound.client import MOST_READ
from tests.lib.outbound.conftest import read_request

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def _always(answer, seen=None):
    def serve(line):
        while received := read_request(line):
            if seen is not None:
                seen.append(received)
            line.sendall(answer)

    return serve


def _url(server, path="/", scheme="http"):
    return f"{scheme}://127.0.0.1:{server.port}{path}"


def _why(raised):
    return raised.value.why


# --- What is sent and what comes back ---------------------------------------------------------------------------------


def test_a_body_and_headers_arrive_as_they_are_and_nothing_is_added_that_unpacks(serving):
    seen = []
    with serving(_always(OK, seen)) as server:
        answer = post(_url(server, "/in?x=ü%2F&y"), b'{"a": 1}', {"Content-Type": "application/json", "X-Team": "a b"})
    assert (answer.status, answer.body, answer.is_cut) == (200, b"ok", False)
    assert answer.headers == {"content-length": "2"}
    assert answer.elapsed_ms >= 0
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert body == b'{"a": 1}'
    assert head.decode().split("\r\n") == [
        "POST /in?x=%C3%BC%2F&y HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        "User-Agent: audit-trail",
        "Accept: */*",
        "Accept-Encoding: identity",
        "Content-Length: 8",
        "Content-Type: application/json",
        "X-Team: a b",
    ]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
def test_other_methods_are_sent_too(serving, method):
    seen = []
    with serving(_always(b"HTTP/1.1 204 No Content\r\n\r\n", seen)) as server:
        assert request(method, _url(server)).status == 204
    assert seen[0].startswith(method.encode())


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "get", "GET / HTTP/1.1\r\nX:", ""])
def test_methods_that_are_something_else_are_refused(serving, method):
    with serving(_always(OK)) as server, pytest.raises(Refused) as raised:
        request(method, _url(server))
    assert _why(raised) is Refusal.METHOD
    assert server.connections == 0


def test_a_header_of_the_caller_takes_the_place_of_ours(serving):
    seen = []
    with serving(_always(OK, seen)) as server:
        post(_url(server), b"", {"user-agent": "shop"})
    assert b"user-agent: shop" in seen[0]
    assert b"audit-trail" not in seen[0]


@pytest.mark.parametrize("status", [301, 400, 401, 410, 429, 500, 503])
def test_every_status_is_an_answer(serving, status):
    answer = (
        b"HTTP/1.1 %d X\r\nRetry-After: 7\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n" % status
    )
    seen = []
    with serving(_always(answer, seen)) as server:
        assert post(_url(server), b"").status == status
        assert post(_url(server), b"").headers["retry-after"] == "7"
        assert post(_url(server), b"").headers["set-cookie"] == "a=1, b=2"
    assert not any(b"Cookie" in one for one in seen)


def test_an_answer_given_before_all_of_a_large_body_was_read_is_heard(serving):
    def serve(line):
        line.recv(1000)
        line.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        line.shutdown(1)
        while line.recv(65536):
            pass

    with serving(serve) as server:
        assert post(_url(server), b"x" * 20_000_000).status == 413


# --- Answers that are too much, too slow or none ----------------------------------------------------------------------


def test_64_kib_of_an_answer_are_read_and_the_rest_is_left(serving):
    def serve(line):
        read_request(line)
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            line.sendall(b"x" * 65536)

    with serving(serve) as server:
        answer = post(_url(server), b"")
    assert answer.body == b"x" * MOST_READ
    assert answer.is_cut


def test_an_answer_of_just_64_kib_is_whole(serving):
    body = b"x" * MOST_READ
    with serving(_always(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))) as server:
        answer = post(_url(server), b"")
    assert answer.body == body
    assert not answer.is_cut


def test_a_packed_answer_is_not_unpacked(serving):
    bomb = gzip.compress(b"\0" * 10_000_000)
    packed = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(bomb), bomb)
    with serving(_always(packed)) as server:
        assert post(_url(server), b"").body == bomb


@pytest.mark.parametrize("piece", [b"", b"x", b"HTTP/1.1 100 Continue\r\n\r\n"], ids=["silence", "drops", "go on"])
def test_the_deadline_is_for_all_of_the_answer(serving, piece):
    over = Event()

    def serve(line):
        read_request(line)
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" if piece == b"x" else b"")
        while not over.wait(0.05):
            line.sendall(piece)

    started = time.monotonic()
    with serving(serve) as server, pytest.raises(Unreachable, match=r"did not answer within 0\.4 s") as raised:
        post(_url(server), b"", deadline_s=0.4)
    over.set()
    assert _why(raised) is Failure.TIMEOUT
    assert 0.3 < time.monotonic() - started < 2


def test_a_receiver_that_does_not_read_is_not_waited_for(serving):
    over = Event()
    with serving(lambda line: over.wait(5)) as server, pytest.raises(Unreachable) as raised:
        post(_url(server), b"x" * 20_000_000, deadline_s=0.4)
    over.set()
    assert _why(raised) is Failure.TIMEOUT


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", Failure.BROKEN),
        (b"HTTP/1.1 20", Failure.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", Failure.PROTOCOL),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", Failure.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000 + b"\r\n\r\n", Failure.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", Failure.PROTOCOL),
    ],
)
def test_what_is_no_whole_answer_is_tried_again_later(serving, answer, why):
    def serve(line):
        read_request(line)
        line.sendall(answer)

    with serving(serve) as server, pytest.raises(Unreachable) as raised:
        post(_url(server), b"")
    assert _why(raised) is why
    assert raised.value.retryable
    assert not raised.value.permanent


def test_a_closed_port_is_unreachable(serving):
    with serving(_always(OK)) as server:
        pass
    with pytest.raises(Unreachable, match=rf"127\.0\.0\.1 at port {server.port} refuses connections") as raised:
        post(_url(server), b"")
    assert _why(raised) is Failure.CONNECT


# --- Connections that are used again ----------------------------------------------------------------------------------


def test_a_connection_is_used_again(serving):
    with serving(_always(OK)) as server:
        for _ in range(5):
            post(_url(server), b"x")
        assert server.connections == 1


def test_a_connection_that_was_closed_meanwhile_is_not_used_again(serving):
    def serve(line):
        read_request(line)
        line.sendall(OK)

    with serving(serve) as server:
        for _ in range(3):
            assert post(_url(server), b"x").status == 200
            time.sleep(0.05)
        assert server.connections == 3


def test_a_connection_that_breaks_just_when_it_is_used_again_costs_no_failure(serving):
    seen = []

    def serve(line):
        seen.append(read_request(line))
        line.sendall(OK)
        seen.append(read_request(line))  # and closes without an answer

    with serving(serve) as server:
        assert post(_url(server), b"first").status == 200
        assert post(_url(server), b"second").status == 200
        assert server.connections == 2
    assert [one.rpartition(b"\n")[2] for one in seen] == [b"first", b"second", b"second"]


def test_a_new_connection_that_breaks_is_a_failure(serving):
    with serving(lambda line: read_request(line) and None) as server:
        with pytest.raises(Unreachable, match="broke the connection"):
            post(_url(server), b"x")
        assert server.connections == 1


def test_bytes_that_nobody_asked_for_are_not_taken_for_the_next_answer(serving):
    def serve(line):
        while read_request(line):
            line.sendall(OK + OK.replace(b"200", b"500"))

    with serving(serve) as server:
        assert [post(_url(server), b"x").status for _ in range(3)] == [200, 200, 200]
        assert server.connections == 3


def test_a_kept_connection_is_judged_again(serving, settings):
    with serving(_always(OK)) as server:
        post(_url(server), b"x")
        settings.OUTBOUND_ALLOWED_NETWORKS = ["::1/128"]
        with pytest.raises(Refused):
            post(_url(server), b"x")


# --- TLS --------------------------------------------------------------------------------------------------------------


def test_tls_is_for_the_name_and_the_own_authority(serving, server_context, authority):
    with serving(_always(OK), server_context(authority.issue("127.0.0.1"))) as server:
        for _ in range(2):
            assert post(_url(server, scheme="https"), b"x", ca=authority.pem).body == b"ok"
        assert server.connections == 1


@pytest.mark.parametrize(
    ("names", "days", "is_known", "told"),
    [
        (["hooks.example.com"], 2, True, "not valid for '127.0.0.1'"),
        (["127.0.0.1"], -1, True, "certificate has expired"),
        (["127.0.0.1"], 2, False, "unable to get local issuer certificate"),
    ],
)
def test_a_certificate_that_does_not_fit_is_told(serving, server_context, authority, names, days, is_known, told):
    seen = []
    context, ca = server_context(authority.issue(*names, days=days)), authority.pem if is_known else None
    with serving(_always(OK, seen), context) as server, pytest.raises(Unreachable, match=told) as raised:
        post(_url(server, scheme="https"), b"secret", ca=ca)
    assert _why(raised) is Failure.TLS
    assert seen == []


def test_a_server_without_tls_is_told(serving):
    refuses = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    with (
        serving(lambda line: line.sendall(refuses)) as server,
        pytest.raises(Unreachable, match="does not speak TLS") as raised,
    ):
        post(_url(server, scheme="https"), b"x")
    assert _why(raised) is Failure.TLS


def test_a_client_certificate_is_shown_and_its_connection_is_kept_for_itself(serving, server_context, authority):
    shown = []

    def serve(line):
        shown.append(line.getpeercert()["subject"][0][0][1])
        _always(OK)(line)

    context = server_context(authority.issue("127.0.0.1"), authority)
    first, second = authority.issue("first.example"), authority.issue("second.example")
    with serving(serve, context) as server:
        for certificate in (first, second, first):
            post(_url(server, scheme="https"), b"x", ca=authority.pem, client_certificate=certificate)
        with pytest.raises(Unreachable):
            post(_url(server, scheme="https"), b"x", ca=authority.pem)
    assert shown == ["first.example", "second.example"]


@pytest.mark.parametrize("broken", ["nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ""])
def test_a_certificate_that_is_none_is_refused(authority, broken):
    issued = authority.issue("a.example")
    for arguments in ({"ca": broken}, {"client_certificate": ClientCertificate(broken, issued.key)}):
        with pytest.raises(Refused) as raised:
            post("https://127.0.0.1:9443/", b"", **arguments)
        assert _why(raised) is Refusal.CERTIFICATE


def test_the_key_of_another_certificate_is_refused(authority):
    mixed = ClientCertificate(authority.issue("a.example").certificate, authority.issue("b.example").key)
    with pytest.raises(Refused, match="belongs to another"):
        post("https://127.0.0.1:9443/", b"", client_certificate=mixed)
    assert mixed.key not in repr(mixed)
