"""Plans are set back rule by rule, whole files of them too, and come back with all of their rules and sources."""

import pytest

from auditapp.pipeline.plans.connections import change_schema_settings, connect_source, disconnect_source
from auditapp.pipeline.plans.errors import HasAnotherPlan
from auditapp.pipeline.plans.field_rows import FieldRow, schema_of_rows
from auditapp.pipeline.plans.models import SourcePlan, TrackingPlan
from auditapp.pipeline.plans.rule_services import add_rule, change_rule, import_rules, remove_rules, replace_rules
from auditapp.pipeline.plans.rule_store import stored_rules
from auditapp.pipeline.plans.rules import Rule, RuleType
from auditapp.pipeline.plans.services import change_plan, create_plan, delete_plan
from auditapp.record.workspace_scope import in_workspace
from auditapp.revert.kinds.tracking_plan import SourceGone
from auditapp.revert.models import What
from auditapp.revert.preview import can_undo
from auditapp.sources.services import delete_source
from tests.factories import last_event, make_cast
from tests.revert.looking import latest, one_request, preview_of, standings, undo


def rule(key="Order Completed", *names, version=1):
    rows = [FieldRow(name, types=("string",)) for name in names or ("total",)]
    return Rule(RuleType.TRACK, key, schema_of_rows("", rows, "properties"), version, ("team:web",))


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def plan(cast):
    with one_request(cast):
        made = create_plan(name="Shop", description="Orders")
    with one_request(cast):
        replace_rules(plan_id=made.id, rules=[rule(), rule("Cart / Viewed"), rule(version=2)])
    return made


def act(cast, service, **values):
    with one_request(cast):
        service(**values)
    return last_event(cast.workspace)


def stored(cast, plan):
    with in_workspace(cast.workspace.id):
        found = TrackingPlan.objects.filter(id=plan.id).first()
        sources = SourcePlan.objects.filter(plan_id=plan.id).values_list("source_id", flat=True)
        rules = stored_rules(cast.workspace.id, plan.id)
        return found and (found.name, found.slug, found.description, rules, sorted(sources))


def test_a_rule_that_was_added_changed_or_removed_goes_back_and_forth(cast, plan):
    for service, values in (
        (add_rule, {"rule": rule("Order Refunded")}),
        (change_rule, {"rule": rule("Order Completed", "total", "currency")}),
        (remove_rules, {"identities": [rule("Cart / Viewed").identity]}),
    ):
        before = stored(cast, plan)
        row = act(cast, service, plan_id=plan.id, **values)
        assert list(standings(preview_of(cast, row)).values()) == ["safe"]
        undo(cast, row)
        assert stored(cast, plan) == before
        undo(cast, last_event(cast.workspace))
        assert stored(cast, plan) != before


def test_a_rule_changed_since_is_a_conflict_and_its_followers_are_named(cast, plan):
    act(cast, connect_source, plan_id=plan.id, source_id=cast.shop.id)
    row = act(cast, change_rule, plan_id=plan.id, rule=rule("Order Completed", "currency"))
    act(cast, change_rule, plan_id=plan.id, rule=rule("Order Completed", "tax"))
    (part,) = preview_of(cast, row).parts
    (field,) = part.fields
    assert (str(field.standing), part.label(field.path)) == ("conflict", "Rule Order Completed")
    assert part.effects == ["Checked by these rules from then on: Web shop."]
    undo(cast, row, with_conflicts=True)
    assert rule() in stored(cast, plan)[3]


def test_a_whole_file_of_rules_is_taken_out_again(cast, plan):
    before = stored(cast, plan)
    lines = "".join(f"track,Event {number},total\n" for number in range(30))
    body = f"type,event,field\n{lines}".encode()
    act(cast, import_rules, plan_id=plan.id, file_name="shop.csv", body=body)
    row = latest(cast, "tracking_plan.rules_changed")
    assert not can_undo(latest(cast, "tracking_plan.csv_uploaded"))
    assert len(standings(preview_of(cast, row))) == 30
    undo(cast, row)
    assert stored(cast, plan) == before


def test_name_and_sources_are_set_back(cast, plan):
    before = stored(cast, plan)
    undo(cast, act(cast, change_plan, plan_id=plan.id, name="Web", description=""))
    row = act(cast, connect_source, plan_id=plan.id, source_id=cast.shop.id)
    assert preview_of(cast, row).parts[0].label(f"sources.{cast.shop.id}") == "Followed by Web shop"
    undo(cast, row)
    assert stored(cast, plan) == before
    back = last_event(cast.workspace)
    other = create_other(cast)
    act(cast, connect_source, plan_id=other.id, source_id=cast.shop.id)
    with pytest.raises(HasAnotherPlan):
        undo(cast, back)
    act(cast, disconnect_source, plan_id=other.id, source_id=cast.shop.id)
    act(cast, delete_source, source_id=cast.shop.id)
    with pytest.raises(SourceGone):
        undo(cast, back)


def create_other(cast):
    with one_request(cast):
        return create_plan(name="Other")


def test_a_deleted_plan_comes_back_with_rules_and_sources_and_goes_again(cast, plan):
    for source in (cast.shop, cast.app):
        act(cast, connect_source, plan_id=plan.id, source_id=source.id)
    before = stored(cast, plan)
    row = act(cast, delete_plan, plan_id=plan.id)
    preview = preview_of(cast, row)
    assert preview.is_risky
    assert len([one for one in preview.parts[0].brings if one.path.startswith("rules.")]) == 3
    undo(cast, row, What.REQUEST)
    assert stored(cast, plan) == before
    restored = latest(cast, "tracking_plan.restored")
    assert standings(preview_of(cast, restored)) == {"": "safe"}
    undo(cast, restored)
    assert stored(cast, plan) is None


def test_what_is_gone_says_to_undo_its_deletion_and_who_may_not_is_told(cast, plan):
    row = act(cast, change_plan, plan_id=plan.id, name="Web")
    assert "tracking plans" in preview_of(cast, row, who=cast.rita).parts[0].refusal
    act(cast, delete_plan, plan_id=plan.id)
    assert "undo that first" in preview_of(cast, row).parts[0].refusal


def test_a_source_that_comes_back_follows_its_plan_with_its_settings_again(cast, plan):
    act(cast, connect_source, plan_id=plan.id, source_id=cast.shop.id)
    act(cast, change_schema_settings, source_id=cast.shop.id, settings={"track": {"allowUnplannedEvents": False}})
    before = stored(cast, plan)
    row = act(cast, delete_source, source_id=cast.shop.id)
    undo(cast, row, What.REQUEST)
    assert stored(cast, plan) == before
    with in_workspace(cast.workspace.id):
        follows = SourcePlan.objects.get(source_id=cast.shop.id)
    assert follows.settings["track"]["allowUnplannedEvents"] is False
