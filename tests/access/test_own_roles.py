"""Roles that a workspace defines: what they give and to whom it holds, and what nobody does with them."""

import pytest
from django.db import transaction

from auditapp.access.access_requests import request_access
from auditapp.access.errors import AboveYou, BuiltInRole, Denied, MoreThanYouHave, OwnRole, RoleInUse, RoleThere
from auditapp.access.members import invite_member, revoke_invitation
from auditapp.access.models import AccessRequest, Grant, Invitation, Role
from auditapp.access.own_roles import change_role, create_role, delete_role, restore_role, scopes_over
from auditapp.access.permissions import Permission, permissions_for, viewer_for
from auditapp.access.role_words import AREAS, by_area
from auditapp.access.roles import grant_role, revoke_role
from auditapp.lib.errors import Invalid, NotFound
from auditapp.record.drafts import MISSING, Change
from auditapp.record.workspace_scope import in_workspace
from tests.conftest import cloned_database
from tests.factories import acting_as, events_of, last_event, make_cast, make_group, make_token

SEES = ["audit.read", "source.read"]


@pytest.fixture(scope="module")
def worlds(server, django_db_blocker):
    with django_db_blocker.unblock(), cloned_database(server):
        yield make_cast(), make_cast(slug="other")


@pytest.fixture
def cast(worlds):
    with transaction.atomic():
        yield worlds[0]
        transaction.set_rollback(True)


@pytest.fixture
def role(cast):
    """Over sources, and nobody has it."""
    return made(cast, permissions=SEES)


def made(cast, who=None, *, name="Release manager", over="source", permissions=SEES, **values):
    with acting_as(who or cast.olga, cast.workspace):
        return create_role(name=name, over=over, permissions=permissions, **values)


def given(cast, role, person=None, *, scope="all", who=None, **reach):
    with acting_as(who or cast.olga, cast.workspace):
        return grant_role(role_key=role.key, scope=scope, user_id=(person or cast.mina).id, **reach)


def changed(cast, role, who=None, **values):
    with acting_as(who or cast.olga, cast.workspace):
        return change_role(role_key=role.key, **values)


def access(cast, person):
    with in_workspace(cast.workspace.id):
        return permissions_for(cast.workspace.id, person.id)


def manager(cast, *more):
    """Mina manages access, by a role of the workspace, and has little else."""
    role = made(cast, name="Access manager", over="", permissions=["access.read", "access.manage", *more])
    given(cast, role, scope="workspace")
    return role


def test_it_is_told_permission_by_permission_and_gives_what_it_says(cast, role):
    event = last_event(cast.workspace).event
    assert (event.type, event.targets[0].type, event.targets[0].id) == ("role.created", "role", role.key)
    assert list(event.changes) == [
        Change("name", MISSING, "Release manager"),
        Change("description", MISSING, ""),
        Change("over", MISSING, "source"),
        Change("permissions.audit.read", MISSING, True),
        Change("permissions.source.read", MISSING, True),
    ]
    given(cast, role, scope="listed", resource_ids=[cast.kiosk.id])
    told = last_event(cast.workspace).event
    assert (told.meta["role"], told.meta["role_id"]) == ("Release manager", role.key)
    mina = access(cast, cast.mina)
    assert mina.can("source.read", cast.kiosk.id)
    assert not mina.can("source.read", cast.shop.id)
    with in_workspace(cast.workspace.id):
        assert viewer_for(mina).scope_ids == (cast.kiosk.id,)


def test_a_change_holds_at_once_for_who_has_it_directly_or_by_a_group(cast, role):
    group = make_group(workspace=cast.workspace, members=[cast.rita])
    with acting_as(cast.olga, cast.workspace):
        grant_role(role_key=role.key, scope="all", group_id=group.id)
    given(cast, role)
    changed(cast, role, permissions=[*SEES, "source.write"], name="Release lead", description="Ships")
    assert list(last_event(cast.workspace).event.changes) == [
        Change("name", "Release manager", "Release lead"),
        Change("description", "", "Ships"),
        Change("permissions.source.write", MISSING, True),
    ]
    assert all(access(cast, one).can("source.write", cast.shop.id) for one in (cast.mina, cast.rita))
    changed(cast, role, permissions=["source.read"])
    assert not any(access(cast, one).can("source.write") for one in (cast.mina, cast.rita))
    before = len(events_of(cast.workspace))
    changed(cast, role, permissions=["source.read"], name="Release lead")
    assert len(events_of(cast.workspace)) == before


def test_what_was_asked_for_is_answered_by_a_role_that_grows(cast, role):
    given(cast, role)
    with acting_as(cast.mina, cast.workspace):
        request_access(permission="source.write")
    changed(cast, role, permissions=[*SEES, "source.write"])
    with in_workspace(cast.workspace.id):
        assert AccessRequest.objects.get().state == "approved"


def test_nobody_puts_into_a_role_what_they_lack(cast, role):
    manager(cast)
    with pytest.raises(MoreThanYouHave, match="“Change sources”"):
        made(cast, cast.mina, name="Mine", permissions=["source.write"])
    with pytest.raises(MoreThanYouHave, match="“See sources”"):
        made(cast, cast.mina, name="Mine", over="", permissions=["access.read", "source.read"])
    with pytest.raises(MoreThanYouHave, match="“Change sources”"):
        changed(cast, role, cast.mina, permissions=[*SEES, "source.write"])
    # What it has already stays in it, and can be taken out by who lacks it.
    changed(cast, role, cast.mina, permissions=["source.read"], name="Reader")
    with acting_as(cast.mina, cast.workspace), pytest.raises(MoreThanYouHave):
        restore_role(role_id="rol_gone", name="Back", permissions=["token.manage"])
    with pytest.raises(MoreThanYouHave):
        given(cast, role, cast.rita, who=cast.mina)


def test_who_has_a_narrow_role_puts_nothing_of_it_into_one(cast):
    manager(cast)
    given(cast, made(cast, permissions=["source.read", "source.write"]), scope="listed", resource_ids=[cast.shop.id])
    assert access(cast, cast.mina).can("source.write", cast.shop.id)
    with pytest.raises(MoreThanYouHave):
        made(cast, cast.mina, name="Wider", permissions=["source.write"])


def test_nobody_changes_a_role_that_they_have_nor_with_a_token_or_through_a_group(cast):
    role = manager(cast)
    with pytest.raises(OwnRole):
        changed(cast, role, cast.mina, name="Boss")
    token, _ = make_token(workspace=cast.workspace, scopes=["access:write"], created_by=cast.mina.id)
    with pytest.raises(OwnRole):
        changed(cast, role, token, permissions=["access.read"])
    group = make_group(workspace=cast.workspace, members=[cast.mina])
    through = made(cast, name="Through a group", over="", permissions=["audit.read"])
    with acting_as(cast.olga, cast.workspace):
        grant_role(role_key=through.key, scope="workspace", group_id=group.id)
    with pytest.raises(OwnRole):
        changed(cast, through, cast.mina, permissions=["access.read"])
    with acting_as(cast.mina, cast.workspace), pytest.raises(RoleInUse):
        delete_role(role_key=role.key)


def test_only_who_manages_access_makes_and_changes_roles(cast, role):
    for person in (cast.rita, cast.milo, cast.zoe):
        with pytest.raises(Denied):
            made(cast, person, name="Mine", permissions=["audit.read"])
        with pytest.raises(Denied):
            changed(cast, role, person, permissions=SEES)
        with acting_as(person, cast.workspace), pytest.raises(Denied):
            delete_role(role_key=role.key)


def test_an_owner_stays_whatever_is_taken_out_of_a_role(cast):
    everything = made(cast, name="Second owner", over="", permissions=list(Permission))
    given(cast, everything, scope="workspace")
    with in_workspace(cast.workspace.id):
        own = Grant.objects.get(subject_id=cast.olga.id).id
    with acting_as(cast.mina, cast.workspace):
        revoke_role(grant_id=own)
    # Mina is the only owner now, through a role; whoever else may change it leaves one.
    helper = made(cast, cast.mina, name="Helper", over="", permissions=["access.read", "access.manage"])
    given(cast, helper, cast.rita, scope="workspace", who=cast.mina)
    for fewer in (["audit.read"], [one for one in Permission if one != "access.manage"], ["access.manage"]):
        with pytest.raises(AboveYou), transaction.atomic():
            changed(cast, everything, cast.rita, permissions=fewer)
    assert access(cast, cast.mina).can("access.manage")


def test_who_manages_access_and_has_little_else_is_no_owner(cast):
    manager(cast)
    with in_workspace(cast.workspace.id):
        own = Grant.objects.get(subject_id=cast.olga.id).id
    with acting_as(cast.mina, cast.workspace), pytest.raises(AboveYou), transaction.atomic():
        revoke_role(grant_id=own)


def test_what_is_given_or_promised_is_not_deleted_and_it_is_said_to_whom(cast, role):
    grant = given(cast, role)
    with acting_as(cast.olga, cast.workspace):
        invite_member(email="new@example.com", role_key=role.key, scope="all")
        with pytest.raises(RoleInUse, match=r"Mina of demo, the invitation for new@example\.com"):
            delete_role(role_key=role.key)
        revoke_role(grant_id=grant.id)
        with pytest.raises(RoleInUse):
            delete_role(role_key=role.key)
        revoke_invitation(invitation_id=Invitation.objects.get().id)
        delete_role(role_key=role.key)
        assert not Role.objects.filter(key=role.key).exists()
        assert [one.path for one in last_event(cast.workspace).event.changes][-1] == "permissions.source.read"
        back = restore_role(role_id=role.key, name=role.name, permissions=SEES, over="source")
        assert (back.key, back.permissions, back.scopes) == (role.key, role.permissions, role.scopes)
        with pytest.raises(RoleThere):
            restore_role(role_id=role.key, name="Again", permissions=SEES, over="source")


@pytest.mark.parametrize(
    ("values", "field", "says"),
    [
        ({"name": "  "}, "name", "Give the role a name"),
        ({"name": "release MANAGER"}, "name", "Another role has this name"),
        ({"name": "workspace OWNER"}, "name", "Another role has this name"),
        ({"name": "x" * 101}, "name", "At most 100"),
        ({"description": "x" * 301}, "description", "At most 300"),
        ({"permissions": []}, "permissions", "at least one"),
        ({"permissions": ["source.fly"]}, "permissions", "no permission “source.fly”"),
        ({"permissions": ["access.manage"]}, "permissions", r"\(access.manage\) is not about sources"),
        ({"permissions": ["audit.read_personal"]}, "permissions", "is not about sources"),
        ({"over": "planet"}, "over", "no such resources"),
    ],
)
def test_what_is_wrong_is_refused_by_its_name(cast, role, values, field, says):
    with pytest.raises(Invalid, match=says) as refusal:
        made(cast, **{"name": "New", "over": "source", **values})
    assert refusal.value.field == field


def test_built_in_roles_and_those_of_others_are_left_alone(worlds, cast, role):
    _, other = worlds
    with acting_as(cast.olga, cast.workspace):
        for key in Role.objects.filter(workspace_id=None).values_list("key", flat=True):
            with pytest.raises(BuiltInRole):
                change_role(role_key=key, permissions=["audit.read"])
            with pytest.raises(BuiltInRole):
                delete_role(role_key=key)
    with acting_as(other.olga, other.workspace):
        for act in (change_role, delete_role):
            with pytest.raises(NotFound):
                act(role_key=role.key)
        with pytest.raises(Invalid, match="no such role"):
            grant_role(role_key=role.key, scope="all", user_id=other.mina.id)
        assert create_role(name=role.name, permissions=["audit.read"]).name == role.name, "names are per workspace"


def test_a_role_is_limited_to_what_its_kind_allows(cast):
    assert scopes_over("") == ["workspace"]
    assert scopes_over("source") == ["all", "listed", "labelled"]
    assert scopes_over("warehouse") == scopes_over("tracking_plan") == scopes_over("function") == ["all", "listed"]
    role = made(cast, over="warehouse", permissions=["audit.read", "warehouse.read"])
    with pytest.raises(Invalid):
        given(cast, role, scope="labelled", labels=["environment:prod"])
    with pytest.raises(Invalid):
        given(cast, role, scope="listed", resource_ids=[cast.shop.id])
    given(cast, role, scope="listed", resource_ids=[cast.warehouse.id])
    assert access(cast, cast.mina).can("warehouse.read", cast.warehouse.id)


def test_each_permission_is_in_an_area_and_says_where_it_counts_for_less():
    words = [word for word, _ in by_area(list(Permission))]
    assert AREAS.keys() <= {one.partition(".")[0] for one in Permission}
    assert len(words) == len(set(words))
    notes = {one.key: one.note for _, group in by_area(list(Permission), "source") for one in group if one.note}
    assert notes["source.create"] == "only where the role is given over all sources"
