"""Plans: made, changed, inferred, deleted, each with its event."""

import pytest

from auditapp.access.errors import Denied
from auditapp.lib.errors import Invalid, NotFound
from auditapp.pipeline.plans.models import PlanRule, SourcePlan, TrackingPlan
from auditapp.pipeline.plans.plan import CompiledPlan
from auditapp.pipeline.plans.rule_store import stored_rules
from auditapp.pipeline.plans.services import change_plan, create_plan, create_plan_from_file, delete_plan, infer_plan
from auditapp.pipeline.plans.settings import ALLOW_EVERYTHING
from auditapp.record.drafts import Change
from tests.factories import acting_as, events_of, last_event, make_cast, make_member
from tests.tracking_plans.conftest import follow, make_plan, rule, send, track


def test_a_new_plan_is_recorded(cast):
    with acting_as(cast.olga, cast.workspace):
        plan = create_plan(name=" Mobile commerce ", description="Orders and carts")
    assert plan.id.startswith("tp_")
    assert (plan.name, plan.slug) == ("Mobile commerce", "mobile-commerce")
    row = last_event(cast.workspace)
    assert row.event.type == "tracking_plan.created"
    assert (row.resource.type, row.resource.id, row.resource.name) == ("tracking_plan", plan.id, "Mobile commerce")
    assert list(row.event.changes) == [
        Change("name", new="Mobile commerce"),
        Change("slug", new="mobile-commerce"),
        Change("description", new="Orders and carts"),
    ]


def test_names_are_there_once_and_slugs_differ(cast):
    first, second = make_plan(cast, name="Shop"), make_plan(cast, name="Shop!")
    assert first.slug == "shop"
    assert second.slug.startswith("shop-")
    other = make_cast(slug="other")
    assert make_plan(other, name="Shop").slug == "shop"
    with acting_as(cast.olga, cast.workspace):
        for name in ("SHOP", " ", "x" * 101, "a\x00b"):
            with pytest.raises(Invalid) as refused:
                create_plan(name=name)
            assert refused.value.field == "name"
        with pytest.raises(Invalid) as refused:
            change_plan(plan_id=first.id, name="Shop!")
        assert refused.value.field == "name"
        with pytest.raises(Invalid) as refused:
            create_plan(name="New", description="x" * 2_001)
        assert refused.value.field == "description"


@pytest.mark.parametrize("person", ["milo", "rita", "mina", "zoe"])
def test_who_may_not_write_plans_changes_none(cast, person):
    plan = make_plan(cast)
    before = len(events_of(cast.workspace))
    refusal = Denied if person == "rita" else NotFound
    with acting_as(getattr(cast, person), cast.workspace):
        with pytest.raises(Denied):
            create_plan(name="New")
        for change in (
            lambda: change_plan(plan_id=plan.id, name="New"),
            lambda: delete_plan(plan_id=plan.id),
        ):
            with pytest.raises(refusal):
                change()
    assert len(events_of(cast.workspace)) == before


def test_the_roles_of_tracking_plans_are_about_them_alone(cast):
    plan = make_plan(cast)
    make_member(workspace=cast.workspace, user=cast.zoe, role="tracking_plan_admin")
    with acting_as(cast.zoe, cast.workspace):
        change_plan(plan_id=plan.id, name="Renamed")
        with pytest.raises(NotFound):
            infer_plan(source_id=cast.shop.id, name="Inferred")
    assert last_event(cast.workspace).event.type == "tracking_plan.modified"


def test_a_change_is_recorded_and_none_is_not(cast):
    plan = make_plan(cast)
    with acting_as(cast.olga, cast.workspace):
        change_plan(plan_id=plan.id, description="Orders")
        change_plan(plan_id=plan.id, name="Shop", description="Orders")
    changes = [row for row in events_of(cast.workspace) if row.event.type == "tracking_plan.modified"]
    assert [list(row.event.changes) for row in changes] == [[Change("description", "", "Orders")]]


def test_a_deleted_plan_leaves_its_sources_and_says_so(cast):
    plan = make_plan(cast, rule())
    follow(cast, plan, cast.shop)
    with acting_as(cast.olga, cast.workspace):
        delete_plan(plan_id=plan.id)
        assert not TrackingPlan.objects.exists()
        assert not PlanRule.objects.exists()
        assert SourcePlan.objects.get().plan_id is None
    deleted, disconnected = events_of(cast.workspace)[:2]
    assert (deleted.event.type, deleted.resource.id) == ("tracking_plan.deleted", plan.id)
    assert Change("name", old="Shop") in deleted.event.changes
    assert disconnected.event.type == "tracking_plan.source_disconnected"
    assert disconnected.event.scope_id == cast.shop.id
    assert [target.id for target in disconnected.event.targets] == [plan.id, cast.shop.id]


def test_a_plan_is_made_of_a_file_or_not_at_all(cast):
    with acting_as(cast.olga, cast.workspace):
        plan = create_plan_from_file(
            name="Shop", file_name="shop.csv", body=b"type,event,field,required\nTRACK,Order Completed,total,yes\n"
        )
        assert [one.key for one in stored_rules(cast.workspace.id, plan.id)] == ["Order Completed"]
        with pytest.raises(Invalid):
            create_plan_from_file(name="Broken", file_name="shop.csv", body=b"no such columns\n")
        assert not TrackingPlan.objects.filter(name="Broken").exists()
    types = [row.event.type for row in events_of(cast.workspace)]
    assert types == ["tracking_plan.event_added", "tracking_plan.csv_uploaded", "tracking_plan.created"]


def test_a_plan_is_inferred_from_what_a_source_saw(cast):
    events = [
        track(total=9.5, items=[1], user={"age": 7}, **{"a.b": "x", "list[]": 1, "back\\slash": True}),
        track(total="9"),
        {"type": "identify", "messageId": "i1", "userId": "u", "traits": {"plan": None}},
        {"type": "page", "messageId": "p1", "userId": "u", "name": "Home", "properties": {}},
        {"type": "alias", "messageId": "a1", "userId": "u", "previousId": "v"},
    ]
    send(cast, cast.shop, *events)
    with acting_as(cast.olga, cast.workspace):
        plan = infer_plan(source_id=cast.shop.id, name="Inferred")
        rules = stored_rules(cast.workspace.id, plan.id)
    assert [(one.type, one.key) for one in rules] == [
        ("IDENTIFY", ""),
        ("PAGE", "Home"),
        ("TRACK", "Order Completed"),
    ]
    fields = rules[2].json_schema["properties"]["properties"]["properties"]
    assert fields["total"] == {"type": ["number", "string"]}
    assert fields["user"]["properties"] == {"age": {"type": "number"}}
    assert set(fields) == {"total", "items", "user", "a.b", "back\\slash"}
    compiled = CompiledPlan(rules)
    assert all(not compiled.check(event, ALLOW_EVERYTHING).violations for event in events)
    row = last_event(cast.workspace)
    assert (row.event.type, row.event.meta["events"]) == ("tracking_plan.inferred", 3)
    assert [target.id for target in row.event.targets] == [plan.id, cast.shop.id]


def test_nothing_seen_makes_no_plan(cast):
    with acting_as(cast.olga, cast.workspace):
        with pytest.raises(Invalid) as refused:
            infer_plan(source_id=cast.shop.id, name="Inferred")
        assert refused.value.code == "nothing_seen"
        with pytest.raises(NotFound):
            infer_plan(source_id="src_other", name="Inferred")
        assert not TrackingPlan.objects.exists()


def test_a_plan_of_another_workspace_is_not_there(cast):
    other = make_cast(slug="other")
    plan = make_plan(other, rule())
    with acting_as(cast.olga, cast.workspace):
        for change in (
            lambda: change_plan(plan_id=plan.id, name="Mine"),
            lambda: delete_plan(plan_id=plan.id),
        ):
            with pytest.raises(NotFound):
                change()
        assert not PlanRule.objects.exists()
