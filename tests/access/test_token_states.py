"""What the list of tokens says of each is what a request with it is told."""

from datetime import timedelta

import pytest

from auditapp.access.models import Grant
from auditapp.access.tokens import create_token
from auditapp.lib import clock
from auditapp.record.workspace_scope import in_workspace
from tests.factories import acting_as, make_cast, make_token

LIST = "/demo/settings/access/tokens/"
MANY = [
    "audit:read", "audit:write", "source:read", "source:write", "access:read", "access:write", "access:check", "space:read", "space:write",
]  # fmt: skip


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def as_olga(client, cast):
    client.force_login(cast.olga)
    return client


def row_of(client, name):
    page = client.get(LIST).content.decode()
    return next(row for row in page.split("<tr>") if f"<bdi>{name}</bdi>" in row)


@pytest.mark.parametrize(
    ("scopes", "maker", "days", "words", "tone", "status"),
    [
        (["audit:read"], "olga", 90, "Works", "good", 200),
        (["audit:read"], "olga", None, "Works, and does not expire", "warn", 200),
        (["audit:read"], "olga", 5, "Expires in 5 days", "warn", 200),
        (["audit:read"], "olga", 0.5, "Expires within a day", "warn", 200),
        (["audit:read"], "olga", -1, "Expired", "bad", 401),
        (["audit:read"], "zoe", 90, "Refused: its maker may not do this any more", "bad", 401),
        (["audit:read", "audit:write"], "zoe", 90, "Works in part", "warn", 401),
        (["audit:write"], "zoe", 90, "Works", "good", 401),
    ],
    ids=["works", "for-ever", "soon", "today", "expired", "maker-lost-it", "in-part", "only-records"],
)  # fmt: skip
def test_a_row_says_what_a_request_meets(as_olga, client, cast, scopes, maker, days, words, tone, status):
    expires_at = None if days is None else clock.now() + timedelta(days=days, minutes=5)
    _, secret = make_token(
        workspace=cast.workspace, scopes=scopes, created_by=getattr(cast, maker).id, expires_at=expires_at
    )
    row = row_of(as_olga, "CI deploy")
    assert f"{words}</span>" in row
    assert f"status--{tone}" in row
    assert ("Refused, since its maker may not do it any more: audit:read" in row) is (words == "Works in part")
    assert client.get("/api/audit-events", headers={"Authorization": f"Bearer {secret}"}).status_code == status


def test_what_a_member_sees_without_a_role_makes_no_token_work(as_olga, client, cast):
    _, secret = make_token(workspace=cast.workspace, scopes=["alert:read"], created_by=cast.mina.id)
    with in_workspace(cast.workspace.id):
        Grant.objects.filter(subject_id=cast.mina.id).delete()
    assert "Refused: its maker may not do this any more</span>" in row_of(as_olga, "CI deploy")
    assert client.get("/api/alert-rules", headers={"Authorization": f"Bearer {secret}"}).status_code == 401


def test_makers_are_asked_once_however_many_they_are(as_olga, cast, django_assert_max_num_queries):
    for _ in range(3):
        make_token(workspace=cast.workspace, created_by=cast.olga.id)
    with django_assert_max_num_queries(60) as few:
        as_olga.get(LIST)
    for person in 20 * [cast.olga, cast.milo, cast.rita, cast.mina]:
        make_token(workspace=cast.workspace, created_by=person.id)
    with django_assert_max_num_queries(len(few)):
        as_olga.get(LIST)


def test_many_scopes_are_folded_and_all_are_there(as_olga, cast):
    make_token(workspace=cast.workspace, scopes=MANY)
    row = row_of(as_olga, "CI deploy")
    assert "6 more" in row.split("</summary>")[0]
    assert all(f">{scope}</code>" in row for scope in MANY)


def test_every_address_is_no_bound(as_olga, cast):
    with acting_as(cast.olga, cast.workspace):
        token, _ = create_token(name="CI", scopes=["audit:read"])
    answer = as_olga.post(f"{LIST}{token.id}/networks/", {"networks": "0.0.0.0/0"})
    assert answer.status_code == 422
    assert "empty means from everywhere" in answer.content.decode()
