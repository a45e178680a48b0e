"""Which connection is used again, by whom and for how long."""

import ssl
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from threading import Lock

import pytest

from auditapp.lib.outbound import pool as pool_file
from auditapp.lib.outbound import post
from auditapp.lib.outbound.pool import IDLE_S, MOST_KEPT, OLDEST_S, POOL, Connection, Pool
from auditapp.lib.outbound.targets import Target
from tests.lib.outbound.conftest import read_request

HERE, THERE = ip_address("8.8.8.8"), ip_address("8.8.4.4")


class Http:
    """Plays httpcore's connection."""

    def __init__(self, is_available=True):
        self.available, self.expired, self.closed = is_available, False, False

    def is_available(self):
        return self.available

    def has_expired(self):
        return self.expired

    def close(self):
        self.closed = True


class Carrier:
    def __init__(self, peer=HERE):
        self.peer = peer


def _target(*addresses, scheme="https", host="hooks.example.com", port=443):
    return Target(scheme, host, port, "/", addresses or (HERE,))


def _connection(context=None, peer=HERE, **of):
    target = _target(**of)
    return Connection(Http(), Carrier(peer), (target.scheme, target.host, target.port, context), pool_file.monotonic())


@pytest.fixture
def now(monkeypatch):
    moment = [1000.0]
    monkeypatch.setattr("auditapp.lib.outbound.pool.monotonic", lambda: moment[0])
    return moment


def _kept(*connections):
    pool = Pool()
    for connection in connections:
        pool.keep(connection)
    return pool


def test_a_connection_is_taken_by_one_alone():
    connection = _connection()
    pool = _kept(connection)
    assert pool.take(_target(), None) is connection
    assert pool.take(_target(), None) is None


@pytest.mark.parametrize(
    "target",
    [
        _target(THERE),
        _target(scheme="http"),
        _target(host="other.example.com"),
        _target(port=8443),
    ],
)
def test_another_address_name_port_or_scheme_has_its_own(target):
    assert _kept(_connection()).take(target, None) is None


def test_other_certificates_have_their_own():
    mine, other = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    pool = _kept(_connection(mine))
    assert pool.take(_target(), other) is None
    assert pool.take(_target(), None) is None
    assert pool.take(_target(), mine) is not None


def test_any_address_that_the_name_has_now_will_do():
    assert _kept(_connection(peer=THERE)).take(_target(HERE, THERE), None) is not None


@pytest.mark.parametrize(("idle_s", "is_kept"), [(IDLE_S - 1, True), (IDLE_S + 1, False)])
def test_what_was_idle_for_long_is_not_used(now, idle_s, is_kept):
    connection = _connection()
    pool = _kept(connection)
    now[0] += idle_s
    assert (pool.take(_target(), None) is connection) is is_kept


def test_what_is_old_is_closed_however_busy(now):
    connection = _connection()
    pool = Pool()
    for _ in range(OLDEST_S // 10 + 2):
        pool.keep(connection)
        now[0] += 10
        if pool.take(_target(), None) is None:
            break
    assert now[0] - 1000 == OLDEST_S + 10
    pool.keep(_connection())
    assert connection.http.closed


def test_what_the_server_closed_is_passed_over():
    first, second = _connection(), _connection()
    pool = _kept(first, second)
    second.http.expired = True
    assert pool.take(_target(), None) is first
    assert second.http.closed


def test_a_connection_in_the_middle_of_something_is_closed():
    connection = _connection()
    connection.http.available = False
    assert _kept(connection).take(_target(), None) is None
    assert connection.http.closed


def test_no_more_than_so_many_are_kept_and_the_latest_stay():
    connections = [_connection() for _ in range(MOST_KEPT + 3)]
    pool = _kept(*connections)
    assert [connection.http.closed for connection in connections] == [True] * 3 + [False] * MOST_KEPT
    pool.clear()
    assert all(connection.http.closed for connection in connections)


def test_a_forked_process_lets_go_of_what_its_parent_uses_even_amid_a_change():
    connection = _connection()
    pool = _kept(connection)
    pool._lock.acquire()
    pool.leave_to_parent()
    assert connection.http.closed
    assert pool.take(_target(), None) is None


def test_threads_share_connections_and_each_gets_its_own_answer(serving):
    def serve(line):
        while received := read_request(line):
            body = received.rpartition(b"\r\n\r\n")[2]
            line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    most, busy, lock = [0], [0], Lock()

    def send(number):
        with lock:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
        answer = post(f"http://127.0.0.1:{server.port}/", b"%d" % number)
        with lock:
            busy[0] -= 1
        return answer.body

    with serving(serve) as server, ThreadPoolExecutor(8) as threads:
        assert list(threads.map(send, range(400))) == [b"%d" % number for number in range(400)]
        assert server.connections <= 8
    assert most[0] > 1
    POOL.clear()
