"""The API of tracking plans: the services of the pages in Segment's envelope."""

import json

import jsonschema_rs
import pytest
from django.test import Client

from auditapp.pipeline.plans.queries import plan_of
from auditapp.urls import api
from tests.factories import acting_as, events_of, last_event, make_cast, make_token
from tests.tracking_plans.conftest import follow, make_plan, rule

DONE = (200, {"data": {"status": "SUCCESS"}})
SCHEMA = {"type": "object", "properties": {"properties": {"type": "object", "required": ["total"]}}}
RULE = {"type": "TRACK", "key": "Order Completed", "version": 1, "jsonSchema": SCHEMA}


class Caller:
    def __init__(self, cast, *scopes, created_by=None):
        self.token, secret = make_token(workspace=cast.workspace, scopes=scopes, created_by=created_by or cast.olga.id)
        self.headers = {"Authorization": f"Bearer {secret}"}

    def __call__(self, method, path, body=None):
        client = Client(raise_request_exception=False)
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = client.generic(method.upper(), f"/api{path}", data, "application/json", headers=self.headers)
        return answer.status_code, answer.json()


@pytest.fixture
def call(cast):
    return Caller(cast, "tracking_plan:read", "tracking_plan:write", "source:read", "source:write")


def has_shape(answer, name):
    schemas = json.loads(json.dumps(api.get_openapi_schema()))["components"]["schemas"]
    strict = {key: {**schema, "additionalProperties": False} for key, schema in schemas.items()}
    text = json.dumps({"$ref": f"#/$defs/{name}", "$defs": strict}).replace("#/components/schemas/", "#/$defs/")
    jsonschema_rs.validator_for(json.loads(text), offline=True).validate(answer)
    return True


def test_a_plan_is_made_read_changed_and_deleted(cast, call):
    status, answer = call("post", "/tracking-plans", {"name": "Shop", "type": "LIVE", "description": "Orders"})
    plan = answer["data"]["trackingPlan"]
    assert status == 201
    assert has_shape(answer, "PlanAnswer")
    assert (plan["name"], plan["slug"], plan["type"]) == ("Shop", "shop", "LIVE")
    row = last_event(cast.workspace)
    assert (row.event.type, row.event.actor.id) == ("tracking_plan.created", call.token.id)
    path = f"/tracking-plans/{plan['id']}"
    assert call("get", path) == (200, answer)
    assert call("patch", path, {"name": "Renamed"}) == DONE
    status, listed = call("get", "/tracking-plans?type=LIVE&pagination[count]=10")
    assert status == 200
    assert has_shape(listed, "PlansAnswer")
    [found] = listed["data"]["trackingPlans"]
    assert (found["name"], found["description"]) == ("Renamed", "Orders")
    assert call("get", "/tracking-plans?type=TEMPLATE")[1]["data"]["trackingPlans"] == []
    assert call("delete", path) == DONE
    assert call("get", path)[0] == 404


def test_rules_are_replaced_updated_renamed_and_removed(cast, call):
    plan = make_plan(cast)
    path = f"/tracking-plans/{plan.id}/rules"
    labelled = {**RULE, "key": "Labelled", "labels": [{"key": "team", "value": "shop"}]}
    assert call("put", path, {"rules": [RULE, labelled, {"type": "IDENTIFY", "jsonSchema": {}}]}) == DONE
    status, answer = call("get", path)
    assert status == 200
    assert has_shape(answer, "RulesAnswer")
    rules = answer["data"]["rules"]
    assert [one.get("key") for one in rules] == [None, "Labelled", "Order Completed"]
    assert {key: rules[2][key] for key in RULE} == RULE
    assert rules[1]["labels"] == [{"key": "team", "value": "shop"}]
    assert answer["data"]["pagination"]["totalEntries"] == 3
    assert len(call("get", f"{path}?pagination[count]=2")[1]["data"]["rules"]) == 2
    assert call("patch", path, {"rules": [{**RULE, "newKey": "Order Paid"}, {**RULE, "key": "New"}]}) == DONE
    assert call("delete", f"{path}?rules[0][type]=TRACK&rules[0][key]=Labelled&rules[0][version]=1") == DONE
    assert call("delete", path, {"rules": [{"type": "IDENTIFY"}]}) == DONE
    assert [one["key"] for one in call("get", path)[1]["data"]["rules"]] == ["New", "Order Paid"]
    kinds = [row.event.type for row in events_of(cast.workspace)[:3]]
    assert kinds == ["tracking_plan.event_removed", "tracking_plan.event_removed", "tracking_plan.event_removed"]


def test_sources_follow_and_leave(cast, call):
    plan = make_plan(cast)
    path = f"/tracking-plans/{plan.id}/sources"
    assert call("post", path, {"sourceId": cast.shop.id}) == DONE
    status, answer = call("get", path)
    assert status == 200
    assert has_shape(answer, "SourcesAnswer")
    assert [one["id"] for one in answer["data"]["sources"]] == [cast.shop.id]
    assert call("post", path, {"sourceId": cast.shop.id})[0] == 409
    assert call("delete", f"{path}?sourceId={cast.shop.id}") == DONE
    assert call("delete", f"{path}?sourceId={cast.shop.id}")[0] == 404
    with acting_as(cast.olga, cast.workspace):
        assert plan_of(cast.shop) is None


def test_settings_of_a_source_are_read_and_changed(cast, call):
    path = f"/sources/{cast.shop.id}/settings"
    status, answer = call("get", path)
    assert status == 200
    assert answer["data"]["sourceId"] == cast.shop.id
    assert answer["data"]["settings"]["track"]["allowUnplannedEvents"] is True
    asked = {"track": {"allowUnplannedEvents": False}, "forwardingViolationsTo": cast.app.id}
    status, changed = call("patch", path, asked)
    assert status == 200
    assert changed["data"]["settings"]["track"]["allowUnplannedEvents"] is False
    assert changed["data"]["settings"]["forwardingViolationsTo"] == cast.app.id
    assert call("patch", path, {"identify": {"allowUnplannedTraits": False}})[0] == 200
    _, left = call("patch", path, {"forwardingViolationsTo": None})
    assert "forwardingViolationsTo" not in left["data"]["settings"]
    assert call("get", path)[1] == left


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        ("post", "/tracking-plans", {}, 422, "name"),
        ("post", "/tracking-plans", {"name": "Shop"}, 422, "name"),
        ("post", "/tracking-plans", {"name": "A", "type": "TEMPLATE"}, 422, "type"),
        ("post", "/tracking-plans", {"name": "A", "owner": "me"}, 422, "owner"),
        ("patch", "/tracking-plans/PLAN", {"name": 1}, 422, "name"),
        ("get", "/tracking-plans?sort=name", None, 422, "sort"),
        ("put", "/tracking-plans/PLAN/rules", {"rules": {}}, 422, "rules"),
        ("put", "/tracking-plans/PLAN/rules", {"rules": [{"type": "NOTHING"}]}, 422, "rules"),
        ("patch", "/tracking-plans/PLAN/rules", {"rules": [{**RULE, "key": "No", "newKey": "A"}]}, 404, None),
        ("patch", "/tracking-plans/PLAN/rules", {"rules": [{**RULE, "newKey": 7}]}, 422, "rules"),
        ("patch", "/tracking-plans/PLAN/rules", {"rules": [{"newKey": "A"}]}, 422, "rules.0"),
        ("delete", "/tracking-plans/PLAN/rules", {"rules": []}, 422, "rules"),
        ("delete", "/tracking-plans/PLAN/rules?rules[0][type]=X", None, 422, "rules.0"),
        ("delete", "/tracking-plans/PLAN/rules?type=TRACK", None, 422, "type"),
        ("delete", "/tracking-plans/PLAN/rules", b"{", 422, None),
        ("post", "/tracking-plans/PLAN/sources", {}, 422, "sourceId"),
        ("delete", "/tracking-plans/PLAN/sources", None, 422, "sourceId"),
        ("patch", "/sources/SHOP/settings", {"track": {"x": 1}}, 422, "track.x"),
        ("patch", "/sources/SHOP/settings", {"track": 1}, 422, "track"),
        ("patch", "/sources/SHOP/settings", {"forwardingViolationsTo": "SHOP"}, 422, "forwardingViolationsTo"),
        ("patch", "/sources/SHOP/settings", {"forwardingBlockedEventsTo": 7}, 422, "forwardingBlockedEventsTo"),
    ],
)
def test_what_cannot_be_is_told_at_its_field(cast, call, method, path, body, status, field):
    plan = make_plan(cast, rule())
    before = len(events_of(cast.workspace))

    def named(text):
        return text.replace("PLAN", plan.id).replace("SHOP", cast.shop.id)

    found, answer = call(method, named(path), json.loads(named(json.dumps(body))) if isinstance(body, dict) else body)
    assert (found, answer["errors"][0].get("field")) == (status, field)
    assert len(events_of(cast.workspace)) == before


def test_a_token_goes_as_far_as_its_scopes_and_whoever_made_it(cast):
    plan = make_plan(cast, rule())
    path = f"/tracking-plans/{plan.id}"
    reader = Caller(cast, "tracking_plan:read")
    assert reader("get", f"{path}/rules")[0] == 200
    assert reader("patch", path, {"name": "A"})[0] == 401
    writer = Caller(cast, "tracking_plan:read", "tracking_plan:write")
    assert writer("post", f"{path}/sources", {"sourceId": cast.shop.id})[0] == 401, "without source:write"
    follow(cast, plan, cast.shop)
    assert writer("get", f"{path}/sources")[1]["data"]["sources"] == []
    of_rita = Caller(cast, "tracking_plan:read", "tracking_plan:write", created_by=cast.rita.id)
    assert of_rita("get", path)[0] == 200
    assert of_rita("patch", path, {"name": "A"})[0] == 401
    assert last_event(cast.workspace).event.type == "user.access_denied"
    of_mina = Caller(cast, "tracking_plan:read", created_by=cast.mina.id)
    assert of_mina("get", "/tracking-plans")[0] == 401, "her own roles open no plan"


def test_another_workspaces_plans_are_not_there(cast, call):
    other = make_cast(slug="other")
    plan = make_plan(other, rule())
    for method, path, body in (
        ("get", f"/tracking-plans/{plan.id}", None),
        ("get", f"/tracking-plans/{plan.id}/rules", None),
        ("put", f"/tracking-plans/{plan.id}/rules", {"rules": []}),
        ("get", f"/tracking-plans/{plan.id}/sources", None),
        ("post", f"/tracking-plans/{plan.id}/sources", {"sourceId": cast.shop.id}),
        ("get", f"/sources/{other.shop.id}/settings", None),
        ("patch", f"/sources/{other.shop.id}/settings", {}),
    ):
        assert call(method, path, body)[0] == 404
    assert call("get", "/tracking-plans")[1]["data"]["trackingPlans"] == []
