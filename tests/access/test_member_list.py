"""The list of members: searched, filtered, page by page, and as cheap for thousands."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.test import Client

from auditapp.access.member_list import MemberQuery, member_page
from auditapp.access.models import Grant, Member, User
from auditapp.access.paged import PAGE
from auditapp.lib import clock
from auditapp.record.workspace_scope import in_workspace
from tests.conftest import cloned_database
from tests.factories import make_cast, make_grant, make_group

MANY = 2_000
OVERVIEW = "/demo/settings/access/"


@pytest.fixture(scope="module")
def cast(server, django_db_blocker):
    """The cast with an app of olga's and a passkey of milo's, mina in a group of auditors; beside it a workspace with thousands."""
    with django_db_blocker.unblock(), cloned_database(server):
        cast = make_cast()
        for user, kind in ((cast.olga, "totp"), (cast.milo, "webauthn"), (cast.milo, "recovery_codes")):
            Authenticator.objects.create(user=user, type=kind, data={})
        group = make_group(workspace=cast.workspace, name="Auditors", members=[cast.mina])
        make_grant(workspace=cast.workspace, group=group, role="auditor")
        big = make_cast(slug="big")
        people = [User(email=f"p{n}@big.example", name=f"Person {n:04}", password="!") for n in range(MANY)]
        User.objects.bulk_create(people)
        with in_workspace(big.workspace.id):
            Member.objects.bulk_create(Member(workspace=big.workspace, user=one) for one in people)
            Grant.objects.bulk_create(
                Grant(
                    workspace_id=big.workspace.id,
                    id=f"grt_{one.id}",
                    subject_kind="member",
                    subject_id=one.id,
                    role_id="auditor",
                    scope="workspace",
                )
                for one in people
            )
        yield cast, group, big


def found(cast, **asked):
    options = {key: asked.pop(key) for key in ("sees_addresses", "sees_factors") if key in asked}
    with in_workspace(cast.workspace.id):
        page = member_page(cast.workspace.id, MemberQuery.read(asked), **options)
    return [row.user.name.split()[0] for row in page.rows]


def test_it_is_found_by_name_address_role_group_and_want_of_a_second_factor(cast):
    cast, group, _ = cast
    everybody = ["Milo", "Mina", "Olga", "Rita"]
    assert found(cast) == everybody
    assert found(cast, q="OLGA OF") == ["Olga"]
    assert found(cast, q="milo@") == ["Milo"]
    assert found(cast, q="milo@", sees_addresses=False) == []
    assert found(cast, q="zoe") == []
    assert found(cast, role="auditor") == ["Mina", "Rita"]
    assert found(cast, group=group.id) == ["Mina"]
    assert found(cast, factor="without") == ["Mina", "Rita"]
    assert found(cast, factor="without", sees_factors=False) == everybody
    assert found(cast, role="auditor", factor="without", q="rita") == ["Rita"]
    for nothing in ({"q": "\x00"}, {"page": "nine"}, {"page": "999999"}, {"factor": "x"}, {"page": "-1"}):
        assert found(cast, **nothing) == everybody
    assert found(cast, q="%") == []


def test_it_tells_second_factors_and_when_somebody_was_seen_and_joined(cast):
    cast, _, _ = cast
    later = clock.now() + timedelta(hours=1)
    UserSession.objects.create(user=cast.mina, session_key="x", ip="203.0.113.9", last_seen_at=later, data={})
    with in_workspace(cast.workspace.id):
        rows = {row.user.id: row for row in member_page(cast.workspace.id, MemberQuery()).rows}
    assert rows[cast.olga.id].factors == ["Authenticator app"]
    assert rows[cast.milo.id].factors == ["Passkey"]
    assert rows[cast.rita.id].factors == []
    assert (rows[cast.mina.id].seen_at, rows[cast.rita.id].seen_at) == (later, None)
    assert [one.from_group for one in rows[cast.mina.id].grants] == ["", "Auditors"]


def test_thousands_are_read_page_by_page_for_the_price_of_a_few(cast, django_assert_max_num_queries):
    _, _, big = cast
    owner = Client()
    owner.force_login(big.olga)
    path = OVERVIEW.replace("demo", "big")
    with django_assert_max_num_queries(40):
        first = owner.get(path)
    text = first.content.decode()
    assert text.count("Manage<span") == PAGE
    assert "1 to 100 of 2,004" in text
    assert len(text) < 400_000
    last = owner.get(f"{path}?page=99").context["members"]
    assert (last.number, len(last.rows), last.next) == (21, 4, "")
    second = owner.get(f"{path}?role=auditor&q=Person&page=2").context["members"]
    assert (second.found, second.everyone) == (MANY, MANY + 4)
    assert second.previous == "?q=Person&role=auditor&page=1"


def test_owners_alone_are_shown_who_has_no_second_factor(cast):
    cast, _, _ = cast
    for person, is_shown in ((cast.olga, True), (cast.rita, False)):
        client = Client()
        client.force_login(person)
        text = client.get(f"{OVERVIEW}?factor=without").content.decode()
        assert ("Second factor" in text) is is_shown
        assert ("2 of 4 members fit" in text) is is_shown
