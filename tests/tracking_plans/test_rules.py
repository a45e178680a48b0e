"""Rules of a plan: added, changed, removed, replaced and imported, each told as what differs."""

import orjson
import pytest

from auditapp.access.errors import Denied
from auditapp.lib.errors import Invalid, NotFound
from auditapp.pipeline.plans import rule_services
from auditapp.pipeline.plans.errors import RuleGone, RuleThere
from auditapp.pipeline.plans.field_rows import FieldRow
from auditapp.pipeline.plans.models import TrackingPlan
from auditapp.pipeline.plans.plan_csv import rules_as_csv
from auditapp.pipeline.plans.plan_json import rules_as_json
from auditapp.pipeline.plans.queries import rules_in
from auditapp.pipeline.plans.rule_services import (
    add_rule,
    change_rule,
    import_rules,
    remove_rules,
    replace_rules,
    update_rules,
)
from auditapp.pipeline.plans.rule_store import stored_rules
from auditapp.pipeline.plans.rules import Rule, RuleType
from auditapp.record.drafts import Change
from tests.factories import acting_as, events_of, last_event
from tests.tracking_plans.conftest import make_plan, rule

WHOLE = Rule(RuleType.TRACK, "Anything", {"anyOf": [{"type": "object"}]})


def stored(cast, plan):
    with acting_as(cast.olga, cast.workspace):
        return stored_rules(cast.workspace.id, plan.id)


def revision(cast, plan):
    with acting_as(cast.olga, cast.workspace):
        return TrackingPlan.objects.get(id=plan.id).revision


def told(cast, number):
    return [(row.event.type, row.event.meta) for row in events_of(cast.workspace)[:number]]


def test_a_rule_that_is_added_is_told_field_by_field(cast):
    plan = make_plan(cast)
    before = revision(cast, plan)
    with acting_as(cast.olga, cast.workspace):
        add_rule(plan_id=plan.id, rule=rule(labels=("team:shop",)))
    assert stored(cast, plan) == [rule(labels=("team:shop",))]
    assert revision(cast, plan) != before
    row = last_event(cast.workspace)
    assert row.event.type == "tracking_plan.event_added"
    assert {"event": "Order Completed", "rule_type": "TRACK"}.items() <= row.event.meta.items()
    assert list(row.event.changes) == [
        Change("labels", new=["team:shop"]),
        Change("description", new=""),
        Change("schema.total.type", new="number"),
        Change("schema.total.required", new=True),
        Change("schema.coupon.type", new="string"),
        Change("schema.coupon.required", new=False),
    ]


def test_the_fields_of_a_schema_stay_in_their_order(cast):
    fields = [FieldRow(name) for name in ("zebra", "a", "much_longer_name", "b")]
    plan = make_plan(cast, rule("Zoo", *fields))
    [found] = stored(cast, plan)
    assert list(found.json_schema["properties"]["properties"]["properties"]) == ["zebra", "a", "much_longer_name", "b"]


def test_a_rule_is_changed_and_what_differs_is_told(cast):
    plan = make_plan(cast, rule())
    changed = rule("Order Completed", FieldRow("total", types=("string",)), FieldRow("coupon", types=("string",)))
    with acting_as(cast.olga, cast.workspace):
        change_rule(plan_id=plan.id, rule=changed)
        change_rule(plan_id=plan.id, rule=changed)
    modified = [row for row in events_of(cast.workspace) if row.event.type == "tracking_plan.event_modified"]
    assert [list(row.event.changes) for row in modified] == [
        [Change("schema.total.type", "number", "string"), Change("schema.total.required", True, False)]
    ]
    assert stored(cast, plan) == [changed]


def test_a_schema_that_rows_cannot_say_is_told_whole(cast):
    plan = make_plan(cast, rule("Anything"))
    with acting_as(cast.olga, cast.workspace):
        change_rule(plan_id=plan.id, rule=WHOLE)
    [change] = [one for one in last_event(cast.workspace).event.changes if one.path == "schema"]
    assert orjson.loads(change.new) == WHOLE.json_schema
    assert orjson.loads(change.old) == rule("Anything").json_schema
    large = Rule(RuleType.TRACK, "Anything", {"enum": ["x" * 20_000]})
    with acting_as(cast.olga, cast.workspace):
        change_rule(plan_id=plan.id, rule=large)
    [change] = last_event(cast.workspace).event.changes
    assert "SHA-256" in change.new


def test_a_rule_is_in_a_plan_once(cast):
    plan = make_plan(cast, rule())
    with acting_as(cast.olga, cast.workspace):
        with pytest.raises(RuleThere):
            add_rule(plan_id=plan.id, rule=rule())
        add_rule(plan_id=plan.id, rule=rule(version=2))
        with pytest.raises(RuleGone):
            change_rule(plan_id=plan.id, rule=rule("Another"))
        with pytest.raises(RuleGone):
            remove_rules(plan_id=plan.id, identities=[rule().identity, rule("Another").identity])
    assert [one.version for one in stored(cast, plan)] == [1, 2]


def test_rules_that_are_removed_are_told_with_what_they_were(cast):
    plan = make_plan(cast, rule(), rule(version=2), rule("Another"))
    with acting_as(cast.olga, cast.workspace):
        remove_rules(plan_id=plan.id, identities=[rule(version=2).identity])
    assert [one.title for one in stored(cast, plan)] == ["TRACK Another", "TRACK Order Completed"]
    row = last_event(cast.workspace)
    assert row.event.type == "tracking_plan.event_removed"
    assert row.event.meta["event"] == "Order Completed, version 2"
    assert Change("schema.total.type", old="number") in row.event.changes


def test_updating_adds_and_changes_and_leaves_the_rest(cast):
    plan = make_plan(cast, rule(), rule("Kept"))
    with acting_as(cast.olga, cast.workspace):
        update_rules(plan_id=plan.id, rules=[rule("New"), rule("Order Completed", FieldRow("total"))])
    assert [one.key for one in stored(cast, plan)] == ["Kept", "New", "Order Completed"]
    assert sorted(kind for kind, _ in told(cast, 2)) == ["tracking_plan.event_added", "tracking_plan.event_modified"]


def test_replacing_removes_what_is_not_among_them(cast):
    plan = make_plan(cast, rule(), rule("Gone"))
    with acting_as(cast.olga, cast.workspace):
        replace_rules(plan_id=plan.id, rules=[rule()])
    assert [one.key for one in stored(cast, plan)] == ["Order Completed"]
    [(kind, meta)] = told(cast, 1)
    assert (kind, meta["event"], meta["rule_type"]) == ("tracking_plan.event_removed", "Gone", "TRACK")


def test_many_rules_at_once_are_one_event(cast):
    plan = make_plan(cast, rule("Gone"), rule("Changed"))
    many = [rule(f"E{number:03}") for number in range(60)]
    with acting_as(cast.olga, cast.workspace):
        replace_rules(plan_id=plan.id, rules=[*many, rule("Changed", FieldRow("x"))])
    row = last_event(cast.workspace)
    assert row.event.type == "tracking_plan.rules_changed"
    assert {key: row.event.meta[key] for key in ("rules", "added", "changed", "removed")} == {
        "rules": 62,
        "added": 60,
        "changed": 1,
        "removed": 1,
    }
    assert row.event.meta["removed_events"] == ["Gone"]
    assert len(row.event.meta["added_events"]) == 50


def test_many_fields_are_cut_and_how_many_is_said(cast):
    plan = make_plan(cast)
    fields = [FieldRow(f"f{number}", types=("string",)) for number in range(80)]
    with acting_as(cast.olga, cast.workspace):
        add_rule(plan_id=plan.id, rule=rule("Wide", *fields))
    row = last_event(cast.workspace)
    assert len(row.event.changes) == 100
    assert row.event.meta["changes_left_out"] == 2 + 160 - 100


def test_a_plan_has_no_more_rules_than_it_may(cast, monkeypatch):
    monkeypatch.setattr(rule_services, "MAX_RULES", 2)
    plan = make_plan(cast, rule("A"), rule("B"))
    with acting_as(cast.olga, cast.workspace), pytest.raises(Invalid) as refused:
        add_rule(plan_id=plan.id, rule=rule("C"))
    assert "at most 2 rules" in refused.value.message


@pytest.mark.parametrize(
    ("bad", "pointer"),
    [
        (Rule(RuleType.TRACK, "", {}), "/rules/0/key"),
        (Rule(RuleType.TRACK, "a\x00b", {}), "/rules/0/key"),
        (Rule(RuleType.IDENTIFY, "named", {}), "/rules/0/key"),
        (Rule(RuleType.TRACK, "A", {"type": "no such type"}), "/rules/0/jsonSchema"),
        (Rule(RuleType.TRACK, "A", {}, labels=("no label",)), "/rules/0/labels"),
        (Rule(RuleType.TRACK, "A", {}, version=0), "/rules/0/version"),
    ],
)
def test_a_bad_rule_changes_nothing(cast, bad, pointer):
    plan = make_plan(cast)
    before = revision(cast, plan)
    with acting_as(cast.olga, cast.workspace), pytest.raises(Invalid) as refused:
        add_rule(plan_id=plan.id, rule=bad)
    assert [problem.pointer for problem in refused.value.problems] == [pointer]
    assert revision(cast, plan) == before


def test_a_file_is_taken_in_and_told(cast):
    plan = make_plan(cast, rule("Kept"))
    rules = [rule(labels=("team:shop",)), WHOLE]
    with acting_as(cast.olga, cast.workspace):
        import_rules(plan_id=plan.id, file_name="Shop.CSV", body=b"\xef\xbb\xbf" + rules_as_csv(rules).encode())
    assert [one.key for one in stored(cast, plan)] == ["Anything", "Kept", "Order Completed"]
    assert told(cast, 3)[2] == ("tracking_plan.csv_uploaded", {"rows": 4, "file": "Shop.CSV"})
    with acting_as(cast.olga, cast.workspace):
        import_rules(plan_id=plan.id, file_name="shop.json", body=rules_as_json(rules), replaces=True)
    assert stored(cast, plan) == sorted(rules, key=lambda one: one.key)
    assert told(cast, 2)[1] == ("tracking_plan.json_uploaded", {"rules": 2, "file": "shop.json"})


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("plan.xlsx", b"", ".csv or .json"),
        ("plan.csv", b"\xff\xfe", "UTF-8"),
        ("plan.csv", b"type,event\nTRACK,A\nSOMETHING,B\n", "Line 3: the type is one of"),
        ("plan.csv", b"type,event,field,required\nTRACK,A,x,perhaps\n", "Line 2: required is yes or no"),
        ("plan.json", b'{"rules": [{"type": "TRACK"}]}', "JSON Schema"),
        ("plan.json", b"{", "not JSON"),
        ("plan.csv", b"x" * (15 * 1024 * 1024 + 1), "15 MB"),
    ],
    ids=["kind", "encoding", "type", "required", "schema", "json", "size"],
)
def test_a_bad_file_changes_nothing_and_says_where(cast, name, body, said):
    plan = make_plan(cast, rule())
    before = len(events_of(cast.workspace))
    with acting_as(cast.olga, cast.workspace), pytest.raises(Invalid) as refused:
        import_rules(plan_id=plan.id, file_name=name, body=body)
    assert said in refused.value.message
    assert len(events_of(cast.workspace)) == before
    assert stored(cast, plan) == [rule()]


def test_who_may_only_read_changes_no_rule(cast):
    plan = make_plan(cast, rule())
    with acting_as(cast.rita, cast.workspace):
        for change in (
            lambda: add_rule(plan_id=plan.id, rule=rule("New")),
            lambda: replace_rules(plan_id=plan.id, rules=[]),
            lambda: remove_rules(plan_id=plan.id, identities=[rule().identity]),
            lambda: import_rules(plan_id=plan.id, file_name="a.csv", body=b"type\n"),
        ):
            with pytest.raises(Denied):
                change()
    with acting_as(cast.milo, cast.workspace), pytest.raises(NotFound):
        add_rule(plan_id=plan.id, rule=rule("New"))
    assert stored(cast, plan) == [rule()]


def test_rules_are_found_by_name_field_label_and_type(cast):
    identify = Rule(RuleType.IDENTIFY, "", {"properties": {"traits": {"properties": {"email": {}}}}})
    plan = make_plan(cast, rule(labels=("team:shop",)), rule("Cart Viewed", FieldRow("cart_id")), identify)
    with acting_as(cast.olga, cast.workspace):

        def found(**how):
            return [(row.type, row.key) for row in rules_in(plan, **how)]

        assert found() == [("IDENTIFY", ""), ("TRACK", "Cart Viewed"), ("TRACK", "Order Completed")]
        assert found(text="ORDER") == [("TRACK", "Order Completed")]
        assert found(text="cart_id") == [("TRACK", "Cart Viewed")]
        assert found(text="team:shop") == [("TRACK", "Order Completed")]
        assert found(text="e", kind="IDENTIFY") == [("IDENTIFY", "")]
        assert found(text="nothing%") == []
