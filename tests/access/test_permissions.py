"""What grants add up to, and how much of the trail they open."""

from datetime import timedelta

import pytest

from auditapp.access.errors import Denied
from auditapp.access.models import Grant, Role
from auditapp.access.permissions import (
    ONLY_EVERYWHERE,
    Permission,
    access_of_system,
    acting_access,
    permissions_for,
    viewer_for,
)
from auditapp.lib import clock
from auditapp.record.workspace_scope import in_workspace
from tests.factories import (
    acting_as,
    make_cast,
    make_grant,
    make_group,
    make_member,
    make_source,
    make_token,
    make_user,
)


@pytest.fixture
def cast(db):
    return make_cast()


def access(cast, person):
    with in_workspace(cast.workspace.id):
        return permissions_for(cast.workspace.id, person.id)


def viewer(cast, person):
    with in_workspace(cast.workspace.id):
        return viewer_for(permissions_for(cast.workspace.id, person.id))


def test_every_permission_of_every_role_has_a_meaning(db):
    for role in Role.objects.all():
        assert all(Permission(key).meaning for key in role.permissions)


def test_the_owner_may_do_everything(cast):
    assert all(access(cast, cast.olga).can(permission) for permission in Permission)
    assert access(cast, cast.olga).can("source.write", "src_that_will_be_made")


def test_a_listed_grant_reaches_what_it_lists(cast):
    milo = access(cast, cast.milo)
    assert milo.can("source.write", cast.shop.id)
    assert milo.can("source.write", cast.app.id)
    assert not milo.can("source.write", cast.kiosk.id)
    assert milo.can("source.write")


def test_a_narrow_grant_gives_nothing_that_is_about_all(cast):
    milo = access(cast, cast.milo)
    assert "source.create" in Role.objects.get(key="source_admin").permissions
    assert not any(milo.can(permission) for permission in ONLY_EVERYWHERE)


def test_all_includes_future_ones_and_creating_them(cast):
    make_member(workspace=cast.workspace, user=cast.zoe, role="source_admin", scope="all")
    assert access(cast, cast.zoe).can("source.write", make_source(workspace=cast.workspace, name="New").id)
    assert access(cast, cast.zoe).can("source.create")


def test_labels_of_a_grant_must_all_fit(cast):
    both = make_source(workspace=cast.workspace, name="Both", labels=["environment:prod", "team:shop"])
    one = make_source(workspace=cast.workspace, name="One", labels=["environment:prod"])
    labels = ["environment:prod", "team:shop"]
    make_member(workspace=cast.workspace, user=cast.zoe, role="source_admin", scope="labelled", labels=labels)
    zoe = access(cast, cast.zoe)
    assert zoe.can("source.write", both.id)
    assert not zoe.can("source.write", one.id)


def test_a_label_that_is_taken_away_takes_the_reach_away(cast):
    source = make_source(workspace=cast.workspace, name="Prod", labels=["environment:prod"])
    make_member(
        workspace=cast.workspace, user=cast.zoe, role="source_admin", scope="labelled", labels=["environment:prod"]
    )
    assert access(cast, cast.zoe).can("source.write", source.id)
    with in_workspace(cast.workspace.id):
        source.labels = []
        source.save()
    assert not access(cast, cast.zoe).can("source.write", source.id)
    assert access(cast, cast.zoe).can("audit.read"), "own actions stay in sight"


def test_own_and_group_grants_add_up(cast):
    group = make_group(workspace=cast.workspace, members=[cast.milo])
    make_grant(
        workspace=cast.workspace, group=group, role="source_read_only", scope="listed", resource_ids=[cast.kiosk.id]
    )
    milo = access(cast, cast.milo)
    assert milo.can("source.read", cast.kiosk.id)
    assert not milo.can("source.write", cast.kiosk.id)
    assert milo.can("source.write", cast.shop.id)


def test_a_stranger_may_do_nothing(cast):
    assert not any(access(cast, cast.zoe).can(permission) for permission in Permission)


def test_a_denial_names_the_permission_and_the_resource(cast):
    with pytest.raises(Denied) as denied:
        access(cast, cast.milo).require("source.write", cast.kiosk)
    assert denied.value.permission == "source.write"
    assert denied.value.resource == cast.kiosk


def test_an_owner_sees_all_events_and_personal_values(cast):
    seen = viewer(cast, cast.olga)
    assert seen.sees_all
    assert seen.sees_personal


def test_an_auditor_sees_all_events(cast):
    assert viewer(cast, cast.rita).sees_all


def test_a_source_admin_sees_those_sources_and_own_actions(cast):
    token, _ = make_token(workspace=cast.workspace, created_by=cast.milo.id)
    make_token(workspace=cast.workspace, name="Another", created_by=cast.olga.id)
    seen = viewer(cast, cast.milo)
    assert not seen.sees_all
    assert not seen.sees_personal
    assert set(seen.scope_ids) == {cast.shop.id, cast.app.id}
    assert set(seen.own_actor_ids) == {cast.milo.id, token.id}


def test_a_source_admin_of_all_sees_all_sources(cast):
    make_member(workspace=cast.workspace, user=cast.zoe, role="source_admin", scope="all")
    assert set(viewer(cast, cast.zoe).scope_ids) == {cast.shop.id, cast.app.id, cast.kiosk.id}


def test_minimal_access_sees_own_actions_only(cast):
    seen = viewer(cast, cast.mina)
    assert seen.scope_ids == ()
    assert seen.own_actor_ids == (cast.mina.id,)


def test_commands_may_do_everything(cast):
    assert all(access_of_system(cast.workspace.id).can(permission) for permission in Permission)


def of_token(cast, *scopes, created_by="system", **values):
    token, _ = make_token(workspace=cast.workspace, scopes=scopes, created_by=created_by, **values)
    with acting_as(token, cast.workspace):
        return acting_access()


def test_a_token_may_do_what_its_scopes_give_and_nothing_else(cast):
    held = of_token(cast, "source:read", "tracking_plan:write", created_by=cast.olga.id)
    may = {permission for permission in Permission if held.can(permission)}
    assert may == {"source.read", "tracking_plan.read", "tracking_plan.write"}
    assert held.reach("source.read").everywhere
    assert held.subject_id.startswith("tok_")
    assert not any(of_token(cast, "audit:write").can(permission) for permission in Permission)


def test_a_token_goes_no_further_than_whoever_made_it_goes_now(cast):
    held = of_token(cast, "source:write", created_by=cast.milo.id)
    assert held.can("source.write", cast.shop.id)
    assert not held.can("source.write", cast.kiosk.id)
    assert not held.can("source.create")
    assert of_token(cast, "source:write").can("source.create"), "a command made it"
    with in_workspace(cast.workspace.id):
        Grant.objects.filter(subject_id=cast.milo.id).delete()
    assert not of_token(cast, "source:write", created_by=cast.milo.id).can("source.write", cast.shop.id)
    assert not of_token(cast, "source:write", created_by="usr_gone").can("source.read")


def test_a_token_that_has_ended_may_do_nothing(cast):
    assert not of_token(cast, "source:read", revoked_at=clock.now()).can("source.read")
    assert not of_token(cast, "source:read", expires_at=clock.now() - timedelta(seconds=1)).can("source.read")
    assert of_token(cast, "source:read", expires_at=clock.now() + timedelta(hours=1)).can("source.read")


def test_a_token_of_another_workspace_may_do_nothing(cast):
    token, _ = make_token(workspace=make_cast(slug="other").workspace, scopes=["source:read"])
    with acting_as(token, cast.workspace):
        assert not acting_access().can("source.read")


def test_grants_of_another_workspace_count_nothing(cast):
    other = make_cast(slug="other")
    make_member(workspace=other.workspace, user=cast.mina, role="workspace_owner")
    assert not access(cast, cast.mina).can("access.manage")


def test_permissions_take_one_query_and_a_viewer_one_more(cast, django_assert_num_queries):
    person = make_user(name="Extra")
    make_member(workspace=cast.workspace, user=person, role="source_admin", scope="listed", resource_ids=[cast.shop.id])
    with in_workspace(cast.workspace.id):
        with django_assert_num_queries(1):
            held = permissions_for(cast.workspace.id, person.id)
        with django_assert_num_queries(1):
            viewer_for(held)
        with django_assert_num_queries(2):  # the second for what shows the whole trail
            permissions_for(cast.workspace.id, cast.mina.id)
