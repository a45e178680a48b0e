"""Pages of Access Management, invitations and tokens, through forms as a browser sends them."""

import re

import pytest
from django.core import mail
from django.core.cache import cache

from auditapp.access.models import ApiToken, Grant, Group, Invitation, Member, User
from auditapp.lib.tokens import token_digest
from auditapp.record.workspace_scope import in_workspace
from tests.factories import (
    events_of,
    last_event,
    make_cast,
    make_grant,
    make_group,
    make_member,
    make_token,
    make_user,
    prove,
)

ACCESS = "/demo/settings/access/"
SECTIONS = ("", "groups/", "tokens/", "invitations/", "roles/", "labels/", "support/")


@pytest.fixture
def cast(db):
    cache.clear()
    return make_cast()


@pytest.fixture
def as_olga(client, cast):
    client.force_login(cast.olga)
    prove(client)
    return client


@pytest.fixture
def link(as_olga, django_capture_on_commit_callbacks):
    """`link(email)` invites and gives the path of the link that was mailed; the session is closed then."""

    def invite(email="grace@example.com", **asked):
        mail.outbox.clear()
        with django_capture_on_commit_callbacks(execute=True):
            response = as_olga.post(f"{ACCESS}invite/", {"emails": email, "role": "auditor", **asked})
        assert response.status_code == 302
        as_olga.logout()
        return re.search(r"/accounts/invitation/\w+/", mail.outbox[0].body)[0]

    return invite


def test_the_start_page_goes_to_the_one_workspace(as_olga):
    assert as_olga.get("/")["Location"] == "/demo/"
    assert as_olga.get("/demo/")["Location"] == "/demo/settings/admin/audit-trail/"


def test_the_start_page_lists_several_workspaces(as_olga, cast):
    make_member(workspace=make_cast(slug="other").workspace, user=cast.olga)
    page = as_olga.get("/").content.decode()
    assert 'href="/demo/"' in page
    assert 'href="/other/"' in page


def test_the_start_page_says_when_there_is_no_workspace(client, cast):
    client.force_login(cast.zoe)
    page = client.get("/").content.decode()
    assert "You are in no workspace yet" in page
    assert cast.zoe.email in page


def test_the_switcher_shows_own_workspaces_alone(as_olga, cast):
    page = as_olga.get(ACCESS).content.decode()
    assert "switch workspace" not in page
    make_member(workspace=make_cast(slug="other").workspace, user=cast.olga)
    make_cast(slug="third")
    page = as_olga.get(ACCESS).content.decode()
    assert "switch workspace" in page
    assert 'href="/other/"' in page
    assert 'href="/third/"' not in page


def test_the_sidebar_shows_what_a_role_opens(client, cast):
    def links(person):
        client.force_login(person)
        page = client.get("/demo/settings/admin/audit-trail/").content.decode()
        return set(re.findall(r'class="(?:nav|tabs)__link" href="/demo/([^"]+)"', page))

    assert links(cast.olga) == {
        "connections/sources/",
        "connections/destinations/",
        "connections/warehouses/",
        "connections/functions/",
        "protocols/tracking-plans/",
        "protocols/transformations/",
        "unify/spaces/",
        "settings/workspace/",
        "settings/access/",
        "settings/admin/audit-trail/",
    }
    assert links(cast.milo) == {
        "connections/sources/",
        "connections/destinations/",
        "protocols/transformations/",
        "settings/admin/audit-trail/",
    }
    assert links(cast.mina) == {"settings/admin/audit-trail/"}


def test_the_overview_says_who_may_do_what_and_why(as_olga, cast):
    group = make_group(workspace=cast.workspace, name="Kiosk team", members=[cast.mina])
    with in_workspace(cast.workspace.id):
        Grant.objects.create(
            workspace_id=cast.workspace.id,
            id="grt_1",
            subject_kind="group",
            subject_id=group.id,
            role_id="source_read_only",
            scope="listed",
            resource_ids=[cast.kiosk.id],
        )
    make_token(workspace=cast.workspace, name="CI deploy", created_by=cast.olga.id)
    page = as_olga.get(ACCESS).content.decode()
    for words in ("2 sources: Web shop, iOS app", "1 source: Kiosk", "Kiosk team", "Source Read-only", "Everything"):
        assert words in page
    assert "Kiosk team" in as_olga.get(f"{ACCESS}groups/").content.decode()
    assert "CI deploy" in as_olga.get(f"{ACCESS}tokens/").content.decode()


def test_an_auditor_sees_the_overview_without_a_button(client, cast):
    make_token(workspace=cast.workspace)
    client.force_login(cast.rita)
    pages = [client.get(ACCESS + section).content.decode().partition("<main")[2] for section in SECTIONS]
    assert "CI deploy" in pages[2]
    for main in pages:
        assert 'method="post"' not in main  # the filter of a list changes nothing
        assert not any(word in main for word in ("Invite people", "New group", "Create token", "New role"))
    # The day to look at is a form too, one that changes nothing.
    assert 'method="post"' not in client.get(f"{ACCESS}members/{cast.mina.id}/").content.decode().partition("<main")[2]


def test_the_overview_asks_the_same_for_few_and_for_many(as_olga, cast, django_assert_max_num_queries):
    for number in range(12):
        make_member(
            workspace=cast.workspace,
            user=make_user(name=f"Person {number}", email=f"p{number}@example.com"),
            role="auditor",
        )
        make_group(workspace=cast.workspace, name=f"Group {number}", members=[cast.mina])
        make_token(workspace=cast.workspace, name=f"Token {number}")
    with django_assert_max_num_queries(40):
        as_olga.get(ACCESS)
    for section in SECTIONS[1:4]:
        with django_assert_max_num_queries(32):
            as_olga.get(ACCESS + section)


def test_inviting_says_where_it_went(as_olga, cast):
    response = as_olga.post(
        f"{ACCESS}invite/",
        {"emails": "grace@example.com", "role": "source_admin", "scope": "listed", "resource_ids": [cast.kiosk.id]},
        follow=True,
    )
    assert b"An invitation is on its way to grace@example.com." in response.content
    assert b"Not joined yet" in response.content


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"emails": "nothing", "role": "auditor"}, "This is no e-mail address"),
        ({"emails": "milo@demo.example", "role": "auditor"}, "is a member already"),
        ({"emails": "x@example.com", "role": "source_admin"}, "Choose how far this role goes."),
        ({"emails": "x@example.com", "role": "source_admin", "scope": "listed"}, "Choose at least one source"),
        ({"emails": "x@example.com", "role": "source_admin", "scope": "labelled", "labels": "prod"}, "is not a label"),
    ],
)
def test_an_invitation_that_does_not_fit_comes_back_as_422(as_olga, cast, asked, words):
    response = as_olga.post(f"{ACCESS}invite/", asked)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert events_of(cast.workspace) == []


def test_a_guest_makes_an_account_and_is_inside(client, cast, link):
    path = link()
    page = client.get(path).content.decode()
    assert "Halden Outdoor" in page
    assert "grace@example.com" in page
    response = client.post(path, {"name": "Grace Mbeki", "password": "correct horse battery"})
    assert response["Location"] == "/demo/"
    assert client.get("/demo/settings/access/").status_code == 200
    types = [row.event.type for row in events_of(cast.workspace)]
    assert types[:2] == ["user.signed_in", "user.invite_accepted"]
    secret = path.split("/")[3]
    assert secret not in repr(events_of(cast.workspace))
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("password", ["short", "qwerty123456789", "grace@example.com"])
def test_a_weak_password_makes_no_account(client, link, password):
    response = client.post(link(), {"name": "Grace", "password": password})
    assert response.status_code == 422
    assert not User.objects.filter(email="grace@example.com").exists()


def test_who_has_an_account_is_sent_to_sign_in_and_then_joins(client, cast, link):
    path = link(cast.zoe.email)
    page = client.get(path).content.decode()
    assert f"/accounts/login/?next={path}" in page
    assert client.post(path, {"name": "Not Zoe", "password": "correct horse battery"}).status_code == 409
    client.force_login(cast.zoe)
    assert client.post(path)["Location"] == "/demo/"
    assert last_event(cast.workspace).event.actor.id == cast.zoe.id


def test_who_is_signed_in_as_somebody_else_cannot_join(client, cast, link):
    path = link()
    client.force_login(cast.zoe)
    assert "Sign out and open the link again" in client.get(path).content.decode()
    assert client.post(path).status_code == 403


def test_a_link_that_is_no_invitation_is_404(client, db):
    response = client.get("/accounts/invitation/guessed/")
    assert response.status_code == 404
    assert b"Look for a newer mail, or ask for a new one" in response.content


def test_a_role_is_given_and_taken_on_the_page_of_a_member(as_olga, cast):
    path = f"{ACCESS}members/{cast.mina.id}/"
    response = as_olga.post(f"{path}roles/", {"role": "source_admin", "scope": "all"}, follow=True)
    assert b"Gave the role Source Admin." in response.content
    assert as_olga.post(f"{path}roles/", {"role": "source_admin", "scope": "all"}).status_code == 422
    with in_workspace(cast.workspace.id):
        grant = Grant.objects.get(subject_id=cast.mina.id, role_id="source_admin")
    response = as_olga.post(f"{ACCESS}grants/{grant.id}/revoke/", follow=True)
    assert b"Took back the role Source Admin on all sources." in response.content
    assert b"choose it under Give another role" in response.content
    assert [row.event.type for row in events_of(cast.workspace)] == ["user.role_revoked", "user.role_granted"]


def test_the_page_of_oneself_offers_no_role(as_olga, cast):
    main = as_olga.get(f"{ACCESS}members/{cast.olga.id}/").content.decode().partition("<main")[2]
    assert "Nobody changes their own role" in main
    assert "Give another role" not in main
    assert "Leave the workspace" in main


@pytest.mark.parametrize(
    "limit", [{"scope": "listed", "resource_ids": ["shop"]}, {"scope": "labelled"}, {"labels": ["environment:prod"]}]
)
@pytest.mark.parametrize("path", ["members/{mina}/roles/", "invite/"])
def test_a_role_that_cannot_be_limited_is_not_given_further_than_was_chosen(as_olga, cast, path, limit):
    asked = {"role": "auditor", "emails": "grace@example.com", **limit}
    if "resource_ids" in asked:
        asked["resource_ids"] = [cast.shop.id]
    path = ACCESS + path.format(mina=cast.mina.id)
    response = as_olga.post(path, asked)
    assert response.status_code == 422
    assert "Auditor cannot be limited." in response.content.decode()
    assert as_olga.post(path, {"role": "auditor", "emails": "grace@example.com", "scope": ""}).status_code == 302


def test_the_last_owner_is_told_why_not(as_olga, cast):
    response = as_olga.post(f"{ACCESS}members/{cast.olga.id}/remove/")
    assert response.status_code == 409
    assert b"A workspace needs an owner" in response.content


def test_who_leaves_lands_on_the_start_page(client, cast):
    make_member(workspace=cast.workspace, user=cast.zoe, role="workspace_owner")
    client.force_login(cast.zoe)
    assert client.post(f"{ACCESS}members/{cast.zoe.id}/remove/")["Location"] == "/"
    with in_workspace(cast.workspace.id):
        assert not Member.objects.filter(user=cast.zoe).exists()


def test_a_group_from_its_first_to_its_last_day(as_olga, cast):
    as_olga.post(f"{ACCESS}groups/new/", {"name": "Mobile"})
    with in_workspace(cast.workspace.id):
        group = Group.objects.get()
    path = f"{ACCESS}groups/{group.id}/"
    as_olga.post(f"{path}rename/", {"name": "Mobile team"})
    as_olga.post(f"{path}roles/", {"role": "source_admin", "scope": "labelled", "labels": "environment:prod"})
    as_olga.post(f"{path}members/", {"user_id": cast.mina.id})
    page = as_olga.get(path).content.decode()
    assert "Mobile team" in page
    assert "sources labelled environment:prod" in page
    assert cast.mina.email in page
    as_olga.post(f"{path}members/{cast.mina.id}/remove/")
    assert as_olga.post(f"{path}delete/")["Location"] == f"{ACCESS}groups/"
    assert [row.event.type for row in reversed(events_of(cast.workspace))] == [
        "user_group.created",
        "user_group.updated",
        "user_group.role_granted",
        "user_group.member_added",
        "user_group.member_removed",
        "user_group.deleted",
    ]


def test_a_group_name_that_is_taken_comes_back_as_422(as_olga, cast):
    group = make_group(workspace=cast.workspace, name="Mobile")
    make_group(workspace=cast.workspace, name="Taken")
    for path in (f"{ACCESS}groups/new/", f"{ACCESS}groups/{group.id}/rename/"):
        response = as_olga.post(path, {"name": "taken"})
        assert response.status_code == 422
        assert b"Another group has this name." in response.content


def token_form(as_olga, **values):
    """What a browser sends from the page that was just opened."""
    page = as_olga.get(f"{ACCESS}tokens/new/").content.decode()
    token_id = re.search(r'name="token_id" value="(tok_\w{22})"', page)[1]
    return {"token_id": token_id, "name": "CI deploy", "scopes": ["audit:read"], "lifetime": "30", **values}


def test_a_form_that_is_sent_again_makes_no_second_token(as_olga, cast):
    form = token_form(as_olga)
    assert as_olga.post(f"{ACCESS}tokens/new/", form).status_code == 200
    again = as_olga.post(f"{ACCESS}tokens/new/", form)
    assert again["Location"] == f"{ACCESS}tokens/{form['token_id']}/"
    page = as_olga.get(again["Location"]).content
    assert b"This token was created already." in page
    assert b"aud_pat_" not in page
    with in_workspace(cast.workspace.id):
        assert [token.id for token in ApiToken.objects.all()] == [form["token_id"]]
    assert token_form(as_olga)["token_id"] != form["token_id"]


def test_a_form_that_was_refused_keeps_its_id_and_works_then(as_olga):
    form = token_form(as_olga, name="")
    refused = as_olga.post(f"{ACCESS}tokens/new/", form)
    assert refused.status_code == 422
    assert form["token_id"] in refused.content.decode()
    assert as_olga.post(f"{ACCESS}tokens/new/", {**form, "name": "CI"}).status_code == 200


def test_a_form_without_the_id_says_to_open_the_page_again(as_olga):
    refused = as_olga.post(f"{ACCESS}tokens/new/", token_form(as_olga, token_id=""))
    assert refused.status_code == 422
    assert b"Open the page again." in refused.content


def test_a_token_is_shown_once(as_olga, cast):
    form = token_form(as_olga)
    page = as_olga.post(f"{ACCESS}tokens/new/", form).content.decode()
    secret = re.search(r"aud_pat_\w{36}", page)[0]
    with in_workspace(cast.workspace.id):
        token = ApiToken.objects.get(digest=token_digest(secret))
    assert token.expires_at is not None
    tokens = f"{ACCESS}tokens/"
    assert secret not in as_olga.get(tokens).content.decode()
    assert f"Token ending in {secret[-4:]}" in as_olga.get(tokens).content.decode()
    assert as_olga.post(f"{tokens}{token.id}/revoke/")["Location"] == tokens
    assert f"Token ending in {secret[-4:]}" not in as_olga.get(tokens).content.decode()


def test_settings_of_the_workspace_are_changed_through_the_form(as_olga, cast):
    form = {"name": "Halden", "slug": "halden", "time_zone": "Europe/Oslo"}
    assert as_olga.post("/demo/settings/workspace/", form)["Location"] == "/halden/settings/workspace/"
    page = as_olga.post("/halden/settings/workspace/", {**form, "slug": "api"})
    assert page.status_code == 422
    assert b"taken by the application itself" in page.content


def test_an_invitation_can_be_taken_back(client, as_olga, cast, link):
    path = link()
    client.force_login(cast.olga)
    with in_workspace(cast.workspace.id):
        invitation = Invitation.objects.get()
    response = client.post(f"{ACCESS}invitations/{invitation.id}/revoke/", follow=True)
    assert b"The invitation was taken back." in response.content
    client.logout()
    assert client.get(path).status_code == 404


def test_the_theme_of_the_cookie_is_in_the_page(as_olga):
    as_olga.cookies["theme"] = "dark"
    assert 'data-theme="dark"' in as_olga.get(ACCESS).content.decode()
    as_olga.cookies["theme"] = '"><script>'
    assert 'data-theme=""' in as_olga.get(ACCESS).content.decode()


def test_taking_an_owners_role_back_says_what_it_means_first(as_olga, cast):
    make_grant(workspace=cast.workspace, user=cast.mina, role="workspace_owner")
    page = as_olga.get(f"{ACCESS}members/{cast.mina.id}/").content.decode()
    assert "Whoever has it here may no longer do everything, from their next request on" in page
    assert "Whoever has it here" not in as_olga.get(f"{ACCESS}members/{cast.rita.id}/").content.decode()


def test_times_of_ones_account_say_their_zone(as_olga):
    assert "Times are in UTC." in as_olga.get("/accounts/").content.decode()
