"""A workspace handed over to another member, and members who leave."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from auditapp.access.effective import effective_access
from auditapp.access.errors import Denied
from auditapp.access.left_behind import left_behind
from auditapp.access.models import Grant, GroupMember, Member
from auditapp.access.ownership import LastOwnerLeaves, leave_workspace, transfer_ownership
from auditapp.access.permissions import permissions_for
from auditapp.lib import clock
from auditapp.lib.errors import Invalid, NotFound
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from tests.factories import PASSWORD, acting_as, events_of, make_cast, make_grant, make_group, make_token


@pytest.fixture
def cast(db):
    return make_cast()


def may(cast, user, permission="access.manage"):
    with in_workspace(cast.workspace.id):
        return permissions_for(cast.workspace.id, user.id).can(permission)


def told(cast, since=0):
    return [row.event.type for row in reversed(events_of(cast.workspace))][since:]


@pytest.mark.parametrize(
    ("keep", "left", "kept"),
    [
        ("others", ["user.role_revoked"], None),
        ("source_admin.all", ["user.role_granted", "user.role_revoked"], "Source Admin, all sources"),
        ("leave", ["user.left"], None),
    ],
)
def test_an_owner_hands_the_workspace_over_and_keeps_what_they_choose(cast, keep, left, kept):
    with acting_as(cast.olga, cast.workspace):
        transfer_ownership(user_id=cast.milo.id, keep=keep)
    assert may(cast, cast.milo)
    assert not may(cast, cast.olga)
    assert may(cast, cast.olga, "source.write") is bool(kept)
    assert told(cast) == ["workspace.ownership_transferred", "user.role_granted", *left]
    row = events_of(cast.workspace)[-1]
    assert [target.id for target in row.event.targets][1] == cast.milo.id
    assert row.event.meta.get("kept") == kept
    with in_workspace(cast.workspace.id):
        assert Member.objects.filter(user=cast.olga).exists() is (keep != "leave")


def test_who_owns_it_through_a_group_gives_the_group_up(cast):
    group = make_group(workspace=cast.workspace, name="Owners", members=[cast.rita])
    make_grant(workspace=cast.workspace, group=group, role="workspace_owner")
    with acting_as(cast.rita, cast.workspace):
        transfer_ownership(user_id=cast.milo.id)
    assert (may(cast, cast.milo), may(cast, cast.rita), may(cast, cast.rita, "audit.verify")) == (True, False, True)
    assert told(cast)[-1] == "user_group.member_removed"
    with in_workspace(cast.workspace.id):
        assert not GroupMember.objects.exists()


def test_it_is_refused_to_others_to_oneself_and_to_strangers(cast):
    with acting_as(cast.milo, cast.workspace), pytest.raises(Denied):
        transfer_ownership(user_id=cast.mina.id)
    with acting_as(cast.olga, cast.workspace):
        for user_id, keep, refusal in (
            (cast.olga.id, "others", Invalid),
            (cast.zoe.id, "others", NotFound),
            (cast.milo.id, "workspace_owner.workspace", Invalid),
        ):
            with pytest.raises(refusal):
                transfer_ownership(user_id=user_id, keep=keep)
    assert told(cast) == []
    assert may(cast, cast.olga)


def test_anybody_leaves_but_the_last_owner(cast):
    with acting_as(cast.milo, cast.workspace):
        leave_workspace()
    row = events_of(cast.workspace)[0]
    assert (row.event.type, row.resource.id, row.event.actor.id) == ("user.left", cast.milo.id, cast.milo.id)
    assert row.event.changes[0].old[0]["role"] == "Source Admin"
    assert not may(cast, cast.milo, "source.read")
    with acting_as(cast.olga, cast.workspace), pytest.raises(LastOwnerLeaves):
        leave_workspace()
    with acting_as(cast.zoe, cast.workspace), pytest.raises(NotFound):
        leave_workspace()
    assert told(cast) == ["user.left"]


def test_who_left_is_shown_as_they_were(cast):
    before = clock.now() + timedelta(seconds=1)
    with clock.at(before + timedelta(seconds=1)), acting_as(cast.milo, cast.workspace):
        leave_workspace()
    with clock.at(before + timedelta(seconds=9)), in_workspace(cast.workspace.id):
        viewer = Viewer(cast.workspace.id, sees_all=True, sees_personal=True)
        now, then = (effective_access(viewer, cast.milo.id, on=on) for on in (None, before))
    assert (now.is_member, then.is_member) == (False, True)
    assert then.access.can("source.write", cast.shop.id)


def test_what_stays_is_said_before_somebody_goes(cast):
    make_token(workspace=cast.workspace, created_by=cast.milo.id)
    make_token(workspace=cast.workspace, created_by=cast.olga.id)
    with in_workspace(cast.workspace.id):
        sentences = left_behind(cast.workspace.id, cast.milo.id)
        assert left_behind(cast.workspace.id, cast.mina.id) == []
    assert sentences == [
        "1 access token made here still records events until revoked.",
        "1 access token made here does nothing any more that a role is needed for.",
    ]
    owner = Client()
    owner.force_login(cast.olga)
    page = owner.get(reverse("access:member", args=["demo", cast.milo.id])).content.decode()
    assert all(sentence in page for sentence in sentences)


def test_the_pages_ask_who_sits_there_and_say_where_to_go_on(cast):
    owner, member = Client(), Client()
    owner.force_login(cast.olga)
    member.force_login(cast.mina)
    leave, transfer = (reverse(f"access:{name}", args=["demo"]) for name in ("leave", "ownership_transfer"))
    page = owner.get(leave).content.decode()
    assert transfer in page
    assert 'method="post"' not in page.partition("<main")[2]
    assert owner.post(leave).status_code == 409
    assert "Confirm it is you" in owner.get(transfer).content.decode()
    refused = owner.post(transfer, {"user_id": cast.milo.id, "keep": "others"})
    assert refused["Location"].startswith("/accounts/reauthenticate/")
    assert told(cast) == []
    owner.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": transfer})
    assert owner.post(transfer, {"user_id": "no one"}).status_code == 422
    page = owner.get(transfer).content.decode()
    assert '<option value="" selected>Choose what you keep</option>' in page
    assert "you cannot take the workspace back yourself" in page
    unchosen = owner.post(transfer, {"user_id": cast.milo.id})
    assert (unchosen.status_code, "Choose what you keep." in unchosen.content.decode()) == (422, True)
    assert told(cast) == []
    assert owner.post(transfer, {"user_id": cast.milo.id, "keep": "auditor.workspace"})["Location"] == "/"
    assert owner.get(transfer).status_code == 403
    with in_workspace(cast.workspace.id):
        assert Grant.objects.get(subject_id=cast.olga.id).role_id == "auditor"
    assert member.post(leave)["Location"] == "/"
    assert member.get("/demo/").status_code == 404
