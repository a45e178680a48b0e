"""Groups: renamed back, filled and emptied, given roles, brought back with both."""

import pytest

from auditapp.access.errors import OwnRole
from auditapp.access.groups import add_group_member, create_group, delete_group, remove_group_member, rename_group
from auditapp.access.models import Grant, Group, GroupMember
from auditapp.access.roles import grant_role
from auditapp.record.workspace_scope import in_workspace
from tests.factories import last_event, make_cast, make_member
from tests.revert.looking import latest, one_request, preview_of, standings, undo


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def group(cast):
    with one_request(cast):
        made = create_group(name="Mobile team")
    with one_request(cast):
        add_group_member(group_id=made.id, user_id=cast.mina.id)
    with one_request(cast):
        grant_role(
            group_id=made.id, role_key="source_admin", scope="listed", resource_ids=[cast.kiosk.id, cast.shop.id]
        )
    return made


def labels_of(cast, part):
    with in_workspace(cast.workspace.id):
        return [part.label(one.path) for one in part.brings]


def stored(cast, group):
    with in_workspace(cast.workspace.id):
        found = Group.objects.filter(id=group.id).first()
        members = GroupMember.objects.filter(group_id=group.id).values_list("user_id", flat=True)
        roles = Grant.objects.filter(subject_kind="group", subject_id=group.id)
        return found and (found.name, sorted(members), [(one.role_id, one.resource_ids) for one in roles])


def test_each_change_is_undone_and_undone_again(cast, group):
    whole = stored(cast, group)
    for type_key, effect in (
        ("user_group.role_granted", "Who is in “Mobile team” loses the role Source Admin on Kiosk, Web shop"),
        ("user_group.member_added", "Mina of demo loses the roles that “Mobile team” gives."),
    ):
        row = latest(cast, type_key)
        assert effect in preview_of(cast, row).parts[0].effects[0]
        undo(cast, row)
        assert stored(cast, group) != whole
        back = last_event(cast.workspace)
        assert preview_of(cast, back).is_risky
        undo(cast, back)
        assert stored(cast, group) == whole
    with one_request(cast):
        rename_group(group_id=group.id, name="App team")
    undo(cast, last_event(cast.workspace))
    assert stored(cast, group) == whole


def test_a_deleted_group_comes_back_with_members_and_roles(cast, group):
    whole = stored(cast, group)
    with one_request(cast):
        delete_group(group_id=group.id)
    deleted = last_event(cast.workspace)
    (part,) = preview_of(cast, deleted).parts
    assert labels_of(cast, part) == [
        "Name",
        "Member Mina of demo",
        "Role Source Admin on Kiosk, Web shop",
    ]
    assert preview_of(cast, deleted).is_risky
    undo(cast, deleted)
    assert stored(cast, group) == whole
    assert last_event(cast.workspace).event.type == "user_group.restored"
    undo(cast, last_event(cast.workspace))
    assert stored(cast, group) is None


def test_what_was_made_is_deleted_and_its_preview_says_who_loses(cast, group):
    created = latest(cast, "user_group.created")
    (part,) = preview_of(cast, created).parts
    assert part.effects == ["Mina of demo loses the roles that it gives."]
    undo(cast, created, with_conflicts=True)
    assert stored(cast, group) is None


def test_a_change_of_a_group_that_is_gone_says_so(cast, group):
    added = latest(cast, "user_group.member_added")
    with one_request(cast):
        delete_group(group_id=group.id)
    assert "not there any more, or not yours to see" in preview_of(cast, added).parts[0].refusal


def test_nobody_comes_by_roles_through_a_group_that_they_bring_back(cast, group):
    make_member(workspace=cast.workspace, user=cast.zoe, role="workspace_owner")
    with one_request(cast):
        add_group_member(group_id=group.id, user_id=cast.zoe.id)
    assert preview_of(cast, last_event(cast.workspace), who=cast.zoe).parts[0].refusal.startswith("Nobody changes")
    with one_request(cast):
        delete_group(group_id=group.id)
    deleted = last_event(cast.workspace)
    with pytest.raises(OwnRole):
        undo(cast, deleted, who=cast.zoe)
    undo(cast, deleted)


def test_a_member_taken_out_whose_place_was_filled_again_is_the_same(cast, group):
    with one_request(cast):
        remove_group_member(group_id=group.id, user_id=cast.mina.id)
    removed = last_event(cast.workspace)
    assert "Invite and remove" in preview_of(cast, removed, who=cast.rita).parts[0].refusal
    with one_request(cast):
        add_group_member(group_id=group.id, user_id=cast.mina.id)
    assert standings(preview_of(cast, removed)) == {f"members.{cast.mina.id}": "same"}
