"""Who manages access and is no owner takes nothing from those above them: what pages do not offer, what is said, and whom a mail tells."""

from html import unescape

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from auditapp.access.above import members_above
from auditapp.access.errors import AboveYou, OwnersOnly, SupportGone
from auditapp.access.groups import delete_group, remove_group_member
from auditapp.access.members import invite_member, remove_member
from auditapp.access.models import Grant, Invitation
from auditapp.access.own_roles import create_role
from auditapp.access.owner_mail import OWNER_MAIL_JOB, mail_owner_cut
from auditapp.access.ownership import leave_workspace
from auditapp.access.permissions import permissions_for
from auditapp.access.roles import grant_role, revoke_role
from auditapp.access.support import grant_support, take_support
from auditapp.record.workspace_scope import in_workspace
from tests.access.escalation_world import DELEGATE
from tests.access.support_moves import give, make_sam
from tests.factories import acting_as, make_cast, make_grant, make_group, make_member, make_user, prove

ACCESS = "/demo/settings/access/"
OWNER = "workspace_owner"


@pytest.fixture
def cast(db):
    cache.clear()
    return make_cast()


@pytest.fixture
def otto(cast):
    """A second owner."""
    user = make_user(name="Otto Berg")
    make_member(workspace=cast.workspace, user=user, role=OWNER)
    return user


@pytest.fixture
def dele(cast):
    user = make_user(name="Dele Ode")
    make_member(workspace=cast.workspace, user=user)
    with acting_as(cast.olga, cast.workspace):
        role = create_role(name="Delegate", permissions=DELEGATE)
        grant_role(role_key=role.key, scope="workspace", user_id=user.id)
    return user


@pytest.fixture
def page(client, dele):
    """Of dele's browser, as it is read."""
    client.force_login(dele)
    prove(client)
    return lambda path: unescape(client.get(f"{ACCESS}{path}").content.decode())


@pytest.fixture
def jobs(monkeypatch):
    """What is enqueued by the rule of the last owner: (who is none any more, who did it)."""
    found = []
    monkeypatch.setattr(
        "auditapp.access.rules.enqueue",
        lambda name, **ids: found.append((ids["user_id"], ids["by_id"])) if name == OWNER_MAIL_JOB else None,
    )
    return found


def test_who_is_above_whom(cast, dele, otto):
    """Dele is above nobody who does what she cannot, and may remove who enters and no more."""
    reader = make_user(name="Rex")
    make_member(
        workspace=cast.workspace, user=reader, role="source_read_only", scope="listed", resource_ids=[cast.shop.id]
    )
    people = [one.id for one in (cast.olga, cast.milo, cast.rita, cast.mina, otto, dele, reader)]
    with in_workspace(cast.workspace.id):
        access = permissions_for(cast.workspace.id, dele.id)
        assert members_above(access, people) == {cast.olga.id, cast.milo.id, cast.rita.id, otto.id}
        owner = permissions_for(cast.workspace.id, cast.olga.id)
        assert members_above(owner, people) == set()
    with acting_as(dele, cast.workspace):
        remove_member(user_id=cast.mina.id)
        remove_member(user_id=reader.id)
        with pytest.raises(
            AboveYou, match=r"^Otto Berg can do more here than you can\. Ask an owner of the workspace: O"
        ):
            remove_member(user_id=otto.id)


def test_a_group_with_somebody_above_stays_as_it_is(cast, dele, otto):
    group = make_group(workspace=cast.workspace, name="Readers", members=[cast.olga, cast.mina])
    given = make_grant(workspace=cast.workspace, group=group, role="source_read_only", scope="all")
    with acting_as(dele, cast.workspace):
        with pytest.raises(AboveYou):
            remove_group_member(group_id=group.id, user_id=cast.olga.id)
        with pytest.raises(AboveYou):
            delete_group(group_id=group.id)
        with pytest.raises(AboveYou):
            revoke_role(grant_id=given.id)
        remove_group_member(group_id=group.id, user_id=cast.mina.id)


def test_an_invitation_that_brings_more_is_not_taken_back(cast, dele, page, client):
    with acting_as(cast.olga, cast.workspace):
        owners = invite_member(email="ida@example.com", role_key=OWNER, scope="workspace")
        plain = invite_member(email="pim@example.com", role_key="minimal_workspace_access", scope="workspace")
    shown = page("")
    assert f"/invitations/{owners.id}/" not in shown
    assert "It brings more than you have yourself: an owner changes it." in shown
    assert f"/invitations/{plain.id}/revoke/" in shown
    answer = client.post(f"{ACCESS}invitations/{owners.id}/revoke/")
    assert (answer.status_code, "Ask an owner of the workspace: Olga of demo." in answer.content.decode()) == (
        403,
        True,
    )
    assert client.post(f"{ACCESS}invitations/{plain.id}/revoke/").status_code == 302


def test_pages_do_not_offer_what_would_be_refused(cast, dele, otto, page):
    shown = page(f"members/{otto.id}/")
    assert "Nothing can be taken from this member by you: Otto Berg can do more here than you can." in shown
    assert "Ask an owner of the workspace: Olga of demo, Otto Berg." in shown
    assert f"/members/{otto.id}/remove/" not in shown
    with in_workspace(cast.workspace.id):
        grant = Grant.objects.get(subject_id=otto.id)
    assert f"/grants/{grant.id}/revoke/" not in shown
    assert f"/members/{cast.mina.id}/remove/" in page(f"members/{cast.mina.id}/")
    assert "Transfer ownership" not in page(f"members/{dele.id}/")
    board = make_group(workspace=cast.workspace, name="Board", members=[otto, cast.mina])
    boards = make_grant(workspace=cast.workspace, group=board, role=OWNER)
    shown = page(f"groups/{board.id}/")
    for path in (
        f"/members/{otto.id}/remove/",
        f"/members/{cast.mina.id}/remove/",
        f"/grants/{boards.id}/",
        "/delete/",
    ):
        assert path not in shown
    assert "This group is not deleted, and no role is taken from it, by you: " in shown
    assert "Give support access" not in page("support/")
    for path in ("support/new/", "transfer/"):
        assert "Ask an owner of the workspace: Mina of demo, Olga of demo, Otto Berg." in page(path)
    owner = Client()
    owner.force_login(cast.olga)
    assert "Give support access" in owner.get(f"{ACCESS}support/").content.decode()
    assert f"/members/{otto.id}/remove/" in owner.get(f"{ACCESS}members/{otto.id}/").content.decode()


@pytest.mark.parametrize("path", ["members/{mina}/", "invite/", "groups/{group}/"])
def test_roles_that_cannot_be_given_are_not_offered_and_what_was_typed_stays(cast, dele, page, client, path):
    group = make_group(workspace=cast.workspace)
    path = path.format(mina=cast.mina.id, group=group.id)
    shown = page(path)
    assert f'value="{OWNER}"' not in shown
    assert 'value="auditor"' not in shown
    assert (
        "more roles allow what you do not have everywhere yourself. Ask an owner of the workspace: Olga of d" in shown
    )
    sent = {"role": OWNER, "emails": "ida@example.com, pim@example.com"}
    answer = client.post(f"{ACCESS}{path}{'' if path == 'invite/' else 'roles/'}", sent)
    text = unescape(answer.content.decode())
    assert answer.status_code == 422
    assert (
        "Workspace Owner allows what you do not have everywhere yourself. Ask an owner of the workspace: Olga" in text
    )
    assert path != "invite/" or "ida@example.com, pim@example.com</textarea>" in text
    with in_workspace(cast.workspace.id):
        assert not Invitation.objects.exists()
        assert not Grant.objects.filter(role_id=OWNER).exclude(subject_id=cast.olga.id).exists()


def test_owners_are_offered_every_role(cast, client):
    client.force_login(cast.olga)
    shown = client.get(f"{ACCESS}invite/").content.decode()
    assert f'value="{OWNER}"' in shown
    assert "you do not have everywhere yourself" not in shown


def test_support_access_is_given_by_owners_alone(cast, dele, otto, monkeypatch):
    with (
        acting_as(dele, cast.workspace),
        pytest.raises(OwnersOnly, match="Ask an owner of the workspace: Olga of demo"),
    ):
        grant_support(email="x@example.org", hours=1, purpose="Ticket")


def test_a_link_of_support_leads_nowhere_once_its_giver_is_no_owner(cast, otto, monkeypatch):
    monkeypatch.setattr("django.db.transaction.on_commit", lambda send, **_: send())
    sam = make_sam()
    _, link = give(cast, sam, by=otto)
    with acting_as(cast.olga, cast.workspace):
        role = create_role(name="Delegate", permissions=DELEGATE)
        grant_role(role_key=role.key, scope="workspace", user_id=otto.id)
        with in_workspace(cast.workspace.id):
            grant = Grant.objects.get(subject_id=otto.id, role_id=OWNER)
        revoke_role(grant_id=grant.id)
    with pytest.raises(SupportGone):
        take_support(secret=link.rstrip("/").rpartition("/")[2], user=sam)


def test_each_way_to_cut_an_owner_is_told(cast, otto, jobs):
    board = make_group(workspace=cast.workspace, name="Board", members=[cast.rita])
    make_grant(workspace=cast.workspace, group=board, role=OWNER)
    with acting_as(cast.olga, cast.workspace):
        remove_member(user_id=cast.mina.id)
        remove_group_member(group_id=board.id, user_id=cast.rita.id)
        given = grant_role(role_key=OWNER, scope="workspace", user_id=cast.milo.id)
        revoke_role(grant_id=given.id)
    with acting_as(otto, cast.workspace):
        leave_workspace()
    assert jobs == [(cast.rita.id, cast.olga.id), (cast.milo.id, cast.olga.id), (otto.id, otto.id)]


def test_the_other_owners_are_told_by_mail(cast, otto):
    third = make_user(name="Tess")
    make_member(workspace=cast.workspace, user=third, role=OWNER)
    with acting_as(cast.olga, cast.workspace):
        remove_member(user_id=otto.id)
    mail.outbox.clear()
    mail_owner_cut(workspace_id=cast.workspace.id, user_id=otto.id, by_id=cast.olga.id)
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == ([third.email], "Otto Berg owns Halden Outdoor no more")
    assert "Olga of demo removed them, or took what made them one" in sent.body
    assert f"/demo/settings/access/members/{otto.id}/" in sent.body
