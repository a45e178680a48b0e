"""The first own event: the line that the pages show works as it is, and is shown to who needs it."""

import json
import re
import shlex
from html import unescape

import pytest

from auditapp.access.first_event import first_event_line
from auditapp.access.models import ApiToken
from auditapp.lib.ids import new_id
from auditapp.record.workspace_scope import in_workspace
from tests.factories import last_event, make_cast

TRAIL = "/demo/settings/admin/audit-trail/"


@pytest.fixture
def cast(db):
    return make_cast()


def _as_shown(response):
    """The arguments that a shell gives to curl."""
    line = unescape(re.search(r"<pre[^>]*>(.*?)</pre>", response.content.decode(), re.DOTALL)[1])
    return shlex.split(line.replace("\\\n", ""))  # which shlex does not know to join


def test_the_line_of_a_new_token_sends_an_event_that_the_trail_shows(client, cast):
    client.force_login(cast.olga)
    assert b"Send your first event" in client.get(TRAIL).content
    form = {"token_id": new_id("tok"), "name": "First event", "scopes": ["audit:write"], "lifetime": "90"}
    command, address, *options = _as_shown(client.post("/demo/settings/access/tokens/new/", form))
    assert (command, address) == ("curl", "http://127.0.0.1:8000/api/audit-events")
    assert options[::2] == ["-H", "-H", "-d"]
    *headers, body = options[1::2]
    named = dict(header.split(": ", 1) for header in headers)
    answer = client.post("/api/audit-events", json.loads(body), named.pop("Content-Type"), headers=named)
    assert answer.status_code == 201, answer.content
    assert last_event(cast.workspace).event.type == "invoice.approved"
    page = client.get(TRAIL).content.decode()
    assert "Invoice 1" in page
    assert "Send your first event" not in page


def test_the_link_names_the_token_and_ticks_its_scope_before_anything_is_made(client, cast):
    client.force_login(cast.olga)
    href = unescape(re.search(r'href="([^"]*tokens/new/[^"]*)"', client.get(TRAIL).content.decode())[1])
    form = client.get(href).content.decode()
    assert 'value="First event"' in form
    assert re.search(r'value="audit:write"[^>]*checked', form)
    with in_workspace(cast.workspace.id):
        assert not ApiToken.objects.exists()


@pytest.mark.parametrize("person", ["milo", "rita", "mina"])
def test_who_cannot_make_a_token_is_not_asked_to(client, cast, person):
    client.force_login(getattr(cast, person))
    assert b"Send your first event" not in client.get(TRAIL).content


def test_filters_and_tokens_that_only_read_show_no_line(client, cast):
    client.force_login(cast.olga)
    assert b"Send your first event" not in client.get(TRAIL + "?event=source.created").content
    form = {"token_id": new_id("tok"), "name": "Reader", "scopes": ["audit:read"], "lifetime": "90"}
    assert b"curl" not in client.post("/demo/settings/access/tokens/new/", form).content


def test_without_a_token_the_line_asks_for_a_variable():
    assert '"Authorization: Bearer $TOKEN"' in first_event_line()
