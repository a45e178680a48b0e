"""Coming in by invitation, and leaving."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction

from auditapp.access.errors import (
    AccountExists,
    AlreadyInvited,
    AlreadyMember,
    Denied,
    InvitationGone,
    LastOwner,
)
from auditapp.access.members import (
    INVITATION_DAYS,
    SomebodyElses,
    accept_invitation,
    invitation_behind,
    invite_member,
    remove_member,
    revoke_invitation,
)
from auditapp.access.models import Grant, GroupMember, Invitation, Member, User
from auditapp.access.permissions import permissions_for
from auditapp.access.roles import revoke_role
from auditapp.lib import clock
from auditapp.lib.errors import NotFound
from auditapp.record.drafts import SYSTEM
from auditapp.record.workspace_scope import in_workspace
from tests.factories import acting_as, events_of, last_event, make_cast, make_group, make_member, make_user


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def invited(cast, django_capture_on_commit_callbacks):
    """`invited(email)` gives the secret of the link that was sent."""

    def invite(email="grace@example.com", by=None, **asked):
        asked = asked or {"role_key": "source_admin", "scope": "listed", "resource_ids": [cast.kiosk.id]}
        mail.outbox.clear()
        with django_capture_on_commit_callbacks(execute=True), acting_as(by or cast.olga, cast.workspace):
            invite_member(email=email, **asked)
        link = next(word for word in mail.outbox[0].body.split() if "/invitation/" in word)
        return link.rstrip("/").rpartition("/")[2]

    return invite


def accept(secret, user=None, **details):
    return accept_invitation(secret=secret, user=user, context={"ip": "198.51.100.7"}, **details)


def test_an_invitation_is_recorded_and_mailed(cast, invited):
    secret = invited()
    row = last_event(cast.workspace)
    assert row.event.type == "user.invited"
    assert (row.resource.type, row.resource.name) == ("invitation", "grace@example.com")
    assert row.event.meta == {"role": "Source Admin", "scope": "1 source", "resource_ids": [cast.kiosk.id]}
    assert {change.path: change.new for change in row.event.changes} == row.event.meta
    assert mail.outbox[0].to == ["grace@example.com"]
    assert mail.outbox[0].subject == "Join Halden Outdoor on Audit Trail"
    with in_workspace(cast.workspace.id):
        stored = Invitation.objects.get()
    assert secret.encode() not in bytes(stored.digest)


def test_nothing_is_mailed_where_nothing_was_committed(cast, django_capture_on_commit_callbacks):
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        with acting_as(cast.olga, cast.workspace):
            invite_member(email="grace@example.com", role_key="auditor", scope="workspace")
        transaction.set_rollback(True)
    assert mail.outbox == []


def test_a_workspace_name_brings_no_mail_header(cast, invited):
    with in_workspace(cast.workspace.id):
        cast.workspace.name = "Demo\nBcc: everybody@example.com"
        cast.workspace.save()
    invited()
    assert mail.outbox[0].subject == "Join Demo Bcc: everybody@example.com on Audit Trail"
    assert mail.outbox[0].bcc == []


def test_a_new_person_gets_an_account_the_role_and_an_event(cast, invited):
    member, workspace = accept(invited(), name="Grace Mbeki", password="correct horse battery")
    assert workspace == cast.workspace
    assert User.objects.get(email="grace@example.com").check_password("correct horse battery")
    with in_workspace(workspace.id):
        access = permissions_for(workspace.id, member.id)
    assert access.can("source.write", cast.kiosk.id)
    assert not access.can("source.write", cast.shop.id)
    row = last_event(cast.workspace)
    assert row.event.type == "user.invite_accepted"
    assert (row.event.actor.id, row.event.actor.email) == (member.id, "grace@example.com")
    assert row.event.context["ip"] == "198.51.100.7"
    assert {change.path: change.new for change in row.event.changes} == row.event.meta


def test_a_known_person_joins_with_the_account_they_have(cast, invited):
    member, _ = accept(invited(cast.zoe.email.upper()), user=cast.zoe)
    assert member == cast.zoe
    with in_workspace(cast.workspace.id):
        assert Member.objects.filter(workspace_id=cast.workspace.id, user=cast.zoe).exists()


def test_a_known_address_has_to_sign_in_first(cast, invited):
    secret = invited(cast.zoe.email)
    with pytest.raises(AccountExists):
        accept(secret, name="Not Zoe", password="another password")
    assert not User.objects.get(id=cast.zoe.id).check_password("another password")


def test_somebody_else_cannot_use_it(cast, invited):
    with pytest.raises(SomebodyElses):
        accept(invited(), user=cast.zoe)


def test_it_works_once(cast, invited):
    secret = invited()
    accept(secret, name="Grace", password="correct horse battery")
    with pytest.raises(InvitationGone):
        accept(secret, name="Grace", password="correct horse battery")


def test_it_is_gone_after_its_days(cast, invited):
    secret = invited()
    with clock.at(clock.now() + timedelta(days=INVITATION_DAYS)), pytest.raises(InvitationGone):
        invitation_behind(secret)


def test_taking_it_back_stops_the_link_and_is_recorded(cast, invited):
    secret = invited()
    with acting_as(cast.olga, cast.workspace):
        invitation = Invitation.objects.get()
        revoke_invitation(invitation_id=invitation.id)
        with pytest.raises(NotFound):
            revoke_invitation(invitation_id=invitation.id)
    with pytest.raises(InvitationGone):
        accept(secret, name="Grace", password="correct horse battery")
    row = last_event(cast.workspace)
    assert (row.event.type, row.resource.name) == ("user.invite_deleted", "grace@example.com")
    assert {change.path: change.old for change in row.event.changes} == {
        "role": "Source Admin",
        "scope": "1 source",
        "resource_ids": [cast.kiosk.id],
    }


def test_it_is_worth_what_its_sender_is_worth_now(cast, invited):
    make_member(workspace=cast.workspace, user=cast.zoe, role="workspace_owner")
    secret = invited(by=cast.zoe)
    with acting_as(cast.olga, cast.workspace):
        revoke_role(grant_id=Grant.objects.get(subject_id=cast.zoe.id).id)
    with pytest.raises(InvitationGone):
        accept(secret, name="Grace", password="correct horse battery")


def test_a_guess_finds_nothing(cast, invited):
    invited()
    with pytest.raises(InvitationGone):
        invitation_behind("x" * 43)


def test_nobody_is_invited_twice_or_where_they_are(cast, invited):
    invited()
    with acting_as(cast.olga, cast.workspace):
        with pytest.raises(AlreadyInvited):
            invite_member(email="GRACE@example.com", role_key="auditor", scope="workspace")
        with pytest.raises(AlreadyMember):
            invite_member(email=cast.milo.email.upper(), role_key="auditor", scope="workspace")


@pytest.mark.parametrize("person", ["milo", "rita", "mina", "zoe"])
def test_who_does_not_manage_access_invites_and_removes_nobody(cast, invited, person):
    invited()
    with in_workspace(cast.workspace.id):
        invitation = Invitation.objects.get()
    before = len(events_of(cast.workspace))
    with acting_as(getattr(cast, person), cast.workspace):
        with pytest.raises(Denied):
            invite_member(email="x@example.com", role_key="auditor", scope="workspace")
        with pytest.raises(Denied):
            revoke_invitation(invitation_id=invitation.id)
        with pytest.raises(Denied):
            remove_member(user_id=cast.mina.id)
    assert len(events_of(cast.workspace)) == before


def test_who_is_removed_loses_everything_here_and_it_is_recorded(cast):
    make_group(workspace=cast.workspace, members=[cast.milo])
    with acting_as(cast.olga, cast.workspace):
        remove_member(user_id=cast.milo.id)
    row = last_event(cast.workspace)
    assert (row.event.type, row.resource.type, row.resource.name) == ("user.removed", "member", cast.milo.name)
    with in_workspace(cast.workspace.id):
        assert not permissions_for(cast.workspace.id, cast.milo.id).grants
        assert not Member.objects.filter(user=cast.milo).exists()
        assert not GroupMember.objects.filter(user=cast.milo).exists()
    assert User.objects.get(id=cast.milo.id).is_active


def test_the_last_owner_cannot_be_removed_nor_leave(cast):
    for who in (SYSTEM, cast.olga):
        with acting_as(who, cast.workspace), pytest.raises(LastOwner):
            remove_member(user_id=cast.olga.id)
    with in_workspace(cast.workspace.id):
        assert Member.objects.filter(user=cast.olga).exists()


def test_an_owner_leaves_where_another_one_stays(cast):
    make_member(workspace=cast.workspace, user=make_user(name="Omar"), role="workspace_owner")
    with acting_as(cast.olga, cast.workspace):
        remove_member(user_id=cast.olga.id)
    assert last_event(cast.workspace).event.type == "user.removed"


def test_members_of_another_workspace_are_not_there(cast):
    other = make_cast(slug="other")
    with acting_as(cast.olga, cast.workspace), pytest.raises(NotFound):
        remove_member(user_id=other.milo.id)
