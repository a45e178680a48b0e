"""The form that gives a role, and what is behind it: each role is offered and given over resources of its own kind that are there,
and nothing that was chosen is left out without a word."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from auditapp.access.forms import InviteForm, RoleForm
from auditapp.access.groups import create_group
from auditapp.access.inviting import WhatItGaveIsGone, invite_again, invite_members
from auditapp.access.members import remove_member
from auditapp.access.models import Role
from auditapp.access.own_roles import create_role
from auditapp.access.permissions import permissions_for
from auditapp.access.queries import grants_in_words
from auditapp.access.resources import resource_kinds
from auditapp.access.role_choices import MANY, kinds_offered, roles_by_what_they_are_over
from auditapp.access.role_queries import roles_in
from auditapp.access.roles import grant_role, revoke_role
from auditapp.lib.errors import Invalid
from auditapp.pipeline.functions.services import delete_function
from auditapp.pipeline.plans.services import delete_plan
from auditapp.pipeline.warehouses.services import delete_warehouse
from auditapp.record.workspace_scope import in_workspace
from auditapp.revert.held_roles import ReachGone
from auditapp.sources.services import delete_source
from auditapp.spaces.services import delete_space, restore_space
from tests.factories import (
    acting_as,
    events_of,
    last_event,
    make_cast,
    make_function,
    make_source,
    make_space,
    make_token,
    make_tracking_plan,
    make_warehouse,
)
from tests.revert.looking import undo

ACCESS = "/demo/settings/access/"
KINDS = ("source", "function", "warehouse", "tracking_plan", "space")
DELETES = {
    "source": lambda one: delete_source(source_id=one),
    "function": lambda one: delete_function(function_id=one),
    "warehouse": lambda one: delete_warehouse(warehouse_id=one),
    "tracking_plan": lambda one: delete_plan(plan_id=one),
    "space": lambda one: delete_space(space_id=one),
}


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def olga(client, cast):
    client.force_login(cast.olga)
    return client


@pytest.fixture
def world(cast):
    """By kind, the id of a resource and a role of the workspace's own that can be limited to it."""
    here = {"workspace": cast.workspace}
    ids = {
        "source": make_source(**here, name="Till").id,
        "function": make_function(**here, name="Hash").id,
        "warehouse": make_warehouse(**here, name="Lake").id,
        "tracking_plan": make_tracking_plan(**here, name="Orders").id,
        "space": make_space(**here, id="spa_1", name="Engage").id,
    }
    with acting_as(cast.olga, cast.workspace):
        return {
            kind: (one, create_role(name=f"Reads {kind}", permissions=[f"{kind}.read"], over=kind).key)
            for kind, one in ids.items()
        }


def refusal_of(cast, **asked):
    with acting_as(cast.olga, cast.workspace), pytest.raises(Invalid) as refused:
        grant_role(user_id=cast.mina.id, **asked)
    return refused.value


def reaches(cast, person):
    with in_workspace(cast.workspace.id):
        return [one.reach for one in grants_in_words(cast.workspace.id)["member", person.id]]


def test_every_kind_is_tried_here():
    assert [kind.key for kind in resource_kinds()] == list(KINDS)


@pytest.mark.parametrize("other", KINDS)
@pytest.mark.parametrize("own", KINDS)
def test_a_role_is_given_over_resources_of_its_own_kind_alone(cast, world, own, other):
    role, one = world[own][1], world[other][0]
    asked = {"role_key": role, "scope": "listed", "resource_ids": [world[own][0], one]}
    if own == other:
        with acting_as(cast.olga, cast.workspace):
            assert grant_role(user_id=cast.mina.id, **asked).resource_ids == [one]
        return
    refused = refusal_of(cast, **asked)
    kind = next(kind for kind in resource_kinds() if kind.key == other)
    with in_workspace(cast.workspace.id):
        name = kind.names(cast.workspace.id)[one]
    assert (refused.field, refused.code) == ("resource_ids", "bad_resource")
    assert refused.message.endswith(f" alone. Leave out {name} ({kind.word}).")
    with acting_as(cast.olga, cast.workspace):
        group = create_group(name="Team")
        with pytest.raises(Invalid):
            grant_role(group_id=group.id, **asked)
        with pytest.raises(Invalid):
            invite_members(emails=["a@example.com"], **asked)


def test_the_api_refuses_it_as_the_service_does(cast, world):
    _, secret = make_token(workspace=cast.workspace, scopes=["access:write"], created_by=cast.olga.id)
    with acting_as(cast.olga, cast.workspace):
        group = create_group(name="Team")
    sent = {"roleId": "source_admin", "resources": [{"id": world["space"][0], "type": "SOURCE"}]}
    headers = {"Authorization": f"Bearer {secret}"}
    for path, body in (
        (f"users/{cast.mina.id}/permissions", {"permissions": [sent]}),
        (f"groups/{group.id}/permissions", {"permissions": [sent]}),
        ("invites", {"invites": [{"email": "a@example.com", "permissions": [sent]}]}),
    ):
        answer = Client().post(f"/api/{path}", body, content_type="application/json", headers=headers)
        assert answer.status_code == 422
        assert "Source Admin is given over sources alone. Leave out Engage (space)." in answer.text


def test_of_what_is_not_here_nothing_is_told(cast):
    other = make_cast(slug="other")
    asked = {"role_key": "source_admin", "scope": "listed"}
    told = {
        refusal_of(cast, **asked, resource_ids=[cast.shop.id, one]).message
        for one in (other.kiosk.id, "src_never", other.warehouse.id, "\x00")
    }
    assert len(told) == 1
    assert "not in this workspace, or not any more" in told.pop()


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_deleted_is_not_offered_and_refused_and_who_has_a_role_over_it_is_told(cast, world, kind):
    one, role = world[kind]
    asked = {"role_key": role, "scope": "listed", "resource_ids": [one]}

    def offered():
        with in_workspace(cast.workspace.id):
            kinds = kinds_offered(cast.workspace.id, list(roles_in(cast.workspace.id)), ())
            return one in [option.id for each in kinds for option in each.options]

    assert offered()
    with acting_as(cast.olga, cast.workspace):
        grant_role(user_id=cast.mina.id, **asked)
        [invited] = invite_members(emails=["a@example.com"], **asked)
        DELETES[kind](one)
    assert not offered()
    assert refusal_of(cast, **asked).field == "resource_ids"
    assert "deleted" in reaches(cast, cast.mina)[-1]
    with acting_as(cast.olga, cast.workspace), pytest.raises(WhatItGaveIsGone):
        invite_again(invitation_id=invited.invitation.id)


def test_a_space_that_came_back_is_offered_again(cast, world):
    one, role = world["space"]
    with acting_as(cast.olga, cast.workspace):
        delete_space(space_id=one)
    asked = {"role_key": role, "scope": "listed", "resource_ids": [one]}
    assert refusal_of(cast, **asked).message == "No role is given over what was deleted. Leave out Engage (deleted)."
    with acting_as(cast.olga, cast.workspace):
        restore_space(space_id=one, name="Engage")
        grant_role(user_id=cast.mina.id, **asked)
    assert reaches(cast, cast.mina)[-1] == "1 space: Engage"


def test_undoing_gives_no_role_over_a_space_that_was_deleted_since(cast, world):
    one, role = world["space"]
    with acting_as(cast.olga, cast.workspace):
        grant = grant_role(user_id=cast.mina.id, role_key=role, scope="listed", resource_ids=[one])
        revoke_role(grant_id=grant.id)
    taken = last_event(cast.workspace)
    with acting_as(cast.olga, cast.workspace):
        delete_space(space_id=one)
    with pytest.raises(ReachGone):
        undo(cast, taken)
    with acting_as(cast.olga, cast.workspace):
        restore_space(space_id=one, name="Engage")
    undo(cast, taken)
    assert reaches(cast, cast.mina)[-1] == "1 space: Engage"


def test_who_was_removed_comes_back_without_a_role_over_a_space_that_was_deleted_since(cast, world):
    one, role = world["space"]
    with acting_as(cast.olga, cast.workspace):
        grant_role(user_id=cast.mina.id, role_key=role, scope="listed", resource_ids=[one])
        remove_member(user_id=cast.mina.id)
    removed = last_event(cast.workspace)
    with acting_as(cast.olga, cast.workspace):
        delete_space(space_id=one)
    undo(cast, removed)
    assert reaches(cast, cast.mina) == ["The workspace"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"scope": "all", "resource_ids": ["{shop}"]}, "You chose a resource, and a reach that leaves it out."),
        ({"scope": "all", "labels": ["environment:prod"]}, "Choose “Those with these labels”, or no label."),
        ({"scope": "labelled", "labels": ["environment:prod"], "resource_ids": ["{shop}"]}, "Choose “These only”"),
        ({"scope": "listed", "labels": ["environment:prod"], "resource_ids": ["{shop}"]}, "You chose a label"),
        ({"scope": "workspace"}, "Source Admin cannot be given this far."),
    ],
)
def test_nothing_that_was_chosen_is_left_out_without_a_word(olga, cast, asked, words):
    if "resource_ids" in asked:
        asked = {**asked, "resource_ids": [cast.shop.id]}
    refused = refusal_of(cast, role_key="source_admin", **asked)
    assert refused.field == "scope"
    assert words in refused.message
    answer = olga.post(f"{ACCESS}members/{cast.mina.id}/roles/", {"role": "source_admin", **asked})
    assert answer.status_code == 422
    assert events_of(cast.workspace) == []


def test_who_cannot_be_limited_is_told_how_far_the_role_goes(cast):
    limit = {"scope": "listed", "resource_ids": [cast.warehouse.id]}
    told = refusal_of(cast, role_key="warehouse_destination_admin", **limit).message
    assert told.startswith(
        "Warehouse Destination Admin cannot be limited. It reaches all warehouses, also future ones."
    )
    told = refusal_of(cast, role_key="auditor", scope="workspace", labels=["environment:prod"]).message
    assert told.startswith("Auditor cannot be limited. It reaches the whole workspace.")


def test_no_proof_is_asked_for_what_is_refused_anyhow(olga, cast):
    asked = {"role": "workspace_owner", "scope": "", "labels": "environment:prod"}
    assert olga.post(f"{ACCESS}members/{cast.mina.id}/roles/", asked).status_code == 422
    assert olga.post(f"{ACCESS}members/{cast.mina.id}/roles/", {"role": "workspace_owner"}).status_code == 403


def test_roles_stand_under_what_they_are_about(cast, world):
    with in_workspace(cast.workspace.id):
        groups = dict(roles_by_what_they_are_over(roles_in(cast.workspace.id)))
    assert list(groups) == [
        "Workspace",
        "Sources",
        "Functions",
        "Warehouses",
        "Tracking plans",
        "Spaces",
        "This workspace's own",
    ]
    assert groups["Workspace"][0] == ("workspace_owner", "Workspace Owner")
    assert [key for key, _ in groups["Sources"]] == ["source_admin", "source_read_only"]
    assert [name for _, name in groups["This workspace's own"]] == sorted(f"Reads {kind}" for kind in KINDS)
    assert sum(map(len, groups.values())) == Role.objects.filter(workspace_id=None).count() + len(KINDS)


def test_a_kind_that_no_role_is_limited_to_is_not_offered(cast):
    with in_workspace(cast.workspace.id):
        kinds = kinds_offered(cast.workspace.id, list(roles_in(cast.workspace.id)), [cast.app.id])
    assert [kind.key for kind in kinds] == ["source", "function", "space"]
    assert kinds[0].roles == "Source Admin · Source Read-only"
    assert [one.id for one in kinds[0].options if one.is_chosen] == [cast.app.id]


def test_each_option_carries_what_the_page_shows_of_it(olga, cast):
    with acting_as(cast.olga, cast.workspace):
        hostile = '"><script>alert(1)</script>'
        create_role(name=f"Odd {hostile}", permissions=["source.read"], over="source", description=hostile)
    page = olga.get(f"{ACCESS}invite/").text
    assert "<script>alert(1)" not in page
    options = {key: unescape(rest) for key, rest in re.findall(r'<option value="([^"]*)"([^>]*)>', page)}
    assert 'data-reach="It reaches the whole workspace." data-over="" data-scopes="workspace"' in options["auditor"]
    assert 'data-reach="" data-over="source" data-scopes="all listed labelled"' in options["source_admin"]
    assert 'data-about="Changes the sources it is given and sees their history."' in options["source_admin"]
    assert 'data-reach="It reaches all warehouses' in options["warehouse_destination_read_only"]


def test_each_part_says_which_roles_it_is_for(olga, cast, world):
    page = unescape(olga.get(f"{ACCESS}members/{cast.mina.id}/").text)
    assert "For Reads warehouse, with “These only”." in page
    assert "For Source Admin · Source Read-only · Reads source, with “These only”." in page
    assert re.search(r"Labels are for [^<]*Reads source[^<]*, with “Those with these labels”", page)
    assert re.findall(r"<legend[^>]*>(Which [^<]*)", page) == [
        "Which sources",
        "Which functions",
        "Which warehouses",
        "Which tracking plans",
        "Which spaces",
    ]


def test_a_long_list_is_searched_and_a_short_one_is_not(olga, cast):
    page = f"{ACCESS}invite/"
    for number in range(MANY - 3):
        make_source(workspace=cast.workspace, name=f"Source {number}")
    assert "Find a source" not in olga.get(page).text
    make_source(workspace=cast.workspace, name="One more")
    assert olga.get(page).text.count('data-narrows="#which-source"') == 1


def test_it_asks_the_same_for_few_and_for_many(olga, cast):
    def queries():
        with CaptureQueriesContext(connection) as asked:
            assert olga.get(f"{ACCESS}invite/").status_code == 200
        return len(asked)

    queries()  # the first request of a session asks more
    few_of_each = queries()
    for number in range(40):
        make_source(workspace=cast.workspace, name=f"Source {number}")
        make_space(workspace=cast.workspace, id=f"spa_{number}")
    assert queries() == few_of_each


def test_what_was_filled_in_is_kept_and_each_refusal_has_a_line_of_its_own(olga, cast):
    values = {
        "emails": f"good@example.com, {cast.milo.email}; nobody <b>",
        "role": "source_admin",
        "scope": "listed",
        "resource_ids": [cast.app.id, cast.kiosk.id],
    }
    answer = olga.post(f"{ACCESS}invite/", values)
    assert answer.status_code == 422
    page = answer.text
    lines = re.search(r'id="id_emails_error">.*?<span>(.*?)</span></span>', page, re.S)[1].split("<br>")
    assert [unescape(re.sub("<.?bdi>", "", line)) for line in lines] == [
        f"{cast.milo.email}: This person is a member already. Change the roles in the list of members.",
        "nobody: This is no e-mail address.",
        "<b>: This is no e-mail address.",
    ]
    form = answer.context["form"]
    assert form["emails"].value() == f"{cast.milo.email}\nnobody\n<b>"
    assert (form["role"].value(), form["scope"].value()) == ("source_admin", "listed")
    assert set(re.findall(r'value="(src_\w+)" checked', page)) == {cast.app.id, cast.kiosk.id}
    # Where nothing was sent, nothing is taken out.
    answer = olga.post(
        f"{ACCESS}invite/", {**values, "emails": "fine@example.com", "resource_ids": [cast.warehouse.id]}
    )
    assert answer.status_code == 422
    assert "Leave out Reporting (warehouse)." in answer.text
    assert answer.context["form"]["emails"].value() == "fine@example.com"


def test_the_forms_take_what_was_ticked_as_the_services_do(cast):
    with in_workspace(cast.workspace.id):
        access = permissions_for(cast.workspace.id, cast.olga.id)
        form = RoleForm({"role": "auditor"}, access=access)
        assert form.is_valid()
        assert form.asked() == {"role_key": "auditor", "scope": "workspace", "resource_ids": [], "labels": []}
        for sent, told in (
            ({"role": "emperor"}, "There is no such role. Choose one of the list."),
            ({}, "Choose a role."),
        ):
            form = InviteForm({"emails": "a@example.com", **sent}, access=access)
            assert form.errors == {"role": [told]}


def test_thousands_can_be_chosen_at_once(cast, olga):
    chosen = [f"src_{number:022d}" for number in range(2_000)]
    sent = {"role": "source_admin", "scope": "listed", "resource_ids": chosen}
    answer = olga.post(f"{ACCESS}members/{cast.milo.id}/roles/", sent)
    assert (answer.status_code, "field__error" in answer.content.decode()) == (422, True)
