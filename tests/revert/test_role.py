"""Roles of the workspace's own: widened and narrowed back, deleted ones brought back, made ones taken away."""

import pytest

from auditapp.access.errors import MoreThanYouHave
from auditapp.access.models import Grant, Role
from auditapp.access.own_roles import change_role, create_role, delete_role
from auditapp.access.roles import grant_role, revoke_role
from auditapp.record.workspace_scope import in_workspace
from tests.factories import last_event, make_cast, make_group
from tests.revert.looking import latest, one_request, preview_of, undo


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def role(cast):
    with one_request(cast):
        return create_role(name="Reader", over="source", permissions=["audit.read", "source.read"])


def stored(cast, role):
    with in_workspace(cast.workspace.id):
        found = Role.objects.filter(key=role.key).first()
        return found and (found.name, found.description, found.permissions, found.resource_type, found.scopes)


def test_a_change_is_undone_and_says_who_gains_and_loses_what(cast, role):
    group = make_group(workspace=cast.workspace, members=[cast.rita])
    with one_request(cast):
        grant_role(role_key=role.key, scope="all", user_id=cast.mina.id)
        grant_role(role_key=role.key, scope="all", group_id=group.id)
    whole = stored(cast, role)
    with one_request(cast):
        change_role(role_key=role.key, name="Writer", permissions=["audit.read", "source.write"])
    row = latest(cast, "role.updated")
    preview = preview_of(cast, row)
    assert preview.is_risky
    assert preview.parts[0].effects == [
        "Mina of demo, Rita of demo gain “See sources”, from the next request on.",
        "Mina of demo, Rita of demo lose “Change sources”, from the next request on.",
    ]
    undo(cast, row)
    assert stored(cast, role) == whole
    undo(cast, last_event(cast.workspace))
    assert stored(cast, role)[0] == "Writer"


def test_a_deleted_one_comes_back_under_its_id_for_nobody(cast, role):
    whole = stored(cast, role)
    with one_request(cast):
        delete_role(role_key=role.key)
    deleted = last_event(cast.workspace)
    (part,) = preview_of(cast, deleted).parts
    assert part.effects == ["Nobody has it: it is given anew to who shall."]
    undo(cast, deleted)
    assert stored(cast, role) == whole
    assert last_event(cast.workspace).event.type == "role.restored"
    undo(cast, last_event(cast.workspace))
    assert stored(cast, role) is None


def test_nobody_gets_back_into_a_role_what_they_lack(cast, role):
    with one_request(cast):
        manager = create_role(name="Access", over="", permissions=["audit.read", "access.read", "access.manage"])
        grant_role(role_key=manager.key, scope="workspace", user_id=cast.mina.id)
        grant_role(role_key="auditor", scope="workspace", user_id=cast.mina.id)
        change_role(role_key=role.key, permissions=["audit.read", "source.read", "source.write"])
    with one_request(cast):
        change_role(role_key=role.key, permissions=["audit.read"])
    with pytest.raises(MoreThanYouHave, match="“Change sources”"):
        undo(cast, last_event(cast.workspace), who=cast.mina)
    assert "source.write" not in stored(cast, role)[2]


def test_a_role_that_was_taken_is_given_back_under_its_new_name(cast, role):
    with one_request(cast):
        grant = grant_role(role_key=role.key, scope="listed", user_id=cast.mina.id, resource_ids=[cast.kiosk.id])
    with one_request(cast):
        revoke_role(grant_id=grant.id)
    taken = last_event(cast.workspace)
    with one_request(cast):
        change_role(role_key=role.key, name="Renamed")
    assert "Mina of demo gets the role Renamed on Kiosk" in preview_of(cast, taken).parts[0].effects[0]
    undo(cast, taken)
    with in_workspace(cast.workspace.id):
        back = Grant.objects.get(subject_id=cast.mina.id, role=role)
        assert (back.scope, back.resource_ids) == ("listed", [cast.kiosk.id])
