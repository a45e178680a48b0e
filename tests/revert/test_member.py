"""Roles are given and taken back, and who was removed comes in again: nobody by that gets more than who does it has."""

import pytest
from django.test import Client
from django.urls import reverse

from auditapp.access.groups import add_group_member
from auditapp.access.members import remove_member
from auditapp.access.models import Grant, GroupMember
from auditapp.access.permissions import permissions_for
from auditapp.access.restoring import AccountGone, MemberThere, restore_member
from auditapp.access.roles import grant_role, revoke_role
from auditapp.record.workspace_scope import in_workspace
from auditapp.revert.held_roles import ReachGone, role_at, role_path
from auditapp.sources.services import delete_source
from tests.factories import last_event, make_cast, make_group, make_labels, make_member, make_token
from tests.revert.looking import latest, one_request, preview_of, standings, undo


@pytest.fixture
def cast(db):
    return make_cast()


def labels_of(cast, part):
    with in_workspace(cast.workspace.id):
        return [part.label(one.path) for one in part.brings]


def roles_of(cast, user):
    with in_workspace(cast.workspace.id):
        grants = Grant.objects.filter(workspace_id=cast.workspace.id, subject_kind="member", subject_id=user.id)
        return sorted((grant.role_id, grant.scope, *grant.resource_ids, *grant.labels) for grant in grants)


def granted(cast, **reach):
    with one_request(cast):
        grant_role(user_id=cast.mina.id, **({"role_key": "source_admin", "scope": "all"} | reach))
    return last_event(cast.workspace)


@pytest.mark.parametrize(
    "reach",
    [
        {"scope": "all"},
        {"scope": "labelled", "labels": ["environment:prod", "team:web"]},
        {"role_key": "auditor", "scope": "workspace"},
    ],
)
def test_a_role_that_was_given_is_taken_and_given_again_exactly_so(cast, reach):
    make_labels("team:web", workspace=cast.workspace)
    before = roles_of(cast, cast.mina)
    row = granted(cast, **reach)
    after = roles_of(cast, cast.mina)
    preview = preview_of(cast, row)
    assert list(standings(preview).values()) == ["safe"]
    assert not preview.is_risky
    undo(cast, row)
    assert roles_of(cast, cast.mina) == before
    taken = last_event(cast.workspace)
    assert taken.event.type == "user.role_revoked"
    assert preview_of(cast, taken).is_risky
    undo(cast, taken)
    assert roles_of(cast, cast.mina) == after


def test_the_preview_names_who_gains_what(cast):
    granted(cast, scope="listed", resource_ids=[cast.shop.id, cast.app.id])
    with in_workspace(cast.workspace.id):
        grant = Grant.objects.get(workspace_id=cast.workspace.id, subject_id=cast.mina.id, scope="listed")
    with one_request(cast):
        revoke_role(grant_id=grant.id)
    (part,) = preview_of(cast, last_event(cast.workspace)).parts
    assert part.effects == ["Mina of demo gets the role Source Admin on Web shop, iOS app, from the next request on."]
    (field,) = part.fields
    with in_workspace(cast.workspace.id):
        assert part.label(field.path) == "Role Source Admin on Web shop, iOS app"
    with one_request(cast):
        delete_source(source_id=cast.app.id)
    revoked = latest(cast, "user.role_revoked")
    with pytest.raises(ReachGone):
        undo(cast, revoked)


def test_nobody_sets_their_own_roles_back_nor_may_who_does_not_manage_access(cast):
    row = granted(cast, role_key="workspace_owner", scope="workspace")
    assert preview_of(cast, row, who=cast.mina).parts[0].refusal.startswith("Nobody changes their own role")
    assert "Invite and remove members" in preview_of(cast, row, who=cast.rita).parts[0].refusal


def test_who_was_removed_comes_back_with_roles_and_groups_as_far_as_they_are_there(cast):
    groups = [make_group(workspace=cast.workspace, name=name) for name in ("Mobile team", "Gone team")]
    with one_request(cast):
        for group in groups:
            add_group_member(group_id=group.id, user_id=cast.milo.id)
    before = roles_of(cast, cast.milo)
    with one_request(cast):
        remove_member(user_id=cast.milo.id)
    removed = last_event(cast.workspace)
    with in_workspace(cast.workspace.id):
        GroupMember.objects.filter(group_id=groups[1].id).delete()
        groups[1].delete()
        assert not permissions_for(cast.workspace.id, cast.milo.id).grants
    preview = preview_of(cast, removed)
    (part,) = preview.parts
    assert preview.is_risky
    assert labels_of(cast, part) == [
        "Role Source Admin on Web shop, iOS app",
        "Group Gone team",
        "Group Mobile team",
    ]
    undo(cast, removed)
    assert roles_of(cast, cast.milo) == before
    restored = last_event(cast.workspace)
    assert (restored.event.type, restored.event.meta) == ("user.restored", {"role_names": ["Source Admin"]})
    with in_workspace(cast.workspace.id):
        assert [one.group_id for one in GroupMember.objects.filter(user=cast.milo)] == [groups[0].id]
    assert standings(preview_of(cast, removed)) == {"": "done"}
    undo(cast, restored)
    assert roles_of(cast, cast.milo) == []


def test_what_is_said_of_tokens_of_who_is_removed_is_what_happens(cast):
    writes, sources = (
        make_token(workspace=cast.workspace, scopes=[scope], created_by=cast.milo.id)[1]
        for scope in ("audit:write", "source:read")
    )

    def answers(secret, path):
        return Client().get(path, headers={"Authorization": f"Bearer {secret}"})

    def named():
        return cast.shop.name in answers(sources, "/api/sources").content.decode()

    olga = Client()
    olga.force_login(cast.olga)
    page = olga.get(reverse("access:member", args=["demo", cast.milo.id])).content.decode()
    assert "1 access token made here still records events until revoked." in page
    assert named()
    with one_request(cast):
        remove_member(user_id=cast.milo.id)
    removed = last_event(cast.workspace)
    sent = {"type": "order.refunded", "target": {"type": "order", "id": "1"}}
    told = {"headers": {"Authorization": f"Bearer {writes}"}, "content_type": "application/json"}
    assert Client().post("/api/audit-events", sent, **told).status_code == 201
    assert not named()
    (part,) = preview_of(cast, removed).parts
    assert "do again all that these roles let them" in " ".join(part.effects)
    undo(cast, removed)
    assert named()


def test_who_came_back_by_another_way_is_not_brought_back(cast):
    with one_request(cast):
        remove_member(user_id=cast.milo.id)
    removed = last_event(cast.workspace)
    make_member(workspace=cast.workspace, user=cast.milo)
    assert standings(preview_of(cast, removed)) == {"": "same"}
    with pytest.raises(MemberThere), one_request(cast):
        restore_member(user_id=cast.milo.id)


def test_who_has_no_account_any_more_is_invited_anew(cast):
    with one_request(cast):
        remove_member(user_id=cast.milo.id)
    cast.milo.is_active = False
    cast.milo.save(update_fields=["is_active"])
    with pytest.raises(AccountGone):
        undo(cast, last_event(cast.workspace))


def test_a_role_that_no_event_tells_exactly_is_no_field():
    assert role_path({"role": "Source Admin", "scope": "2 sources"}) == ""
    assert role_path({}) == ""
    path = role_path({"role": "Source Admin", "scope": "1 source", "resource_ids": ["src_1"]})
    assert role_at(path).resource_ids == ["src_1"]
