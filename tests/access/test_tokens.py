"""Access tokens: made, revoked, recognised."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from auditapp.access.errors import Denied, MoreThanYouHave
from auditapp.access.models import ApiToken
from auditapp.access.permissions import Access, HeldGrant
from auditapp.access.tokens import (
    TokenMade,
    access_for,
    create_token,
    note_use,
    revoke_token,
    token_behind,
    viewer_of_token,
    why_refused,
)
from auditapp.lib import clock
from auditapp.lib.errors import Invalid, NotFound
from auditapp.lib.ids import new_id
from auditapp.lib.tokens import new_api_token
from auditapp.record.workspace_scope import in_workspace
from tests.factories import acting_as, as_operator, events_of, last_event, make_cast, make_token


@pytest.fixture
def cast(db):
    return make_cast()


def stored(cast, token):
    with in_workspace(cast.workspace.id):
        return ApiToken.objects.get(workspace_id=cast.workspace.id, id=token.id)


def test_a_new_token_is_recorded_without_its_secret(cast):
    expires_at = clock.now() + timedelta(days=30)
    with acting_as(cast.olga, cast.workspace):
        token, secret = create_token(name=" CI deploy ", scopes=["audit:write", "audit:read"], expires_at=expires_at)
    row = last_event(cast.workspace)
    assert row.event.type == "workspace.access_token_created"
    assert (row.resource.type, row.resource.id, row.resource.name) == ("access_token", token.id, "CI deploy")
    assert row.event.meta == {"scopes": ["audit:read", "audit:write"], "expires_at": clock.utc_text(expires_at)}
    assert secret not in repr(row)
    assert token.created_by == cast.olga.id
    assert secret.endswith(token.last_characters)
    assert secret.encode() not in bytes(token.digest)


def test_the_secret_finds_the_token_and_a_slip_finds_nothing(cast):
    token, secret = make_token(workspace=cast.workspace)
    assert token_behind(secret).id == token.id
    assert token_behind(secret[:-1] + ("A" if secret[-1] != "A" else "B")) is None
    assert token_behind(new_api_token()) is None
    assert token_behind("") is None


def test_a_revoked_token_is_refused_at_once_and_it_is_recorded(cast):
    token, secret = make_token(workspace=cast.workspace)
    note_use(token)
    with acting_as(cast.olga, cast.workspace):
        revoke_token(token_id=token.id)
    found = token_behind(secret)
    with in_workspace(cast.workspace.id):
        held = access_for(found, "audit:read")
    assert why_refused(found, "audit:read", held, None) == "This token was revoked."
    row = last_event(cast.workspace)
    assert row.event.type == "workspace.access_token_revoked"
    assert row.event.meta == {"last_used_at": clock.utc_text(stored(cast, token).last_used_at)}


def test_a_token_is_revoked_once(cast):
    token, _ = make_token(workspace=cast.workspace)
    with acting_as(cast.olga, cast.workspace):
        revoke_token(token_id=token.id)
        with pytest.raises(NotFound):
            revoke_token(token_id=token.id)


def test_an_expired_token_and_a_missing_scope_are_refused(cast):
    moment = clock.now()
    token, _ = make_token(workspace=cast.workspace, scopes=["audit:write"], expires_at=moment + timedelta(hours=1))
    held = Access(cast.workspace.id, token.id)
    assert why_refused(token, "audit:write", held, None) is None
    assert "does not have the scope audit:read" in why_refused(token, "audit:read", held, None)
    with clock.at(moment + timedelta(hours=1)):
        assert why_refused(token, "audit:write", held, None) == "This token has expired."


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"name": " ", "scopes": ["audit:read"]}, "name"),
        ({"name": "CI", "scopes": []}, "scopes"),
        ({"name": "CI", "scopes": ["audit:read", "everything"]}, "scopes"),
    ],
)
def test_what_is_missing_is_refused_at_its_field(cast, asked, field):
    with acting_as(cast.olga, cast.workspace), pytest.raises(Invalid) as refused:
        create_token(**asked)
    assert refused.value.field == field


def test_a_token_does_not_expire_in_the_past(cast):
    with acting_as(cast.olga, cast.workspace), pytest.raises(Invalid) as refused:
        create_token(name="CI", scopes=["audit:read"], expires_at=clock.now())
    assert refused.value.field == "expires_at"


def test_a_token_of_one_id_is_made_once_also_after_it_was_revoked(cast):
    asked = {"name": "CI", "scopes": ["audit:read"], "token_id": new_id("tok")}
    with acting_as(cast.olga, cast.workspace):
        token, _ = create_token(**asked)
        assert token.id == asked["token_id"]
        with pytest.raises(TokenMade):
            create_token(**asked)
        revoke_token(token_id=token.id)
        with pytest.raises(TokenMade):
            create_token(**asked)
    types = [row.event.type for row in events_of(cast.workspace)]
    assert types == ["workspace.access_token_revoked", "workspace.access_token_created"]


@pytest.mark.parametrize("token_id", ["", "tok_1", "usr_" + "a" * 22, "tok_" + "é" * 22, "tok_" + "a" * 22 + "\n"])
def test_an_id_that_no_token_could_have_is_refused(cast, token_id):
    with acting_as(cast.olga, cast.workspace), pytest.raises(Invalid):
        create_token(name="CI", scopes=["audit:read"], token_id=token_id)


@pytest.mark.parametrize("person", ["milo", "rita", "mina", "zoe"])
def test_who_does_not_manage_tokens_makes_and_revokes_none(cast, person):
    token, _ = make_token(workspace=cast.workspace)
    with acting_as(getattr(cast, person), cast.workspace):
        with pytest.raises(Denied):
            create_token(name="CI", scopes=["audit:write"])
        with pytest.raises(Denied):
            revoke_token(token_id=token.id)
    assert events_of(cast.workspace) == []


def test_a_token_makes_no_token(cast):
    token, _ = make_token(workspace=cast.workspace)
    with acting_as(token, cast.workspace), pytest.raises(Denied):
        create_token(name="Child", scopes=["audit:read"])


def test_nobody_gives_a_token_more_than_they_have(cast, monkeypatch):
    held = HeldGrant(frozenset({"token.manage", "audit.read"}), "", "workspace")
    monkeypatch.setattr("auditapp.access.rules.acting_access", lambda: Access(cast.workspace.id, "usr_x", (held,)))
    with acting_as(cast.milo, cast.workspace):
        create_token(name="Writes", scopes=["audit:write"])
        with pytest.raises(MoreThanYouHave):
            create_token(name="Reads all", scopes=["audit:read"])


def test_use_is_noted_at_most_once_a_minute(cast, django_assert_num_queries):
    token, _ = make_token(workspace=cast.workspace)
    moment = clock.now()
    with clock.at(moment):
        note_use(token)
    token = stored(cast, token)
    assert token.last_used_at == moment
    with clock.at(moment + timedelta(seconds=59)), django_assert_num_queries(0):
        note_use(token)
    with clock.at(moment + timedelta(seconds=61)):
        note_use(stored(cast, token))
    assert stored(cast, token).last_used_at == moment + timedelta(seconds=61)


def test_a_reading_token_sees_all_and_a_writing_one_itself(cast):
    reads, _ = make_token(workspace=cast.workspace, scopes=["audit:read"])
    writes, _ = make_token(workspace=cast.workspace, scopes=["audit:write"])
    with in_workspace(cast.workspace.id):
        assert viewer_of_token(reads, access_for(reads, "audit:read")).sees_all
        viewer = viewer_of_token(writes, access_for(writes, "audit:write"))
    assert not viewer.sees_all
    assert viewer.own_actor_ids == (writes.id,)


def test_tokens_of_another_workspace_are_not_there(cast):
    other = make_cast(slug="other")
    token, _ = make_token(workspace=other.workspace)
    with acting_as(cast.olga, cast.workspace), pytest.raises(NotFound):
        revoke_token(token_id=token.id)


def test_the_command_prints_a_token_as_its_last_line(cast):
    out = StringIO()
    with as_operator():
        call_command("create_token", workspace="demo", name="CI", scope="audit:read, audit:write", stdout=out)
    token = token_behind(out.getvalue().splitlines()[-1])
    assert token.scopes == ["audit:read", "audit:write"]
    row = last_event(cast.workspace)
    assert row.event.type == "workspace.access_token_created"
    assert row.event.actor.kind == "system"


@pytest.mark.parametrize("asked", [{"workspace": "nowhere"}, {"scope": "everything"}])
def test_the_command_says_what_is_wrong(cast, asked):
    with as_operator(), pytest.raises(CommandError):
        call_command("create_token", **{"workspace": "demo", "name": "CI", "scope": "audit:read", **asked})
