"""From a token that leaked to which one it is: by its digest, or by itself where no script hashes it."""

import logging

import pytest

from auditapp.access.models import ApiToken
from auditapp.lib.tokens import new_api_token, token_digest
from auditapp.record.workspace_scope import in_workspace
from tests.factories import events_of, last_event, make_cast, make_token

FIND = "/demo/settings/access/tokens/find/"


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def as_olga(client, cast):
    client.force_login(cast.olga)
    return client


def by_digest(client, secret):
    return client.get(FIND, {"sha256": token_digest(secret).hex()})


def test_its_digest_leads_to_a_token_with_what_it_did_and_its_end(as_olga, cast):
    token, secret = make_token(workspace=cast.workspace)
    found = by_digest(as_olga, secret)
    assert found["Location"] == f"/demo/settings/access/tokens/{token.id}/?found"
    page = as_olga.get(found["Location"]).content.decode()
    assert "It is this token, and it works." in page
    assert f"/demo/settings/admin/audit-trail/?token={token.id}&amp;reads=1" in page
    assert f'action="/demo/settings/access/tokens/{token.id}/revoke/"' in page
    assert as_olga.get(f"/demo/settings/admin/audit-trail/?token={token.id}&reads=1").status_code == 200


def test_one_that_ended_is_found_too(as_olga, cast):
    _, secret = make_token(workspace=cast.workspace, revoked_at="2026-01-01T00:00:00Z")
    page = as_olga.get(by_digest(as_olga, secret)["Location"]).content.decode()
    assert "does not work any more" in page
    assert "Revoked" in page
    assert "1 Jan 2026" in page
    assert "/revoke/" not in page


def test_without_scripts_the_token_is_sent_and_goes_no_further(as_olga, cast, caplog):
    caplog.set_level(logging.DEBUG)
    token, secret = make_token(workspace=cast.workspace)
    before = events_of(cast.workspace)
    answer = as_olga.post(
        FIND, {"text": f"curl -H 'Authorization: Bearer {secret}' https://audit.example/"}, follow=True
    )
    assert answer.redirect_chain[-1][0] == f"/demo/settings/access/tokens/{token.id}/?found"
    assert secret not in answer.content.decode() + str(answer.redirect_chain) + caplog.text
    assert events_of(cast.workspace) == before


def test_a_checksum_that_does_not_fit_is_told_from_a_token_of_others(as_olga, cast):
    _, secret = make_token(workspace=cast.workspace)
    answer = as_olga.post(FIND, {"text": secret[:-1]}, follow=True)
    assert answer.status_code == 422
    assert "Mistyped or cut" in answer.content.decode()
    assert secret[:-1] not in answer.content.decode() + str(answer.redirect_chain)
    page = as_olga.post(FIND, {"text": new_api_token()}, follow=True).content.decode()
    assert "No token of this workspace" in page
    assert "Mistyped or cut" not in page


@pytest.mark.parametrize("text", ["nothing", "aud_pat_ and 36 letters and digits, the last six of which check", ""])
def test_a_text_without_any_says_so(as_olga, cast, text):
    answer = as_olga.post(FIND, {"text": text})
    assert answer.status_code == 422
    assert "There is no access token in this text" in answer.content.decode()


def test_each_token_of_a_text_has_its_result(as_olga, cast):
    one, first = make_token(workspace=cast.workspace, name="CI deploy")
    two, second = make_token(workspace=cast.workspace, name="Old script", revoked_at="2026-01-01T00:00:00Z")
    wrapped = f"{second[:20]}\n{second[20:]}"
    text = f"aud_pat_{36 * 'x'} {first}\n{new_api_token()}\n{wrapped}"
    answer = as_olga.post(FIND, {"text": text}, follow=True)
    assert answer.status_code == 200
    page = answer.content.decode()
    told = ["In this text: 4 tokens", "Mistyped or cut", "CI deploy", "Works, and does not expire"]
    told += ["No token of this workspace", "Old script", "Revoked"]
    places = [page.index(one) for one in told]
    assert places == sorted(places)
    assert "<b>1 of this workspace works.</b>" in page
    assert all(f'href="/demo/settings/access/tokens/{token.id}/?found"' in page for token in (one, two))
    assert first not in str(answer.redirect_chain) + page


def test_a_text_of_many_is_looked_up_to_an_end_that_is_told(as_olga, cast, django_assert_max_num_queries):
    secrets = [new_api_token() for _ in range(51)]
    _, last = make_token(workspace=cast.workspace)
    answer = as_olga.post(FIND, {"text": " ".join([*secrets[:49], last])}, follow=True)
    assert answer.status_code == 200
    assert len(answer.redirect_chain[0][0]) < 4_000  # what a server takes as a line
    assert "The text has more" not in answer.content.decode()
    with django_assert_max_num_queries(40):
        page = as_olga.post(FIND, {"text": " ".join(secrets)}, follow=True).content.decode()
    assert "The text has more than 50." in page
    assert "No. 50" in page
    assert "No. 51" not in page


def test_a_token_that_is_refused_now_is_to_be_revoked_all_the_same(as_olga, cast):
    _, secret = make_token(workspace=cast.workspace, scopes=["access:read"], created_by=cast.milo.id)
    page = as_olga.get(by_digest(as_olga, secret)["Location"]).content.decode()
    assert "It is this token, and it is refused now." in page
    assert "Refused: its maker may not do this any more" in page
    assert "/revoke/" in page


def test_an_impossible_token_is_refused_without_asking_the_database(client, cast, django_assert_num_queries):
    _, secret = make_token(workspace=cast.workspace)
    with django_assert_num_queries(0):
        assert client.get("/api/audit-events", headers={"Authorization": f"Bearer {secret[:-1]}"}).status_code == 401


def test_tokens_of_others_and_none_at_all_are_one_answer(as_olga, cast):
    other = make_cast(slug="other")
    _, foreign = make_token(workspace=other.workspace)
    answers = [by_digest(as_olga, secret) for secret in (foreign, new_api_token())]
    assert [answer.status_code for answer in answers] == [422, 422]
    pages = [answer.content.decode() for answer in answers]
    assert "No token of this workspace" in pages[0]
    assert all("CI deploy" not in page for page in pages)


@pytest.mark.parametrize("digest", ["x", "A" * 64, "0" * 63, "é" * 64, "0" * 64 + "\n"])
def test_what_is_no_digest_finds_nothing(as_olga, cast, digest):
    assert as_olga.get(FIND, {"sha256": digest}).status_code == 422


def test_an_auditor_finds_it_and_cannot_end_it(client, cast):
    _, secret = make_token(workspace=cast.workspace)
    client.force_login(cast.rita)
    page = client.get(by_digest(client, secret)["Location"]).content.decode()
    assert "ask an owner to revoke it" in page
    assert "/revoke/" not in page


def test_networks_are_set_on_the_page_and_a_slip_stays_in_the_form(as_olga, cast):
    token, _ = make_token(workspace=cast.workspace)
    path = f"/demo/settings/access/tokens/{token.id}/"
    refused = as_olga.post(f"{path}networks/", {"networks": "10.1.2.3/8"})
    assert refused.status_code == 422
    assert "Write 10.0.0.0/8 for all of it" in refused.content.decode()
    assert as_olga.post(f"{path}networks/", {"networks": "10.0.0.0/8, 192.0.2.7"})["Location"] == path
    with in_workspace(cast.workspace.id):
        assert ApiToken.objects.get(id=token.id).networks == ["10.0.0.0/8", "192.0.2.7/32"]
    assert last_event(cast.workspace).event.type == "workspace.access_token_modified"
    assert "192.0.2.7/32" in as_olga.get(path).content.decode()


def test_a_token_is_made_with_its_networks_and_for_a_day(as_olga, cast):
    asked = {"name": "CI", "scopes": ["audit:write"], "lifetime": "1", "networks": "192.0.2.0/24"}
    assert (
        as_olga.post("/demo/settings/access/tokens/new/", {"token_id": "tok_" + "a" * 22, **asked}).status_code == 200
    )
    with in_workspace(cast.workspace.id):
        token = ApiToken.objects.get(name="CI")
    assert token.networks == ["192.0.2.0/24"]
    assert (token.expires_at - token.created_at).days in (0, 1)
