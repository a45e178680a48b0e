"""Who reaches the source that the trail is forwarded to: what came in there is the whole trail."""

from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse

from auditapp.access.errors import MoreThanYouHave
from auditapp.access.permissions import Permission, access_given_to, permissions_for
from auditapp.access.roles import grant_role
from auditapp.forwarding.services import save_forwarding
from auditapp.lib.errors import NotFound
from auditapp.pipeline.destinations.services import create_destination
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.queries import visible_sources
from auditapp.sources.services import change_source, delete_source
from tests.factories import (
    acting_as,
    make_cast,
    make_destination,
    make_grant,
    make_member,
    make_token,
    make_transformation,
    make_user,
)


@pytest.fixture
def cast(db):
    cast = make_cast()
    with acting_as(cast.olga, cast.workspace):
        change_source(source_id=cast.kiosk.id, name="Audit events", labels=["environment:prod"])
        save_forwarding(source_id=cast.kiosk.id, is_on=True)
    return cast


@pytest.fixture
def admin_of(cast):
    def make(name, **reach):
        user = make_user(name=name)
        make_member(workspace=cast.workspace, user=user, role="source_admin", **reach)
        return user

    return make


def seen_by(cast, user):
    with in_workspace(cast.workspace.id):
        return {one.name for one in visible_sources(permissions_for(cast.workspace.id, user.id))}


def test_roles_over_all_or_labels_do_not_reach_it_and_one_that_names_it_does(cast, admin_of):
    assert seen_by(cast, admin_of("All", scope="all")) == {"Web shop", "iOS app"}
    assert seen_by(cast, admin_of("Labelled", scope="labelled", labels=["environment:prod"])) == set()
    both = admin_of("Both", scope="all")
    make_grant(
        workspace=cast.workspace, user=both, role="source_read_only", scope="listed", resource_ids=[cast.kiosk.id]
    )
    assert seen_by(cast, both) == {"Web shop", "iOS app", "Audit events"}
    with in_workspace(cast.workspace.id):
        access = permissions_for(cast.workspace.id, both.id)
        assert access.can(Permission.SOURCE_READ, cast.kiosk.id)
        assert not access.can(Permission.SOURCE_WRITE, cast.kiosk.id)


def test_who_sees_the_whole_trail_sees_it(cast):
    everything = {"Web shop", "iOS app", "Audit events"}
    assert (seen_by(cast, cast.olga), seen_by(cast, cast.rita)) == (everything, everything)


def test_every_way_to_it_is_closed(cast, admin_of):
    admin, client = admin_of("All", scope="all"), Client()
    client.force_login(admin)
    destination = make_destination(source=cast.kiosk, name="SIEM of the trail")
    transformation = make_transformation(source=cast.kiosk, name="Of the trail")
    of_source = ("", "_debugger", "_schema", "_settings", "_destinations", "_function")
    for name, one in (
        *((f"sources:source{part}", cast.kiosk) for part in of_source),
        ("destinations:destination", destination),
        ("transformations:transformation", transformation),
    ):
        path = reverse(name, args=["demo", one.id])
        assert client.get(path).status_code == 404, path
        client.force_login(cast.olga)
        assert client.get(path).status_code == 200, path
        client.force_login(admin)
    for name in ("sources:source", "destinations:destination", "transformations:transformation"):
        for part in ("list", "create"):
            if (name, part) == ("sources:source", "create"):
                continue
            page = client.get(reverse(f"{name}_{part}", args=["demo"]))
            assert page.status_code == 200
            assert "Audit events" not in page.text, name
            assert "of the trail" not in page.text.lower(), name
    with acting_as(admin, cast.workspace), pytest.raises(NotFound):
        create_destination(
            source_id=cast.kiosk.id, kind="webhook", name="Mine", settings={"url": "https://example.com/"}
        )


def test_a_token_reaches_no_further_than_who_made_it(cast, admin_of):
    admin = admin_of("All", scope="all")
    for maker, reaches in ((admin, False), (cast.olga, True)):
        token, secret = make_token(workspace=cast.workspace, scopes=["source:read"], created_by=maker.id)
        with in_workspace(cast.workspace.id):
            assert access_given_to(token).can(Permission.SOURCE_READ, cast.kiosk.id) is reaches
        listed = Client().get("/api/sources", headers={"Authorization": f"Bearer {secret}"})
        assert ("Audit events" in listed.text) is reaches


def test_it_stays_closed_after_forwarding_went_elsewhere_or_off(cast, admin_of):
    admin = admin_of("All", scope="all")
    with acting_as(cast.olga, cast.workspace):
        save_forwarding(source_id=cast.app.id, is_on=True)
        save_forwarding(source_id="", is_on=False)
    assert seen_by(cast, admin) == {"Web shop"}
    with acting_as(cast.olga, cast.workspace):
        delete_source(source_id=cast.app.id)
    assert seen_by(cast, admin) == {"Web shop"}


def test_nobody_gives_it_who_does_not_see_the_trail(cast, monkeypatch):
    with acting_as(cast.olga, cast.workspace):
        held = permissions_for(cast.workspace.id, cast.olga.id)
        withheld = replace(held, withheld=frozenset({cast.kiosk.id}))
        monkeypatch.setattr("auditapp.access.rules.access_to_give", lambda access: withheld)
        with pytest.raises(MoreThanYouHave):
            grant_role(role_key="source_read_only", scope="listed", resource_ids=[cast.kiosk.id], user_id=cast.mina.id)
        grant_role(role_key="source_read_only", scope="listed", resource_ids=[cast.shop.id], user_id=cast.mina.id)


def test_the_pages_say_so(cast, admin_of):
    admin, owner = admin_of("All", scope="all"), Client()
    owner.force_login(cast.olga)
    page = owner.get(f"/demo/settings/access/members/{admin.id}/").text
    assert "Everywhere, but not <bdi>Audit events</bdi>, which shows the whole trail" in page
    assert "Audit events – shows the whole trail" in page  # among those that a role can be limited to
    assert "Audit events</bdi>, which shows" not in owner.get(f"/demo/settings/access/members/{cast.rita.id}/").text


def test_it_is_no_exception_of_who_sees_all_of_another_kind(cast):
    with acting_as(cast.olga, cast.workspace):
        grant_role(role_key="warehouse_destination_read_only", scope="all", user_id=cast.mina.id)
    owner = Client()
    owner.force_login(cast.olga)
    page = owner.get(f"/demo/settings/access/members/{cast.mina.id}/").text
    assert "See warehouses" in page
    assert "which shows the whole trail" not in page
