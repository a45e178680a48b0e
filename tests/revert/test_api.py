"""Reverts through the API: the dry run, the revert of what it showed, and a stale one."""

import pytest
from django.test import Client

from auditapp.pipeline.warehouses.models import Warehouse
from auditapp.pipeline.warehouses.services import delete_warehouse, disable_warehouse, enable_warehouse
from auditapp.record.workspace_scope import in_workspace
from tests.factories import last_event, make_cast, make_token
from tests.revert.looking import one_request


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def disabled(cast):
    with one_request(cast):
        disable_warehouse(warehouse_id=cast.warehouse.id)
    return last_event(cast.workspace)


@pytest.fixture
def ask(cast, disabled):
    """Posts to the endpoint of the event, with a token of these scopes."""

    def ask(body, *, scopes=("audit:read", "warehouse:write"), event=disabled.key):
        _, secret = make_token(workspace=cast.workspace, scopes=list(scopes), created_by=cast.olga.id)
        return Client().post(
            f"/api/audit-events/{event}/revert",
            body,
            content_type="application/json",
            headers={"Authorization": f"Bearer {secret}"},
        )

    return ask


def is_enabled(cast):
    with in_workspace(cast.workspace.id):
        return Warehouse.objects.get(workspace_id=cast.workspace.id, id=cast.warehouse.id).is_enabled


def test_a_dry_run_changes_nothing_and_says_all_three_values(cast, ask):
    preview = ask({"dryRun": True}).json()["data"]["preview"]
    (resource,) = preview["resources"]
    (field,) = resource["fields"]
    assert (field["before"], field["after"], field["now"], field["standing"]) == (True, False, False, "safe")
    assert resource["refusal"] is None
    assert not is_enabled(cast)


def test_what_was_previewed_is_set_back_once(cast, ask):
    stamp = ask({"dryRun": True}).json()["data"]["preview"]["stamp"]
    answer = ask({"stamp": stamp})
    assert answer.status_code == 200
    assert answer.json()["data"]["events"] == [last_event(cast.workspace).key]
    assert is_enabled(cast)
    again = ask({"stamp": stamp})
    assert again.status_code == 409
    assert again.json()["errors"][0]["data"]["preview"]["resources"][0]["fields"][0]["standing"] == "done"


def test_a_stale_stamp_is_a_conflict_with_a_fresh_preview(cast, ask):
    stamp = ask({"dryRun": True}).json()["data"]["preview"]["stamp"]
    with one_request(cast):
        enable_warehouse(warehouse_id=cast.warehouse.id)
    answer = ask({"stamp": stamp})
    assert answer.status_code == 409
    fresh = answer.json()["errors"][0]["data"]["preview"]
    assert fresh["stamp"] != stamp
    assert fresh["resources"][0]["fields"][0]["standing"] == "same"


def test_a_token_that_may_only_read_undoes_nothing(cast, ask):
    preview = ask({"dryRun": True}, scopes=["audit:read"]).json()["data"]["preview"]
    assert preview["resources"][0]["refusal"]
    answer = ask({"stamp": preview["stamp"]}, scopes=["audit:read"])
    assert answer.status_code == 401
    assert "does not include" in answer.json()["errors"][0]["message"]
    assert not is_enabled(cast)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "stamp"),
        ({"what": "all", "dryRun": True}, 422, "what"),
        ({"stamp": "x", "fields": "enabled"}, 422, "fields"),
        ({"stamp": "x", "fields": [1]}, 422, "fields"),
        ({"stamp": "x", "secrets": {"a": 1}}, 422, "secrets"),
        ({"dry_run": True}, 422, "dry_run"),
    ],
)
def test_bad_bodies_say_which_field(ask, body, status, field):
    answer = ask(body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, field)


def test_events_that_are_not_there_or_have_no_way_back(cast, ask):
    assert ask({"dryRun": True}, event="evt_none").status_code == 404
    answer = ask({"dryRun": True}, event=last_event(cast.workspace).key, scopes=["audit:read"])
    assert answer.status_code == 200


def test_both_events_tell_of_each_other(cast, ask, disabled):
    ask({"stamp": ask({"dryRun": True}).json()["data"]["preview"]["stamp"]})
    undoing = last_event(cast.workspace)
    _, secret = make_token(workspace=cast.workspace, scopes=["audit:read"], created_by=cast.olga.id)
    headers = {"Authorization": f"Bearer {secret}"}
    event = Client().get(f"/api/audit-events/{undoing.key}", headers=headers).json()["data"]["event"]
    assert event["reverts"] == [disabled.key]
    links = Client().get(f"/api/audit-events/{disabled.key}/reverts", headers=headers).json()["data"]
    assert [(one["event"], one["fields"]) for one in links["revertedBy"]] == [(undoing.key, ["enabled"])]
    links = Client().get(f"/api/audit-events/{undoing.key}/reverts", headers=headers).json()["data"]
    assert [one["event"] for one in links["reverts"]] == [disabled.key]


def test_a_dry_run_of_a_deletion_says_what_it_comes_back_with(cast, ask):
    with one_request(cast):
        delete_warehouse(warehouse_id=cast.warehouse.id)
    preview = ask({"dryRun": True}, event=last_event(cast.workspace).key).json()["data"]["preview"]
    assert preview["resources"][0]["comesBackWith"]["name"] == cast.warehouse.name
