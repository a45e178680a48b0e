"""Several invited at once, invitations sent again or refused at their acceptance, and those that ran out."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from auditapp.access.errors import AlreadyMember, Denied, InvitationGone, SenderLacks, SentOften
from auditapp.access.inviting import (
    AT_ONCE,
    NO_ADDRESS,
    WhatItGaveIsGone,
    expired_invitations,
    invite_again,
    invite_members,
)
from auditapp.access.members import INVITATION_DAYS, SENDS_AN_HOUR, accept_invitation, invitation_behind
from auditapp.access.models import Grant, Invitation
from auditapp.lib import clock
from auditapp.lib.errors import Invalid, NotFound, Outside
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.services import delete_source
from tests.factories import acting_as, events_of, make_cast, make_member, prove

AUDITOR = {"role_key": "auditor", "scope": "workspace"}


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def sent(cast, django_capture_on_commit_callbacks):
    """`sent(act, by=...)` does it and gives the links that were mailed, by address."""

    def send(act, by=None):
        mail.outbox.clear()
        with django_capture_on_commit_callbacks(execute=True), acting_as(by or cast.olga, cast.workspace):
            act()
        words = {one.to[0]: one.body.split() for one in mail.outbox}
        return {to: next(word for word in body if "/invitation/" in word).split("/")[-2] for to, body in words.items()}

    return send


def invitation_of(cast, email):
    with in_workspace(cast.workspace.id):
        return Invitation.objects.get(workspace_id=cast.workspace.id, email=email)


def told(cast):
    return [row.event.type for row in reversed(events_of(cast.workspace))]


def test_several_are_invited_at_once_and_each_has_its_own_result(cast, sent):
    asked = []
    emails = ["a@example.com", cast.milo.email.upper(), "nobody", "b@example.com", "A@example.com"]
    links = sent(lambda: asked.extend(invite_members(emails=emails, **AUDITOR)))
    assert set(links) == {"A@example.com", "b@example.com"}
    assert len(set(links.values())) == 2
    assert [(one.email, bool(one.invitation), one.refusal) for one in asked] == [
        ("A@example.com", True, ""),
        (cast.milo.email.upper(), False, AlreadyMember().message),
        ("nobody", False, NO_ADDRESS),
        ("b@example.com", True, ""),
    ]
    assert told(cast) == ["user.invited", "user.invited"]
    with acting_as(cast.olga, cast.workspace):
        for emails in ([], [f"{number}@example.com" for number in range(AT_ONCE + 1)]):
            with pytest.raises(Invalid):
                invite_members(emails=emails, **AUDITOR)


def test_the_page_says_what_came_of_each_address_and_keeps_those_that_were_refused(cast):
    owner = Client()
    owner.force_login(cast.olga)
    prove(owner)
    page = reverse("access:invite", args=["demo"])
    answer = owner.post(page, {"emails": f"a@example.com,\n{cast.milo.email}; b@example.com", "role": "auditor"})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "An invitation is on its way to 2 addresses." in text
    assert f"{cast.milo.email}: {AlreadyMember().message}" in text
    assert answer.context["form"]["emails"].value() == cast.milo.email
    overview = owner.get(reverse("access:overview", args=["demo"])).content.decode()
    assert overview.count("Send again") == 2


def test_a_mail_that_is_not_taken_does_not_keep_the_others_back(cast, sent, monkeypatch):
    from auditapp.access import members

    def send(subject, text, sender, to):
        if to == ["a@example.com"]:
            raise OSError
        mail.outbox.append(mail.EmailMessage(subject, text, sender, to))

    monkeypatch.setattr(members, "send_mail", send)
    with pytest.raises(Outside, match=r"the mail to a@example\.com"):
        sent(lambda: invite_members(emails=["a@example.com", "b@example.com"], **AUDITOR))
    assert [one.to for one in mail.outbox] == [["b@example.com"]]
    assert told(cast) == ["user.invited", "user.invited"]


def test_sent_again_the_new_link_works_and_the_old_one_does_not(cast, sent):
    [old] = sent(lambda: invite_members(emails=["a@example.com"], **AUDITOR)).values()
    found = invitation_of(cast, "a@example.com")
    with clock.at(clock.now() + timedelta(days=2)):
        [new] = sent(lambda: invite_again(invitation_id=found.id)).values()
        with pytest.raises(InvitationGone):
            invitation_behind(old)
        again, _ = invitation_behind(new)
        assert again.expires_at == clock.now() + timedelta(days=INVITATION_DAYS)
    row = events_of(cast.workspace)[0].event
    assert (row.type, row.targets[0].id, row.meta) == ("user.invite_renewed", found.id, {"role": "Auditor"})
    with acting_as(cast.milo, cast.workspace), pytest.raises(Denied):
        invite_again(invitation_id=found.id)
    accept_invitation(secret=new, user=None, name="A", password="correct horse battery", context={})
    with acting_as(cast.olga, cast.workspace), pytest.raises(NotFound):
        invite_again(invitation_id=found.id)


def test_nobodys_mailbox_is_filled(cast, sent):
    sent(lambda: invite_members(emails=["a@example.com"], **AUDITOR))
    found = invitation_of(cast, "a@example.com")
    with acting_as(cast.olga, cast.workspace):
        for _ in range(SENDS_AN_HOUR - 1):
            invite_again(invitation_id=found.id)
        with pytest.raises(SentOften):
            invite_again(invitation_id=found.id)
        Invitation.objects.update(revoked_at=clock.now())
        [asked] = invite_members(emails=["A@EXAMPLE.com"], **AUDITOR)
        assert asked.refusal == SentOften().message
    with clock.at(clock.now() + timedelta(minutes=61)), acting_as(cast.olga, cast.workspace):
        assert invite_members(emails=["a@example.com"], **AUDITOR)[0].invitation


def test_what_ran_out_is_listed_until_it_is_settled_and_can_be_sent_again(cast, sent):
    sent(lambda: invite_members(emails=["a@example.com", "b@example.com", cast.zoe.email], **AUDITOR))
    make_member(workspace=cast.workspace, user=cast.zoe)
    later = clock.now() + timedelta(days=INVITATION_DAYS + 1)

    def listed():
        with in_workspace(cast.workspace.id):
            return [one.email for one in expired_invitations(cast.workspace.id)]

    assert listed() == []
    with clock.at(later):
        assert sorted(listed()) == ["a@example.com", "b@example.com"]
        sent(lambda: invite_again(invitation_id=invitation_of(cast, "a@example.com").id))
        assert listed() == ["b@example.com"]
    with clock.at(later + timedelta(days=31)):
        assert "b@example.com" not in listed()


def test_what_a_sender_may_not_give_any_more_is_refused_told_once_and_mended_by_sending_it_anew(cast, sent):
    grant = make_member(workspace=cast.workspace, user=cast.zoe, role="workspace_owner")
    [secret] = sent(lambda: invite_members(emails=["a@example.com"], **AUDITOR), by=cast.zoe).values()
    with in_workspace(cast.workspace.id):
        Grant.objects.filter(subject_id=grant.user_id).delete()
    path = reverse("invitation", args=[secret])
    for _ in range(2):
        answer = Client().get(path)
        assert answer.status_code == 404
        assert SenderLacks().message in answer.content.decode()
    assert told(cast) == ["user.invited", "user.invite_failed"]
    row = events_of(cast.workspace)[0].event
    assert (row.outcome, row.actor.kind, secret in repr(row)) == ("failure", "system", False)
    [new] = sent(lambda: invite_again(invitation_id=invitation_of(cast, "a@example.com").id)).values()
    assert Client().get(reverse("invitation", args=[new])).status_code == 200
    assert invitation_of(cast, "a@example.com").refused_at is None


def test_it_is_not_sent_again_for_a_source_that_is_gone(cast, sent):
    role = {"role_key": "source_admin", "scope": "listed", "resource_ids": [cast.kiosk.id]}
    sent(lambda: invite_members(emails=["a@example.com"], **role))
    with acting_as(cast.olga, cast.workspace):
        delete_source(source_id=cast.kiosk.id)
        with pytest.raises(WhatItGaveIsGone):
            invite_again(invitation_id=invitation_of(cast, "a@example.com").id)
