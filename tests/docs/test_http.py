"""docs/http.md: every line of curl does what the page says, against a server."""

import json
import os
import shutil
import subprocess

import pytest

from tests.docs.snippets import blocks
from tests.factories import events_of, make_token, make_workspace
from tests.loopback_server import served

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")


@pytest.fixture
def address(own_database):
    with served() as found:
        yield found


def test_the_lines_send_and_read_events(address):
    workspace = make_workspace(slug="acme")
    _, secret = make_token(workspace=workspace)

    def run(line):
        line = line.replace("http://127.0.0.1:8000", address)
        environment = {"PATH": os.environ["PATH"], "TOKEN": secret}
        done = subprocess.run(["/bin/sh", "-ec", line], env=environment, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    one, many, attempts, scoped, read = (text for _, text in blocks("http.md", "sh"))
    assert "errors" not in run(one)
    assert "errors" not in run(one)  # again: the same event
    assert "errors" not in run(many)
    assert len(run(read)["data"]["events"]) == 3
    sent = events_of(workspace)
    for line in attempts.splitlines():
        assert "errors" not in run(line)
    tried = [(one["attempt"], one["of"], one["outcome"]) for one in run(read)["data"]["events"][:3]]
    assert tried == [(3, 3, "success"), (2, 3, "failure"), (1, 3, "failure")]
    assert [one["status"] for one in run(scoped)["data"]["results"]] == [201] * 3
    scopes = sorted(str(one["scopeId"]) for one in run(read)["data"]["events"][:3])
    assert scopes == ["section:privacy", "spa_1", "spa_1"]
    assert sorted(row.event.type for row in sent) == ["invoice.approved", "invoice.sent", "invoice.sent"]
    approved = next(row for row in sent if row.event.type == "invoice.approved")
    assert approved.event.actor.name == "Maya Lindqvist"
    assert [change.path for change in approved.event.changes] == ["state"]
    assert {row.event.actor.kind for row in sent if row is not approved} == {"token"}
