"""Pages and endpoints of labels: chosen from what is known, told before, refused with where to make them."""

import re

import pytest
from django.db import transaction
from django.test import Client

from auditapp.access.labels import create_label
from auditapp.access.models import Grant, Invitation
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.models import Source
from tests.conftest import cloned_database
from tests.destinations.test_api import Caller
from tests.factories import (
    acting_as,
    events_of,
    last_event,
    make_cast,
    make_grant,
    make_labels,
    make_source,
    make_token,
)

LABELS = "/demo/settings/access/labels/"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def made(server, django_db_blocker):
    """Everybody, made once: each test rolls back what it did."""
    with django_db_blocker.unblock(), cloned_database(server):
        cast = make_cast()
        make_labels("team:shop", "team:app", workspace=cast.workspace)
        yield cast


@pytest.fixture
def cast(made):
    with transaction.atomic():
        yield made
        transaction.set_rollback(True)


@pytest.fixture
def olga(cast):
    return signed_in(cast.olga)


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def labels_of(cast, source):
    with in_workspace(cast.workspace.id):
        return Source.objects.get(id=source.id).labels


def test_the_list_tells_what_uses_each_and_the_page_of_one_links_to_it(cast, olga):
    with acting_as(cast.olga, cast.workspace):
        create_label(key="tier", value="gold", description=HOSTILE)
    source = make_source(workspace=cast.workspace, name="Till", labels=["tier:gold"])
    make_grant(workspace=cast.workspace, user=cast.mina, role="source_admin", scope="labelled", labels=["tier:gold"])
    page = olga.get(LABELS).content.decode()
    assert "1 source" in page
    assert "Source Admin" in page
    assert HOSTILE not in page
    assert "environment:prod" in olga.get("/demo/settings/access/labels/").content.decode()
    page = olga.get(f"{LABELS}tier/gold/").content.decode()
    assert f'href="/demo/connections/sources/{source.id}/"' in page
    assert f'href="/demo/settings/access/members/{cast.mina.id}/"' in page
    assert "Delete label" not in page
    assert "Delete label" in olga.get(f"{LABELS}team/app/").content.decode()
    answer = olga.post(f"{LABELS}tier/gold/delete/")
    assert answer.status_code == 409
    assert "tier:gold is in use: 1 source, a role of Mina of demo." in answer.content.decode()


def test_who_may_only_look_is_offered_nothing_to_change(cast):
    rita = signed_in(cast.rita)
    for page in (LABELS, f"{LABELS}team/app/"):
        text = rita.get(page).content.decode()
        assert "team:app" in text
        assert 'method="post"' not in re.sub(r"(?s)<header.*?</header>|<aside.*?</aside>|<nav.*?</nav>", "", text)


def test_a_label_is_made_described_and_deleted_on_its_pages(cast, olga):
    assert olga.post(f"{LABELS}new/", {"key": "Tier", "value": "gold", "description": ""})["Location"] == LABELS
    answer = olga.post(f"{LABELS}new/", {"key": "tier", "value": "gold"})
    assert (answer.status_code, "tier:gold is there already." in answer.content.decode()) == (422, True)
    olga.post(f"{LABELS}tier/gold/describe/", {"description": "Watched"})
    assert "Watched" in olga.get(f"{LABELS}tier/gold/").content.decode()
    assert olga.post(f"{LABELS}tier/gold/describe/", {"description": "x" * 201}).status_code == 422
    assert olga.post(f"{LABELS}tier/gold/delete/")["Location"] == LABELS
    assert last_event(cast.workspace).event.type == "label.deleted"


def test_a_role_is_given_over_labels_that_are_chosen(cast, olga):
    path = f"/demo/settings/access/members/{cast.mina.id}/"
    page = olga.get(path).content.decode()
    assert '<option value="team:shop">shop</option>' in page
    asked = {"role": "source_admin", "scope": "labelled"}
    olga.post(f"{path}roles/", {**asked, "labels": ["environment:prod", "", "team:shop"]})
    with in_workspace(cast.workspace.id):
        assert Grant.objects.get(labels__len=2).labels == ["environment:prod", "team:shop"]
    answer = olga.post(f"{path}roles/", {**asked, "labels": "team:none"})
    assert answer.status_code == 422
    assert "have an owner make it under Settings &gt; Access Management &gt; Labels" in answer.content.decode()
    assert '<option value="team:none" selected>none (not known any more)</option>' in answer.content.decode()
    answer = olga.post(
        "/demo/settings/access/invite/", {**asked, "emails": "grace@example.com", "labels": ["team:app"]}
    )
    with in_workspace(cast.workspace.id):
        assert Invitation.objects.get().labels == ["team:app"]


def test_what_carries_all_of_them_is_told_while_they_are_chosen(cast, olga):
    make_source(workspace=cast.workspace, name="Till", labels=["environment:prod", "team:shop"])
    make_source(workspace=cast.workspace, name="Blog", labels=["environment:prod"])
    chosen = {"labels": ["environment:prod", "", "team:shop"]}
    part = olga.get(f"{LABELS}matching/", chosen, headers={"HX-Request": "true", "HX-Target": "label-matches"})
    assert part.content.decode().startswith('<div id="label-matches"')
    assert "Reaches 1 source now: <bdi>Till</bdi>." in part.content.decode()
    whole = olga.get(f"{LABELS}matching/", {"labels": "environment:prod"}).content.decode()
    assert "Reaches 2 sources now: <bdi>Blog</bdi>, <bdi>Till</bdi>." in whole
    of_spaces = olga.get(f"{LABELS}matching/", {"labels": "environment:prod", "role": "unify_and_engage_read_only"})
    assert "Reaches" not in of_spaces.content.decode()
    nothing = olga.get(f"{LABELS}matching/", {"labels": ["team:none", "\x00"]}).content.decode()
    assert "No source carries all of these now." in nothing


def test_who_sees_a_source_by_its_labels_is_told_before_they_change(cast, olga):
    make_grant(workspace=cast.workspace, user=cast.mina, role="source_admin", scope="labelled", labels=["team:app"])
    path = f"/demo/connections/sources/{cast.kiosk.id}/settings/"
    wanted = {"name": "Kiosk", "labels": ["", "team:app"]}
    answer = olga.post(path, wanted)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Nothing has been changed yet." in page
    assert "<bdi>Mina of demo</bdi> gains: See sources, Change sources" in page
    assert labels_of(cast, cast.kiosk) == []
    seen = re.search(r'name="labels_seen" value="([^"]*)"', page)[1]
    assert (
        olga.post(path, {**wanted, "labels": ["environment:dev", "team:app"], "labels_seen": seen}).status_code == 200
    )
    assert olga.post(path, {**wanted, "labels_seen": seen})["Location"] == path
    assert labels_of(cast, cast.kiosk) == ["team:app"]
    mina = signed_in(cast.mina)
    assert mina.get(path).status_code == 200
    answer = mina.post(path, {"name": "Kiosk", "labels": "environment:dev"})
    assert (answer.status_code, "because of its labels" in answer.content.decode()) == (422, True)
    # Who has access is not hers to see: she is told that roles follow, and asked nothing.
    assert mina.post(path, {"name": "Kiosk", "labels": ["environment:dev", "team:app"]})["Location"] == path


def test_endpoints_list_make_describe_and_delete(cast):
    _, secret = make_token(
        workspace=cast.workspace, scopes=["source:read", "access:write", "source:write"], created_by=cast.olga.id
    )
    call = Caller(secret)
    gold = {"key": "tier", "value": "gold", "description": "Watched"}
    assert call("post", "/labels", {"label": gold}) == (201, {"data": {"label": gold}})
    assert call("post", "/labels", {"label": gold})[0] == 409
    status, answer = call("post", "/labels", {"label": {"key": "1", "value": "gold"}})
    assert (status, answer["errors"][0]["field"]) == (422, "key")
    assert call("post", "/labels", {"label": {**gold, "color": "red"}})[0] == 422
    status, answer = call("patch", "/labels/tier/gold", {"description": "Always watched"})
    assert answer["data"]["label"]["description"] == "Always watched"
    answer = call("get", "/labels?pagination[count]=2&pagination[cursor]=NA==")[1]
    assert answer["data"]["labels"] == [{**gold, "description": "Always watched"}]
    assert answer["data"]["pagination"]["totalEntries"] == 5
    path = f"/sources/{cast.shop.id}/labels"
    assert call("post", path, {"labels": [{"key": "tier", "value": "gold"}]})[0] == 200
    assert call("delete", "/labels/tier/gold")[0] == 409
    status, answer = call("put", path, {"labels": [{"key": "tier", "value": "none"}]})
    assert (status, answer["errors"][0]["field"]) == (422, "labels")
    call("put", path, {"labels": []})
    assert call("delete", "/labels/tier/gold") == (200, {"data": {"status": "SUCCESS"}})
    assert call("delete", "/labels/tier/gold")[0] == 404
    assert [row.event.actor.kind for row in events_of(cast.workspace)[:3]] == ["token"] * 3


def test_a_token_without_the_scope_or_of_another_workspace_changes_no_label(cast):
    other = make_cast(slug="other")
    for workspace, maker, scopes in (
        (cast.workspace, cast.olga, ["source:read"]),
        (cast.workspace, cast.milo, ["source:read", "access:write"]),
        (other.workspace, other.olga, ["source:read"]),
    ):
        call = Caller(make_token(workspace=workspace, scopes=scopes, created_by=maker.id)[1])
        assert call("post", "/labels", {"label": {"key": "tier", "value": "gold"}})[0] == 401
        assert call("delete", "/labels/team/app")[0] == 401
        names = [one["key"] for one in call("get", "/labels")[1]["data"]["labels"]]
        assert ("team" in names) is (workspace == cast.workspace)
