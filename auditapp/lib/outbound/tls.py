"""TLS as a client: the system's authorities or one's own, with or without a certificate to show."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

import httpcore2

from auditapp.lib.outbound.errors import Refusal, Refused


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate with its chain, and its key, both in PEM."""

    certificate: str
    key: str = field(repr=False)


# Where the systems that we run on keep them.
_AUTHORITIES: Final = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


# By use: the HTTP client offers "http/1.1" (ALPN), which syslog and others must not. Loading the authorities takes 20 ms.
@lru_cache(maxsize=64)
def tls_context(use: Literal["http", "line"], certificate: ClientCertificate | None, ca: str | None) -> ssl.SSLContext:
    """A context that verifies the server and its name.

    Takes:   ca, authorities in PEM that are trusted instead of the system's
    Raises:  Refused where PEM or key cannot be used
    """
    try:
        if ca is None:
            context = httpcore2.default_ssl_context()
        else:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(cadata=ca)
        if certificate is not None:
            _show(context, certificate)
    except (ssl.SSLError, ValueError):
        raise Refused(
            Refusal.CERTIFICATE, "The certificate cannot be used: it is not PEM, or its key belongs to another one."
        ) from None
    return context


def authorities_file() -> str | None:
    """The file of the system's authorities, for libraries that bring TLS of their own; None where there is none."""
    found = ssl.get_default_verify_paths().cafile
    return found or next((one for one in _AUTHORITIES if Path(one).exists()), None)


def _show(context: ssl.SSLContext, certificate: ClientCertificate) -> None:
    # OpenSSL reads keys from files only; this one is readable by its owner alone, and gone at once.
    with TemporaryDirectory() as folder:
        file = Path(folder) / "client.pem"
        file.touch(mode=0o600)
        file.write_text(f"{certificate.certificate}\n{certificate.key}\n")
        # Without the password function OpenSSL would ask for one on the terminal.
        context.load_cert_chain(file, password=lambda: "")
