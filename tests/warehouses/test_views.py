"""Pages of warehouses."""

import pytest

from auditapp.lib.secret_box import unseal
from auditapp.pipeline.warehouses.models import Warehouse
from auditapp.record.workspace_scope import in_workspace
from tests.factories import events_of, make_cast


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def as_olga(client, cast):
    client.force_login(cast.olga)
    return client


def test_a_warehouse_is_created_through_the_form(as_olga, cast):
    form = {"name": "New", "host": "h", "port": "5432", "database": "d", "username": "u", "password": " with spaces "}
    response = as_olga.post("/demo/connections/warehouses/new/", {**form, "source_ids": [cast.shop.id]})
    with in_workspace(cast.workspace.id):
        warehouse = Warehouse.objects.get(name="New")
    assert response["Location"] == f"/demo/connections/warehouses/{warehouse.id}/"
    assert unseal(warehouse.secret) == " with spaces "
    assert warehouse.source_ids == [cast.shop.id]


def test_a_password_never_comes_back(as_olga, cast):
    for page in ("", "settings/"):
        content = as_olga.get(f"/demo/connections/warehouses/{cast.warehouse.id}/{page}").content
        assert b"s3cret" not in content
        assert bytes(cast.warehouse.secret) not in content
    form = {"name": "", "host": "h", "port": "1", "database": "d", "username": "u", "password": "typed-just-now"}
    refused = as_olga.post(f"/demo/connections/warehouses/{cast.warehouse.id}/settings/", form)
    assert refused.status_code == 422
    assert b"typed-just-now" not in refused.content


def test_the_switch_says_what_will_stop(as_olga, cast):
    page = as_olga.get(f"/demo/connections/warehouses/{cast.warehouse.id}/").content.decode()
    assert "Turn off, 2 sources stop syncing" in page


def test_the_form_shows_what_there_is_and_saving_it_unchanged_records_nothing(as_olga, cast):
    path = f"/demo/connections/warehouses/{cast.warehouse.id}/settings/"
    form = as_olga.get(path).context["form"]
    sent = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    assert as_olga.post(path, sent).status_code == 302
    assert events_of(cast.workspace) == []
