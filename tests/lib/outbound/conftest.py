"""Authorities and certificates of the tests' own, and servers on loopback that behave as told."""

import ssl
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from socket import create_server, socket
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from auditapp.lib.outbound import ClientCertificate
from auditapp.lib.outbound.pool import POOL


@pytest.fixture(autouse=True)
def loopback(settings):
    """Loopback is allowed, and no connection of another test is used again."""
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.1/32", "::1/128"]
    POOL.clear()
    yield
    POOL.clear()


@dataclass
class Authority:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(self, *names: str, days: int = 2) -> ClientCertificate:
        """A certificate for names and addresses; one of the past where days are negative."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(names[0], key.public_key(), self.certificate.subject, self.key, days, names)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return ClientCertificate(certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode())


@pytest.fixture(scope="session")
def authority() -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of the tests")])
    return Authority(key, _certificate("Authority of the tests", key.public_key(), name, key, 2, ()))


def _certificate(common_name, public_key, issuer, issuer_key, days, names):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    until = datetime.now(UTC) + timedelta(days=days)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public_key)
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(until - timedelta(days=4)).not_valid_after(until)
    builder = builder.add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
    if names:
        alternatives = [
            x509.IPAddress(ip_address(name)) if name[0].isdigit() or ":" in name else x509.DNSName(name)
            for name in names
        ]
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


@pytest.fixture
def server_context(tmp_path):
    """A server's TLS context from a certificate; with an authority it asks for one of the client."""

    def context(issued: ClientCertificate, clients: Authority | None = None) -> ssl.SSLContext:
        file = tmp_path / "server.pem"
        file.write_text(issued.certificate + issued.key)
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(file)
        if clients:
            made.verify_mode = ssl.CERT_REQUIRED
            made.load_verify_locations(cadata=clients.pem)
        return made

    return context


class Server:
    """Accepts connections one after the other and lets a function answer each; counts them."""

    def __init__(self, answer, context=None) -> None:
        self.connections = 0
        self._answer, self._context = answer, context
        self._listener = create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            Thread(target=self._serve_one, args=(line,), daemon=True).start()

    def _serve_one(self, line: socket) -> None:
        try:
            with self._context.wrap_socket(line, server_side=True) if self._context else line as open_line:
                self._answer(open_line)
        except OSError:
            line.close()

    def close(self) -> None:
        self._listener.shutdown(2)
        self._listener.close()
        self._thread.join()


@pytest.fixture
def serving():
    """A server of a function that gets each connection; with a context, over TLS."""

    @contextmanager
    def running(answer, context=None):
        server = Server(answer, context)
        try:
            yield server
        finally:
            server.close()

    return running


def read_request(line: socket) -> bytes:
    """A request with the body that its Content-Length tells; empty where the client has gone."""
    received = b""
    while b"\r\n\r\n" not in received:
        if not (more := line.recv(65536)):
            return b""
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    length = next((int(row[15:]) for row in head.lower().split(b"\r\n") if row.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += line.recv(65536)
    return head + b"\r\n\r\n" + body
