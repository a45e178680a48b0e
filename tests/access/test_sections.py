"""Access Management as tabs: what each counts and lists, page by page, and found without capitals and accents."""

from datetime import timedelta

import pytest
from django.test import Client

from auditapp.access.inviting import invite_members
from auditapp.access.lists import OFFERED
from auditapp.access.models import ApiToken, Group, GroupMember, Invitation, Member, User
from auditapp.access.paged import PAGE
from auditapp.lib import clock
from auditapp.lib.ids import new_id
from auditapp.record.workspace_scope import in_workspace
from tests.conftest import cloned_database
from tests.factories import PASSWORD, acting_as, make_cast, make_group, make_member, make_user

ACCESS = "/demo/settings/access/"
MANY = 2_000


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture(scope="module")
def many(server, django_db_blocker):
    """Thousands of groups, of members of one of them, and of tokens."""
    with django_db_blocker.unblock(), cloned_database(server):
        cast = make_cast()
        crowd = make_group(workspace=cast.workspace, name="Crowd")
        people = [User(email=f"p{n}@many.example", name=f"Person {n:04}", password="!") for n in range(MANY)]
        people[7].name = "Zoë Okafor"
        User.objects.bulk_create(people)
        here = {"workspace_id": cast.workspace.id}
        with in_workspace(cast.workspace.id):
            Member.objects.bulk_create(Member(**here, user=one) for one in people)
            GroupMember.objects.bulk_create(
                GroupMember(**here, group_id=crowd.id, user_id=one.id) for one in people[: MANY - 100]
            )
            Group.objects.bulk_create(Group(**here, id=new_id("grp"), name=f"Équipe {n:04}") for n in range(MANY))
            ApiToken.objects.bulk_create(
                ApiToken(
                    **here,
                    id=new_id("tok"),
                    name=f"Loader {n:04}",
                    digest=n.to_bytes(32, "big"),
                    last_characters=f"{n:04}",
                    scopes=["audit:read"],
                    created_by=people[7].id if n == 5 else cast.olga.id,
                )
                for n in range(MANY)
            )
        yield cast, crowd, client_of(cast.olga)


def test_each_tab_says_how_many_there_are_and_which_is_open(many):
    _, _, olga = many
    for page, name in (("", "Users"), ("groups/", "User Groups"), ("tokens/", "Tokens"), ("invitations/", "Users")):
        sections = olga.get(ACCESS + page).context["sections"]
        counts = {one.name: one.count for one in sections}
        assert (counts["Users"], counts["User Groups"], counts["Tokens"]) == (MANY + 4, MANY + 1, MANY)
        assert (counts["Labels"], counts["Support access"]) == (2, 0)
        assert [one.name for one in sections if one.is_current] == [name]
    html = olga.get(f"{ACCESS}groups/").content.decode()
    assert f'aria-current="page">User Groups<span class="tabs__count">{MANY + 1}</span>' in html


@pytest.mark.parametrize(
    ("path", "key", "first", "last"),
    [
        pytest.param("groups/", "groups", "Crowd", "Équipe 1999", id="groups"),
        pytest.param("tokens/", "tokens", None, None, id="tokens"),
        pytest.param("groups/{crowd}/", "group", "Person 0000", "Person 1899", id="members-of-a-group"),
    ],
)
def test_thousands_are_read_page_by_page(many, django_assert_max_num_queries, path, key, first, last):
    _, crowd, olga = many
    path = ACCESS + path.format(crowd=crowd.id)

    def page_of(asked=""):
        found = olga.get(path + asked)
        assert len(found.content) < 300_000
        listed = found.context[key]
        return listed.members if key == "group" else listed

    with django_assert_max_num_queries(34):
        begin = page_of()
    end = page_of("?page=9999")
    assert (len(begin.rows), begin.previous, begin.next) == (PAGE, "", "?page=2")
    assert (end.number, end.next) == (end.pages, "")
    if first:
        assert first in str(getattr(begin.rows[0], "name", begin.rows[0]))
        # Where accents stand in the order is the database's.
        names = {getattr(one, "name", str(one)) for one in (*begin.rows, *end.rows)}
        assert last in names


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("groups/?q=EQUIPE+0007", 1),
        ("groups/?q=%C3%A9quipe+0007", 1),
        ("groups/?q=%25", 0),
        ("tokens/?q=loader+0007", 1),
        ("tokens/?q=0007", 1),
        ("tokens/?q=zoe", 1),
        ("tokens/?q=nothing", 0),
    ],
)
def test_groups_and_tokens_are_found(many, path, found):
    _, _, olga = many
    page = olga.get(ACCESS + path)
    assert page.context[path.partition("/")[0]].found == found
    said = f"{found} of {page.context[path.partition('/')[0]].everyone} {'fits' if found == 1 else 'fit'}."
    assert said in page.content.decode()


def test_members_are_found_without_accents_and_with_them(many):
    _, crowd, olga = many
    for text in ("zoe", "ZOË", "Zoë okafor", "zoé"):
        assert [str(row.user) for row in olga.get(f"{ACCESS}?q={text}").context["members"].rows] == ["Zoë Okafor"]
        group = olga.get(f"{ACCESS}groups/{crowd.id}/?q={text}").context["group"]
        assert [str(one) for one in group.members.rows] == ["Zoë Okafor"]


def test_who_is_to_be_added_is_looked_for_where_many_are_outside(many):
    _, crowd, olga = many
    path = f"{ACCESS}groups/{crowd.id}/"
    page = olga.get(path)
    outside = page.context["outside"]
    assert (len(outside.people), outside.found, outside.are_many) == (OFFERED, 104, True)
    assert "The first 50 of 104" in page.content.decode()
    found = olga.get(f"{path}?add=person+1950")
    assert [str(one) for one in found.context["outside"].people] == ["Person 1950"]
    assert "1 of 104 fits." in found.content.decode()
    assert "Nobody fits" in olga.get(f"{path}?add=nobody").content.decode()


@pytest.fixture
def cast(db):
    return make_cast()


def test_nobody_is_put_into_a_group_who_was_not_chosen_and_it_says_who_came_and_went(cast):
    group, olga = make_group(workspace=cast.workspace, name="Readers"), client_of(cast.olga)
    path = f"{ACCESS}groups/{group.id}/"
    html = olga.get(path).content.decode()
    assert '<option value="">Choose a member</option>' in html
    assert " selected" not in html.partition('name="user_id"')[2].partition("</select>")[0]
    refused = olga.post(f"{path}members/", {"user_id": ""})
    assert refused.status_code == 422
    assert "Choose who is to be added." in refused.content.decode()
    added = olga.post(f"{path}members/", {"user_id": cast.mina.id}, follow=True)
    assert f"{cast.mina} is in Readers now." in added.content.decode()
    taken = olga.post(f"{path}members/{cast.mina.id}/remove/", follow=True)
    assert f"{cast.mina} is in Readers no more." in taken.content.decode()


def test_requests_and_invitations_stand_before_the_members_and_the_rest_of_them_has_a_page(cast):
    olga, emails = client_of(cast.olga), [f"guest{n}@example.com" for n in range(8)]
    with acting_as(cast.olga, cast.workspace):
        invite_members(emails=emails, role_key="auditor", scope="workspace")
    with in_workspace(cast.workspace.id):
        Invitation.objects.filter(email=emails[0]).update(expires_at=clock.now() - timedelta(days=1))
    client_of(cast.mina).post("/demo/access-requests/new/", {"permission": "source.read", "message": "On call"})
    html = olga.get(ACCESS).content.decode()
    places = [html.index(f'id="{one}-title"') for one in ("requests", "invitations", "members")]
    assert places == sorted(places)
    assert html.count("Send again") == 5
    assert "All 8 invitations" in html
    page = olga.get(f"{ACCESS}invitations/").content.decode()
    assert (page.count("Send again"), page.count("Invite again")) == (7, 1)
    assert page.index("Invite again") > page.rindex("Send again")
    narrowed = olga.get(f"{ACCESS}invitations/?q=GUEST3").content.decode()
    assert (narrowed.count("Send again"), "1 of 8 fits." in narrowed) == (1, True)


def test_an_invitation_that_waits_for_a_proof_is_shown_alone_with_the_way_to_it(cast):
    olga = client_of(cast.olga)
    with acting_as(cast.olga, cast.workspace):
        sent = invite_members(emails=["a@example.com", "b@example.com"], role_key="workspace_owner", scope="workspace")
    answer = olga.post(f"{ACCESS}invitations/{sent[0].invitation.id}/resend/")
    html = answer.content.decode()
    assert answer.status_code == 403
    assert "Prove that it is you" in html
    assert ("a@example.com" in html, "b@example.com" in html) == (True, False)


def test_a_transfer_says_what_each_has_afterwards_and_who_owns_it_already(cast):
    omar = make_member(workspace=cast.workspace, user=make_user(name="Omar"), role="workspace_owner").user
    make_group(workspace=cast.workspace, name="Readers", members=[cast.olga])
    olga = client_of(cast.olga)
    html = olga.get(f"{ACCESS}transfer/").content.decode()
    assert "<dt>You give up</dt><dd>Workspace Owner: all that" in html
    olga.post("/accounts/reauthenticate/", {"password": PASSWORD})
    form = olga.get(f"{ACCESS}transfer/").context["form"]
    people = dict(form.fields["user_id"].choices)
    assert people[omar.id].endswith(", an owner already")
    assert "owner already" not in people[cast.milo.id]
    kept = dict(form.fields["keep"].choices)
    assert kept[""] == "Choose what you keep"
    assert kept["others"] == "No role: I stay a member and see only what I did myself"
    assert kept["source_admin.all"] == "Source Admin, all sources"
