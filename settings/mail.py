"""Where mail goes: into a folder until EMAIL_URL names a server.

A URL in, Django's settings out; what mails say is in templates/emails.
"""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import django

from settings.env import BadEnvironment

MEMORY = "memory:"  # for tests and for the demo, which accepts the invitations that it sends
TIMEOUT_S = 10
PORTS = {"smtp": 587, "smtps": 465}
# What the parts of a server are called before Django 6.1, where each was a setting of its own.
OLD_NAMES = {
    "host": "EMAIL_HOST",
    "port": "EMAIL_PORT",
    "username": "EMAIL_HOST_USER",
    "password": "EMAIL_HOST_PASSWORD",
    "use_tls": "EMAIL_USE_TLS",
    "use_ssl": "EMAIL_USE_SSL",
    "timeout": "EMAIL_TIMEOUT",
    "file_path": "EMAIL_FILE_PATH",
}


def mail_settings(url: str, *, outbox: Path) -> dict[str, Any]:
    """Django's settings of mail: for a URL its server, without one the folder `outbox`.

    Raises:  BadEnvironment, without the password in it
    """
    backend, options = "filebased", {"file_path": str(outbox)}
    if url == MEMORY:
        backend, options = "locmem", {}
    elif url:
        backend, options = "smtp", _server(url)
    path = f"django.core.mail.backends.{backend}.EmailBackend"
    if django.VERSION >= (6, 1):
        return {"MAILERS": {"default": {"BACKEND": path, "OPTIONS": options}}}
    return {"EMAIL_BACKEND": path, **{OLD_NAMES[name]: value for name, value in options.items()}}


def _server(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme not in PORTS:
        raise _refused("write smtp://user:password@host:587 or smtps://user:password@host:465")
    try:
        port = parts.port or PORTS[parts.scheme]
    except ValueError:
        raise _refused("its port is no number from 1 to 65535; percent-encode / ? # @ : in a password") from None
    if not parts.hostname:
        raise _refused("it names no host, as in smtp://user:password@mail.example.com:587")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    starttls = query.pop("starttls", "1")
    if query or starttls not in {"0", "1"} or parts.path.strip("/") or parts.fragment:
        raise _refused("after the port only ?starttls=0 is understood, which sends without encryption")
    is_smtps = parts.scheme == "smtps"
    if parts.password and not is_smtps and starttls == "0":
        raise _refused("with starttls=0 the password would cross the network in the clear")
    return {
        "host": parts.hostname,
        "port": port,
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "use_tls": not is_smtps and starttls == "1",
        "use_ssl": is_smtps,
        "timeout": TIMEOUT_S,
    }


def _refused(wanted: str) -> BadEnvironment:
    return BadEnvironment(f"EMAIL_URL cannot be used: {wanted}.")
