"""A member with one space of two: nothing on any way of looking at the trail tells of the other, nor of a section."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from auditapp.access.models import Grant
from auditapp.access.permissions import permissions_for, viewer_for
from auditapp.lib import clock
from auditapp.record.drafts import Target
from auditapp.record.event_filter import EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.facets import facets
from auditapp.record.workspace_scope import in_workspace
from tests.conftest import cloned_database
from tests.factories import make_cast, make_grant, make_member
from tests.trail.history import seal_all, tell

CANARY = "Zanzibar"
PROD = Target("space", "spa_prod", "Production")
OTHER = Target("space", "spa_other", f"{CANARY} space")


@pytest.fixture(scope="module")
def world(server, django_db_blocker):
    """Zoe has a role over Production; everything else is called after the canary."""
    with django_db_blocker.unblock(), cloned_database(server):
        cast = make_cast()
        reach = {"scope": "listed", "resource_ids": ["spa_prod"]}
        make_member(workspace=cast.workspace, user=cast.zoe, role="unify_and_engage_read_only", **reach)
        olga, shop = cast.olga, Target("source", cast.shop.id, f"{CANARY} source")
        keys = {}
        for space, name in ((PROD, "Hikers"), (OTHER, f"{CANARY} audience")):
            audience = Target("audience", f"aud_{space.id}", name)
            keys[space.id] = [
                tell(cast.workspace, olga, key, audience, space, ip="203.0.113.24").key
                for key in ("audience.created", "audience.run_forced")
            ]
        tell(cast.workspace, olga, "journey.paused", Target("journey", "j", f"{CANARY} journey"), OTHER)
        tell(cast.workspace, olga, "consent_category.created", Target("consent_category", "c", f"{CANARY} ads"))
        tell(cast.workspace, olga, "space.identity_rules_modified", PROD, meta={"note": CANARY})
        tell(cast.workspace, cast.rita, "source.modified", shop, scope_id=cast.shop.id)
        seal_all()
        tell(cast.workspace, cast.milo, "audience.deleted", Target("audience", "aud_9", f"{CANARY} last"), OTHER)
        tell(cast.workspace, olga, "audience.modified", Target("audience", "aud_spa_prod", "Hikers"), PROD)
        yield cast, keys


def of_zoe(cast):
    client = Client(raise_request_exception=False)
    client.force_login(cast.zoe)
    return client


TRAIL = reverse("trail:event_list", args=["demo"])
EXPORT = [reverse("trail:event_export", args=["demo", suffix]) for suffix in ("csv", "jsonl")]


@pytest.mark.parametrize(
    ("path", "query", "headers"),
    [
        (TRAIL, {}, {}),
        (TRAIL, {"q": "hikers"}, {}),
        (TRAIL, {}, {"HX-Request": "true", "HX-Target": "show-counts"}),
        (TRAIL, {}, {"HX-Request": "true", "HX-Target": "bars"}),
        (TRAIL, {"target": "spa_prod"}, {}),
        *((path, {}, {}) for path in EXPORT),
    ],
)
def test_what_zoe_is_shown_never_names_the_other_space(world, path, query, headers):
    cast, _ = world
    answer = of_zoe(cast).get(path, query, headers=headers)
    page = answer.getvalue().decode()
    assert answer.status_code == 200
    assert CANARY not in page + str(answer.headers)
    assert not re.search(r"Milo|Rita|Journey Paused</|spa_other", page)
    if "HX-Target" not in headers:
        assert "Hikers" in page


def test_asking_for_the_other_space_finds_nothing(world):
    cast, keys = world
    client = of_zoe(cast)
    for query in ({"target": "spa_other"}, {"q": CANARY}, {"resource": "space:spa_other"}, {"event": "journey.paused"}):
        page = client.get(TRAIL, {**query, "range": "all"}).content.decode()
        assert keys["spa_other"][0] not in page
        assert not re.search(f"{CANARY} (audience|journey|last|space)", page)
    lines = client.get(EXPORT[1], {"q": CANARY}).getvalue().decode()
    assert lines.strip() == ""
    for key in keys["spa_other"]:
        assert client.get(reverse("trail:event_page", args=["demo", key])).status_code == 404


def test_what_is_related_and_the_history_of_a_space_are_of_the_one_space(world):
    cast, keys = world
    # All of them have the request and the session in common.
    page = of_zoe(cast).get(reverse("trail:event_page", args=["demo", keys["spa_prod"][0]])).content.decode()
    assert "Hikers" in page
    assert CANARY not in page


def test_counts_and_choices_are_of_what_zoe_sees(world):
    cast, _ = world
    with in_workspace(cast.workspace.id):
        viewer = viewer_for(permissions_for(cast.workspace.id, cast.zoe.id))
        found = facets(viewer, EventFilter())
        total = visible_events(viewer).count(EventFilter(with_reads=True)).events
    assert viewer.scope_ids == ("spa_prod",)
    # Beside what Zoe did herself, which is to look.
    others = {key: count for key, count in found.types.items() if not key.startswith("audit_trail.")}
    assert others == {"audience.created": 1, "audience.run_forced": 1, "audience.modified": 1}
    assert {one.id for one in found.actors} <= {cast.olga.id, cast.zoe.id}
    assert total - sum(found.types[key] for key in found.types.keys() - others.keys()) == 3


def test_live_rows_are_of_the_one_space_and_end_with_the_role(world):
    cast, _ = world
    live = {"HX-Request": "true", "HX-Target": "live"}
    client = of_zoe(cast)
    page = client.get(TRAIL).content.decode()
    path = re.search(r'hx-get="([^"]*after=[^"]*)"', page)[1].replace("&amp;", "&")
    now = {"at": clock.now()}
    tell(cast.workspace, cast.olga, "audience.deleted", Target("audience", "aud_spa_other", CANARY), OTHER, **now)
    assert "1 new" not in client.get(path, headers=live).content.decode()
    tell(cast.workspace, cast.olga, "audience.deleted", Target("audience", "aud_spa_prod", "Hikers"), PROD, **now)
    assert "1 new" in client.get(path, headers=live).content.decode()
    with in_workspace(cast.workspace.id):
        Grant.objects.filter(subject_id=cast.zoe.id).delete()
    # What she did herself stays open to her, and it is none of these.
    assert " new" not in client.get(path, headers=live).content.decode()


@pytest.mark.parametrize(
    ("role", "types"),
    [
        ("end_user_privacy_admin", {"consent_category.created"}),
        ("identity_admin", {"space.identity_rules_modified"}),
        ("entities_read_only", set()),
        (
            "unify_and_engage_admin",
            {"audience.created", "audience.run_forced", "audience.modified", "audience.deleted"},
        ),
    ],
)
def test_a_role_over_a_section_opens_that_history_alone(world, role, types):
    cast, _ = world
    scope = "all" if role.startswith("unify") else "workspace"
    with in_workspace(cast.workspace.id):
        grant = make_grant(workspace=cast.workspace, user=cast.mina, role=role, scope=scope)
        viewer = viewer_for(permissions_for(cast.workspace.id, cast.mina.id))
        found = {row.event.type for row in visible_events(viewer).page(EventFilter(with_reads=True)).rows}
        grant.delete()
    assert found == types | ({"journey.paused"} if role.startswith("unify") else set())
