"""Alert rules over the API: a token keeps, tries and tests rules, and reads what they fired for."""

import json

import pytest
from django.test import Client

from auditapp.alerts.hold_setting import notifies_after_last_retry
from auditapp.record.workspace_scope import in_workspace
from tests.alerts.tasks_told import failed
from tests.factories import make_token

RULE = {
    "name": "Sync failed",
    "query": "event:warehouse.run_failed",
    "byEmail": True,
    "byBell": False,
    "quietFrom": "22:00",
    "quietTo": "06:30",
}


class Caller:
    def __init__(self, cast, *scopes):
        self.token, secret = make_token(workspace=cast.workspace, scopes=list(scopes))
        self.headers = {"Authorization": f"Bearer {secret}"}

    def __call__(self, method, path, sent=None, status=200):
        body = b"" if sent is None else json.dumps(sent).encode()
        answer = Client().generic(method, f"/api{path}", body, "application/json", headers=self.headers)
        assert answer.status_code == status, answer.content
        return answer.json().get("data", answer.json())


@pytest.fixture
def call(cast):
    return Caller(cast, "alert:read", "alert:write", "audit:read")


def test_a_rule_is_made_read_changed_switched_and_deleted(cast, call):
    made = call("POST", "/alert-rules", RULE | {"toldIds": [cast.rita.id]}, 201)["alertRule"]
    assert made["ownerId"] == call.token.id
    assert (made["quietFrom"], made["quietTo"], made["enabled"]) == ("22:00", "06:30", True)
    path = f"/alert-rules/{made['id']}"
    changed = call("PATCH", path, {"webhookUrl": "https://hooks.example.com/in", "quietFrom": None, "quietTo": None})
    assert changed["signingSecret"].startswith("whsec_")
    assert changed["alertRule"] == made | {
        "webhookUrl": "https://hooks.example.com/in",
        "webhookHost": "hooks.example.com",
        "quietFrom": None,
        "quietTo": None,
    }
    assert call("PATCH", path, {"enabled": False})["alertRule"]["enabled"] is False
    assert call("GET", path)["alertRule"]["name"] == "Sync failed"
    listed = call("GET", "/alert-rules")
    assert ([one["id"] for one in listed["alertRules"]], listed["pagination"]["totalEntries"]) == ([made["id"]], 1)
    assert "signingSecret" not in call("GET", path)
    assert call("POST", f"{path}/rotate-secret")["signingSecret"].startswith("whsec_")
    call("DELETE", path)
    call("GET", path, status=404)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"query": "event:nothing"}, "query"),
        ({"trigger": "now"}, "trigger"),
        ({"threshold": "3"}, "threshold"),
        ({"quietFrom": "25:00"}, "quietFrom"),
        ({"toldIds": ["usr_nobody"]}, "told_ids"),
        ({"toldIds": "me"}, "toldIds"),
        ({"colour": "red"}, "colour"),
        ({"slackUrl": "ftp://x"}, "slack_url"),
    ],
)
def test_what_is_wrong_is_named(cast, call, wrong, field):
    told = call("POST", "/alert-rules", RULE | {"toldIds": [cast.rita.id]} | wrong, 422)
    assert told["errors"][0]["field"] == field


def test_a_trial_and_firings_tell_what_the_token_may_see(cast, call, look):
    made = call("POST", "/alert-rules", RULE | {"toldIds": [cast.rita.id]}, 201)["alertRule"]
    call("PATCH", "/alert-settings", {"notifyAfterLastRetry": True})
    failed(cast)
    look()
    (firing,) = call("GET", f"/alert-rules/{made['id']}/firings")["firings"]
    assert (firing["hold"], firing["event"]["type"]) == ("held", "warehouse.run_failed")
    tried = call("POST", "/alert-rules/try", RULE)
    assert (tried["events"], tried["firings"], len(tried["samples"])) == (1, 1, 1)
    blind = Caller(cast, "alert:read", "alert:write")
    listed = blind("GET", f"/alert-rules/{made['id']}/firings")
    assert (listed["firings"], listed["pagination"]["totalEntries"]) == ([], 0)
    (seen,) = blind("GET", "/alert-rules")["alertRules"]
    assert (seen["firings30Days"], seen["lastFiredAt"], seen["watchesMore"]) == (None, None, True)
    assert blind("POST", "/alert-rules/try", RULE)["events"] == 0
    tried = blind("POST", f"/alert-rules/{made['id']}/try", {})
    assert (tried["events"], tried["samples"]) == (0, [])


def test_a_rule_is_tested_as_it_is_or_as_it_would_be(cast, call):
    made = call("POST", "/alert-rules", RULE | {"toldIds": [cast.rita.id]}, 201)["alertRule"]
    (one,) = call("POST", f"/alert-rules/{made['id']}/test")["messages"]
    assert (one["channel"], one["recipientId"], one["delivered"]) == ("email", cast.rita.id, True)
    given = RULE | {"name": "New", "toldIds": [], "webhookUrl": "https://127.0.0.1/in"}
    (one,) = call("POST", "/alert-rules/test", given)["messages"]
    assert (one["channel"], one["delivered"]) == ("webhook", False)
    assert len(call("GET", "/alert-rules")["alertRules"]) == 1


def test_the_setting_is_read_and_switched(cast, call):
    assert call("GET", "/alert-settings") == {"notifyAfterLastRetry": False}
    assert call("PATCH", "/alert-settings", {"notifyAfterLastRetry": True}) == {"notifyAfterLastRetry": True}
    with in_workspace(cast.workspace.id):
        assert notifies_after_last_retry(cast.workspace.id)
    call("PATCH", "/alert-settings", {"notifyAfterLastRetry": "yes"}, 422)


def test_the_address_of_a_webhook_is_for_who_may_change_the_rule(cast, rule):
    one = rule(webhook_url="https://hooks.example.com/s3cret")
    told = Caller(cast, "alert:read")("GET", f"/alert-rules/{one.id}")["alertRule"]
    assert (told["webhookHost"], told["webhookUrl"]) == ("hooks.example.com", None)


def test_nothing_is_sent_out_for_a_token_that_may_not_export(cast, rule):
    one = rule(webhook_url="https://hooks.example.com/in")
    (tested,) = Caller(cast, "alert:write")("POST", f"/alert-rules/{one.id}/test", {})["messages"]
    assert tested["answer"] == "Nothing was sent: only who may export events sends there."
