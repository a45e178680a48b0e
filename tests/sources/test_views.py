"""Pages of sources."""

import pytest

from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.models import Source
from tests.factories import (
    last_event,
    make_cast,
    make_destination,
    make_labels,
    make_source,
    make_tracking_plan,
    make_transformation,
    make_warehouse,
    write_keys,
)


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def as_olga(client, cast):
    client.force_login(cast.olga)
    return client


def test_the_list_shows_what_somebody_may_see(client, cast):
    client.force_login(cast.milo)
    page = client.get("/demo/connections/sources/").content.decode()
    assert "Web shop" in page
    assert "Kiosk" not in page
    assert "Create source" not in page


def test_a_source_is_created_through_the_form(as_olga, cast):
    make_labels("team:shop", workspace=cast.workspace)
    chosen = ["environment:prod", "", "team:shop"]
    response = as_olga.post("/demo/connections/sources/new/", {"name": "New", "labels": chosen})
    with in_workspace(cast.workspace.id):
        source = Source.objects.get(name="New")
    assert response["Location"] == f"/demo/connections/sources/{source.id}/"
    assert source.labels == ["environment:prod", "team:shop"]
    assert last_event(cast.workspace).event.context["path"] == "/demo/connections/sources/new/"


def test_a_refusal_is_shown_at_its_field_and_keeps_what_was_typed(as_olga):
    response = as_olga.post("/demo/connections/sources/new/", {"name": "web shop", "labels": "environment:dev"})
    page = response.content.decode()
    assert response.status_code == 422
    assert "Another source has this name." in page
    assert 'id="id_name_error"' in page
    assert '<option value="environment:dev" selected>' in page


def test_a_write_key_is_shown_to_who_may_change_the_source_alone(client, cast):
    path = f"/demo/connections/sources/{cast.shop.id}/"
    client.force_login(cast.milo)
    [key] = write_keys(cast.shop)
    assert key in client.get(path).content.decode()
    client.force_login(cast.rita)
    page = client.get(path).content.decode()
    assert "Web shop" in page
    assert key not in page
    assert "<form" not in page.partition("<main")[2]


def test_settings_are_changed_through_the_form(as_olga, cast):
    path = f"/demo/connections/sources/{cast.shop.id}/settings/"
    assert 'value="Web shop"' in as_olga.get(path).content.decode()
    assert as_olga.post(path, {"name": "Shop", "labels": ""})["Location"] == path
    assert "Saved." in as_olga.get(path).content.decode()
    assert last_event(cast.workspace).event.type == "source.modified"


def test_a_switch_that_is_so_already_says_it(as_olga, cast):
    path = f"/demo/connections/sources/{cast.shop.id}/enable/"
    response = as_olga.post(path)
    assert response.status_code == 409
    assert b"in this state already" in response.content


def test_hostile_names_are_shown_as_text(as_olga, cast):
    source = make_source(workspace=cast.workspace, name='<script>alert(1)</script>" onload="x')
    for path in ("/demo/connections/sources/", f"/demo/connections/sources/{source.id}/"):
        page = as_olga.get(path).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_get_of_an_action_is_405(as_olga, cast):
    for action in ("enable", "disable", "write-keys/add", "write-keys/rotate", "delete"):
        assert as_olga.get(f"/demo/connections/sources/{cast.shop.id}/{action}/").status_code == 405


def test_the_dialog_that_deletes_says_what_goes_with_the_source(as_olga, cast):
    page = f"/demo/connections/sources/{cast.shop.id}/settings/"
    kiosk = as_olga.get(f"/demo/connections/sources/{cast.kiosk.id}/settings/").content.decode()
    assert "Deleted with it" not in kiosk
    make_destination(source=cast.shop, name="One")
    make_destination(source=cast.shop, name="Two")
    make_destination(source=cast.kiosk, name="Other")
    make_transformation(source=cast.shop)
    make_tracking_plan(workspace=cast.workspace, followers=[cast.shop])
    make_warehouse(workspace=cast.workspace, name="Lake", source_ids=[cast.shop.id])
    told = "Deleted with it: 2 destinations, 1 transformation, 2 links to warehouses and its link to a tracking plan."
    assert told in as_olga.get(page).content.decode()
