"""Trying the settings: what is wrong is said in plain words, and nothing leaks."""

import socket
import struct
import threading
from contextlib import contextmanager, suppress

import pytest

from auditapp.access.errors import Denied
from auditapp.lib.errors import Invalid
from auditapp.pipeline.warehouses import checking, connecting
from auditapp.pipeline.warehouses.checking import TooManyChecks, find_problem
from auditapp.pipeline.warehouses.connecting import Connection, connected
from auditapp.pipeline.warehouses.problems import WarehouseProblem, cleaned
from auditapp.pipeline.warehouses.services import PasswordNeeded
from auditapp.pipeline.warehouses.sync_services import check_settings, check_warehouse
from tests.factories import acting_as, events_of
from tests.warehouses.conftest import PASSWORD


@pytest.fixture
def connection(store):
    return Connection(**store.settings())


def test_good_settings_are_good_and_leave_nothing_behind(connection, store):
    finding = find_problem(connection, PASSWORD)
    assert (finding.is_good, finding.message) == (True, "")
    assert store.ask("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'audit_check%'") == []


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"host": "no-such-host.invalid"}, "host_not_found", "has no address"),
        ({"port": 1_999}, "refused", "Nothing listens"),
        ({"port": 22}, "refused_address", "Port 22 is not called"),
        ({"host": "169.254.169.254"}, "refused_address", "never called"),
        ({"database": "nowhere"}, "no_database", "no such database"),
        ({"database": "x host=evil.example password=1"}, "no_database", "no such database"),
        ({"username": "nobody"}, "password", "refused the user or the password"),
        ({"sslmode": "require"}, "no_tls", "does not offer encryption"),
        ({"sslmode": "verify-full"}, "no_tls", "does not offer encryption"),
    ],
)
def test_what_is_wrong_is_said(connection, change, code, words):
    finding = find_problem(connection._replace(**change), PASSWORD)
    assert (finding.code, finding.is_good) == (code, False)
    assert words in finding.message
    assert PASSWORD not in finding.message


def test_a_wrong_password_and_a_missing_right(connection, store):
    assert find_problem(connection, "wrong").code == "password"
    store.ask(f"REVOKE CREATE ON DATABASE {store.name} FROM {store.user}")
    finding = find_problem(connection, PASSWORD)
    assert finding.code == "no_create_right"
    assert f"GRANT CREATE ON DATABASE {store.name} TO {store.user};" in finding.message


def test_a_standby_is_told_apart(connection, store):
    store.ask(f"ALTER ROLE {store.user} SET default_transaction_read_only = on")
    try:
        assert find_problem(connection, PASSWORD).code == "read_only"
    finally:
        store.ask(f"ALTER ROLE {store.user} RESET default_transaction_read_only")


def test_a_warehouse_in_the_clear_is_refused_on_the_internet(connection, settings):
    settings.OUTBOUND_ALLOWED_NETWORKS = []
    finding = find_problem(connection._replace(host="93.184.215.14"), PASSWORD)
    assert finding.code == "refused_address"
    assert "in the clear" in finding.message


@contextmanager
def odd_server(*answers):
    """A server that says what it is told to, then nothing more."""
    listener, held = socket.create_server(("127.0.0.1", 0)), []

    def serve():
        with suppress(OSError):
            while True:
                line, _ = listener.accept()
                held.append(line)
                for answer in answers:
                    line.recv(4_096)
                    line.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        for line in held:
            line.close()
        listener.close()


def message(kind, body):
    return kind + struct.pack("!i", len(body) + 4) + body


LET_IN = message(b"R", struct.pack("!i", 0)) + message(b"Z", b"I")
IN_THE_CLEAR = message(b"R", struct.pack("!i", 3))


def test_a_server_that_never_answers_holds_nobody(store, monkeypatch):
    monkeypatch.setattr(connecting, "CONNECT_TIMEOUT_S", 1)
    with odd_server(b"N", LET_IN) as port:
        settings = Connection(**store.settings(port=port))
        with pytest.raises(WarehouseProblem) as refused, connected(settings, PASSWORD):
            raise AssertionError
    assert refused.value.code == "away"


def test_a_server_that_never_answers_a_statement_is_cut(connection):
    with connected(connection, PASSWORD) as session:
        with pytest.raises(WarehouseProblem) as refused, session.within(0.2) as line:
            line.execute("SELECT pg_sleep(30)")
        assert refused.value.code == "away"


def test_a_server_gets_no_password_in_the_clear(store):
    with odd_server(b"N", IN_THE_CLEAR) as port:
        finding = find_problem(Connection(**store.settings(port=port)), PASSWORD)
    assert finding.code == "weak_auth"


def test_few_are_tried_at_once(connection, monkeypatch):
    monkeypatch.setattr(checking, "_at_once", threading.BoundedSemaphore(1))
    checking._at_once.acquire()
    with pytest.raises(TooManyChecks):
        find_problem(connection, PASSWORD)


def test_the_servers_words_lose_password_and_addresses():
    said = 'connection to server at "db.example.com" (10.0.0.5), port 5432 failed: FATAL: no "s3cret"\n  here'
    assert cleaned(said, "s3cret") == 'FATAL: no "***" here'


def test_trying_saved_settings_is_kept_and_an_event(world):
    cast = world.cast
    with acting_as(cast.olga, cast.workspace):
        assert check_warehouse(warehouse_id=world.warehouse.id).is_good
    assert (world.stored().checked_at is not None, world.stored().check_problem) == (True, "")
    row = events_of(cast.workspace)[0]
    assert (row.event.type, row.event.meta) == ("storage_destination.settings_validated", {"result": "valid"})
    assert row.resource.id == world.warehouse.id


def test_trying_others_says_what_and_keeps_nothing(world):
    cast = world.cast
    with acting_as(cast.olga, cast.workspace):
        finding = check_warehouse(warehouse_id=world.warehouse.id, password="wrong")
    assert finding.code == "password"
    assert world.stored().checked_at is None
    row = events_of(cast.workspace)[0]
    assert (row.event.outcome, row.event.meta["result"]) == ("failure", "not valid")


def test_a_stored_password_goes_to_no_other_server(world):
    cast = world.cast
    elsewhere = Connection(**world.store.settings(host="evil.example.com"))
    weaker = Connection(**world.store.settings(port=1_234))
    with acting_as(cast.olga, cast.workspace):
        for connection in (elsewhere, weaker):
            with pytest.raises(PasswordNeeded):
                check_warehouse(warehouse_id=world.warehouse.id, connection=connection)


def test_settings_that_are_not_saved_can_be_tried_by_who_may_make_them(world, connection):
    cast = world.cast
    with acting_as(cast.olga, cast.workspace):
        assert check_settings(connection=connection, password=PASSWORD).is_good
        with pytest.raises(Invalid):
            check_settings(connection=connection, password="")
        with pytest.raises(Invalid):
            check_settings(connection=connection._replace(sslmode="none"), password="x")
    with acting_as(cast.rita, cast.workspace):
        with pytest.raises(Denied):
            check_settings(connection=connection, password=PASSWORD)
        with pytest.raises(Denied):
            check_warehouse(warehouse_id=world.warehouse.id)
    assert [row.event.type for row in events_of(cast.workspace)] == ["storage_destination.settings_validated"]
