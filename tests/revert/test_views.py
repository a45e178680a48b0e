"""The page of a revert: what is ticked, what is refused, the fresh preview, and proving who sits there."""

import re
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from auditapp.access.models import Workspace
from auditapp.pipeline.warehouses.models import Warehouse
from auditapp.pipeline.warehouses.services import delete_warehouse, disable_warehouse, enable_warehouse
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.services import change_source
from tests.factories import PASSWORD, last_event, make_cast
from tests.revert.looking import one_request


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def olga(cast):
    client = Client()
    client.force_login(cast.olga)
    return client


@pytest.fixture
def disabled(cast):
    with one_request(cast):
        disable_warehouse(warehouse_id=cast.warehouse.id)
    return last_event(cast.workspace)


def url(cast, row):
    return reverse("revert:undo", args=[cast.workspace.slug, row.key])


def form_of(page):
    """What the form of a preview would post as it stands."""
    stamp = re.search(r'name="stamp" value="(\w+)"', page)[1]
    fields = re.findall(r'name="field" value="([^"]+)" checked', page)
    return {
        "what": re.search(r'name="what" value="(\w+)"', page)[1],
        "stamp": stamp,
        "field": list(map(unescape, fields)),
    }


def is_enabled(cast):
    with in_workspace(cast.workspace.id):
        return Warehouse.objects.get(workspace_id=cast.workspace.id, id=cast.warehouse.id).is_enabled


def test_a_way_back_is_offered_to_who_may_go_it(cast, olga, disabled):
    with one_request(cast):
        change_source(source_id=cast.shop.id, name="Shop of old", labels=[])
    renamed = last_event(cast.workspace)
    offered = {}
    for name in ("olga", "milo", "rita"):
        client = Client()
        client.force_login(getattr(cast, name))
        for row in (disabled, renamed):
            answer = client.get(reverse("trail:event_page", args=[cast.workspace.slug, row.key]))
            offered[name, row.event.type] = answer.status_code == 200 and url(cast, row) in answer.content.decode()
    assert [one for one, is_offered in offered.items() if is_offered] == [
        ("olga", "warehouse.disabled"),
        ("olga", renamed.event.type),
        ("milo", renamed.event.type),
    ]


def test_event_preview_confirm(cast, olga, disabled):
    page = olga.get(reverse("trail:event_page", args=[cast.workspace.slug, disabled.key])).content.decode()
    assert url(cast, disabled) in page
    preview = olga.get(url(cast, disabled)).content.decode()
    assert "Syncing starts again" in preview
    answer = olga.post(url(cast, disabled), form_of(preview))
    assert answer.status_code == 302
    assert is_enabled(cast)
    page = olga.get(answer["Location"]).content.decode()
    assert "Undone by" in page
    undoing = last_event(cast.workspace)
    page = olga.get(reverse("trail:event_page", args=[cast.workspace.slug, undoing.key])).content.decode()
    assert "This undid" in page
    assert disabled.key in page
    rows = olga.get(reverse("trail:event_list", args=[cast.workspace.slug])).content.decode()
    assert f"Undone by {cast.olga.name}" in rows


def test_a_fragment_for_the_drawer(cast, olga, disabled):
    answer = olga.get(url(cast, disabled), headers={"HX-Request": "true", "HX-Target": "event-slot"})
    assert "<html" not in answer.content.decode()
    assert "Syncing starts again" in answer.content.decode()


def test_its_tabs_work_on_its_own_page_too(cast, olga, disabled):
    page = olga.get(url(cast, disabled)).content.decode()
    targets = set(re.findall(r'hx-target="#([\w-]+)"', page.split('id="revert"')[1]))
    assert targets
    assert all(f'id="{target}"' in page for target in targets)
    answer = olga.get(url(cast, disabled), headers={"HX-Request": "true", "HX-Target": "revert"})
    assert answer.content.decode().lstrip().startswith('<section class="drawer__section" id="revert"')


def test_what_changed_meanwhile_comes_back_as_a_fresh_preview(cast, olga, disabled):
    form = form_of(olga.get(url(cast, disabled)).content.decode())
    with one_request(cast):
        enable_warehouse(warehouse_id=cast.warehouse.id)
    answer = olga.post(url(cast, disabled), form)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Something changed since this preview was made" in page
    assert "It is so already." in page


def test_twice_sent_is_once_undone(cast, olga, disabled):
    form = form_of(olga.get(url(cast, disabled)).content.decode())
    assert olga.post(url(cast, disabled), form).status_code == 302
    assert olga.post(url(cast, disabled), form).status_code == 409


def test_nothing_ticked_says_so(cast, olga, disabled):
    form = form_of(olga.get(url(cast, disabled)).content.decode())
    answer = olga.post(url(cast, disabled), form | {"field": []})
    assert answer.status_code == 422
    assert "Choose at least one field" in answer.content.decode()


def test_bringing_back_asks_who_sits_there(cast, olga):
    with one_request(cast):
        delete_warehouse(warehouse_id=cast.warehouse.id)
    deleted = last_event(cast.workspace)
    page = olga.get(url(cast, deleted)).content.decode()
    assert "Confirm it is you" in page
    assert 'type="password"' not in page, "what is entered before would be lost"
    answer = olga.post(url(cast, deleted), form_of(page))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_reauthenticate"))
    with in_workspace(cast.workspace.id):
        assert not Warehouse.objects.filter(workspace_id=cast.workspace.id).exists()
    back = olga.post(answer["Location"], {"password": PASSWORD})
    assert back["Location"] == f"{url(cast, deleted)}?what=change"
    page = olga.get(back["Location"]).content.decode()
    assert "Confirm it is you" not in page
    assert olga.post(url(cast, deleted), form_of(page)).status_code == 302
    assert not is_enabled(cast)


def test_a_field_named_by_its_path_alone_asks_too(cast, olga):
    with one_request(cast):
        delete_warehouse(warehouse_id=cast.warehouse.id)
    deleted = last_event(cast.workspace)
    form = form_of(olga.get(url(cast, deleted)).content.decode())
    answer = olga.post(url(cast, deleted), form | {"field": [""]})
    assert answer["Location"].startswith(reverse("account_reauthenticate"))
    with in_workspace(cast.workspace.id):
        assert not Warehouse.objects.filter(workspace_id=cast.workspace.id).exists()


def test_a_field_that_is_not_there_is_named(cast, olga, disabled):
    form = form_of(olga.get(url(cast, disabled)).content.decode())
    answer = olga.post(url(cast, disabled), form | {"field": ["colour"]})
    assert answer.status_code == 422
    assert "There is no field colour" in answer.content.decode()


def test_what_has_no_way_back_says_so(cast, olga):
    signed_in = Client()
    signed_in.post(reverse("account_login"), {"login": cast.olga.email, "password": PASSWORD})
    row = last_event(cast.workspace)
    answer = olga.get(url(cast, row))
    assert answer.status_code == 200
    assert "This cannot be undone from here." in answer.content.decode()


def test_values_of_events_are_inert(cast, olga):
    name = "<script>alert(1)</script>"
    with one_request(cast):
        change_source(source_id=cast.shop.id, name=name, labels=[])
    page = olga.get(url(cast, last_event(cast.workspace))).content.decode()
    assert name not in page
    assert "&lt;script&gt;" in page


def test_an_undo_that_stops_something_asks_why_and_does_nothing_before(cast, olga):
    with one_request(cast):
        disable_warehouse(warehouse_id=cast.warehouse.id)
    with one_request(cast):
        enable_warehouse(warehouse_id=cast.warehouse.id)
    row = last_event(cast.workspace)
    with in_workspace(cast.workspace.id):
        Workspace.objects.update(reason_rule="required")
    preview = olga.get(url(cast, row)).content.decode()
    assert re.search(r'name="reason"[^>]* required>', preview)
    refused = olga.post(url(cast, row), form_of(preview))
    assert (refused.status_code, is_enabled(cast)) == (422, True)
    assert "Warehouse Disabled needs a reason" in refused.content.decode()
    assert olga.post(url(cast, row), {**form_of(preview), "reason": "It costs too much"}).status_code == 302
    told = last_event(cast.workspace).event
    assert (told.type, told.context["reason"]) == ("warehouse.disabled", "It costs too much")
    assert told.context["reverts"] == [row.key]
    assert not is_enabled(cast)


def test_the_reason_of_an_undo_says_whether_it_is_required(cast, olga, disabled):
    with one_request(cast):
        change_source(source_id=cast.shop.id, name="Shop", labels=[])
    renamed = last_event(cast.workspace)

    def field_of(rule, row):
        with in_workspace(cast.workspace.id):
            Workspace.objects.update(reason_rule=rule)
        found = re.search(r'<label class="field reason">.*?</label>', olga.get(url(cast, row)).content.decode())
        return found[0] if found else ""

    # To enable again stops nothing; a name never does, but not every field can be told from what it does.
    assert field_of("required", disabled) == ""
    assert "required for some" in field_of("required", renamed)
    assert "required>" not in field_of("required", renamed)
    assert ">optional<" in field_of("offered", renamed)
