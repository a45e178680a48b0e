"""The API of sources, destinations and deliveries: the same services as the pages, in Segment's envelope."""

import json

import pytest
from django.test import Client

from auditapp.pipeline.delivery.models import DeadLetter, Delivery, DeliveryAttempt
from auditapp.pipeline.destinations.kind import Outcome, Sent
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.intake import take_in
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.models import Source
from tests.delivery_kinds import SETTINGS
from tests.factories import last_event, make_cast, make_destination, make_labels, make_token


class Caller:
    def __init__(self, secret):
        self.headers = {"Authorization": f"Bearer {secret}"}

    def __call__(self, method, path, body=None, **query):
        client = Client(raise_request_exception=False)
        how = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {"data": query}
        answer = getattr(client, method)(f"/api{path}", headers=self.headers, **how)
        return answer.status_code, answer.json()


@pytest.fixture
def call(cast):
    _, secret = make_token(workspace=cast.workspace, scopes=["source:read", "source:write"], created_by=cast.olga.id)
    return Caller(secret)


def test_a_source_is_made_changed_and_deleted(cast, call):
    make_labels("team:web", workspace=cast.workspace)
    status, answer = call(
        "post", "/sources", {"name": "Blog", "metadataId": "node", "labels": [{"key": "environment", "value": "prod"}]}
    )
    source = answer["data"]["source"]
    assert status == 201
    assert (source["slug"], source["enabled"], source["metadata"]["name"]) == ("blog", True, "Node.js")
    assert len(source["writeKeys"]) == 1
    assert last_event(cast.workspace).event.actor.kind == "token"
    path = f"/sources/{source['id']}"
    status, answer = call("patch", path, {"enabled": False, "name": "Journal"})
    assert (status, answer["data"]["source"]["name"], answer["data"]["source"]["enabled"]) == (200, "Journal", False)
    assert answer["data"]["source"]["labels"] == [{"key": "environment", "value": "prod"}]
    _, answer = call("post", f"{path}/labels", {"labels": [{"key": "team", "value": "web"}]})
    assert len(answer["data"]["source"]["labels"]) == 2
    _, answer = call("put", f"{path}/labels", {"labels": []})
    assert answer["data"]["source"]["labels"] == []
    status, answer = call("post", f"{path}/writekey", {})
    _, second = answer["data"]["source"]["writeKeys"]
    assert status == 201
    assert call("delete", f"{path}/writekey/{second}")[0] == 200
    assert call("delete", f"{path}/writekey/{second}")[0] == 404
    assert call("delete", path) == (200, {"data": {"status": "SUCCESS"}})
    assert call("get", path)[0] == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "Web shop"}, "name"),
        ({"name": "A", "metadataId": "pigeon"}, "kind"),
        ({"name": "A", "colour": "red"}, "colour"),
        ({"name": "A", "labels": ["env:prod"]}, "labels.0"),
        ({"name": "A", "enabled": "yes"}, "enabled"),
        ({"name": "A", "settings": {"a": 1}}, "settings"),
        ([], None),
    ],
)
def test_what_is_wrong_with_a_source_is_told_at_its_field(cast, call, body, field):
    status, answer = call("post", "/sources", body)
    assert status == 422
    assert answer["errors"][0].get("field") == field


def test_lists_come_in_pages_that_neither_skip_nor_repeat(cast, call):
    seen, cursor = [], None
    while True:
        query = {"pagination[count]": 2} | ({"pagination[cursor]": cursor} if cursor else {})
        status, answer = call("get", "/sources", **query)
        assert status == 200
        seen += [one["name"] for one in answer["data"]["sources"]]
        pagination = answer["data"]["pagination"]
        assert pagination["totalEntries"] == 3
        if not (cursor := pagination["next"]):
            break
    assert seen == ["iOS app", "Kiosk", "Web shop"]
    for query in ({"pagination[cursor]": "nonsense"}, {"pagination[count]": 0}, {"colour": "red"}):
        assert call("get", "/sources", **query)[0] == 422


def test_a_destination_from_made_to_delivering(cast, call, kind):
    body = {"sourceId": cast.shop.id, "metadataId": "played", "name": "SIEM", "settings": SETTINGS}
    status, answer = call("post", "/destinations", body)
    made = answer["data"]["destination"]
    assert status == 201
    assert answer["data"]["signingSecret"].startswith("whsec_")
    assert made["settings"]["url"] == SETTINGS["url"]
    assert "s3cret-token" not in json.dumps(answer)
    path = f"/destinations/{made['id']}"
    assert call("patch", path, {"enabled": True})[0] == 409
    kind.answers.append(Sent(Outcome.RETRY, "503", "503 Service Unavailable"))
    assert call("post", f"{path}/test", {})[1]["data"]["delivered"] is False
    assert call("post", f"{path}/test", {})[1]["data"]["delivered"] is True
    status, answer = call("patch", path, {"enabled": True, "name": "Splunk"})
    assert (status, answer["data"]["destination"]["health"]["state"]) == (200, "active")
    _, answer = call("patch", path, {"settings": {"size": 7}})
    assert (answer["data"]["destination"]["settings"]["size"], answer["data"]["destination"]["testedAt"]) == (7, None)
    _, answer = call("patch", path, {"paused": True})
    assert answer["data"]["destination"]["health"]["state"] == "paused"
    _, answer = call("post", f"{path}/rotate-secret", {})
    assert answer["data"]["signingSecret"].startswith("whsec_")
    _, answer = call("get", f"/sources/{cast.shop.id}/connected-destinations")
    assert [one["id"] for one in answer["data"]["destinations"]] == [made["id"]]
    assert call("delete", path)[0] == 200
    assert call("get", path)[0] == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"metadataId": "pigeon"}, "metadataId"),
        ({"settings": {"url": "nonsense", "token": "x"}}, "url"),
        ({"settings": []}, "settings"),
        ({"enabled": True}, "enabled"),
        ({"format": "xml"}, "form"),
        ({"sourceId": 7}, "sourceId"),
    ],
)
def test_what_is_wrong_with_a_destination_is_told_at_its_field(cast, call, kind, change, field):
    body = {"sourceId": cast.shop.id, "metadataId": "played", "name": "SIEM", "settings": SETTINGS} | change
    status, answer = call("post", "/destinations", body)
    assert (status, answer["errors"][0].get("field")) == (422, field)


def test_the_catalog_says_what_each_kind_asks_for(cast, call, kind):
    _, answer = call("get", "/catalog/destinations")
    played = next(one for one in answer["data"]["destinationsCatalog"] if one["id"] == "played")
    token = next(one for one in played["options"] if one["name"] == "token")
    assert (token["secret"], token["required"], token["defaultValue"]) == (True, True, None)


@pytest.fixture
def delivered(cast):
    """A destination with three events behind it, one of them a dead letter."""
    destination = make_destination(source=cast.shop)
    with in_workspace(cast.workspace.id):
        events = [{"type": "track", "event": name, "userId": "u", "messageId": name} for name in "ABC"]
        take_in(Source.objects.get(id=cast.shop.id), events)
        where = {"workspace_id": cast.workspace.id, "destination_id": destination.id}
        Delivery.objects.filter(**where).update(next_index=3)
        DeliveryAttempt.objects.create(**where, id="att_1", start=0, end=3, events=2, outcome="delivered", code="200")
        DeadLetter.objects.create(
            **where,
            index=1,
            received_at=destination.created_at,
            message_id="B",
            name="B",
            payload=b"{}",
            tries=20,
            code="422",
        )
    return destination


def test_attempts_dead_letters_and_metrics_are_read(cast, call, delivered):
    path = f"/destinations/{delivered.id}"
    assert call("get", f"{path}/attempts")[1]["data"]["attempts"][0]["toIndex"] == 3
    assert call("get", f"{path}/dead-letters")[1]["data"]["deadLetters"][0]["messageId"] == "B"
    assert call("get", f"{path}/delivery-metrics")[1]["data"]["metrics"] == []
    assert call("get", path)[1]["data"]["destination"]["health"]["deadLetters"] == 1


def test_a_replay_is_planned_begun_and_cancelled(cast, call, delivered):
    path = f"/destinations/{delivered.id}/replays"
    span = {"since": "2020-01-01T00:00:00Z"}
    status, answer = call("post", path, span | {"dryRun": True})
    assert (status, answer["data"]["replay"]["state"], answer["data"]["replay"]["events"]) == (200, "PLANNED", 3)
    status, answer = call("post", path, span)
    assert (status, answer["data"]["replay"]["state"]) == (201, "RUNNING")
    assert call("delete", f"{path}/{answer['data']['replay']['id']}")[0] == 200
    assert call("get", path)[1]["data"]["replays"][0]["state"] == "CANCELLED"
    assert call("post", path, {"onlyDeadLetters": True})[1]["data"]["replay"]["events"] == 1
    assert call("post", path, {})[0] == 422
    assert call("post", path, {"since": "yesterday"})[0] == 422


PATHS = (
    ("get", "/destinations/{}"),
    ("patch", "/destinations/{}"),
    ("delete", "/destinations/{}"),
    ("post", "/destinations/{}/test"),
    ("post", "/destinations/{}/rotate-secret"),
    ("get", "/destinations/{}/attempts"),
    ("get", "/destinations/{}/dead-letters"),
    ("get", "/destinations/{}/delivery-metrics"),
    ("get", "/destinations/{}/replays"),
    ("post", "/destinations/{}/replays"),
)


def test_what_is_of_another_workspace_is_not_there(cast, call):
    other = make_cast(slug="other")
    foreign = make_destination(source=other.shop)
    for method, path in PATHS:
        body = {"since": "2020-01-01T00:00:00Z"} if path.endswith("replays") and method == "post" else {}
        answer = call(method, path.format(foreign.id), body if method in ("post", "patch") else None)
        assert answer[0] == 404, (method, path)
    assert call("get", f"/sources/{other.shop.id}")[0] == 404
    assert call("delete", f"/sources/{other.shop.id}")[0] == 404
    body = {
        "sourceId": other.shop.id,
        "metadataId": "webhook",
        "name": "A",
        "settings": {"url": "https://example.com/"},
    }
    assert call("post", "/destinations", body)[0] == 404


def test_a_token_that_only_reads_changes_nothing_and_sees_no_key(cast):
    destination = make_destination(source=cast.shop)
    _, secret = make_token(workspace=cast.workspace, scopes=["source:read"], created_by=cast.olga.id)
    call = Caller(secret)
    assert call("get", "/sources")[1]["data"]["sources"][0]["writeKeys"] == []
    assert call("patch", f"/destinations/{destination.id}", {"paused": True})[0] == 401
    assert call("post", "/sources", {"name": "A"})[0] == 401


def test_a_token_does_no_more_than_who_made_it(cast):
    """milo administers two of three sources."""
    mine, other = make_destination(source=cast.shop, name="Mine"), make_destination(source=cast.kiosk, name="Other")
    _, secret = make_token(workspace=cast.workspace, scopes=["source:read", "source:write"], created_by=cast.milo.id)
    call = Caller(secret)
    assert call("patch", f"/destinations/{mine.id}", {"paused": True})[0] == 200
    assert call("patch", f"/destinations/{other.id}", {"paused": True})[0] == 404
    assert {one["name"] for one in call("get", "/sources")[1]["data"]["sources"]} == {"iOS app", "Web shop"}
    with in_workspace(cast.workspace.id):
        assert Destination.objects.get(id=other.id).paused_at is None
