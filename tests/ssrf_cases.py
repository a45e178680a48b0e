"""Plays the cases of vectors/ssrf against whatever calls out, and tells every packet that must not have been sent.

    @pytest.mark.parametrize("case", CASES, ids=str)
    def test_feature_calls_nothing_inside(case):
        with playing(case) as world:
            send_it_to(world.url)
        assert world.leaks == []

Nothing leaves the machine: names are answered from the case, and connections that do not go to loopback are noted and refused.
"""

import json
import os
import socket
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any
from unittest.mock import patch

from django.test import override_settings

from auditapp.lib.outbound import pool

OF_NETRC = b64encode(b"maya:secret").decode()
FILE = Path(__file__).parent / "vectors" / "ssrf" / "cases.jsonl"


@dataclass(frozen=True)
class Case:
    id: str
    group: str
    url: str
    why: str | None
    dns: dict[str, list[list[str]]] = field(default_factory=dict)
    calls: int = 1
    allowed: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    may_reach: tuple[str, ...] = ()
    port: int = 0

    def __str__(self) -> str:
        return self.id


_ALL = [Case(**json.loads(line)) for line in FILE.read_text("utf-8").splitlines()]
ALLOWED = [case for case in _ALL if case.group == "allowed"]
CASES = [case for case in _ALL if case.group != "allowed"]
# For features whose users enter no headers.
CASES_OF_ADDRESSES = [case for case in CASES if case.group != "header"]


class World:
    """What a case is played in: names, a canary that nobody may call, and a server that may be called where the case allows it."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.connections: list[tuple[str, int]] = []
        self.caught = 0
        self.requests: list[dict[str, str]] = []
        self._looked_up: dict[str, int] = {}
        self._canary = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        self._open = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.requests))
        self.ports = {"{port}": self._canary.getsockname()[1], "{open}": self._open.server_port}
        self._threads = [Thread(target=self._open.serve_forever, args=(0.02,)), Thread(target=self._catch)]

    @property
    def url(self) -> str:
        return self.filled(self.case.url)

    @property
    def leaks(self) -> list[str]:
        """Everything that went where it must not go; empty where the guard holds."""
        reachable = {*self.case.may_reach, *(["127.0.0.1"] if "{open}" in self.case.url else [])}
        harmful = [
            f"connected to {address} at {port}"
            for address, port in self.connections
            if address not in reachable or (port == self.ports["{port}"] and address == "127.0.0.1")
        ]
        harmful += ["the canary was called"] * self.caught
        harmful += ["a password was sent"] * any(
            OF_NETRC in request.get("Authorization", "") for request in self.requests
        )
        return harmful + ["a redirect was followed"] * (len(self.requests) > self.case.calls)

    def begin_again(self) -> None:
        """Forget what was noted, for another feature to play the same case."""
        self.connections.clear()
        self.requests.clear()
        self._looked_up.clear()
        self.caught = 0
        pool.POOL.clear()

    def filled(self, text: str) -> str:
        for placeholder, port in self.ports.items():
            text = text.replace(placeholder, str(port))
        return text

    def look_up(self, host: Any, port: Any, *args: Any, **options: Any) -> list[Any]:
        """In the place of getaddrinfo: the case's names, and every spelling that the C library takes for an address."""
        name = host.decode() if isinstance(host, bytes) else host
        if name not in self.case.dns:
            return _getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        answers = self.case.dns[name]
        turn = self._looked_up.get(name, 0)
        self._looked_up[name] = turn + 1
        found = [address for text in answers[min(turn, len(answers) - 1)] for address in _expanded(text)]
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        families = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in found]
        return [
            (family, socket.SOCK_STREAM, 6, "", (address, port or 0))
            for family, address in zip(families, found, strict=True)
        ]

    def connect(self, line: socket.socket, address: Any) -> None:
        """In the place of socket.connect: TCP is noted, and goes to loopback only."""
        if line.family not in (socket.AF_INET, socket.AF_INET6) or line.type != socket.SOCK_STREAM:
            return _connect(line, address)
        self.connections.append((str(address[0]), address[1]))
        if ip_address(address[0]).is_loopback and address[1] in self.ports.values():
            return _connect(line, address)
        raise ConnectionRefusedError(111, "Connection refused")

    def open(self) -> None:
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._open.shutdown()
        self._open.server_close()
        self._canary.shutdown(socket.SHUT_RDWR)
        self._canary.close()
        for thread in self._threads:
            thread.join()

    def _catch(self) -> None:
        while True:
            try:
                line, _ = self._canary.accept()
            except OSError:
                return
            self.caught += 1
            line.close()


@contextmanager
def playing(case: Case) -> Iterator[World]:
    """The world of a case, for as long as the block lasts."""
    world = World(case)
    with tempfile.TemporaryDirectory() as folder:
        passwords = Path(folder) / "netrc"
        passwords.write_text("machine 127.0.0.1 login maya password secret\n")
        passwords.chmod(0o600)
        env = {"NETRC": str(passwords), **{name: world.filled(value) for name, value in case.env.items()}}
        pool.POOL.clear()
        world.open()
        try:
            with (
                patch.dict(os.environ, env),
                patch("socket.getaddrinfo", world.look_up),
                patch("auditapp.lib.outbound.names.getaddrinfo", world.look_up),
                patch("socket.socket.connect", lambda line, address: world.connect(line, address)),
                override_settings(OUTBOUND_ALLOWED_NETWORKS=list(case.allowed), OUTBOUND_ALLOW_HTTP=False),
            ):
                yield world
        finally:
            pool.POOL.clear()
            world.close()


_connect = socket.socket.connect
_getaddrinfo = socket.getaddrinfo


def _expanded(text: str) -> list[str]:
    first, _, times = text.partition("*")
    return [str(ip_address(first) + place) for place in range(int(times))] if times else [first]


def _handler(requests: list[dict[str, str]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            requests.append(dict(self.headers))
            _, kind, *rest = self.path.split("/", 3)
            if kind == "redirect":
                self.send_response(int(rest[0]))
                self.send_header("Location", rest[1] if ":" in rest[1][:8] else f"/{rest[1]}")
            else:
                self.send_response(200)
                if kind == "refresh":
                    self.send_header("Refresh", f"0; url={'/'.join(rest)}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_PUT = do_POST

        def log_message(self, *args: object) -> None:
            pass

    return Handler
