"""What every member may open, with or without a role, as each side tells it; and built-in roles that changed since a day of the past."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditapp.access.effective import OWN_DOING, effective_access
from auditapp.access.members import remove_member
from auditapp.access.permissions import Permission, permissions_for
from auditapp.access.trail_of_access import WIDENING
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from tests.factories import acting_as, make_cast, make_grant, make_member, make_user


@pytest.fixture
def cast(db):
    return make_cast()


def effective(cast, person):
    viewer = Viewer(cast.workspace.id, sees_all=True, sees_personal=True, own_actor_ids=(cast.olga.id,))
    with acting_as(cast.olga, cast.workspace):
        return effective_access(viewer, person.id)


def test_without_a_role_they_see_what_they_did_themselves_on_every_side(client, cast):
    """Page, trail, past and count say the same."""
    una = make_user(name="Una")
    make_member(workspace=cast.workspace, user=una)
    client.force_login(una)
    assert client.get("/demo/settings/admin/audit-trail/").status_code == 200
    assert client.get("/demo/settings/admin/audit-trail/exports/").status_code == 403
    now = effective(cast, una)
    [right] = now.rights
    assert (right.permissions, right.names, right.is_everywhere) == ([Permission.AUDIT_READ], [OWN_DOING], False)
    assert Permission.AUDIT_READ not in now.lacks
    client.force_login(cast.olga)
    for query in ("", "?on=2026-01-05"):
        page = client.get(f"/demo/settings/access/members/{una.id}/{query}").content.decode()
        assert "Every member sees what they did themselves, with or without a role." in page
        assert "Nothing: no role" not in page
        assert "Not: Open the Audit Trail" not in page
    with acting_as(cast.olga, cast.workspace):
        remove_member(user_id=una.id)
    with in_workspace(cast.workspace.id):
        assert not permissions_for(cast.workspace.id, una.id).can(Permission.AUDIT_READ)


def test_beside_who_sees_all_a_role_of_own_actions_adds_nothing(client, cast):
    ada = make_user(name="Ada")
    make_member(workspace=cast.workspace, user=ada, role="minimal_workspace_access")
    make_grant(workspace=cast.workspace, user=ada, role="auditor")
    found = next(right for right in effective(cast, ada).rights if Permission.AUDIT_READ in right.permissions)
    assert found.is_everywhere
    assert {one.role: one.wins for one in found.reasons} == {"Minimal Workspace Access": False, "Auditor": True}
    client.force_login(cast.olga)
    page = client.get(f"/demo/settings/access/members/{ada.id}/").content.decode()
    assert page.count("wins: the widest") == 1


def test_the_past_names_the_built_in_roles_that_an_upgrade_changed(client, cast, monkeypatch):
    day = datetime(2026, 1, 1, tzinfo=UTC)
    applied = {"0001_initial": day, "0018_functions": day, "0040_labels": day + timedelta(days=90)}
    monkeypatch.setattr("auditapp.access.trail_of_access.applied_migrations", lambda: applied)
    client.force_login(cast.olga)
    path = f"/demo/settings/access/members/{cast.olga.id}/"
    said = "Workspace Owner, built in, changed with an upgrade since"
    for user, on, is_said in (
        (cast.olga, "2026-02-01", True),
        (cast.olga, "2026-05-01", False),
        (cast.rita, "2026-02-01", False),
        (cast.mina, "2026-02-01", False),
    ):
        path = f"/demo/settings/access/members/{user.id}/?on={on}"
        assert (said in client.get(path).content.decode()) is is_said
        assert "an upgrade since" not in client.get(path.partition("?")[0]).content.decode()


def test_each_upgrade_that_changes_a_role_is_known():
    """A migration that saves other permissions of a role is in the table of those that the past tells of."""
    found = {
        path.stem
        for path in Path("auditapp/migrations").glob("0*.py")
        if re.search(r"\.permissions = ", path.read_text())
    }
    assert found == WIDENING.keys()
