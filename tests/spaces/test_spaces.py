"""What is done to spaces here: on their pages, over the API, and undone."""

import json
import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client

from auditapp.access.errors import Denied
from auditapp.access.permissions import permissions_for
from auditapp.lib import clock
from auditapp.lib.errors import Invalid, NotFound
from auditapp.record.drafts import Target
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace
from auditapp.spaces.models import Space
from auditapp.spaces.services import SpaceDeleted, SpaceKnown, change_space, create_space, delete_space, restore_space
from tests.conftest import cloned_database
from tests.factories import (
    acting_as,
    events_of,
    last_event,
    make_cast,
    make_grant,
    make_labels,
    make_member,
    make_space,
    make_token,
)
from tests.revert.looking import latest, one_request, preview_of, standings, undo


@pytest.fixture(scope="module")
def kept(server, django_db_blocker):
    """Zoe administers Production and not Dev."""
    with django_db_blocker.unblock(), cloned_database(server):
        cast = make_cast()
        make_space(workspace=cast.workspace, id="spa_prod", labels=["environment:prod"])
        make_space(workspace=cast.workspace, id="spa_dev", name="Zanzibar")
        make_labels("team:shop", "team:app", workspace=cast.workspace)
        reach = {"scope": "listed", "resource_ids": ["spa_prod"]}
        make_member(workspace=cast.workspace, user=cast.zoe, role="unify_and_engage_admin", **reach)
        secrets = {
            who.id: make_token(workspace=cast.workspace, scopes=["space:write", "space:read"], created_by=who.id)[1]
            for who in (cast.olga, cast.zoe, cast.milo)
        }
        yield cast, secrets


@pytest.fixture
def cast(kept):
    with transaction.atomic():
        yield kept[0]
        transaction.set_rollback(True)


def stored(cast, space_id):
    with in_workspace(cast.workspace.id):
        return Space.objects.get(workspace_id=cast.workspace.id, id=space_id)


def browser_of(who):
    client = Client(raise_request_exception=False)
    client.force_login(who)
    return client


# --- Services ---------------------------------------------------------------------------------------------------------


def test_each_change_is_an_event_of_the_space(cast):
    with acting_as(cast.olga, cast.workspace):
        space = create_space(name=" Staging ", space_id="stg-1", labels=["Team:Shop"])
        change_space(space_id="stg-1", name="Staging 2", labels=["team:shop"])
        change_space(space_id="stg-1", name="Staging 2", labels=["team:shop"])
        delete_space(space_id="stg-1")
        restore_space(space_id="stg-1", name="Staging 3")
    assert (space.name, space.labels) == ("Staging", ["team:shop"])
    told = [(row.event.type, row.event.scope_id) for row in reversed(events_of(cast.workspace))]
    assert told == [(f"space.{what}", "stg-1") for what in ("created", "modified", "deleted", "restored")]
    found = stored(cast, "stg-1")
    assert (found.name, found.labels, found.deleted_at) == ("Staging 3", [], None)


def test_who_has_one_space_changes_that_one_alone(cast):
    with acting_as(cast.zoe, cast.workspace):
        change_space(space_id="spa_prod", name="Prod", labels=[])
        for refused, call in (
            (NotFound, lambda: change_space(space_id="spa_dev", name="Mine", labels=[])),
            (NotFound, lambda: delete_space(space_id="spa_dev")),
            (Denied, lambda: create_space(name="Another")),
        ):
            with pytest.raises(refused):
                call()
    with acting_as(cast.rita, cast.workspace), pytest.raises(Denied):
        change_space(space_id="spa_prod", name="Mine", labels=[])
    assert last_event(cast.workspace).event.actor.id == cast.zoe.id


def test_what_cannot_be_is_refused(cast):
    with acting_as(cast.olga, cast.workspace):
        delete_space(space_id="spa_prod")
        for refused, call in (
            (SpaceKnown, lambda: create_space(name="Again", space_id="spa_dev")),
            (SpaceKnown, lambda: create_space(name="Again", space_id="spa_prod")),
            (SpaceDeleted, lambda: change_space(space_id="spa_prod", name="New", labels=[])),
            *(
                (Invalid, lambda id=id: create_space(name="New", space_id=id))
                for id in ("src_1", "section:privacy", "a/b", "x" * 201)
            ),
            (Invalid, lambda: create_space(name=" ")),
            (Invalid, lambda: create_space(name="New", labels=["prod"])),
        ):
            with pytest.raises(refused):
                call()
    assert len(events_of(cast.workspace)) == 1


def test_an_older_event_does_not_undo_a_name_that_was_given_here_and_a_newer_one_does(cast):
    with acting_as(cast.olga, cast.workspace):
        change_space(space_id="spa_dev", name="Development", labels=[])
        told = {"target": [Target("audience", "a"), Target("space", "spa_dev", "Old")]}
        record("audience.created", **told, occurred_at=clock.now() - timedelta(days=1))
        assert stored(cast, "spa_dev").name == "Development"
        record("audience.modified", target=[Target("audience", "a"), Target("space", "spa_dev", "Dev")])
        assert stored(cast, "spa_dev").name == "Dev"


def test_a_label_on_a_space_reaches_who_has_a_role_over_it_at_once(cast):
    labelled = {"scope": "labelled", "labels": ["team:shop"]}
    make_grant(workspace=cast.workspace, user=cast.mina, role="unify_and_engage_read_only", **labelled)
    with in_workspace(cast.workspace.id):
        assert not permissions_for(cast.workspace.id, cast.mina.id).can("space.read", "spa_dev")
    path, sent = "/demo/unify/spaces/spa_dev/settings/", {"name": "Dev", "labels": "team:shop"}
    told = browser_of(cast.olga).post(path, sent).content.decode()
    assert re.search(r"Nothing has been changed yet.*Mina of demo</bdi> gains: .*See spaces", told, re.DOTALL)
    assert browser_of(cast.olga).post(path, {**sent, "labels_seen": "team:shop"}).status_code == 302
    with in_workspace(cast.workspace.id):
        assert permissions_for(cast.workspace.id, cast.mina.id).can("space.read", "spa_dev")


# --- Pages ------------------------------------------------------------------------------------------------------------


def test_pages_show_the_spaces_that_somebody_reaches_and_what_happened_there(cast):
    with acting_as(cast.olga, cast.workspace):
        for space in (Target("space", "spa_prod", "Production"), Target("space", "spa_dev", "Zanzibar")):
            record("audience.created", target=[Target("audience", f"a_{space.id}", f"{space.name} hikers"), space])
    client = browser_of(cast.zoe)
    listed, page = (client.get(f"/demo/unify/spaces/{path}").content.decode() for path in ("", "spa_prod/"))
    assert "Production" in listed
    assert "Production hikers" in page
    assert "?target=spa_prod" in page
    assert "Zanzibar" not in listed + page
    assert "Add space" not in listed
    assert client.get("/demo/unify/spaces/spa_dev/").status_code == 404
    owner = browser_of(cast.olga).get("/demo/unify/spaces/").content.decode()
    assert "Zanzibar" in owner
    assert "Add space" in owner


def test_forms_add_and_change_a_space_and_say_what_is_wrong(cast):
    client = browser_of(cast.olga)
    added = client.post("/demo/unify/new-space/", {"name": "New", "space_id": "stg.1", "labels": "team:shop"})
    assert added["Location"] == "/demo/unify/spaces/stg.1/"
    again = client.post("/demo/unify/new-space/", {"name": "New", "space_id": "stg.1"})
    assert (again.status_code, "known already" in again.content.decode()) == (422, True)
    saved = client.post("/demo/unify/spaces/stg.1/settings/", {"name": "Newer", "labels": "team:app"})
    assert saved.status_code == 302
    wrong = client.post("/demo/unify/spaces/stg.1/settings/", {"name": "Newer", "labels": "team:x"})
    assert (wrong.status_code, "is no label of this workspace" in wrong.content.decode()) == (422, True)
    assert client.post("/demo/unify/spaces/stg.1/delete/").status_code == 302
    assert "This space was deleted." in client.get("/demo/unify/spaces/stg.1/settings/").content.decode()
    assert stored(cast, "stg.1").labels == ["team:app"]


# --- The API ----------------------------------------------------------------------------------------------------------


def call(kept, who, method, path="", body=None):
    headers = {"Authorization": f"Bearer {kept[1][who.id]}"}
    sent = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
    answer = getattr(Client(raise_request_exception=False), method)(f"/api/spaces{path}", headers=headers, **sent)
    return answer.status_code, answer.json()


def test_the_api_keeps_spaces_as_far_as_whoever_made_the_token_may(cast, kept):
    labels = [{"key": "team", "value": "shop"}]
    status, made = call(kept, cast.olga, "post", "", {"name": "Staging", "id": "stg", "labels": labels})
    space = made["data"]["space"]
    assert (status, space["id"], space["labels"], space["deletedAt"]) == (201, "stg", labels, None)
    assert call(kept, cast.olga, "patch", "/stg", {"name": "Staging 2"})[1]["data"]["space"]["labels"] == labels
    assert call(kept, cast.olga, "delete", "/stg")[0] == 200
    assert call(kept, cast.olga, "get", "/stg")[1]["data"]["space"]["deletedAt"]
    assert [one["id"] for one in call(kept, cast.olga, "get")[1]["data"]["spaces"]] == ["spa_prod", "spa_dev", "stg"]
    assert [one["id"] for one in call(kept, cast.zoe, "get")[1]["data"]["spaces"]] == ["spa_prod"]
    assert call(kept, cast.zoe, "get", "/spa_dev")[0] == 404
    assert call(kept, cast.milo, "get")[0] == 401


def test_what_the_api_refuses(cast, kept):
    for status, path, body in (
        (422, "", {"id": "x"}),
        (422, "", {"name": "New", "id": "src_1"}),
        (422, "", {"name": "New", "colour": "red"}),
        (422, "", {"name": "New", "labels": ["team:shop"]}),
        (409, "", {"name": "New", "id": "spa_dev"}),
    ):
        assert call(kept, cast.olga, "post", path, body)[0] == status
    # Its maker may change one space and make none.
    assert call(kept, cast.zoe, "post", "", {"name": "New"})[0] in {401, 403}
    assert call(kept, cast.olga, "patch", "/nothing%00", {"name": "New"})[0] == 404


# --- The way back -----------------------------------------------------------------------------------------------------


def test_changes_are_undone_and_a_deleted_space_comes_back(cast):
    with one_request(cast):
        change_space(space_id="spa_prod", name="Prod", labels=["team:shop"])
    undo(cast, latest(cast, "space.modified"))
    found = stored(cast, "spa_prod")
    assert (found.name, found.labels) == ("Production", ["environment:prod"])
    with one_request(cast):
        delete_space(space_id="spa_prod")
    deleted = latest(cast, "space.deleted")
    assert "Change spaces" in preview_of(cast, deleted, who=cast.rita).parts[0].refusal
    undo(cast, deleted)
    found = stored(cast, "spa_prod")
    assert (found.name, found.labels, found.deleted_at) == ("Production", ["environment:prod"], None)
    with one_request(cast):
        create_space(name="Staging", space_id="stg")
    made = latest(cast, "space.created")
    assert standings(preview_of(cast, made))[""] == "safe"
    undo(cast, made)
    assert stored(cast, "stg").deleted_at is not None


def test_what_another_system_told_has_no_way_back_here(cast, kept):
    _, secret = make_token(workspace=cast.workspace, scopes=["audit:write"])
    told = {"type": "space.deleted", "target": {"type": "space", "id": "spa_dev"}}
    sent = Client().post(
        "/api/audit-events", json.dumps(told), "application/json", headers={"Authorization": f"Bearer {secret}"}
    )
    assert sent.status_code == 201
    assert stored(cast, "spa_dev").deleted_at is not None
    client = browser_of(cast.olga)
    page = client.get(f"/demo/settings/admin/audit-trail/{sent.json()['data']['id']}/").content.decode()
    assert "Undo this change" not in page
