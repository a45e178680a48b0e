"""The pages of roles: what they show, who may do what on them, and that it is asked who sits there."""

import re

import pytest
from django.urls import reverse

from auditapp.access.members import invite_member
from auditapp.access.models import Role
from auditapp.access.own_roles import change_role, create_role
from auditapp.access.roles import grant_role
from auditapp.record.workspace_scope import in_workspace
from tests.factories import acting_as, events_of, last_event, make_cast, make_group, prove

NEW = {"name": "Release <b>manager</b>", "description": "Ships", "permissions": ["audit.read", "source.read"]}


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def olga(client, cast):
    client.force_login(cast.olga)
    prove(client)
    return client


def path(name, *ids):
    return reverse(f"access:{name}", args=["demo", *ids])


def made(cast, **values):
    with acting_as(cast.olga, cast.workspace):
        return create_role(**{"name": "Reader", "over": "source", "permissions": ["source.read"], **values})


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.content.decode()))


def test_a_role_is_made_shown_changed_and_deleted(olga, cast):
    answer = olga.post(f"{path('role_create')}?over=source", NEW)
    with in_workspace(cast.workspace.id):
        role = Role.objects.get(workspace_id=cast.workspace.id)
    assert answer["Location"] == path("role", role.key)
    assert (role.resource_type, role.permissions) == ("source", NEW["permissions"])
    with acting_as(cast.olga, cast.workspace):
        group = make_group(workspace=cast.workspace, members=[cast.rita])
        grant_role(role_key=role.key, scope="all", group_id=group.id)
        grant_role(role_key=role.key, scope="all", user_id=cast.mina.id)
    page = olga.get(path("role", role.key))
    assert b"Release &lt;b&gt;manager" in page.content
    for shown in ("Given over all or some sources", "See sources", "Mina of demo", "Mobile team", "created role"):
        assert shown.lower() in text_of(page).lower()
    assert path("role_delete", role.key) not in page.content.decode()
    row = next(row for row in text_of(olga.get(path("role_list"))).split("Release")[1:] if "manager" in row)
    assert re.search(r"all or some sources 1 1 0", row)
    answer = olga.post(path("role_edit", role.key), {**NEW, "name": "Lead", "permissions": ["source.write"]})
    assert answer["Location"] == path("role", role.key)
    assert last_event(cast.workspace).event.type == "role.updated"
    assert olga.post(path("role_delete", role.key)).status_code == 409


def test_what_is_wrong_stays_in_the_form_with_what_to_do(olga, cast):
    made(cast)
    answer = olga.post(f"{path('role_create')}?over=source", {**NEW, "name": "READER"})
    assert answer.status_code == 422
    assert "Another role has this name." in text_of(answer)
    assert len(re.findall(r'value="source.read" checked', answer.content.decode())) == 1
    answer = olga.post(f"{path('role_create')}?over=source", {**NEW, "permissions": ["access.manage"]})
    assert answer.status_code == 422
    assert "access.manage" in text_of(answer)


def test_the_address_of_an_invitation_is_for_who_may_see_addresses(client, cast):
    role = made(cast, name="Access manager", over="", permissions=["access.read", "access.manage"])
    given = made(cast)
    with acting_as(cast.olga, cast.workspace):
        grant_role(role_key=role.key, scope="workspace", user_id=cast.mina.id)
        invite_member(email="new@example.com", role_key=given.key, scope="all")
    for person, sees in ((cast.olga, True), (cast.rita, True), (cast.mina, False)):
        client.force_login(person)
        prove(client)
        assert ("new@example.com" in text_of(client.get(path("role", given.key)))) is sees
    refusal = client.post(path("role_delete", given.key))
    assert (refusal.status_code, b"new@example.com" in refusal.content) == (409, False)


def test_a_copy_begins_with_what_the_other_has_and_its_kind(olga, cast):
    page = olga.get(f"{path('role_create')}?copy=source_admin").content.decode()
    assert 'value="Copy of Source Admin"' in page
    assert page.count(" checked") == 6
    assert "only where the role is given over all sources" in page
    assert "access.manage" not in page


def test_reading_the_trail_is_ticked_to_begin_with_and_can_be_left_out(olga, cast):
    page = olga.get(f"{path('role_create')}?over=source").content.decode()
    ticked = re.findall(r'value="([a-z_.]+)" checked', page)
    assert ticked == ["audit.read", "audit.verify", "audit.export"]
    assert "only where the role is given over all sources" in page
    olga.post(f"{path('role_create')}?over=source", {**NEW, "permissions": ["source.read"]})
    with in_workspace(cast.workspace.id):
        assert Role.objects.get(workspace_id=cast.workspace.id).permissions == ["source.read"]


def test_who_sits_there_is_asked_first_and_what_was_typed_stays(client, cast):
    role = made(cast)
    client.force_login(cast.olga)
    before = len(events_of(cast.workspace))
    assert "Prove that it is you" in text_of(client.get(path("role_create")))
    for where in (path("role_create"), path("role_edit", role.key)):
        answer = client.post(where, NEW)
        assert (answer.status_code, "Prove that it is you" in text_of(answer)) == (403, True)
        assert b"Release &lt;b&gt;manager" in answer.content
    assert client.post(path("role_delete", role.key))["Location"].startswith("/accounts/reauthenticate/?next=")
    assert len(events_of(cast.workspace)) == before


def test_who_lacks_something_cannot_tick_it_and_a_forged_form_gets_nothing(client, cast):
    role = made(cast, name="Access manager", over="", permissions=["access.read", "access.manage"])
    with acting_as(cast.olga, cast.workspace):
        grant_role(role_key=role.key, scope="workspace", user_id=cast.mina.id)
    client.force_login(cast.mina)
    prove(client)
    page = client.get(path("role_create")).content.decode()
    assert re.search(r'value="source.write" disabled', page)
    assert not re.search(r'value="access.manage"[^>]* disabled', page)
    answer = client.post(path("role_create"), {"name": "Mine", "permissions": ["access.read", "source.write"]})
    assert (answer.status_code, "what they do not have everywhere themselves" in text_of(answer)) == (422, True)
    assert "nobody changes a role that they have themselves" in text_of(client.get(path("role", role.key)))
    assert client.post(path("role_edit", role.key), NEW).status_code == 403


def test_built_in_roles_are_shown_and_changed_by_nobody(olga, cast):
    page = olga.get(path("role", "source_admin"))
    assert "Milo of demo" in text_of(page)
    assert path("role_edit", "source_admin") not in page.content.decode()
    assert olga.get(path("role_edit", "source_admin")).status_code == 409
    assert olga.post(path("role_delete", "source_admin")).status_code == 409
    assert olga.get(path("role", "no_such_role")).status_code == 404


def test_a_change_is_on_the_next_page_of_who_has_it(client, cast):
    role = made(cast, permissions=["audit.read", "source.read"])
    with acting_as(cast.olga, cast.workspace):
        grant_role(role_key=role.key, scope="all", user_id=cast.mina.id)
    client.force_login(cast.mina)
    sources = reverse("sources:source_list", args=["demo"])
    for permissions, status in ((["audit.read"], 403), (["audit.read", "source.read"], 200)) * 3:
        with acting_as(cast.olga, cast.workspace):
            change_role(role_key=role.key, permissions=permissions)
        assert client.get(sources).status_code == status
