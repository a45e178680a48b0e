"""docs/http.md: every line of curl does what the page says, against a server."""

import json
import os
import shutil
import subprocess
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connections

from tests.docs.snippets import blocks
from tests.factories import events_of, make_token, make_workspace

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")


class _Quiet(WSGIRequestHandler):
    def log_message(self, format, *args):
        pass


@pytest.fixture
def address(own_database):
    application = get_wsgi_application()

    def served(environ, start_response):
        try:
            return list(application(environ, start_response))
        finally:
            connections.close_all()  # this thread's; the database is dropped after the test

    server = make_server("127.0.0.1", 0, served, handler_class=_Quiet)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_lines_send_and_read_events(address):
    workspace = make_workspace(slug="acme")
    _, secret = make_token(workspace=workspace)

    def run(line):
        line = line.replace("http://127.0.0.1:8000", address)
        environment = {"PATH": os.environ["PATH"], "TOKEN": secret}
        done = subprocess.run(["/bin/sh", "-ec", line], env=environment, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    one, many, read = (text for _, text in blocks("http.md", "sh"))
    assert "errors" not in run(one)
    assert "errors" not in run(one)  # again: the same event
    assert "errors" not in run(many)
    assert len(run(read)["data"]["events"]) == 3
    sent = events_of(workspace)
    assert sorted(row.event.type for row in sent) == ["invoice.approved", "invoice.sent", "invoice.sent"]
    approved = next(row for row in sent if row.event.type == "invoice.approved")
    assert approved.event.actor.name == "Maya Lindqvist"
    assert [change.path for change in approved.event.changes] == ["state"]
    assert {row.event.actor.kind for row in sent if row is not approved} == {"token"}
