"""Segment's own SDK, unmodified, reads this trail: `make clients` installs it, without it these tests are skipped."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.conftest import Caller, make_caller, make_workspace
from tests.loopback_server import served

CLIENTS = Path(__file__).parents[1] / "clients"
NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(
    NODE is None or not (CLIENTS / "node_modules").exists(),
    reason="needs Node and the clients: run `make clients`",
)


@pytest.fixture
def base_path(own_database: str) -> Iterator[str]:
    """A server on loopback over the test's own database; gives the base path of its API."""
    with served() as address:
        yield f"{address}/api"


def run(base_path: str, caller: Caller, *arguments: str) -> dict[str, Any]:
    command = [str(NODE), "--no-deprecation", "page_through.mjs", base_path, caller.secret, *arguments]
    done = subprocess.run(command, cwd=CLIENTS, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_sdk_pages_through_the_trail(base_path: str):
    caller = make_caller(make_workspace("acme"), "audit:read", "audit:write")
    sent = [
        {
            "type": "source.created",
            "actor": {"id": "usr_ana", "email": "ana@example.com"},
            "target": {"type": "source", "id": f"src_{n}", "name": f"Source {n}"},
            "occurredAt": f"2026-01-01T00:00:{n:02}Z",
        }
        for n in range(7)
    ]
    assert caller.post("/audit-events", sent).status_code == 201
    read = run(base_path, caller, "3")
    assert [len(page) for page in read["pages"]] == [3, 3, 1]
    newest = read["pages"][0][0]
    assert {
        "timestamp": "2026-01-01T00:00:06.000000Z",
        "type": "Source Created",
        "actor": "usr_ana",
        "actorEmail": "ana@example.com",
        "resourceId": "src_6",
        "resourceType": "source",
        "resourceName": "Source 6",
    }.items() <= newest.items()
    assert len({event["id"] for page in read["pages"] for event in page}) == 7
    assert read["workspace"] == {"id": f"ws_{caller.workspace.id}", "slug": "acme", "name": "Acme"}


def test_the_sdk_finds_one_resource(base_path: str):
    caller = make_caller(make_workspace("acme"), "audit:read", "audit:write")
    caller.post(
        "/audit-events",
        [{"type": "source.created", "resourceType": "source", "resourceId": f"src_{n}"} for n in range(3)],
    )
    [[event]] = run(base_path, caller, "200", "src_1")["pages"]
    assert event["resourceId"] == "src_1"
