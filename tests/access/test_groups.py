"""Groups and who is in them."""

import pytest

from auditapp.access.errors import Denied, LastOwner, MoreThanYouHave, OwnRole
from auditapp.access.groups import (
    InGroup,
    add_group_member,
    create_group,
    delete_group,
    remove_group_member,
    rename_group,
)
from auditapp.access.models import Grant, Group, GroupMember
from auditapp.access.permissions import Access, HeldGrant, permissions_for
from auditapp.access.roles import revoke_role
from auditapp.lib.errors import Invalid, NotFound
from auditapp.record.drafts import SYSTEM
from auditapp.record.workspace_scope import in_workspace
from tests.factories import acting_as, events_of, last_event, make_cast, make_grant, make_group


@pytest.fixture
def cast(db):
    return make_cast()


def reads_kiosk(cast, person):
    with in_workspace(cast.workspace.id):
        return permissions_for(cast.workspace.id, person.id).can("source.read", cast.kiosk.id)


def kiosk_team(cast, *members):
    group = make_group(workspace=cast.workspace, name="Kiosk team", members=members)
    make_grant(workspace=cast.workspace, group=group, role="source_admin", scope="listed", resource_ids=[cast.kiosk.id])
    return group


def test_creating_a_group_is_recorded(cast):
    with acting_as(cast.olga, cast.workspace):
        group = create_group(name=" Mobile team ")
    row = last_event(cast.workspace)
    assert (row.event.type, row.resource.id, row.resource.name) == ("user_group.created", group.id, "Mobile team")


def test_renaming_a_group_is_recorded_with_both_names(cast):
    group = make_group(workspace=cast.workspace, name="App team")
    with acting_as(cast.olga, cast.workspace):
        rename_group(group_id=group.id, name="Mobile team")
    row = last_event(cast.workspace)
    assert row.event.type == "user_group.updated"
    assert [(c.path, c.old, c.new) for c in row.event.changes] == [("name", "App team", "Mobile team")]


def test_the_same_name_is_no_change(cast):
    group = make_group(workspace=cast.workspace, name="App team")
    with acting_as(cast.olga, cast.workspace):
        rename_group(group_id=group.id, name="App team")
    assert events_of(cast.workspace) == []


@pytest.mark.parametrize("name", ["", "  ", "APP TEAM"])
def test_a_name_must_be_there_and_free(cast, name):
    make_group(workspace=cast.workspace, name="App team")
    with acting_as(cast.olga, cast.workspace), pytest.raises(Invalid) as refused:
        create_group(name=name)
    assert refused.value.field == "name"


def test_a_member_of_a_group_has_its_roles_and_it_is_recorded(cast):
    group = kiosk_team(cast)
    with acting_as(cast.olga, cast.workspace):
        add_group_member(group_id=group.id, user_id=cast.mina.id)
    assert reads_kiosk(cast, cast.mina)
    row = last_event(cast.workspace)
    assert row.event.type == "user_group.member_added"
    assert [(target.type, target.id) for target in row.event.targets] == [
        ("user_group", group.id),
        ("member", cast.mina.id),
    ]


def test_who_is_taken_out_loses_its_roles_and_it_is_recorded(cast):
    group = kiosk_team(cast, cast.mina)
    with acting_as(cast.olga, cast.workspace):
        remove_group_member(group_id=group.id, user_id=cast.mina.id)
    assert not reads_kiosk(cast, cast.mina)
    assert last_event(cast.workspace).event.type == "user_group.member_removed"


def test_deleting_a_group_takes_everything_it_gave_and_is_recorded(cast):
    group = kiosk_team(cast, cast.mina)
    with acting_as(cast.olga, cast.workspace):
        delete_group(group_id=group.id)
    assert not reads_kiosk(cast, cast.mina)
    row = last_event(cast.workspace)
    assert (row.event.type, row.resource.id) == ("user_group.deleted", group.id)
    with in_workspace(cast.workspace.id):
        assert not Group.objects.exists()
        assert not GroupMember.objects.exists()
        assert not Grant.objects.filter(subject_kind="group").exists()


def test_twice_in_or_never_in_is_refused(cast):
    group = kiosk_team(cast, cast.mina)
    with acting_as(cast.olga, cast.workspace):
        with pytest.raises(InGroup):
            add_group_member(group_id=group.id, user_id=cast.mina.id)
        with pytest.raises(NotFound):
            remove_group_member(group_id=group.id, user_id=cast.milo.id)


def test_nobody_widens_their_own_access_through_a_group(cast):
    group = kiosk_team(cast, cast.olga)
    with acting_as(cast.olga, cast.workspace):
        for change in (add_group_member, remove_group_member):
            with pytest.raises(OwnRole):
                change(group_id=group.id, user_id=cast.olga.id)
        with pytest.raises(OwnRole):
            delete_group(group_id=group.id)


def test_nobody_gives_more_than_they_have_through_a_group(cast, monkeypatch):
    group = make_group(workspace=cast.workspace)
    make_grant(workspace=cast.workspace, group=group, role="auditor")
    access = Access(cast.workspace.id, cast.milo.id, (HeldGrant(frozenset({"access.manage"}), "", "workspace"),))
    monkeypatch.setattr("auditapp.access.rules.acting_access", lambda: access)
    with acting_as(cast.milo, cast.workspace), pytest.raises(MoreThanYouHave):
        add_group_member(group_id=group.id, user_id=cast.mina.id)


def test_the_last_owner_by_group_stays(cast):
    owners = make_group(workspace=cast.workspace, name="Owners", members=[cast.olga])
    make_grant(workspace=cast.workspace, group=owners, role="workspace_owner")
    with in_workspace(cast.workspace.id):
        own = Grant.objects.get(subject_id=cast.olga.id)
    with acting_as(SYSTEM, cast.workspace):
        revoke_role(grant_id=own.id)
        with pytest.raises(LastOwner):
            remove_group_member(group_id=owners.id, user_id=cast.olga.id)
        with pytest.raises(LastOwner):
            delete_group(group_id=owners.id)


@pytest.mark.parametrize("person", ["milo", "rita", "mina", "zoe"])
def test_who_does_not_manage_access_changes_no_group(cast, person):
    group = kiosk_team(cast, cast.mina)
    attempts = [
        lambda: create_group(name="Mine"),
        lambda: rename_group(group_id=group.id, name="Mine"),
        lambda: delete_group(group_id=group.id),
        lambda: add_group_member(group_id=group.id, user_id=cast.rita.id),
        lambda: remove_group_member(group_id=group.id, user_id=cast.mina.id),
    ]
    with acting_as(getattr(cast, person), cast.workspace):
        for attempt in attempts:
            with pytest.raises(Denied):
                attempt()
    assert events_of(cast.workspace) == []


def test_groups_of_another_workspace_are_not_there(cast):
    other = make_cast(slug="other")
    group = kiosk_team(other)
    with acting_as(cast.olga, cast.workspace):
        for change in (lambda: rename_group(group_id=group.id, name="x"), lambda: delete_group(group_id=group.id)):
            with pytest.raises(NotFound):
                change()
