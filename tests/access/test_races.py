"""Changes of access at the same moment: one after the other, each judged by what the one before left."""

import threading

import pytest
from django.db import connections

from auditapp.access.errors import Denied, LastOwner
from auditapp.access.members import accept_invitation, invite_member, remove_member
from auditapp.access.models import Grant, Member
from auditapp.access.queries import managers_of
from auditapp.access.roles import revoke_role
from auditapp.lib.errors import AppError
from auditapp.lib.tokens import token_digest
from auditapp.record.workspace_scope import in_workspace
from tests.factories import acting_as, events_of, make_cast, make_member, make_user

pytestmark = pytest.mark.commits


def at_once(*attempts):
    """Run each in a thread of its own, all from the same moment; what each of them raised or None."""
    start, outcomes = threading.Barrier(len(attempts)), [None] * len(attempts)

    def run(number, attempt):
        start.wait()
        try:
            attempt()
        except AppError as error:
            outcomes[number] = type(error)
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(attempts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.fixture
def owners(own_database):
    """Two people who may both manage access."""
    cast = make_cast()
    make_member(workspace=cast.workspace, user=cast.zoe, role="workspace_owner")
    return cast


@pytest.mark.parametrize("round_", range(5))
def test_two_owners_who_demote_each_other_leave_one(owners, round_):
    with in_workspace(owners.workspace.id):
        grants = {who: Grant.objects.get(subject_id=who.id).id for who in (owners.olga, owners.zoe)}

    def demote(actor, victim):
        with acting_as(actor, owners.workspace):
            revoke_role(grant_id=grants[victim])

    outcomes = at_once(lambda: demote(owners.olga, owners.zoe), lambda: demote(owners.zoe, owners.olga))
    assert sorted(outcome is None for outcome in outcomes) == [False, True]
    assert next(outcome for outcome in outcomes if outcome) in (Denied, LastOwner)
    with in_workspace(owners.workspace.id):
        assert len(managers_of(owners.workspace.id)) == 1
    assert [row.event.type for row in events_of(owners.workspace)] == ["user.role_revoked"]


def test_two_owners_who_leave_at_once_leave_one(owners):
    def leave(who):
        with acting_as(who, owners.workspace):
            remove_member(user_id=who.id)

    outcomes = at_once(lambda: leave(owners.olga), lambda: leave(owners.zoe))
    assert sorted(outcomes, key=str) == sorted([None, LastOwner], key=str)
    with in_workspace(owners.workspace.id):
        assert Member.objects.filter(user_id__in=[owners.olga.id, owners.zoe.id]).count() == 1


def test_a_link_that_is_opened_twice_at_once_is_accepted_once(owners, monkeypatch):
    secret = "s" * 43
    monkeypatch.setattr("auditapp.access.members.random_base62", lambda _: secret)
    guest = make_user(name="Grace")
    with acting_as(owners.olga, owners.workspace):
        invitation = invite_member(email=guest.email, role_key="auditor", scope="workspace")
    assert bytes(invitation.digest) == token_digest(secret)
    outcomes = at_once(*[lambda: accept_invitation(secret=secret, user=guest, context={})] * 2)
    assert outcomes.count(None) == 1
    with in_workspace(owners.workspace.id):
        assert Grant.objects.filter(subject_id=guest.id).count() == 1
