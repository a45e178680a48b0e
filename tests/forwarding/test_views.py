"""The page of Audit Forwarding: its four steps, without scripts."""

import pytest

from auditapp.forwarding.models import Forwarding
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.models import Source

HOME = "/demo/settings/workspace/audit-forwarding/"


@pytest.fixture
def as_olga(client, cast):
    client.force_login(cast.olga)
    return client


def stored(cast):
    with in_workspace(cast.workspace.id):
        return Forwarding.objects.get(workspace_id=cast.workspace.id)


def test_the_four_steps_turn_it_on(as_olga, cast):
    page = as_olga.get(HOME).content.decode()
    assert "Create new source" in page
    assert "Web shop" in page
    made = as_olga.post(f"{HOME}new-source/", {"new_name": "Audit events", "new_kind": "http_api"}, follow=True)
    with in_workspace(cast.workspace.id):
        source = Source.objects.get(name="Audit events")
    assert f'value="{source.id}" checked' in made.content.decode()
    saved = as_olga.post(HOME, {"is_on": "on", "source_id": source.id, "start": "continue"}, follow=True)
    assert saved.redirect_chain == [(HOME, 302)]
    assert (stored(cast).is_on, stored(cast).source_id) == (True, source.id)
    assert "Flowing" in saved.content.decode() or "waiting" in saved.content.decode()


def test_a_name_that_is_taken_is_told(as_olga):
    assert (
        "Another source has this name."
        in as_olga.post(f"{HOME}new-source/", {"new_name": "web shop"}, follow=True).content.decode()
    )


def test_what_is_wrong_is_shown_at_its_field_and_keeps_what_was_typed(as_olga, cast):
    answer = as_olga.post(HOME, {"is_on": "on", "query": "colour:red", "source_id": cast.shop.id})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "colour" in page
    assert 'id="query-error"' in page
    answer = as_olga.post(HOME, {"is_on": "on"})
    assert (answer.status_code, "Choose the source" in answer.content.decode()) == (422, True)
    answer = as_olga.post(HOME, {"is_on": "on", "source_id": cast.shop.id, "start": "past"})
    assert (answer.status_code, 'id="start-error"' in answer.content.decode()) == (422, True)


def test_a_query_by_e_mail_is_kept_by_id_and_shown_by_e_mail(as_olga, cast, work):
    as_olga.post(HOME, {"is_on": "on", "source_id": cast.shop.id})
    work()
    as_olga.post(HOME, {"is_on": "on", "source_id": cast.shop.id, "query": f"actor:{cast.olga.email}"})
    assert stored(cast).query == f"actor:{cast.olga.id}"
    assert f"actor:{cast.olga.email}" in as_olga.get(HOME).content.decode()


def test_the_live_count_follows_what_is_typed(as_olga, cast):
    as_olga.post(HOME, {"is_on": "on", "source_id": cast.shop.id})
    assert "Matches 1 event of" in as_olga.get(f"{HOME}matching/?query=event:audit_forwarding.enabled").content.decode()
    assert "colour" in as_olga.get(f"{HOME}matching/?query=colour:red").content.decode()


def test_a_test_event_is_shown_where_it_came(as_olga, cast):
    as_olga.post(HOME, {"is_on": "on", "source_id": cast.shop.id})
    page = as_olga.post(f"{HOME}test/", follow=True).content.decode()
    assert "Received by Web shop" in page


def test_without_a_source_the_test_says_what_to_do(as_olga):
    answer = as_olga.post(f"{HOME}test/")
    assert (answer.status_code, "Choose one, save, and try again." in answer.content.decode()) == (409, True)


def test_the_strip_is_a_fragment_of_its_own(as_olga):
    page = as_olga.get(HOME, HTTP_HX_REQUEST="true", HTTP_HX_TARGET="stages").content.decode()
    assert page.startswith('<section class="section" id="stages"')


def test_a_member_without_the_right_is_refused(client, cast):
    client.force_login(cast.milo)
    assert client.get(HOME).status_code == 403
    client.force_login(cast.zoe)
    assert client.get(HOME).status_code == 404
