"""Asking for access where a page was denied, and what owners answer."""

from datetime import timedelta

import pytest
from django.core import mail

from auditapp.access.access_requests import (
    MESSAGE_LENGTH,
    MOST_A_DAY,
    AnsweredAlready,
    AskedAlready,
    AskedOften,
    DeclinedLately,
    HeldAlready,
    approve_request,
    decline_request,
    request_access,
)
from auditapp.access.errors import Denied
from auditapp.access.groups import add_group_member
from auditapp.access.members import remove_member
from auditapp.access.models import AccessRequest, Grant
from auditapp.access.permissions import Permission
from auditapp.access.request_mail import mail_request
from auditapp.access.roles import grant_role
from auditapp.lib import clock
from auditapp.lib.errors import Invalid, NotFound
from auditapp.record.workspace_scope import in_workspace
from tests.factories import acting_as, events_of, last_event, make_cast, make_grant, make_group, make_member, make_token

ACCESS, OWN, NEW = "/demo/settings/access/", "/demo/access-requests/", "/demo/access-requests/new/"


@pytest.fixture
def cast(db):
    return make_cast()


def ask(cast, person=None, permission="source.write", **said):
    with acting_as(person or cast.mina, cast.workspace):
        return request_access(permission=permission, **said)


def state_of(cast, asked):
    with in_workspace(cast.workspace.id):
        return AccessRequest.objects.get(workspace_id=cast.workspace.id, id=asked.id).state


def types_of(cast):
    return [row.event.type for row in events_of(cast.workspace)]


def mails_about(cast, asked):
    mail.outbox.clear()
    mail_request(workspace_id=cast.workspace.id, request_id=asked.id)
    return mail.outbox


def test_a_request_is_an_event_and_the_owners_get_a_mail(cast):
    asked = ask(cast, message="I look after\n the app events now")
    row = last_event(cast.workspace)
    assert (row.event.type, row.event.actor.id) == ("access_request.created", cast.mina.id)
    assert (row.resource.type, row.resource.id, row.resource.name) == ("access_request", asked.id, "Change sources")
    assert row.event.meta == {"note": "I look after the app events now"}
    (sent,) = mails_about(cast, asked)
    assert sent.to == [cast.olga.email]
    assert "Change sources" in sent.body
    assert "I look after the app events now" in sent.body


def test_it_is_asked_for_in_one_click_from_the_page_that_was_denied(client, cast):
    client.force_login(cast.mina)
    denied = client.get("/demo/connections/sources/")
    assert denied.status_code == 403
    page = denied.content.decode()
    assert 'name="permission" value="source.read"' in page
    assert f'action="{NEW}"' in page
    assert client.post(NEW, {"permission": "source.read", "message": "On call"})["Location"] == OWN
    own = client.get(OWN).content.decode()
    assert "Waits for an owner" in own
    assert "On call" in own
    again = client.get("/demo/connections/sources/").content.decode()
    assert "It waits for an owner" in again
    assert NEW not in again


def test_a_fragment_that_was_denied_leads_to_the_page_that_asks(client, cast):
    client.force_login(cast.mina)
    banner = client.get("/demo/connections/sources/", headers={"HX-Request": "true"})
    assert banner.status_code == 403
    assert banner["HX-Retarget"] == "#notices"
    assert f'href="{OWN}?permission=source.read"' in banner.content.decode()
    assert "Ask for: <b>See sources</b>" in client.get(f"{OWN}?permission=source.read").content.decode()


def test_the_form_of_a_denied_page_works_with_its_token_alone(cast):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.mina)
    page = client.get("/demo/connections/sources/").content.decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].partition('"')[0]
    assert client.post(NEW, {"permission": "source.read"}).status_code == 403
    assert client.post(NEW, {"permission": "source.read", "csrfmiddlewaretoken": token}).status_code == 302


def test_who_has_no_role_yet_can_ask_for_more_than_their_own(client, cast):
    make_member(workspace=cast.workspace, user=cast.zoe)
    client.force_login(cast.zoe)
    assert client.get("/demo/")["Location"] == "/demo/settings/admin/audit-trail/"
    assert client.get("/demo/settings/access/").status_code == 403
    assert client.post(NEW, {"permission": "audit.read"}).status_code == 302
    assert client.get(OWN).status_code == 200


def test_what_is_asked_for_names_nothing_of_the_workspace(client, cast):
    """Neither the page, nor what is sent, holds a resource: one that is there and one that is not ask alike."""
    client.force_login(cast.mina)
    pages = [client.get(f"/demo/connections/sources/{one}/") for one in (cast.kiosk.id, "src_none")]
    assert [page.status_code for page in pages] == [403, 403]
    for page in pages:
        assert "Kiosk" not in page.content.decode()
        assert "src_" not in page.content.decode()
    with in_workspace(cast.workspace.id):
        assert {field.name for field in AccessRequest._meta.fields} == {
            *("pk", "workspace_id", "id", "user", "permission", "meaning", "message"),
            *("state", "created_at", "answered_at", "role_name"),
        }


def test_one_waits_for_each_permission(cast):
    ask(cast)
    with pytest.raises(AskedAlready):
        ask(cast)
    ask(cast, permission="source.read")
    ask(cast, person=cast.rita)


def test_what_is_held_already_is_not_asked_for_but_more_of_it_is(cast):
    with pytest.raises(HeldAlready):
        ask(cast, person=cast.olga)
    asked = ask(cast, person=cast.milo)  # who has two of three sources
    assert state_of(cast, asked) == "waiting"


@pytest.mark.parametrize("asked", [{"permission": "everything"}, {"message": "x" * (MESSAGE_LENGTH + 1)}])
def test_what_cannot_be_asked_is_refused(client, cast, asked):
    with pytest.raises(Invalid):
        ask(cast, **asked)
    client.force_login(cast.mina)
    assert client.post(NEW, {"permission": "source.write", **asked}).status_code == 422
    assert "access_request.created" not in types_of(cast)


def test_a_token_asks_for_nothing(cast):
    token, _ = make_token(workspace=cast.workspace)
    with pytest.raises(NotFound):
        ask(cast, person=token)


def test_it_is_throttled(cast):
    for permission in list(Permission)[5 : 5 + MOST_A_DAY]:
        ask(cast, permission=permission)
    with pytest.raises(AskedOften):
        ask(cast, permission="workspace.manage")
    with clock.at(clock.now() + timedelta(days=1, seconds=1)):
        ask(cast, permission="workspace.manage")


def test_an_owner_approves_it_with_the_least_role_that_covers_it(client, cast):
    asked = ask(cast, message="On call")
    client.force_login(cast.olga)
    page = client.get(ACCESS).content.decode()
    assert "On call" in page
    section = page.split('id="requests-title"')[1].split("</section>")[0]
    choices = [part.partition('"')[0] for part in section.split('<option value="')[1:]]
    assert choices == ["source_admin.all", "workspace_owner.workspace"]
    answer = client.post(f"{ACCESS}requests/{asked.id}/approve/", {"choice": choices[0]})
    assert answer["Location"] == ACCESS
    assert types_of(cast)[:2] == ["access_request.approved", "user.role_granted"]
    row = last_event(cast.workspace)
    assert (row.resource.id, row.event.targets[1].id) == (asked.id, cast.mina.id)
    assert row.event.meta == {"role": "Source Admin"}
    assert 'id="requests-title"' not in client.get(ACCESS).content.decode()
    client.force_login(cast.mina)
    assert client.get("/demo/connections/sources/").status_code == 200
    assert "Approved" in client.get(OWN).content.decode()
    (sent,) = mails_about(cast, asked)
    assert sent.to == [cast.mina.email]
    assert "you have the role Source Admin now" in sent.body


def test_an_owner_declines_it_and_it_is_asked_again_after_a_day(client, cast):
    asked = ask(cast, permission="source.read")
    client.force_login(cast.olga)
    assert client.post(f"{ACCESS}requests/{asked.id}/decline/").status_code == 302
    assert last_event(cast.workspace).event.type == "access_request.declined"
    (sent,) = mails_about(cast, asked)
    assert (sent.to, "declined" in sent.body) == ([cast.mina.email], True)
    client.force_login(cast.mina)
    assert "An owner declined this" in client.get("/demo/connections/sources/").content.decode()
    assert "Declined" in client.get(OWN).content.decode()
    assert client.post(NEW, {"permission": "source.read"}).status_code == 409
    with pytest.raises(DeclinedLately):
        ask(cast, permission="source.read")
    with clock.at(clock.now() + timedelta(days=1, seconds=1)):
        ask(cast, permission="source.read")


@pytest.mark.parametrize("again", [approve_request, decline_request])
def test_it_is_answered_once(cast, again):
    asked = ask(cast)
    more = {"choice": "source_admin.all"} if again is approve_request else {}
    with acting_as(cast.olga, cast.workspace):
        decline_request(request_id=asked.id)
        with pytest.raises(AnsweredAlready):
            again(request_id=asked.id, **more)
    with in_workspace(cast.workspace.id):
        assert not Grant.objects.filter(subject_id=cast.mina.id, role_id="source_admin").exists()


@pytest.mark.parametrize("choice", ["", "auditor.workspace", "source_admin.listed", "source_admin", "no_role.all"])
def test_only_a_role_that_covers_it_answers_it(cast, choice):
    asked = ask(cast)
    with acting_as(cast.olga, cast.workspace), pytest.raises(Invalid):
        approve_request(request_id=asked.id, choice=choice)
    assert state_of(cast, asked) == "waiting"


@pytest.mark.parametrize("person", ["milo", "rita", "mina"])
def test_nobody_but_who_manages_access_answers(client, cast, person):
    asked = ask(cast, message="On call")
    with acting_as(getattr(cast, person), cast.workspace):
        for act in (
            lambda: approve_request(request_id=asked.id, choice="source_admin.all"),
            lambda: decline_request(request_id=asked.id),
        ):
            with pytest.raises(Denied):
                act()
    assert state_of(cast, asked) == "waiting"
    client.force_login(cast.rita)
    assert "On call" not in client.get(ACCESS).content.decode()


def test_a_role_over_less_that_is_given_by_hand_answers_it_too(cast):
    asked = ask(cast)
    with acting_as(cast.olga, cast.workspace):
        grant_role(user_id=cast.mina.id, role_key="source_admin", scope="listed", resource_ids=[cast.shop.id])
    assert state_of(cast, asked) == "approved"


def test_a_role_that_does_not_cover_it_leaves_it_waiting(cast):
    asked, creating = ask(cast), ask(cast, permission="source.create")
    with acting_as(cast.olga, cast.workspace):
        grant_role(user_id=cast.mina.id, role_key="source_read_only", scope="all")
        assert state_of(cast, asked) == "waiting"
        # Which creates no source, being over one of them.
        grant_role(user_id=cast.mina.id, role_key="source_admin", scope="listed", resource_ids=[cast.shop.id])
    assert (state_of(cast, asked), state_of(cast, creating)) == ("approved", "waiting")


def test_a_group_that_covers_it_answers_it(cast):
    asked, other = ask(cast), ask(cast, person=cast.rita)
    group = make_group(workspace=cast.workspace, members=[cast.rita])
    with acting_as(cast.olga, cast.workspace):
        grant_role(group_id=group.id, role_key="source_admin", scope="all")
        assert (state_of(cast, asked), state_of(cast, other)) == ("waiting", "approved")
        add_group_member(group_id=group.id, user_id=cast.mina.id)
    assert state_of(cast, asked) == "approved"


def test_who_leaves_leaves_no_request(cast):
    ask(cast, message="private")
    make_grant(workspace=cast.workspace, user=cast.rita, role="workspace_owner")
    with acting_as(cast.olga, cast.workspace):
        remove_member(user_id=cast.mina.id)
    with in_workspace(cast.workspace.id):
        assert not AccessRequest.objects.exists()


def test_members_see_their_own_requests_alone(client, cast):
    ask(cast, message="private")
    client.force_login(cast.rita)
    assert "private" not in client.get(OWN).content.decode()
