"""The ready rule about owners: it fires at whatever makes an owner of somebody, by whatever role, and at nothing else."""

from importlib import import_module

import pytest
from django.db import connection

from auditapp.access.groups import add_group_member, create_group
from auditapp.access.inviting import invite_members
from auditapp.access.members import remove_member
from auditapp.access.own_roles import change_role, create_role
from auditapp.access.ownership import transfer_ownership
from auditapp.access.queries import owner_role
from auditapp.access.restoring import RoleOver, restore_group, restore_member
from auditapp.access.roles import grant_role
from auditapp.alerts.models import AlertFiring, AlertRule
from auditapp.alerts.ready import ready_rule
from auditapp.record.workspace_scope import in_workspace
from tests.factories import acting_as

READY = ready_rule("owner")
MOVING = import_module("auditapp.migrations.0046_rule_about_owners")


def of_own(*, without=()):
    return create_role(name="Deputy", permissions=[one for one in owner_role().permissions if one not in without])


def give(cast, role_key, who="milo"):
    grant_role(role_key=role_key, scope="workspace", user_id=getattr(cast, who).id)


def by_own_role(cast):
    yield
    give(cast, of_own().key)


def by_owner_role(cast):
    yield
    give(cast, "workspace_owner")


def by_role_that_becomes_all(cast):
    role = of_own(without=["token.manage"])
    give(cast, role.key)
    yield
    change_role(role_key=role.key, permissions=owner_role().permissions)


def by_group(cast):
    group = create_group(name="Deputies")
    grant_role(role_key=of_own().key, scope="workspace", group_id=group.id)
    yield
    add_group_member(group_id=group.id, user_id=cast.milo.id)


def by_role_of_group(cast):
    yield
    grant_role(role_key=of_own().key, scope="workspace", group_id=create_group(name="Deputies").id)


def by_invitation(cast):
    yield
    invite_members(emails=["new@demo.example"], role_key=of_own().key, scope="workspace")


def by_transfer(cast):
    yield
    transfer_ownership(user_id=cast.milo.id)


def by_return(cast):
    role = of_own()
    give(cast, role.key)
    remove_member(user_id=cast.milo.id)
    yield
    restore_member(user_id=cast.milo.id, roles=[RoleOver(role.told_as, "workspace")])


def by_return_of_group(cast):
    yield
    role = of_own()
    restore_group(group_id="grp_gone", name="Deputies", roles=[RoleOver(role.told_as, "workspace")])


WAYS = [
    by_own_role,
    by_owner_role,
    by_role_that_becomes_all,
    by_group,
    by_role_of_group,
    by_invitation,
    by_transfer,
    by_return,
    by_return_of_group,
]


def fired(cast):
    with in_workspace(cast.workspace.id):
        return AlertFiring.objects.count()


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_every_way_to_become_an_owner_is_told(cast, rule, look, way):
    steps = way(cast)
    with acting_as(cast.olga, cast.workspace):
        next(steps)
    look()
    rule(READY.query, name="Owners", with_own=True, who=cast.rita)
    with acting_as(cast.olga, cast.workspace):
        assert list(steps) == []
    look()
    assert fired(cast)


def less(cast):
    role = of_own(without=["token.manage"])
    give(cast, role.key)
    grant_role(role_key=role.key, scope="workspace", group_id=create_group(name="Deputies").id)
    change_role(role_key=role.key, name="Workspace Owner of nothing")
    change_role(role_key=role.key, permissions=["audit.read"])
    create_role(name="All, of nobody", permissions=owner_role().permissions)


def test_what_gives_less_is_not_told_whatever_it_is_called(cast, rule, look):
    rule(READY.query, name="Owners", with_own=True, who=cast.rita)
    with acting_as(cast.olga, cast.workspace):
        less(cast)
    look()
    assert fired(cast) == 0


@pytest.mark.parametrize(
    ("query", "is_moved"),
    [
        (MOVING.OLD, True),
        ('event:user.role_granted event:user_group.role_granted "Workspace Owner"', True),
        ('event:user.role_granted "Workspace Owner" actor_kind:token', False),
        ('event:user.role_granted "Source Admin"', False),
    ],
)
def test_rules_made_of_the_old_ready_rule_are_moved(cast, rule, query, is_moved):
    made = rule(query, name="Owners")
    with in_workspace(cast.workspace.id), connection.cursor() as cursor:
        cursor.execute(MOVING.MOVE)
    with in_workspace(cast.workspace.id):
        found = AlertRule.objects.get(id=made.id).query
    assert found == (MOVING.NEW if is_moved else query)
    assert READY.query == MOVING.NEW
