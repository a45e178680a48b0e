"""Selective sync over the API: what is loaded of a source, left out and loaded again; the warehouses that a source feeds."""

import json

import pytest
from django.test import Client

from auditapp.lib import clock
from auditapp.pipeline.warehouses.models import WarehouseFeed
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.models import SeenEvent
from tests.factories import last_event, make_cast, make_token


@pytest.fixture
def cast(db):
    cast = make_cast()
    with in_workspace(cast.workspace.id):
        for name in ("Order Completed", "Cart Shared"):
            SeenEvent.objects.create(
                workspace_id=cast.workspace.id,
                source_id=cast.shop.id,
                type="track",
                name=name,
                first_seen_at=clock.now(),
            )
    return cast


def call(cast, method, path, body=None, scopes=("warehouse:read", "warehouse:write", "source:read")):
    _, secret = make_token(workspace=cast.workspace, scopes=scopes)
    how = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
    client = Client(raise_request_exception=False)
    answer = getattr(client, method)(f"/api{path}", headers={"Authorization": f"Bearer {secret}"}, **how)
    return answer.status_code, answer.json()


def collections(cast):
    path = f"/warehouses/{cast.warehouse.id}/connected-sources/{cast.shop.id}/selective-syncs"
    status, answer = call(cast, "get", path)
    assert status == 200
    return {one["collection"]: one["enabled"] for one in answer["data"]["items"]}


def change(cast, *overrides):
    body = {"syncOverrides": list(overrides)}
    return call(cast, "patch", f"/warehouses/{cast.warehouse.id}/selective-sync", body)


def override(cast, collection, enabled):
    return {"sourceId": cast.shop.id, "collection": collection, "enabled": enabled}


def test_what_is_left_out_is_told_and_loaded_again(cast):
    assert collections(cast)["track:Order Completed"] is True
    status, answer = change(
        cast,
        override(cast, "track:Order Completed", False),
        override(cast, "identify", False),
        override(cast, "track:X", False),
    )
    assert (status, answer["data"]["warnings"]) == (200, ["track:X was never seen in Web shop."])
    assert last_event(cast.workspace).type.key == "warehouse.selective_sync_modified"
    told = collections(cast)
    assert (told["track:Order Completed"], told["identify"], told["track:Cart Shared"]) == (False, False, True)
    change(cast, override(cast, "identify", True))
    with in_workspace(cast.workspace.id):
        assert WarehouseFeed.objects.get(source_id=cast.shop.id).left_out == ["track:Order Completed"]


@pytest.mark.parametrize(
    "body",
    [{}, {"syncOverrides": "all"}, {"syncOverrides": [1]}, {"syncOverrides": [{"sourceId": "x"}]}, {"other": []}],
)
def test_a_body_that_says_nothing_is_refused(cast, body):
    assert call(cast, "patch", f"/warehouses/{cast.warehouse.id}/selective-sync", body)[0] == 422


def test_a_source_that_does_not_feed_it_is_not_there(cast):
    other = {"sourceId": cast.kiosk.id, "collection": "identify", "enabled": False}
    assert change(cast, other)[0] == 404
    foreign = make_cast(slug="other")
    path = f"/warehouses/{foreign.warehouse.id}/connected-sources/{foreign.shop.id}/selective-syncs"
    assert call(cast, "get", path)[0] == 404


def test_the_warehouses_of_a_source(cast):
    _, answer = call(cast, "get", f"/sources/{cast.shop.id}/connected-warehouses")
    assert [one["id"] for one in answer["data"]["warehouses"]] == [cast.warehouse.id]
    _, answer = call(cast, "get", f"/sources/{cast.kiosk.id}/connected-warehouses")
    assert answer["data"]["warehouses"] == []


def test_who_only_reads_leaves_nothing_out(cast):
    body = {"syncOverrides": []}
    path = f"/warehouses/{cast.warehouse.id}/selective-sync"
    assert call(cast, "patch", path, body, scopes=("warehouse:read", "source:read"))[0] == 401
