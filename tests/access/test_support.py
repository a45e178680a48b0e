"""Support access: given for a time, taken by one person, as far as its giver goes, told with both names, and over at once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.test import Client
from django.urls import reverse

from auditapp.access.errors import AlreadyMember, Denied, NotForSupport, SupportOver, SupportThere
from auditapp.access.members import remove_member
from auditapp.access.models import Grant, Member, User, Workspace
from auditapp.access.support import expire_support, grant_support, restore_support, revoke_support
from auditapp.access.support_mail import mail_support
from auditapp.access.support_models import SupportAccess
from auditapp.lib import clock
from auditapp.lib.errors import Invalid, NotFound
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.services import delete_source
from auditapp.trail.exports.errors import ExportHeld
from tests.access.support_moves import give, make_sam, prove, signed_in, supporting
from tests.conftest import cloned_database
from tests.factories import (
    acting_as,
    as_operator,
    events_of,
    last_event,
    make_cast,
    make_grant,
    make_member,
    make_token,
)
from tests.revert.looking import preview_of, undo

TRAIL, PAGE, NEW = (f"/demo/settings/{one}/" for one in ("admin/audit-trail", "access/support", "access/support/new"))
SOURCES = "/demo/connections/sources/"


@pytest.fixture(scope="module")
def world(server, django_db_blocker):
    """A workspace, made once; who gets support access in a test gets it in no other."""
    with django_db_blocker.unblock(), cloned_database(server):
        yield make_cast()


@pytest.fixture
def cast(world):
    """What a test does is rolled back, what it commits by itself included."""
    with transaction.atomic():
        yield world
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Nothing here is ever committed: mail goes out where it would be."""
    monkeypatch.setattr(transaction, "on_commit", lambda send, **_: send())


def stored(cast, given):
    with in_workspace(cast.workspace.id):
        return SupportAccess.objects.select_related("user").get(workspace_id=cast.workspace.id, id=given.id)


def last_of(cast, type_key):
    return next(row for row in events_of(cast.workspace) if row.event.type == type_key)


def revoke(cast, given, by=None):
    with acting_as(by or cast.olga, cast.workspace):
        revoke_support(support_id=given.id)


def both(cast, sam):
    return replace(cast.olga.audit_actor, real=sam.audit_actor)


def test_it_is_given_used_and_told_with_both_names(cast):
    sam = make_sam()
    given, link = give(cast, sam, hours=168)
    granted = last_event(cast.workspace)
    assert (granted.event.type, granted.resource.id, granted.event.actor.real) == (
        "support_access.granted",
        given.id,
        None,
    )
    assert granted.event.meta["lasts"] == "7 days"
    assert link.rstrip("/").rpartition("/")[2].encode() not in bytes(stored(cast, given).digest)
    client = signed_in(sam)
    assert client.get(TRAIL).status_code == 404
    assert "Ticket 48213" in client.get(link).content.decode()
    assert client.post(link)["Location"] == "/demo/"
    used = last_event(cast.workspace)
    assert (used.event.type, used.event.actor) == ("support_access.used", both(cast, sam))
    page = client.get(TRAIL).content.decode()
    assert "You act as support for <b><bdi>Olga of demo</bdi></b> until" in page
    assert "Sam Okoro as Olga of demo" in page
    viewed = last_event(cast.workspace)
    assert (viewed.event.type, viewed.event.actor.doer.id) == ("audit_trail.viewed", sam.id)
    assert viewed.event.context["support_id"] == given.id
    with in_workspace(cast.workspace.id):
        assert not Member.objects.filter(user=sam).exists()


def test_leaving_ends_it_in_this_session_and_the_start_page_leads_back(cast):
    sam = make_sam()
    given, client = supporting(cast, sam)
    assert client.post("/accounts/support/leave/")["Location"] == "/"
    assert client.get(TRAIL).status_code == 404
    assert "as support for <bdi>Olga of demo</bdi>" in client.get("/").content.decode()
    assert client.post(f"/accounts/support/{given.id}/enter/")["Location"] == "/demo/"
    assert client.get(TRAIL).status_code == 200
    assert [row.event.type for row in events_of(cast.workspace)].count("support_access.used") == 2
    assert signed_in(cast.zoe).post(f"/accounts/support/{given.id}/enter/").status_code == 404


def test_until_when_is_said_in_the_workspace_s_zone_everywhere(cast):
    with in_workspace(cast.workspace.id):
        Workspace.objects.filter(id=cast.workspace.id).update(time_zone="Asia/Kolkata")
    sam = make_sam()
    with clock.at(datetime(2026, 11, 30, 20, 0, tzinfo=UTC)):
        _, link = give(cast, sam, hours=1)
        client, until = signed_in(sam), "1 Dec 2026, 02:30 IST"
        assert until in client.get(link).content.decode()
        client.post(link)
        refused = client.get("/demo/settings/access/invite/")
        for answer, status in ((client.get(TRAIL), 200), (refused, 403), (client.get("/"), 200)):
            assert (answer.status_code, until in answer.content.decode()) == (status, True)


def test_a_link_works_once_and_for_its_address_alone(cast):
    sam, eve = make_sam(), make_sam()
    given, link = give(cast, sam)
    assert signed_in(eve).post(link).status_code == 403
    assert Client().post(link, {"name": "Eve", "password": "correct horse battery"}).status_code == 409
    assert stored(cast, given).accepted_at is None
    assert signed_in(sam).post(link).status_code == 302
    for client in (signed_in(sam), signed_in(eve), Client()):
        assert client.get(link).status_code == 404
        assert client.post(link).status_code == 404
    assert Client().get(link[:-2] + "x/").status_code == 404


def test_who_has_no_account_makes_one_by_the_link(cast):
    stranger = User(email="new@vendor.example")
    given, link = give(cast, stranger)
    client = Client()
    assert client.post(link, {"name": "Nea", "password": "short"}).status_code == 422
    assert client.post(link, {"name": "Nea", "password": "correct horse battery"}).status_code == 302
    assert client.get(TRAIL).status_code == 200
    assert stored(cast, given).user.name == "Nea"


def test_it_ends_to_the_second_and_the_end_is_told_once(cast):
    sam = make_sam()
    given, client = supporting(cast, sam, hours=1)
    with clock.at(given.expires_at - timedelta(seconds=1)):
        assert client.get(TRAIL).status_code == 200
    with clock.at(given.expires_at):
        answer = client.get(TRAIL)
        assert (answer.status_code, "has ended" in answer.content.decode()) == (404, True)
        assert client.post(f"/accounts/support/{given.id}/enter/").status_code == 404
        with as_operator():
            assert (expire_support(), expire_support()) == (1, 0)
        assert (last_event(cast.workspace).event.type, last_event(cast.workspace).event.actor.kind) == (
            "support_access.expired",
            "system",
        )
        with acting_as(cast.olga, cast.workspace), pytest.raises(NotFound):
            revoke_support(support_id=given.id)


def test_the_next_request_after_it_was_taken_back_is_refused_and_so_is_a_stream_that_is_open(cast, monkeypatch):
    sam = make_sam()
    given, client = supporting(cast, sam)
    monkeypatch.setattr("auditapp.trail.exports.streaming.ROWS_A_PAGE", 2)
    monkeypatch.setattr("auditapp.web.streaming.CHUNK_BYTES", 1)
    parts = iter(client.get(f"{TRAIL}export.jsonl").streaming_content)
    assert next(parts).count(b"\n") == 2
    revoke(cast, given)
    with pytest.raises(ExportHeld):
        next(parts)
    assert client.get(TRAIL).status_code == 404
    assert client.get(f"{TRAIL}new/").status_code == 404
    assert client.post(SOURCES + "new/", {"name": "Late"}).status_code == 404


def test_it_goes_as_far_as_its_giver_goes_at_that_time(cast):
    sam = make_sam()
    with in_workspace(cast.workspace.id):
        make_grant(workspace=cast.workspace, user=cast.milo, role="workspace_owner")
    given, client = supporting(cast, sam, by=cast.milo)
    kiosk = reverse("sources:source", args=["demo", cast.kiosk.id])
    assert client.get(kiosk).status_code == 200
    with in_workspace(cast.workspace.id):
        Grant.objects.filter(subject_id=cast.milo.id, role_id="workspace_owner").delete()
    assert client.get(kiosk).status_code == 404
    assert client.get(reverse("sources:source", args=["demo", cast.shop.id])).status_code == 200
    denied = client.get("/demo/settings/workspace/")
    assert (denied.status_code, "Ask the owners" in denied.content.decode()) == (403, False)
    refused = last_event(cast.workspace)
    assert (refused.event.type, refused.event.actor.id, refused.event.actor.doer.id) == (
        "user.access_denied",
        cast.milo.id,
        sam.id,
    )
    with acting_as(cast.olga, cast.workspace):
        remove_member(user_id=cast.milo.id)
    assert [row.event.type for row in events_of(cast.workspace)[:2]] == ["user.removed", "support_access.revoked"]
    assert client.get(TRAIL).status_code == 404
    assert not stored(cast, given).is_open


def test_it_opens_no_other_workspace(cast):
    other, sam = make_cast(slug="elsewhere"), make_sam()
    _, client = supporting(cast, sam)
    assert client.get("/elsewhere/settings/admin/audit-trail/").status_code == 404
    given_there, _ = supporting(other, sam)
    with in_workspace(cast.workspace.id):
        assert not SupportAccess.objects.filter(id=given_there.id).exists()
    # Each session acts by one of them at a time.
    client.post(f"/accounts/support/{given_there.id}/enter/")
    assert client.get(TRAIL).status_code == 404
    assert client.get("/elsewhere/settings/admin/audit-trail/").status_code == 200


def test_who_is_a_member_has_no_use_for_it(cast):
    sam = make_sam()
    with acting_as(cast.olga, cast.workspace), pytest.raises(AlreadyMember):
        grant_support(email=cast.rita.email.upper(), hours=1, purpose="x")
    _, client = supporting(cast, sam)
    make_member(workspace=cast.workspace, user=sam, role="minimal_workspace_access")
    page = client.get(TRAIL)
    assert (page.status_code, "You act as support" in page.content.decode()) == (200, False)
    assert client.get(SOURCES).status_code == 403
    assert last_event(cast.workspace).event.actor == sam.audit_actor


@pytest.mark.parametrize("said", [{"hours": 0}, {"hours": 169}, {"purpose": " "}, {"purpose": "x" * 301}])
def test_what_it_is_for_and_how_long_are_said(cast, said):
    with acting_as(cast.olga, cast.workspace), pytest.raises(Invalid):
        grant_support(email="sam@vendor.example", **({"hours": 1, "purpose": "Ticket"} | said))


def test_owners_alone_give_it_in_their_own_person(cast):
    sam, asked = make_sam(), {"hours": 1, "purpose": "Ticket"}
    token, _ = make_token(workspace=cast.workspace, scopes=["access:write"], created_by=cast.olga.id)
    for who, refusal in ((cast.rita, Denied), (token, NotForSupport), (both(cast, sam), Denied)):
        with acting_as(who, cast.workspace), pytest.raises(refusal):
            grant_support(email="eve@vendor.example", **asked)
    with acting_as(cast.olga, cast.workspace):
        grant_support(email=sam.email, **asked)
        with pytest.raises(SupportThere):
            grant_support(email=sam.email.upper(), **asked)
    client = signed_in(cast.olga)
    form = {"email": "bea@vendor.example", "hours": "8", "purpose": "Ticket", "level": "read"}
    assert client.post(NEW, form)["Location"].startswith("/accounts/reauthenticate/")
    assert prove(client).post(NEW, form)["Location"] == PAGE
    page = client.get(PAGE).content.decode()
    assert "bea@vendor.example" in page
    assert "Link not opened yet" in page


def test_the_owners_are_told_when_it_is_given_and_first_used(cast):
    make_grant(workspace=cast.workspace, user=cast.rita, role="workspace_owner")
    sam, rita = make_sam(), signed_in(cast.rita)
    given, _ = supporting(cast, sam, is_read_only=True)
    page = rita.get("/demo/settings/admin/alerts/bell/").content.decode()
    assert "Olga of demo gave read-only support access: Ticket 48213" in page
    assert "Sam Okoro began to act as support for Olga of demo" in page
    assert "2 new" in page
    own = signed_in(cast.olga).get("/demo/settings/admin/alerts/bell/").content.decode()
    assert ("gave read-only" in own, "began to act" in own) == (False, True)
    assert "Support access" not in signed_in(cast.milo).get("/demo/settings/admin/alerts/bell/").content.decode()
    for what, told in (("granted", [cast.rita]), ("used", [cast.olga, cast.rita])):
        mail.outbox.clear()
        mail_support(workspace_id=cast.workspace.id, support_id=given.id, what=what)
        assert sorted(one.to[0] for one in mail.outbox) == sorted(person.email for person in told)


def test_taking_it_back_can_be_undone_within_its_time_and_by_that_time_alone(cast):
    sam = make_sam()
    given, client = supporting(cast, sam, hours=2)
    revoke(cast, given)
    with acting_as(cast.olga, cast.workspace):
        assert restore_support(support_id=given.id).expires_at == given.expires_at
    assert last_event(cast.workspace).event.type == "support_access.granted"
    assert client.get(TRAIL).status_code == 200
    revoke(cast, given)
    with acting_as(cast.olga, cast.workspace), clock.at(given.expires_at), pytest.raises(SupportOver):
        restore_support(support_id=given.id)


def test_what_asks_who_sits_there_is_not_for_support(cast):
    with acting_as(cast.olga, cast.workspace):
        delete_source(source_id=cast.kiosk.id)
    _, client = supporting(cast, make_sam())
    risky = reverse("revert:undo", args=["demo", last_of(cast, "source.deleted").key])
    refused = prove(client).get(risky)
    assert (refused.status_code, "Support cannot do this" in refused.content.decode()) == (403, True)
    assert "You act as support" in refused.content.decode()


def test_giving_it_is_undone_by_taking_it_back_and_taking_it_back_by_giving_it_again(cast):
    given, client = supporting(cast, make_sam())
    undo(cast, last_of(cast, "support_access.granted"))
    assert client.get(TRAIL).status_code == 404
    revoked = last_event(cast.workspace)
    assert preview_of(cast, revoked).is_risky
    undo(cast, revoked)
    assert client.get(TRAIL).status_code == 200
    assert stored(cast, given).is_open


def test_in_whose_name_others_may_act_is_seen_now_and_as_it_was(cast):
    member = f"/demo/settings/access/members/{cast.olga.id}/"
    with clock.at(clock.now() - timedelta(hours=2)):
        given, _ = give(cast, make_sam())
    rita = signed_in(cast.rita)
    assert f"<bdi>{given.email}</bdi> may act in their name" in rita.get(member).content.decode()
    revoke(cast, given)
    assert "in their name" not in rita.get(member).content.decode()
    then = rita.get(member, {"on": clock.utc_text(clock.now() - timedelta(hours=1))}).content.decode()
    assert f"<bdi>{given.email}</bdi> could act in their name" in then
    assert "does not fit" not in then
    before = rita.get(member, {"on": clock.utc_text(clock.now() - timedelta(hours=3))}).content.decode()
    assert ("in their name" in before, "does not fit" in before) == (False, False)
