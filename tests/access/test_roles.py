"""Giving and taking roles."""

import pytest

from auditapp.access.errors import Denied, LastOwner, MoreThanYouHave, OwnRole
from auditapp.access.models import Grant
from auditapp.access.permissions import Access, HeldGrant, permissions_for
from auditapp.access.roles import RoleHeld, grant_role, revoke_role
from auditapp.lib.errors import Invalid, NotFound
from auditapp.record.drafts import SYSTEM, Change
from auditapp.record.workspace_scope import in_workspace
from tests.factories import (
    acting_as,
    events_of,
    last_event,
    make_cast,
    make_grant,
    make_group,
    make_member,
    make_token,
)


@pytest.fixture
def cast(db):
    return make_cast()


def may(cast, person, permission, resource_id=None):
    with in_workspace(cast.workspace.id):
        return permissions_for(cast.workspace.id, person.id).can(permission, resource_id)


def grant_of(cast, person):
    with in_workspace(cast.workspace.id):
        return Grant.objects.get(workspace_id=cast.workspace.id, subject_id=person.id)


def test_a_role_given_to_a_member_holds_at_once_and_is_recorded(cast):
    with acting_as(cast.olga, cast.workspace):
        grant_role(user_id=cast.mina.id, role_key="source_admin", scope="listed", resource_ids=[cast.kiosk.id])
    assert may(cast, cast.mina, "source.write", cast.kiosk.id)
    row = last_event(cast.workspace)
    assert row.event.type == "user.role_granted"
    assert row.event.actor.id == cast.olga.id
    assert row.resource.type == "member"
    assert row.resource.id == cast.mina.id
    assert row.resource.name == cast.mina.name
    assert row.event.meta == {"role": "Source Admin", "scope": "1 source", "resource_ids": [cast.kiosk.id]}
    assert list(row.event.changes) == [
        Change("role", new="Source Admin"),
        Change("scope", new="1 source"),
        Change("resource_ids", new=[cast.kiosk.id]),
    ]


def test_a_role_given_to_a_group_is_recorded_of_the_group(cast):
    group = make_group(workspace=cast.workspace, members=[cast.mina])
    with acting_as(cast.olga, cast.workspace):
        grant_role(group_id=group.id, role_key="source_read_only", scope="labelled", labels=["Environment:Prod"])
    row = last_event(cast.workspace)
    assert row.event.type == "user_group.role_granted"
    assert row.resource.id == group.id
    assert row.event.meta["scope"] == "sources labelled environment:prod"


def test_a_role_that_is_taken_back_is_gone_at_once_and_recorded(cast):
    with acting_as(cast.olga, cast.workspace):
        revoke_role(grant_id=grant_of(cast, cast.rita).id)
    assert not may(cast, cast.rita, "audit.read_all")
    row = last_event(cast.workspace)
    assert row.event.type == "user.role_revoked"
    assert row.event.meta == {"role": "Auditor"}
    assert list(row.event.changes) == [Change("role", old="Auditor")]


@pytest.mark.parametrize("person", ["milo", "rita", "mina", "zoe"])
def test_who_does_not_manage_access_gives_and_takes_nothing(cast, person):
    with acting_as(getattr(cast, person), cast.workspace):
        with pytest.raises(Denied):
            grant_role(user_id=cast.mina.id, role_key="auditor", scope="workspace")
        with pytest.raises(Denied):
            revoke_role(grant_id=grant_of(cast, cast.olga).id)
    assert events_of(cast.workspace) == []


def test_nobody_changes_their_own_role(cast):
    make_member(workspace=cast.workspace, user=cast.zoe, role="workspace_owner")
    group = make_group(workspace=cast.workspace, members=[cast.olga])
    given = make_grant(workspace=cast.workspace, group=group, role="auditor")
    with acting_as(cast.olga, cast.workspace):
        with pytest.raises(OwnRole):
            grant_role(user_id=cast.olga.id, role_key="auditor", scope="workspace")
        with pytest.raises(OwnRole):
            revoke_role(grant_id=grant_of(cast, cast.olga).id)
        with pytest.raises(OwnRole):
            grant_role(group_id=group.id, role_key="source_admin", scope="all")
        with pytest.raises(OwnRole):
            revoke_role(grant_id=given.id)


def test_the_last_owner_keeps_the_role(cast):
    with acting_as(SYSTEM, cast.workspace), pytest.raises(LastOwner):
        revoke_role(grant_id=grant_of(cast, cast.olga).id)
    assert may(cast, cast.olga, "access.manage")
    assert events_of(cast.workspace) == []


def test_an_owner_by_group_counts_as_an_owner(cast):
    group = make_group(workspace=cast.workspace, members=[cast.rita])
    make_grant(workspace=cast.workspace, group=group, role="workspace_owner")
    with acting_as(cast.rita, cast.workspace):
        revoke_role(grant_id=grant_of(cast, cast.olga).id)
    assert not may(cast, cast.olga, "access.manage")


def test_a_group_without_members_is_no_owner(cast):
    make_grant(workspace=cast.workspace, group=make_group(workspace=cast.workspace), role="workspace_owner")
    with acting_as(SYSTEM, cast.workspace), pytest.raises(LastOwner):
        revoke_role(grant_id=grant_of(cast, cast.olga).id)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"role_key": "emperor", "scope": "workspace"}, "role"),
        ({"role_key": "workspace_owner", "scope": "all"}, "scope"),
        ({"role_key": "source_admin", "scope": "workspace"}, "scope"),
        ({"role_key": "source_admin", "scope": "listed"}, "resource_ids"),
        ({"role_key": "source_admin", "scope": "listed", "resource_ids": ["src_unknown"]}, "resource_ids"),
        ({"role_key": "source_admin", "scope": "labelled"}, "labels"),
        ({"role_key": "source_admin", "scope": "labelled", "labels": ["prod"]}, "labels"),
        ({"role_key": "source_admin", "scope": "labelled", "labels": ["1:prod"]}, "labels"),
        ({"role_key": "source_admin", "scope": "labelled", "labels": ["a:b", "a:c"]}, "labels"),
    ],
)
def test_what_does_not_fit_the_role_is_refused_at_its_field(cast, asked, field):
    with acting_as(cast.olga, cast.workspace), pytest.raises(Invalid) as refused:
        grant_role(user_id=cast.mina.id, **asked)
    assert refused.value.field == field


def test_sources_of_another_workspace_cannot_be_given(cast):
    other = make_cast(slug="other")
    with acting_as(cast.olga, cast.workspace), pytest.raises(Invalid):
        grant_role(user_id=cast.mina.id, role_key="source_admin", scope="listed", resource_ids=[other.shop.id])


def test_the_same_role_is_given_once(cast):
    asked = {"user_id": cast.mina.id, "role_key": "source_admin", "scope": "all"}
    with acting_as(cast.olga, cast.workspace):
        grant_role(**asked)
        with pytest.raises(RoleHeld):
            grant_role(**asked)


def test_who_is_not_here_gets_nothing(cast):
    other = make_cast(slug="other")
    with acting_as(cast.olga, cast.workspace):
        for asked in ({"user_id": cast.zoe.id}, {"user_id": other.olga.id}, {"group_id": "grp_unknown"}):
            with pytest.raises(NotFound):
                grant_role(role_key="auditor", scope="workspace", **asked)
        with pytest.raises(NotFound):
            revoke_role(grant_id=grant_of(other, other.rita).id)


def test_nobody_gives_more_than_they_have(cast, monkeypatch):
    """No role of today manages access without having everything: the rule is held for the first that will."""
    held = HeldGrant(frozenset({"access.manage", "audit.read", "audit.verify", "audit.export"}), "", "workspace")
    access = Access(cast.workspace.id, cast.milo.id, (held,))
    monkeypatch.setattr("auditapp.access.rules.acting_access", lambda: access)
    with acting_as(cast.milo, cast.workspace):
        grant_role(user_id=cast.rita.id, role_key="minimal_workspace_access", scope="workspace")
        with pytest.raises(MoreThanYouHave):
            grant_role(user_id=cast.mina.id, role_key="auditor", scope="workspace")


def test_a_token_gives_what_its_maker_could_and_never_to_its_maker(cast):
    """access:write says that it may give roles; which ones is decided by who made it, as they are now."""
    make_member(workspace=cast.workspace, user=cast.zoe, role="workspace_owner")
    of_olga, _ = make_token(workspace=cast.workspace, scopes=["access:write"], created_by=cast.olga.id)
    own = grant_of(cast, cast.olga)
    with acting_as(of_olga, cast.workspace):
        grant_role(user_id=cast.mina.id, role_key="source_admin", scope="all")
        with pytest.raises(OwnRole):
            revoke_role(grant_id=own.id)
        with pytest.raises(OwnRole):
            grant_role(user_id=cast.olga.id, role_key="source_admin", scope="all")
    assert last_event(cast.workspace).event.actor.id == of_olga.id
    with in_workspace(cast.workspace.id):
        Grant.objects.filter(subject_id=cast.olga.id).delete()
    with acting_as(of_olga, cast.workspace), pytest.raises(Denied):
        grant_role(user_id=cast.mina.id, role_key="function_admin", scope="all")


def test_a_token_that_may_only_look_gives_nothing(cast):
    token, _ = make_token(workspace=cast.workspace, scopes=["access:read"], created_by=cast.olga.id)
    with acting_as(token, cast.workspace), pytest.raises(Denied):
        grant_role(user_id=cast.mina.id, role_key="source_admin", scope="all")
