"""The tab Messages: written, seen with a real event, sent as a test, kept and taken away; over the API a setting like others."""

import orjson
import pytest
from django.test import Client

from auditapp.pipeline.destinations.kind import Outcome, Sent
from auditapp.pipeline.destinations.kinds.slack import Slack
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.setup import Secrets
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.inbox import Incoming, append
from tests.factories import last_event, make_destination, make_token
from tests.pipeline.test_formats import audit

OWN = [{"event": "warehouse.*", "text": "Look: {sentence}"}]

SETTINGS = {"ca": "", "client_certificate": "", "messages": OWN}


@pytest.fixture
def slack(cast):
    secrets = Secrets({"url": "https://hooks.example.com/x"}).sealed()
    return make_destination(source=cast.shop, name="Chat", kind="slack", settings=SETTINGS, secrets=secrets)


@pytest.fixture
def home(slack):
    return f"/demo/connections/destinations/{slack.id}/messages/"


@pytest.fixture
def olga(cast):
    client = Client()
    client.force_login(cast.olga)
    return client


@pytest.fixture
def posted(monkeypatch):
    """What Slack would have been sent."""
    bodies = []

    def send(self, body, batch, setup):
        bodies.append(orjson.loads(body))
        return Sent(Outcome.DELIVERED, "200", "200 ok")

    monkeypatch.setattr(Slack, "send", send)
    return bodies


def kept(cast, slack):
    with in_workspace(cast.workspace.id):
        return Destination.objects.get(id=slack.id).settings["messages"]


def arrive(cast, event):
    with in_workspace(cast.workspace.id):
        append(
            cast.workspace.id,
            cast.shop.id,
            [Incoming(event["messageId"], "track", event["event"], orjson.dumps(event))],
        )


def test_a_message_is_written_changed_and_removed(cast, slack, home, olga):
    assert b"Look: {sentence}" in olga.get(home).content
    new = {"event": "source.*", "text": "{actor} at {resource}", "intent": "save"}
    assert olga.post(home + "edit/", new).status_code == 302
    assert kept(cast, slack) == [*OWN, {"event": "source.*", "text": "{actor} at {resource}"}]
    row = last_event(cast.workspace)
    assert (row.type.key, [one.path for one in row.event.changes]) == ("destination.modified", ["settings.messages"])
    changed = {"event": "source.deleted", "text": "Gone", "intent": "save"}
    assert olga.post(home + "edit/?event=source.*", changed).status_code == 302
    assert kept(cast, slack) == [*OWN, {"event": "source.deleted", "text": "Gone"}]
    assert olga.post(home + "remove/", {"event": "warehouse.*"}).status_code == 302
    assert kept(cast, slack) == [{"event": "source.deleted", "text": "Gone"}]
    assert olga.post(home + "remove/", {"event": "warehouse.*"}).status_code == 404


def test_what_is_wrong_is_said_and_what_was_written_stays(cast, slack, home, olga):
    wrong = {"event": "warehouse.disabled", "text": "{change.enabeld.new}", "intent": "save"}
    answer = olga.post(home + "edit/", wrong)
    assert answer.status_code == 422
    assert b"no field {change.enabeld.new} in Warehouse Disabled. Did you mean {change.enabled.new}?" in answer.content
    assert b"{change.enabeld.new}</textarea>" in answer.content
    assert kept(cast, slack) == OWN
    same = {"event": "WAREHOUSE.*", "text": "x", "intent": "save"}
    assert b"There is a message for WAREHOUSE.* already" in olga.post(home + "edit/", same).content


def test_a_preview_takes_the_newest_event_of_the_type_and_else_a_sample(cast, home, olga):
    asked = {"event": "warehouse.disabled", "text": "{actor} did: {resource.name}"}
    as_htmx = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "preview"}
    page = olga.post(home + "edit/", asked, **as_htmx).content.decode()
    assert "Maya Lindqvist did: Snowflake prod" in page
    assert "a sample" in page
    assert "<html" not in page
    arrive(cast, audit(actor={"id": "usr_1", "name": "<i>Real</i>"}) | {"messageId": "m1"})
    page = olga.post(home + "edit/", asked, **as_htmx).content.decode()
    assert "&lt;i&gt;Real&lt;/i&gt; did: Snowflake prod" in page
    assert "newest such event" in page
    assert last_event(cast.workspace).type.key == "source.debugger_viewed"


def test_a_test_is_sent_marked_and_saves_nothing(cast, slack, home, olga, posted):
    asked = {"event": "warehouse.disabled", "text": "<!here> {actor}", "intent": "test"}
    answer = olga.post(home + "edit/", asked)
    assert b"The test message arrived" in answer.content
    assert posted[0]["blocks"][0]["text"]["text"] == "Test: <!here> Maya Lindqvist"
    assert kept(cast, slack) == OWN
    assert last_event(cast.workspace).type.key == "destination.test_sent"
    assert olga.post(home + "edit/", asked | {"text": "{nothing}"}).status_code == 422
    assert len(posted) == 1


def test_the_form_of_the_settings_leaves_messages_as_they_are(cast, slack, home, olga):
    settings = home.removesuffix("messages/") + "settings/"
    assert b"Messages</label>" not in olga.get(settings).content
    given = {"name": "New", "url": "https://hooks.example.com/x"}
    assert olga.post(settings, given).status_code == 302
    assert kept(cast, slack) == OWN


def test_a_kind_without_messages_has_no_such_page(cast, olga):
    other = make_destination(source=cast.shop, kind="splunk", settings={})
    assert olga.get(f"/demo/connections/destinations/{other.id}/messages/").status_code == 404


def test_over_the_api_messages_are_a_setting(cast, slack):
    _, secret = make_token(workspace=cast.workspace, scopes=["source:read", "source:write"])
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    path = f"/api/destinations/{slack.id}"

    def patch(messages):
        body = orjson.dumps({"settings": {"url": "https://hooks.example.com/x", "messages": messages}})
        return client.patch(path, body, content_type="application/json")

    good = [{"event": "source.*", "text": "{actor}"}]
    assert patch(good).json()["data"]["destination"]["settings"]["messages"] == good
    refused = patch([{"event": "source.*", "text": "{acter}"}])
    assert refused.status_code == 422
    assert "Did you mean {actor}?" in refused.content.decode()
    assert kept(cast, slack) == good
