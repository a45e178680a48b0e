"""POST /api/access-checks: the same answer as this product gives itself, the roles behind it, and nothing about strangers."""

import json
import re
from itertools import product

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from auditapp.access.checks import Question, check_access, kind_over
from auditapp.access.models import Grant
from auditapp.access.permissions import OF_TRAIL, Permission, permissions_for
from auditapp.record.workspace_scope import in_workspace
from tests.conftest import cloned_database
from tests.docs.snippets import blocks
from tests.factories import events_of, make_cast, make_grant, make_group, make_member, make_space, make_token, make_user


@pytest.fixture(scope="module")
def world(server, django_db_blocker):
    """Zoe may change Engage in Production, and through a group see what is labelled; Mina is Privacy Admin."""
    with django_db_blocker.unblock(), cloned_database(server):
        cast = make_cast()
        workspace = cast.workspace
        make_space(workspace=workspace, id="spa_prod")
        make_space(workspace=workspace, id="spa_dev", name="Dev", labels=["environment:dev"])
        listed = {"scope": "listed", "resource_ids": ["spa_prod"]}
        make_member(workspace=workspace, user=cast.zoe, role="unify_read_only_engage_user", **listed)
        group = make_group(workspace=workspace, members=[cast.zoe])
        labelled = {"scope": "labelled", "labels": ["environment:dev"]}
        make_grant(workspace=workspace, group=group, role="unify_and_engage_read_only", **labelled)
        make_grant(workspace=workspace, user=cast.mina, role="end_user_privacy_admin")
        make_user(name="Stranger", email="stranger@example.com")
        yield cast, make_token(workspace=workspace, scopes=["access:check"], created_by=cast.olga.id)[1]


def post(world, body, secret=None):
    headers = {"Authorization": f"Bearer {secret or world[1]}"}
    client = Client(raise_request_exception=False)
    return client.post("/api/access-checks", json.dumps(body), "application/json", headers=headers)


def ask(world, user, permission, resource=None):
    body = {"user": user, "permission": permission, **({"resource": resource} if resource else {})}
    answer = post(world, body)
    assert answer.status_code == 200
    return answer.json()["data"]["check"]


def test_the_answer_names_the_roles_behind_it(world):
    zoe = world[0].zoe
    assert ask(world, "ZOE@demo.example", "engage.write", "spa_prod") == {
        "user": {"id": zoe.id, "name": "Zoe of demo"},
        "permission": "engage.write",
        "resource": "spa_prod",
        "allowed": True,
        "why": "Given by Unify Read-only, Engage User.",
        "everywhere": False,
        "resources": ["spa_prod"],
        "roles": [{"role": "Unify Read-only, Engage User", "reach": "1 space", "group": None}],
    }
    seen = ask(world, zoe.id, "space.read", "spa_dev")
    assert (seen["allowed"], seen["resources"]) == (True, ["spa_dev", "spa_prod"])
    [behind] = seen["roles"]
    assert (behind["group"]["name"], behind["reach"]) == ("Mobile team", "spaces labelled environment:dev")


def test_what_docs_access_says_is_sent_and_answered(world):
    sent = [json.loads(re.search(r"-d '(.*)'", text, re.DOTALL)[1]) for _, text in blocks("access.md", "sh")]
    told = next(text for _, text in blocks("access.md", "json") if '"check"' in text)
    answer = post(world, sent[0] | {"user": "zoe@demo.example", "resource": "spa_prod"}).json()
    told = json.loads(told)["data"]["check"]
    given = {"user": told["user"], "resource": "spa_1", "resources": ["spa_1"]}
    assert answer["data"]["check"] | given == told
    assert [one["allowed"] for one in post(world, sent[1]).json()["data"]["checks"]] == [False, False]


def test_a_no_says_why(world):
    cast, _ = world
    narrow = ask(world, cast.zoe.id, "engage.write", "spa_dev")
    assert (narrow["allowed"], narrow["why"]) == (
        False,
        "Unify Read-only, Engage User gives it, but not over this resource.",
    )
    assert ask(world, cast.zoe.id, "engage.write")["why"].endswith("not over everything.")
    assert " give it, but not over everything." in ask(world, cast.zoe.id, "space.read")["why"], "of two roles"
    assert ask(world, cast.zoe.id, "privacy.write")["why"] == "None of the member's roles gives it."
    assert ask(world, cast.milo.id, "source.create")["allowed"] is False, "a role over two sources creates none"


def test_a_section_is_all_there_is_of_it(world):
    cast, _ = world
    for resource in (None, "section:privacy"):
        assert ask(world, cast.mina.id, "privacy.write", resource)["allowed"] is True
        assert ask(world, cast.olga.id, "privacy.write", resource)["allowed"] is True
        assert ask(world, cast.rita.id, "privacy.write", resource)["allowed"] is False
    assert ask(world, cast.olga.id, "space.write", "spa_of_tomorrow")["everywhere"] is True


@pytest.mark.parametrize("user", ["stranger@example.com", "nobody@example.com", "usr_1"])
def test_a_stranger_is_answered_as_nobody(world, user):
    found = ask(world, user, "space.read")
    assert (found["user"], found["allowed"]) == (None, False)
    assert found["why"] == "No member of this workspace has this id or address."


def test_every_answer_is_what_the_product_would_decide(world):
    cast, _ = world
    people = [cast.olga, cast.milo, cast.rita, cast.mina, cast.zoe]
    things = [None, "spa_prod", "spa_dev", cast.shop.id, cast.kiosk.id, "section:privacy"]
    asked = [
        Question(person.id, permission, thing)
        for person, permission, thing in product(people, Permission, things)
        if thing is None or kind_over(permission)
    ]
    with in_workspace(cast.workspace.id):
        held = {person.id: permissions_for(cast.workspace.id, person.id) for person in people}
        found = check_access(cast.workspace.id, asked)
    for one in found:
        reach = held[one.question.user].reach(one.question.permission)
        wanted = reach.everywhere if one.question.resource is None else reach.covers(one.question.resource)
        if one.question.permission in OF_TRAIL:  # as far as it is open to them
            wanted = held[one.question.user].can(one.question.permission)
        assert (one.is_allowed, bool(one.roles) or not wanted) == (wanted, True), one
    assert {one.is_allowed for one in found} == {True, False}


def test_a_hundred_at_once_cost_a_query_for_each_user_and_change_nothing(world):
    cast, _ = world
    people = [cast.olga, cast.milo, cast.rita, cast.mina]
    one = {"permission": "source.read", "resource": cast.shop.id}
    before = len(events_of(cast.workspace))
    post(world, {"user": "a", "permission": "space.read"})  # notes that the token was used
    with CaptureQueriesContext(connection) as few:
        post(world, {"checks": [{"user": cast.olga.id, **one}]})
    with CaptureQueriesContext(connection) as many:
        answer = post(world, {"checks": [{"user": people[n % 4].id, **one} for n in range(100)]})
    allowed = [checked["allowed"] for checked in answer.json()["data"]["checks"]]
    assert allowed == [True, True, True, False] * 25
    # Three users more; and for Mina, who does not see the whole trail, what is withheld from her.
    assert len(many) - len(few) == 3 + 1
    assert len(events_of(cast.workspace)) == before
    assert post(world, {"checks": [{"user": "a", **one}] * 101}).status_code == 422


def test_what_cannot_be_asked_is_refused_with_what_to_do(world):
    wrong = [
        ({"user": "u", "permission": "space.rule"}, "permission", "space.read"),
        ({"user": "u", "permission": ["space.read"]}, "permission", "space.read"),
        ({"permission": "space.read"}, "user", "id or e-mail"),
        ({"user": "a\x1b", "permission": "space.read"}, "user", "id or e-mail"),
        ({"user": "u", "permission": "audit.read", "resource": "spa_1"}, "resource", "Leave the resource out"),
        ({"user": "u", "permission": "identity.read", "resource": "spa_1"}, "resource", "section:identity"),
        ({"user": "u", "permission": "space.read", "resource": 7}, "resource", "by its id"),
        ({"user": "u", "permission": "space.read", "who": "x"}, "who", "user, permission, resource"),
        ({"checks": []}, "checks", "1 to 100"),
        ({"checks": [{"user": "u", "permission": "x"}, 5], "user": "u"}, "checks", "either"),
        ({}, "user", "id or e-mail"),
    ]
    for body, field, words in wrong:
        answer = post(world, body)
        [error] = answer.json()["errors"]
        assert (answer.status_code, error["field"], words in error["message"]) == (422, field, True), body
    answer = post(world, {"checks": [{"user": "u", "permission": "space.read"}, {"user": "u", "permission": "x"}, 5]})
    assert [one.get("field") for one in answer.json()["errors"]] == ["checks.1.permission", "checks.2"]


def test_only_a_token_for_it_may_ask_and_only_while_its_maker_sees_members(world):
    cast, _ = world
    question = {"user": cast.zoe.id, "permission": "space.read"}
    _, other = make_token(workspace=cast.workspace, scopes=["audit:read", "access:write"])
    assert post(world, question, other).status_code == 401
    _, of_mina = make_token(workspace=cast.workspace, scopes=["access:check"], created_by=cast.mina.id)
    assert post(world, question, of_mina).status_code == 401
    grant = make_grant(workspace=cast.workspace, user=cast.mina, role="auditor")
    assert post(world, question, of_mina).status_code == 200
    with in_workspace(cast.workspace.id):
        Grant.objects.filter(id=grant.id).delete()
    foreign = make_cast(slug="other")
    _, theirs = make_token(workspace=foreign.workspace, scopes=["access:check"])
    asked = post(world, {"user": cast.zoe.id, "permission": "space.read", "resource": "spa_prod"}, theirs)
    assert asked.json()["data"]["check"]["user"] is None


def test_a_role_that_is_taken_is_answered_at_once(world):
    cast, _ = world
    grant = make_grant(workspace=cast.workspace, user=cast.milo, role="entities_admin")
    assert ask(world, cast.milo.id, "entity.write")["allowed"] is True
    with in_workspace(cast.workspace.id):
        grant.delete()
        cast.rita.is_active = False
        cast.rita.save()
    assert ask(world, cast.milo.id, "entity.write")["allowed"] is False
    assert ask(world, cast.rita.id, "space.read")["why"] == "This account is turned off."


def test_the_trail_is_everywhere_for_who_sees_all_of_it_alone(world):
    cast, _ = world
    minimal = make_user(name="Ned", email="ned@demo.example")
    make_member(workspace=cast.workspace, user=minimal, role="minimal_workspace_access")
    asked = ask(world, minimal.id, "audit.read")
    assert (asked["allowed"], asked["everywhere"], asked["resources"]) == (True, False, [])
    assert asked["roles"] == [{"role": "Minimal Workspace Access", "reach": "what they did themselves", "group": None}]
    asked = ask(world, cast.milo.id, "audit.export")
    assert (asked["allowed"], asked["everywhere"]) == (True, False)
    assert set(asked["resources"]) == {cast.shop.id, cast.app.id}
    make_grant(workspace=cast.workspace, user=minimal, role="auditor")
    asked = ask(world, minimal.id, "audit.read")
    assert asked["everywhere"] is True
    assert [(one["role"], one["reach"]) for one in asked["roles"]] == [
        ("Auditor", "everything"),
        ("Minimal Workspace Access", "what they did themselves"),
    ]


def test_who_has_no_role_opens_what_they_did_themselves_and_no_more(world):
    cast, _ = world
    nobody = make_user(name="Una", email="una@demo.example")
    make_member(workspace=cast.workspace, user=nobody)
    asked = ask(world, nobody.id, "audit.read")
    assert (asked["allowed"], asked["everywhere"], asked["resources"], asked["roles"]) == (True, False, [], [])
    assert asked["why"] == "Every member sees what they did themselves."
    assert ask(world, nobody.id, "audit.export")["allowed"] is False
