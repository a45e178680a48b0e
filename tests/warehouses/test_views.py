"""Pages of warehouses."""

from datetime import timedelta

import pytest

from auditapp.lib import clock
from auditapp.lib.secret_box import unseal
from auditapp.pipeline.warehouses.checking import Finding
from auditapp.pipeline.warehouses.models import Warehouse, WarehouseFeed, WarehouseSync
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.inbox import Incoming, append
from auditapp.sources.models import SeenEvent
from auditapp.tasks.models import TaskAttempt
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


def page_of(client, cast, path=""):
    return client.get(f"/demo/connections/warehouses/{cast.warehouse.id}/{path}").content.decode()


def add_syncs(cast, number=1, **values):
    with in_workspace(cast.workspace.id):
        for n in range(number):
            WarehouseSync.objects.create(
                workspace_id=cast.workspace.id,
                id=f"syn_{n}",
                warehouse_id=cast.warehouse.id,
                task_id="tsk_1",
                schedule="1h",
                started_at=clock.now() - timedelta(minutes=n),
                **values,
            )


def test_the_overview_says_how_it_stands(as_olga, cast):
    page = page_of(as_olga, cast)
    assert "Not synced yet" in page
    assert "The saved settings were never tested." in page
    assert "web_shop" in page
    add_syncs(cast, state="failure", error="The server refused <b>you</b>.", rows=1_234)
    page = page_of(as_olga, cast)
    assert "Failing" in page
    assert "The server refused &lt;b&gt;you&lt;/b&gt;." in page
    assert "1,234" in page


def test_events_that_wait_are_counted_since_the_oldest(as_olga, cast):
    with in_workspace(cast.workspace.id):
        append(cast.workspace.id, cast.shop.id, [Incoming(f"m{n}", "track", "A", b"{}") for n in range(3)])
        WarehouseFeed.objects.create(
            workspace_id=cast.workspace.id, warehouse_id=cast.warehouse.id, source_id=cast.shop.id, position=1
        )
    [row, other] = as_olga.get(f"/demo/connections/warehouses/{cast.warehouse.id}/").context["feeds"]
    assert (other.source.id, other.waiting, other.waiting_since is not None) == (cast.shop.id, 2, True)
    assert (row.waiting, row.waiting_since) == (0, None)


def test_events_that_the_inbox_will_soon_forget_are_warned_of(as_olga, cast, settings):
    with in_workspace(cast.workspace.id):
        append(cast.workspace.id, cast.shop.id, [Incoming("m", "track", "A", b"{}")])
    assert "will be lost" not in page_of(as_olga, cast)
    with clock.at(clock.now() + timedelta(days=0.9 * settings.SOURCE_DAYS)):
        as_olga.force_login(cast.olga)
        page = page_of(as_olga, cast)
    assert "Web shop</bdi> will be lost to this warehouse" in page


def test_the_strip_asks_for_itself(as_olga, cast):
    answer = as_olga.get(
        f"/demo/connections/warehouses/{cast.warehouse.id}/", headers={"HX-Request": "true", "HX-Target": "standing"}
    )
    assert answer.content.decode().strip().startswith('<section class="section" id="standing"')


def test_the_history_tells_of_sources_notices_and_attempts(as_olga, cast):
    notice = {"code": "type_differs", "where": "orders.<total>", "count": 7}
    line = {"id": cast.shop.id, "name": "Web shop", "schema": "web_shop", "events": 5, "rows": 9, "notices": [notice]}
    add_syncs(cast, state="partial", rows=9, notices=7, sources=[line], asked_by=cast.olga.id)
    with in_workspace(cast.workspace.id):
        for number, state in ((1, "failed"), (2, "done")):
            TaskAttempt.objects.create(
                workspace_id=cast.workspace.id,
                task_id="tsk_1",
                number=number,
                state=state,
                error="It was away." if number == 1 else "",
            )
    page = page_of(as_olga, cast, "syncs/")
    assert "orders.&lt;total&gt;" in page
    assert "holds another type; these values were left empty" in page
    assert "Attempt 1" in page
    assert "It was away." in page
    assert "Olga of demo" in page


def test_the_history_is_paged_without_asking_more(as_olga, cast, django_assert_max_num_queries):
    add_syncs(cast, 55, state="success")
    with django_assert_max_num_queries(20):
        first = as_olga.get(f"/demo/connections/warehouses/{cast.warehouse.id}/syncs/")
    assert len(first.context["rows"]) == 50
    older = as_olga.get(f"/demo/connections/warehouses/{cast.warehouse.id}/syncs/", {"before": first.context["older"]})
    assert [row.sync.id for row in older.context["rows"]] == [f"syn_{n}" for n in range(50, 55)]
    assert as_olga.get(f"/demo/connections/warehouses/{cast.warehouse.id}/syncs/?before=never").status_code == 200


def test_what_is_not_ticked_is_left_out_and_what_was_not_shown_is_not(as_olga, cast):
    path = f"/demo/connections/warehouses/{cast.warehouse.id}/sources/{cast.shop.id}/"
    with in_workspace(cast.workspace.id):
        SeenEvent.objects.create(
            workspace_id=cast.workspace.id,
            source_id=cast.shop.id,
            type="track",
            name="<Order>",
            first_seen_at=clock.now(),
        )
    assert "&lt;Order&gt;" in as_olga.get(path).content.decode()
    as_olga.post(path, {"shown": ["track:<Order>", "alias"], "kept": ["alias"]})
    with in_workspace(cast.workspace.id):
        assert WarehouseFeed.objects.get().left_out == ["track:<Order>"]
    assert 'value="track:&lt;Order&gt;">' in as_olga.get(path).content.decode()
    assert "All but 1" in page_of(as_olga, cast)


def test_trying_the_settings_answers_in_the_page_and_in_a_fragment(as_olga, cast, monkeypatch):
    finding = Finding("password", "The server refused <you>.")
    monkeypatch.setattr("auditapp.pipeline.warehouses.sync_services.find_problem", lambda *_: finding)
    form = {
        "name": "",
        "host": "db.example.com",
        "port": "5432",
        "database": "d",
        "username": "u",
        "password": "typed!",
    }
    new = as_olga.post("/demo/connections/warehouses/new/test/", form)
    assert (new.status_code, b"typed!" in new.content) == (200, False)
    assert "The server refused &lt;you&gt;." in new.content.decode()
    fragment = as_olga.post(
        f"/demo/connections/warehouses/{cast.warehouse.id}/test/",
        form,
        headers={"HX-Request": "true", "HX-Target": "finding"},
    )
    assert fragment.content.decode().startswith('<div id="finding"')
    nothing = as_olga.post("/demo/connections/warehouses/new/test/", {**form, "port": "many"})
    assert (nothing.status_code, "Nothing was tried." in nothing.content.decode()) == (422, True)
    elsewhere = {**form, "host": "evil.example.com", "password": ""}
    asked_again = as_olga.post(f"/demo/connections/warehouses/{cast.warehouse.id}/test/", elsewhere)
    assert (asked_again.status_code, "Enter the password again" in asked_again.content.decode()) == (422, True)


def test_a_sync_by_hand_starts_and_says_so(as_olga, cast):
    path = f"/demo/connections/warehouses/{cast.warehouse.id}/sync/"
    assert "The sync has started." in as_olga.post(path, follow=True).content.decode()
    assert "The next attempt is made now." in as_olga.post(path, follow=True).content.decode()
