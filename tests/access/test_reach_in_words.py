"""How far a role goes, told in the same words by the lists, the mail of an invitation and the page of joining."""

import re

import pytest
from django.core import mail

from auditapp.access.inviting import invite_members
from auditapp.lib.words import few
from tests.factories import acting_as, make_cast, make_grant, make_source, make_space

ACCESS = "/demo/settings/access/"


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def olga(client, cast):
    client.force_login(cast.olga)
    return client


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"role_key": "workspace_owner", "scope": "workspace"}, "Workspace Owner over everything"),
        ({"role_key": "auditor", "scope": "workspace"}, "Auditor over the workspace"),
        ({"role_key": "source_admin", "scope": "all"}, "Source Admin over all sources"),
        (
            {"role_key": "source_admin", "scope": "labelled", "labels": ["environment:prod"]},
            "Source Admin over sources labelled environment:prod",
        ),
        ({"role_key": "source_admin", "scope": "listed", "resource_ids": 1}, "Source Admin over 1 source: Web shop"),
        (
            {"role_key": "source_admin", "scope": "listed", "resource_ids": 5},
            "Source Admin over 5 sources: Web shop, iOS app, Kiosk and 2 more",
        ),
    ],
    ids=["owner", "workspace", "all", "labelled", "one", "five"],
)
def test_the_mail_and_the_page_of_joining_say_how_far_the_role_goes(
    cast, client, django_capture_on_commit_callbacks, asked, words
):
    sources = [cast.shop, cast.app, cast.kiosk, *(make_source(workspace=cast.workspace, name=name) for name in "AB")]
    if "resource_ids" in asked:
        asked = {**asked, "resource_ids": [one.id for one in sources[: asked["resource_ids"]]]}
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True), acting_as(cast.olga, cast.workspace):
        invite_members(emails=["a@example.com"], **asked)
    [sent] = mail.outbox
    assert f"as {words}.\n" in sent.body
    link = re.search(r"/accounts/invitation/\w+/", sent.body)[0]
    assert f"You are invited as <bdi>{words}</bdi>, with the address a@example.com." in client.get(link).text
    client.force_login(cast.olga)
    assert f"<small>{words.partition(' over ')[2].lower()}</small>" in client.get(ACCESS).text.lower()


def test_a_name_that_others_gave_is_no_line_of_the_mail(cast, django_capture_on_commit_callbacks):
    make_space(workspace=cast.workspace, id="spa_1", name="Prod\n\nOpen http://elsewhere.example now")
    asked = {"role_key": "unify_and_engage_read_only", "scope": "listed", "resource_ids": ["spa_1"]}
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True), acting_as(cast.olga, cast.workspace):
        invite_members(emails=["a@example.com"], **asked)
    assert "over 1 space: Prod Open http://elsewhere.example now.\n" in mail.outbox[0].body


def test_lists_of_many_name_a_few_and_the_page_of_who_has_the_role_names_all(olga, cast):
    names = [f"Source {number}" for number in range(6)]
    ids = [make_source(workspace=cast.workspace, name=name).id for name in names]
    make_grant(workspace=cast.workspace, user=cast.mina, role="source_admin", scope="listed", resource_ids=ids)
    assert f"6 sources: {', '.join(names[:3])} and 3 more" in olga.get(ACCESS).text
    assert f"6 sources: {', '.join(names)}" in olga.get(f"{ACCESS}members/{cast.mina.id}/").text
    assert f"6 sources: {', '.join(names)}" in olga.get(f"{ACCESS}members.csv").text


def test_few():
    assert [few(list("ABCDE")[:many]) for many in (0, 1, 3, 4)] == ["", "A", "A, B, C", "A, B, C and 1 more"]
    assert few(list("ABCDE"), None) == "A, B, C, D, E"
    assert few(list("ABC"), 1) == "A and 2 more"
