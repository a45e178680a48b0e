"""A test message: to each channel of a rule, with what came back, never as a firing, and never to inside."""

import orjson
import pytest
from django.core import mail
from django.test import Client

from auditapp.alerts.models import AlertFiring, AlertMessage, AlertRule
from auditapp.alerts.services import RuleInput
from auditapp.alerts.testing import send_test_message
from auditapp.lib.errors import Invalid, NotAllowed
from auditapp.record.workspace_scope import in_workspace
from tests.factories import acting_as, last_event
from tests.pipeline.kinds.setups import receiving

HOME = "/demo/settings/admin/alerts/"


def test_each_channel_is_tested_and_says_what_came_back(cast, rule, look, send, serving):
    answers = {"/in": (500, {}, b"on fire"), "/services/T0/B0/x": (200, {}, b"ok")}
    with receiving(serving, lambda request: answers[request.path]) as receiver:
        one = rule(by_email=True, webhook_url=f"{receiver.url}/in", slack_url=f"{receiver.url}/services/T0/B0/x")
        with acting_as(cast.olga, cast.workspace):
            tested = send_test_message(rule_id=one.id)
        look()
        assert send() == 0
    assert [(one.channel, one.is_delivered) for one in tested] == [("email", True), ("slack", True), ("webhook", False)]
    assert "500" in tested[2].said
    assert "This is a test that" in mail.outbox[0].subject
    sent = {request.path: orjson.loads(request.body) for request in receiver.requests}
    assert (sent["/in"]["type"], sent["/in"]["data"]["events"]) == ("alert.test", [])
    event = last_event(cast.workspace).event
    assert (event.type, event.outcome) == ("alert_rule.test_sent", "failure")
    assert (event.meta["messages"], event.meta["arrived"]) == (3, 2)
    with in_workspace(cast.workspace.id):
        assert not AlertFiring.objects.exists()
        assert not AlertMessage.objects.exists()


def test_a_rule_is_tested_before_it_is_saved(cast):
    given = RuleInput(name="New", query="", told_ids=[cast.olga.id], by_email=True)
    with acting_as(cast.olga, cast.workspace):
        (tested,) = send_test_message(given=given)
        with pytest.raises(Invalid):
            send_test_message(given=RuleInput(name="", told_ids=[cast.olga.id], by_email=True))
    assert tested.is_delivered
    with in_workspace(cast.workspace.id):
        assert not AlertRule.objects.exists()


def test_a_test_calls_nothing_inside(cast):
    given = RuleInput(name="New", webhook_url="https://169.254.169.254/latest/")
    with acting_as(cast.olga, cast.workspace), pytest.raises(Invalid, match="metadata service"):
        send_test_message(given=given)


def test_a_test_is_for_who_may_change_the_rule(cast, rule):
    one = rule(by_email=True)
    with acting_as(cast.milo, cast.workspace), pytest.raises(NotAllowed):
        send_test_message(rule_id=one.id)


def test_the_pages_say_what_came_of_it_and_keep_the_form(cast, rule):
    client = Client()
    client.force_login(cast.olga)
    one = rule(by_email=True)
    page = client.post(f"{HOME}{one.id}/test/").content.decode()
    assert "Arrived" in page
    sent = {"name": "Kept", "query": "event:source.disabled", "trigger": "each", "intent": "test"}
    page = client.post(f"{HOME}new/", sent | {"told_ids": [cast.olga.id], "by_email": "on"}).content.decode()
    assert 'value="Kept"' in page
    assert "Arrived" in page
    assert len(mail.outbox) == 2
    with in_workspace(cast.workspace.id):
        assert AlertRule.objects.count() == 1


def test_what_was_typed_is_tested_and_kept_until_it_is_saved(cast, rule, serving):
    client = Client()
    client.force_login(cast.olga)
    with receiving(serving, lambda request: (200, {}, b"ok")) as receiver:
        slack = f"{receiver.url}/services/T0/B0/typed"
        sent = {"name": "Kept", "query": "", "trigger": "each", "slack_url": slack}
        for path in (f"{HOME}new/", f"{HOME}{rule().id}/edit/"):
            for intent in ("try", "test"):
                page = client.post(path, sent | {"intent": intent}).content.decode()
                assert f'value="{slack}"' in page
    assert [request.path for request in receiver.requests] == ["/services/T0/B0/typed"] * 2
    assert client.post(f"{HOME}new/", sent | {"intent": "save"}).status_code == 302
    with in_workspace(cast.workspace.id):
        made = AlertRule.objects.get(name="Kept")
    assert made.has_slack
    assert "typed" not in client.get(f"{HOME}{made.id}/edit/").content.decode()
