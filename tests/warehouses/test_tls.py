"""A warehouse over TLS: what each way of encryption takes from the server, and what it refuses."""

import select
import socket
import ssl
import threading
from contextlib import suppress

import pytest

from auditapp.pipeline.warehouses import connecting
from auditapp.pipeline.warehouses.checking import find_problem
from auditapp.pipeline.warehouses.connecting import Connection, connected
from tests.lib.outbound.conftest import authority, server_context  # noqa: F401  fixtures
from tests.warehouses.conftest import PASSWORD

SSL_REQUEST = bytes.fromhex("0000000804d2162f")


@pytest.fixture
def encrypted(store, server_context):  # noqa: F811
    """`encrypted(certificate)` gives a port on which the warehouse speaks TLS, as PostgreSQL begins it."""
    listeners = []

    def serve(issued):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        context = server_context(issued)

        def accept():
            with suppress(OSError):
                while True:
                    line, _ = listener.accept()
                    threading.Thread(target=carry, args=(line, context), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return listener.getsockname()[1]

    def carry(line, context):
        with suppress(OSError), socket.socket(socket.AF_UNIX) as far:
            far.connect(store.line.path)
            if line.recv(8) != SSL_REQUEST:
                return
            line.sendall(b"S")
            with context.wrap_socket(line, server_side=True) as near:
                while True:
                    ready = [near] if near.pending() else select.select([near, far], [], [])[0]
                    for one in ready:
                        data = one.recv(65_536)
                        if not data:
                            return
                        (far if one is near else near).sendall(data)

    yield serve
    for listener in listeners:
        listener.close()


@pytest.fixture
def trusted(authority, tmp_path, monkeypatch):  # noqa: F811
    """The tests' authority is one of the system's."""
    file = tmp_path / "authorities.pem"
    file.write_text(authority.pem)
    monkeypatch.setattr(connecting, "authorities_file", lambda: str(file))


@pytest.mark.parametrize("sslmode", ["require", "prefer"])
def test_tls_without_a_look_at_the_certificate(encrypted, store, authority, sslmode):  # noqa: F811
    port = encrypted(authority.issue("warehouse.example.com", days=-1))
    connection = Connection(**store.settings(port=port, sslmode=sslmode))
    with connected(connection, PASSWORD) as session:
        assert session.line.pgconn.ssl_in_use
    assert find_problem(connection, PASSWORD).is_good


def test_verify_full_takes_a_certificate_of_a_trusted_authority_for_this_name(encrypted, store, authority, trusted):  # noqa: F811
    port = encrypted(authority.issue("127.0.0.1"))
    assert find_problem(Connection(**store.settings(port=port, sslmode="verify-full")), PASSWORD).is_good


@pytest.mark.parametrize("names", [("other.example.com",), ("10.0.0.1",)])
def test_verify_full_refuses_a_certificate_of_another(encrypted, store, authority, trusted, names):  # noqa: F811
    port = encrypted(authority.issue(*names))
    finding = find_problem(Connection(**store.settings(port=port, sslmode="verify-full")), PASSWORD)
    assert finding.code == "certificate"
    assert "cannot be trusted" in finding.message


def test_verify_full_refuses_an_authority_that_the_system_does_not_know(encrypted, store, authority):  # noqa: F811
    port = encrypted(authority.issue("127.0.0.1"))
    finding = find_problem(Connection(**store.settings(port=port, sslmode="verify-full")), PASSWORD)
    assert finding.code == "certificate"


def test_the_system_has_authorities():
    file = connecting.authorities_file()
    assert file is None or ssl.create_default_context(cafile=file).cert_store_stats()["x509_ca"] > 0
