"""Segment's own libraries, unmodified, send to a source: all events arrive, in spite of answers that get lost, and none twice.

SEGMENT_CLIENT_EVENTS says how many each of them sends. `make clients` installs them; without it these tests are skipped.
"""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.conf import settings

from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.inbox import read_inbox
from tests.factories import make_source, make_workspace, write_keys
from tests.loopback_server import Application, served

CLIENTS = Path(__file__).parents[1] / "clients"
NODE, PYTHON = shutil.which("node"), CLIENTS.parents[1] / ".clients" / "bin" / "python"
EVENTS = int(os.environ.get("SEGMENT_CLIENT_EVENTS", "1000"))


@pytest.fixture
def host(own_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server on loopback that keeps what every third request brings and then answers as if it had not."""
    monkeypatch.setattr(settings, "ALLOWED_HOSTS", ["127.0.0.1"])
    numbers = count(1)

    def losing(application: Application) -> Application:
        def answered(environ: Any, start_response: Any) -> Any:
            if next(numbers) % 3:
                return application(environ, start_response)
            list(application(environ, lambda *_: None))
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return [b""]

        return answered

    with served(losing) as address:
        yield address


@pytest.fixture
def source(own_database: str) -> Any:
    return make_source(workspace=make_workspace())


def arrived(source: Any) -> Counter[int]:
    """How often each number came in."""
    numbers: Counter[int] = Counter()
    with in_workspace(source.workspace_id):
        for start in range(0, EVENTS * 2, 1_000):
            events = read_inbox(source.workspace_id, source.id, start, limit=1_000)
            numbers.update(orjson.loads(one.payload)["properties"]["number"] for one in events)
    return numbers


def send(*command: str) -> None:
    done = subprocess.run(command, cwd=CLIENTS, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not PYTHON.exists(), reason="needs the clients: run `make clients`")
def test_the_library_for_python_loses_and_doubles_nothing(host, source):
    send(str(PYTHON), "send_events.py", host, write_keys(source)[0], str(EVENTS))
    assert arrived(source) == Counter(range(EVENTS))


@pytest.mark.skipif(
    NODE is None or not (CLIENTS / "node_modules" / "@segment" / "analytics-node").exists(),
    reason="needs Node and the clients: run `make clients`",
)
def test_the_library_for_node_loses_and_doubles_nothing(host, source):
    send(str(NODE), "--no-deprecation", "send_events.mjs", host, write_keys(source)[0], str(EVENTS))
    assert arrived(source) == Counter(range(EVENTS))
