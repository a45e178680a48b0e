"""A workspace from the command line: one link, through which its owner comes in."""

from io import StringIO
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command

from auditapp.access.models import Invitation, Member, User, Workspace
from auditapp.access.permissions import permissions_for
from auditapp.record.workspace_scope import in_workspace
from tests.factories import PASSWORD, as_operator, events_of, make_cast, make_user


def _printed(slug="acme", email="olga@example.com", **options) -> str:
    out = StringIO()
    with as_operator():
        call_command("create_workspace", slug=slug, owner_email=email, stdout=out, **options)
    return out.getvalue()


def _made(**options) -> str:
    """The path of the link."""
    return urlsplit(_printed(**options).split()[-1]).path


def _owner_comes_in(client, link):
    return client.post(link, {"name": "Olga Ivanova", "password": PASSWORD}, follow=True)


@pytest.mark.django_db
def test_the_owner_sets_name_and_password_and_lands_in_the_trail(client):
    link = _made(name="Acme Tools", time_zone="Europe/Oslo")
    assert b"Acme Tools" in client.get(link).content
    response = _owner_comes_in(client, link)
    assert response.redirect_chain[-1][0] == "/acme/settings/admin/audit-trail/"
    workspace = response.wsgi_request.workspace
    assert (workspace.name, workspace.time_zone) == ("Acme Tools", "Europe/Oslo")
    olga = User.objects.get(email="olga@example.com")
    with in_workspace(workspace.id):
        assert permissions_for(workspace.id, olga.id).can("access.manage")
    told = [row.event.type for row in reversed(events_of(workspace))]
    came = ["workspace.created", "user.invited", "user.invite_accepted", "user.signed_in"]
    assert told == [*came, "audit_trail.viewed"]


@pytest.mark.django_db
def test_the_link_works_once(client):
    link = _made()
    _owner_comes_in(client, link)
    client.logout()
    assert client.get(link).status_code == 404


@pytest.mark.django_db
def test_somebody_who_has_an_account_signs_in_to_own_another_workspace(client):
    olga = make_user()
    link = _made(email=olga.email)
    assert b"has an account" in client.get(link).content
    client.force_login(olga)
    assert client.post(link, follow=True).redirect_chain[-1][0] == "/acme/settings/admin/audit-trail/"


@pytest.mark.django_db
def test_a_new_link_for_a_workspace_that_nobody_joined_ends_the_old_one(client):
    first = _made()
    second = _made(email="olga.ivanova@example.com")
    assert client.get(first).status_code == 404
    assert client.get(second).status_code == 200
    with as_operator():
        assert Workspace.objects.filter(slug="acme").count() == 1
        assert Invitation.objects.filter(revoked_at=None).count() == 1


@pytest.mark.django_db
def test_the_command_says_when_an_older_link_has_ended():
    assert "is made" in (first := _printed())
    assert "has ended" not in first
    assert "has ended" in (again := _printed())
    assert "new link olga@example.com" in again
    assert again.split()[-1] != first.split()[-1]


@pytest.mark.django_db
def test_a_workspace_with_members_is_not_made_again():
    make_cast(slug="acme")
    with pytest.raises(CommandError, match="Another workspace has this address"):
        _made(email="zoe@example.com")
    with as_operator():
        assert not Member.objects.filter(user__email="zoe@example.com").exists()
        assert not Invitation.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"slug": "api"}, "taken by the application"),
        ({"slug": "Acme!"}, "small letters"),
        ({"email": "nobody"}, "no e-mail address"),
        ({"time_zone": "Mars/Base"}, "no such time zone"),
    ],
)
def test_what_cannot_be_made_is_said(options, said):
    with pytest.raises(CommandError, match=said):
        _made(**options)
