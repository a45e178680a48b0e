"""Warehouses over the API: Segment's shapes, the token's scopes, and the same events as from the pages."""

import json

import jsonschema_rs
import pytest

from auditapp.lib import clock
from auditapp.lib.secret_box import unseal
from auditapp.pipeline.warehouses.checking import Finding
from auditapp.pipeline.warehouses.models import Warehouse, WarehouseSync
from auditapp.record.workspace_scope import in_workspace
from auditapp.urls import api
from tests.factories import events_of, make_cast, make_token
from tests.ingest.conftest import Caller

SETTINGS = {"host": "db.example.com", "port": 5432, "database": "analytics", "username": "loader", "password": "s3cr3t"}
NEW = {"metadataId": "postgresql", "name": "Reports", "settings": SETTINGS}


@pytest.fixture
def cast(db):
    return make_cast()


def caller_of(cast, *scopes, created_by="system"):
    token, secret = make_token(workspace=cast.workspace, scopes=scopes, created_by=created_by)
    return Caller(cast.workspace, token, secret)


@pytest.fixture
def caller(cast):
    return caller_of(cast, "warehouse:read", "warehouse:write", "source:read")


def told(cast):
    return [row.event.type for row in reversed(events_of(cast.workspace))]


def path(cast, rest=""):
    return f"/warehouses/{cast.warehouse.id}{rest}"


def test_a_warehouse_is_made_read_changed_and_deleted(caller, cast):
    answer = caller.post("/warehouses", NEW)
    assert answer.status_code == 201
    made = answer.json()["data"]["warehouse"]
    assert (made["metadata"]["id"], made["enabled"], made["schedule"]) == ("postgresql", True, "1h")
    assert made["settings"] == {
        "name": "Reports",
        "sslmode": "require",
        **{key: value for key, value in SETTINGS.items() if key != "password"},
    }
    assert caller.get(f"/warehouses/{made['id']}").json()["data"]["warehouse"] == made
    change = {"name": "Reports 2", "enabled": False, "schedule": "continuous", "settings": {"database": "other"}}
    changed = caller.patch(f"/warehouses/{made['id']}", change).json()["data"]["warehouse"]
    assert (changed["name"], changed["enabled"], changed["schedule"]) == ("Reports 2", False, "continuous")
    assert (changed["settings"]["database"], changed["settings"]["host"]) == ("other", "db.example.com")
    assert caller.delete(f"/warehouses/{made['id']}").json() == {"data": {"status": "SUCCESS"}}
    assert caller.get(f"/warehouses/{made['id']}").status_code == 404
    assert told(cast) == [
        "warehouse.created",
        "warehouse.modified",
        "warehouse.sync_schedule_modified",
        "warehouse.disabled",
        "warehouse.deleted",
    ]
    assert {row.event.actor.id for row in events_of(cast.workspace)} == {caller.token.id}
    assert "s3cr3t" not in repr(events_of(cast.workspace)) + json.dumps(made)


def test_a_password_alone_is_changed_and_what_is_not_sent_stays(caller, cast):
    assert caller.patch(path(cast), {"settings": {"password": "newer"}}).status_code == 200
    with in_workspace(cast.workspace.id):
        assert unseal(bytes(Warehouse.objects.get().secret)) == "newer"
    assert told(cast) == ["warehouse.modified"]
    elsewhere = caller.patch(path(cast), {"settings": {"host": "evil.example.com"}})
    assert (elsewhere.status_code, elsewhere.json()["errors"][0]["field"]) == (422, "settings.password")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "metadataId"),
        ([], None),
        ({**NEW, "metadataId": 1}, "metadataId"),
        ({**NEW, "metadataId": "snowflake"}, "metadataId"),
        ({**NEW, "colour": "red"}, "colour"),
        ({**NEW, "name": ""}, "name"),
        ({**NEW, "schedule": "2h"}, "schedule"),
        ({**NEW, "settings": []}, "settings"),
        ({**NEW, "settings": {**SETTINGS, "port": "5432"}}, "settings.port"),
        ({**NEW, "settings": {**SETTINGS, "port": True}}, "settings.port"),
        ({**NEW, "settings": {**SETTINGS, "sslmode": "none"}}, "settings.sslmode"),
        ({**NEW, "settings": {**SETTINGS, "options": "-c x"}}, "settings.options"),
        ({**NEW, "settings": {key: SETTINGS[key] for key in SETTINGS if key != "password"}}, "settings.password"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(caller, cast, body, field):
    answer = caller.post("/warehouses", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0].get("field") == field
    assert told(cast) == []


def test_sources_are_connected_and_disconnected(caller, cast):
    listed = caller.get(path(cast, "/connected-sources")).json()["data"]
    assert [one["slug"] for one in listed["sources"]] == ["ios-app", "web-shop"]
    assert listed["pagination"]["totalEntries"] == 2
    answer = caller.post(path(cast, f"/connected-sources/{cast.kiosk.id}"), {})
    assert (answer.status_code, answer.json()["data"]) == (201, {"status": "CONNECTED"})
    assert caller.post(path(cast, f"/connected-sources/{cast.kiosk.id}"), {}).status_code == 201
    assert caller.delete(path(cast, f"/connected-sources/{cast.shop.id}")).status_code == 200
    assert caller.delete(path(cast, f"/connected-sources/{cast.shop.id}")).status_code == 404
    assert caller.post(path(cast, "/connected-sources/src_none"), {}).status_code == 404
    with in_workspace(cast.workspace.id):
        assert Warehouse.objects.get().source_ids == [cast.app.id, cast.kiosk.id]
    assert told(cast) == ["warehouse.source_connected", "warehouse.source_disconnected"]


def test_trying_settings_says_connected_or_why_not(caller, cast, monkeypatch):
    findings = iter([Finding(), Finding("password", "No."), Finding("refused", "Nothing listens.")])
    monkeypatch.setattr("auditapp.pipeline.warehouses.sync_services.find_problem", lambda *_: next(findings))
    sent = {"metadataId": "postgresql", "settings": SETTINGS}
    assert caller.post("/warehouses/validation", sent).json()["data"] == {"status": "CONNECTED"}
    failed = {"status": "FAILED", "code": "password", "message": "No."}
    assert caller.post("/warehouses/validation", sent).json()["data"] == failed
    state = caller.get(path(cast, "/connection-state")).json()["data"]
    assert state == {"connectionState": "FAILED", "code": "refused", "message": "Nothing listens."}
    assert told(cast) == ["storage_destination.settings_validated"] * 3
    with in_workspace(cast.workspace.id):
        assert Warehouse.objects.get().checked_at is None  # a GET changes nothing


def test_a_sync_is_started_and_listed(caller, cast):
    assert caller.post(path(cast, "/syncs"), {}).json()["data"] == {"status": "STARTED"}
    assert caller.post(path(cast, "/syncs"), {}).json()["data"] == {"status": "HASTENED"}
    notice = {"code": "type_differs", "where": "orders.total", "count": 3}
    line = {"id": cast.shop.id, "name": "Web shop", "schema": "web_shop", "events": 2, "rows": 4, "notices": [notice]}
    with in_workspace(cast.workspace.id):
        WarehouseSync.objects.update(
            state="partial", sources=[line], duration_ms=1_500, finished_at=clock.now(), rows=4, notices=3
        )
    data = caller.get(path(cast, "/syncs")).json()["data"]
    [report] = data["reports"]
    assert (report["sourceId"], report["status"], report["count"]) == (cast.shop.id, "PARTIAL", 4)
    assert (report["duration"], report["humanDuration"]) == (1.5, "1.5 s")
    assert report["notices"][0]["message"].startswith("3 x orders.total holds another type")
    assert data["pagination"] == {"current": "MA==", "next": None, "previous": None, "totalEntries": 1}


def test_lists_are_paged_as_segments_clients_page(caller, cast):
    for number in range(4):
        caller.post("/warehouses", {**NEW, "name": f"Reports {number}"})
    names, cursor, pages = [], None, 0
    while pages < 5:
        query = {"pagination[count]": 2} | ({"pagination[cursor]": cursor} if cursor else {})
        data = caller.get("/warehouses", query).json()["data"]
        names += [one["name"] for one in data["warehouses"]]
        cursor, pages = data["pagination"]["next"], pages + 1
        if not cursor:
            break
    assert names == ["Reporting", "Reports 0", "Reports 1", "Reports 2", "Reports 3"]
    assert data["pagination"]["previous"] == "Mg=="
    for query in ({"pagination.count": "0"}, {"pagination.count": "x"}, {"pagination[cursor]": "???"}):
        assert caller.get("/warehouses", query).status_code == 422


def test_a_token_does_no_more_than_whoever_made_it_may_do_now(cast):
    caller = caller_of(cast, "warehouse:read", "warehouse:write", created_by=cast.rita.id)
    assert caller.get(path(cast)).status_code == 200
    assert caller.patch(path(cast), {"name": "Mine"}).status_code == 401
    assert caller.post("/warehouses", NEW).status_code == 401
    assert caller.post(path(cast, "/syncs"), {}).status_code == 401
    nobody = caller_of(cast, "warehouse:read", created_by=cast.mina.id)
    assert nobody.get(path(cast)).status_code == 401
    without_sources = caller_of(cast, "warehouse:read", "warehouse:write")
    assert without_sources.get(path(cast, "/connected-sources")).json()["data"]["sources"] == []


def test_another_workspace_is_not_there(caller, cast):
    other = make_cast(slug="other")
    assert caller.get(path(other)).status_code == 404
    assert caller.delete(path(other)).status_code == 404
    assert [one["id"] for one in caller.get("/warehouses").json()["data"]["warehouses"]] == [cast.warehouse.id]


@pytest.mark.parametrize(
    ("rest", "shape"),
    [
        ("", "WarehouseAnswer"),
        ("/connected-sources", "ConnectedSourcesAnswer"),
        ("/syncs", "SyncsAnswer"),
        (None, "WarehouseListAnswer"),
    ],
)
def test_answers_have_the_shape_that_the_document_says(caller, cast, rest, shape):
    caller.post(path(cast, "/syncs"), {})
    schemas = json.loads(json.dumps(api.get_openapi_schema()))["components"]["schemas"]
    strict = {name: {**schema, "additionalProperties": False} for name, schema in schemas.items()}
    text = json.dumps({"$ref": f"#/$defs/{shape}", "$defs": strict}).replace("#/components/schemas/", "#/$defs/")
    answer = caller.get("/warehouses" if rest is None else path(cast, rest))
    jsonschema_rs.validator_for(json.loads(text), offline=True).validate(answer.json())
