"""The door of a source that follows a plan: what goes through, what is stopped, what is left out, and what goes on to other sources."""

import orjson
import psycopg
import pytest

from auditapp.forwarding.reader import is_own_echo
from auditapp.pipeline import intake
from auditapp.pipeline.plans import following
from auditapp.pipeline.plans.connections import change_schema_settings, disconnect_source
from auditapp.pipeline.plans.field_rows import FieldRow
from auditapp.pipeline.plans.models import SourcePlan, ViolationCount, ViolationSample
from auditapp.pipeline.plans.plan import CompiledPlan
from auditapp.pipeline.plans.rule_services import update_rules
from auditapp.pipeline.plans.rules import Rule, RuleType
from auditapp.sources.models import SourceCount
from auditapp.sources.schema_services import block_event
from auditapp.sources.services import disable_source
from tests.factories import acting_as, events_of, make_cast
from tests.tracking_plans.conftest import follow, inbox, make_plan, rule, send, track

COMMON = Rule(RuleType.COMMON, "", {"required": ["context"]})
IDENTIFY = rule("", FieldRow("age", types=("integer",)), kind=RuleType.IDENTIFY)


def track_settings(**values):
    return {"settings": {"track": values}}


def verdicts(cast, source):
    return [(one.name or one.type, one.verdict) for one in inbox(cast, source)]


def payload(one):
    return orjson.loads(one.payload)


def types_of(cast, number=50):
    return [row.event.type for row in events_of(cast.workspace)[:number]]


def test_without_a_plan_all_comes_in(cast):
    assert send(cast, cast.shop, track("Anything", x=1)) == [0]
    assert verdicts(cast, cast.shop) == [("Anything", "accepted")]


@pytest.mark.parametrize(
    ("settings", "event", "verdict"),
    [
        ({}, track(total=1), "accepted"),
        ({}, track(), "accepted"),
        ({}, track("Unplanned"), "accepted"),
        ({"allowUnplannedEvents": False}, track("Unplanned"), "unplanned"),
        ({"allowUnplannedEvents": False}, track(total=1, coupon=1), "accepted"),
        ({"allowEventOnViolations": False}, track(total="1"), "schema_violation"),
        ({"allowEventOnViolations": False}, track(total=1), "accepted"),
        ({"commonEventOnViolations": "BLOCK"}, track(total=1), "common_schema_violation"),
        ({"commonEventOnViolations": "BLOCK"}, track(total=1) | {"context": {}}, "accepted"),
        (
            {"allowUnplannedEvents": False, "commonEventOnViolations": "BLOCK"},
            track("Unplanned"),
            "unplanned_and_schema_violation",
        ),
    ],
)
def test_the_plan_and_the_settings_of_the_source_decide(cast, settings, event, verdict):
    follow(cast, make_plan(cast, rule(), COMMON), cast.shop, **track_settings(**settings))
    send(cast, cast.shop, event)
    [stored] = inbox(cast, cast.shop)
    assert stored.verdict == verdict
    assert payload(stored) == event, "blocked events are as they came"
    with acting_as(cast.olga, cast.workspace):
        [count] = SourceCount.objects.all()
        assert (count.verdict, count.events) == (verdict, 1)


def test_what_is_left_out_is_noted_in_the_event(cast):
    plan = make_plan(cast, rule(), IDENTIFY)
    follow(
        cast,
        plan,
        cast.shop,
        settings={
            "track": {"allowUnplannedEventProperties": False, "allowPropertiesOnViolations": False},
            "identify": {"allowUnplannedTraits": False},
        },
    )
    send(
        cast,
        cast.shop,
        track(total="text", coupon="A", secret=1),
        {"type": "identify", "messageId": "i", "userId": "u", "traits": {"age": 7, "shoe_size": 40}},
    )
    order, identify = map(payload, inbox(cast, cast.shop))
    assert order["properties"] == {"coupon": "A"}
    assert order["context"]["protocols"] == {"omitted": ["secret"], "omitted_on_violation": ["total"]}
    assert identify["traits"] == {"age": 7}
    omitted = [(row.event.type, row.event.meta, row.event.scope_id) for row in events_of(cast.workspace)[:3]]
    assert ("tracking_plan.new_track_property_omitted", {"property": "secret"}, cast.shop.id) in omitted
    assert ("tracking_plan.new_identify_trait_omitted", {"trait": "shoe_size"}, cast.shop.id) in omitted
    send(cast, cast.shop, track(message_id="again", total=1, secret=2))
    assert types_of(cast).count("tracking_plan.new_track_property_omitted") == 1


def test_what_is_blocked_on_the_schema_page_is_not_looked_at_again(cast):
    follow(cast, make_plan(cast, rule()), cast.shop)
    send(cast, cast.shop, track(total=1))
    with acting_as(cast.olga, cast.workspace):
        block_event(source_id=cast.shop.id, type="track", name="Order Completed")
    send(cast, cast.shop, track(message_id="2"))
    assert [one.verdict for one in inbox(cast, cast.shop)] == ["accepted", "event_setting"]
    with acting_as(cast.olga, cast.workspace):
        assert not ViolationCount.objects.exists()


def test_new_events_are_told_as_the_plan_sees_them(cast):
    follow(cast, make_plan(cast, rule()), cast.shop)
    send(cast, cast.shop, track(total=1), track("Unplanned"))
    with acting_as(cast.olga, cast.workspace):
        change_schema_settings(source_id=cast.shop.id, **track_settings(allowUnplannedEvents=False))
    send(cast, cast.shop, track("Blocked"), track("Unplanned", x=1))
    told = {
        row.event.type: (row.event.meta, row.event.actor.kind)
        for row in events_of(cast.workspace)
        if ".new_event_" in row.event.type
    }
    assert told == {
        "source.new_event_allowed": ({"event": "Order Completed", "planned": True}, "system"),
        "tracking_plan.new_event_allowed": ({"event": "Unplanned"}, "system"),
        "tracking_plan.new_event_blocked": ({"event": "Blocked"}, "system"),
    }


def test_what_a_plan_does_in_the_audit_source_is_not_forwarded_into_it_again(cast):
    plan = make_plan(cast, rule())
    follow(cast, plan, cast.shop, settings={"track": {"allowUnplannedEventProperties": False}})
    send(cast, cast.shop, track(total=1, secret=1), track("Unplanned"))
    by_system = [row for row in events_of(cast.workspace) if row.event.actor.kind == "system"]
    assert {row.event.type for row in by_system} == {
        "source.new_event_allowed",
        "tracking_plan.new_event_allowed",
        "tracking_plan.new_track_property_omitted",
    }
    assert all(is_own_echo(row, cast.shop) and not is_own_echo(row, cast.app) for row in by_system)


def test_a_changed_rule_and_setting_hold_on_the_next_request(cast):
    plan = make_plan(cast, rule())
    follow(cast, plan, cast.shop, **track_settings(allowEventOnViolations=False))
    send(cast, cast.shop, track(message_id="1", total="text"))
    with acting_as(cast.olga, cast.workspace):
        update_rules(plan_id=plan.id, rules=[rule("Order Completed", FieldRow("total", types=("string",)))])
    send(cast, cast.shop, track(message_id="2", total="text"), track(message_id="3", total=1))
    with acting_as(cast.olga, cast.workspace):
        disconnect_source(plan_id=plan.id, source_id=cast.shop.id)
    send(cast, cast.shop, track(message_id="4", total=1))
    assert [one.verdict for one in inbox(cast, cast.shop)] == [
        "schema_violation",
        "accepted",
        "schema_violation",
        "accepted",
    ]


def test_a_plan_is_compiled_once_for_all_its_requests(cast, monkeypatch):
    follow(cast, make_plan(cast, rule()), cast.shop)
    made = []
    init = CompiledPlan.__init__
    monkeypatch.setattr(CompiledPlan, "__init__", lambda self, rules: made.append(1) or init(self, rules))
    for number in range(3):
        send(cast, cast.shop, *(track(message_id=f"{number}-{one}", total=1) for one in range(20)))
    assert made == [1]


def test_few_compiled_plans_are_kept_and_one_revision_of_each(cast, monkeypatch):
    monkeypatch.setattr(following, "KEPT_RULES", 4)
    monkeypatch.setattr(following, "_kept", following._Kept())
    plans = [make_plan(cast, rule("A"), rule("B"), name=f"Plan {number}") for number in range(3)]
    for plan, source in zip(plans, (cast.shop, cast.app, cast.kiosk), strict=True):
        follow(cast, plan, source)
        send(cast, source, track("A"))
    assert [plan_id for _, plan_id in following._kept.plans] == [plans[1].id, plans[2].id]
    send(cast, cast.app, track("A", message_id="2"))
    with acting_as(cast.olga, cast.workspace):
        update_rules(plan_id=plans[2].id, rules=[rule("C"), rule("D"), rule("E")])
    send(cast, cast.kiosk, track("C"))
    assert [plan_id for _, plan_id in following._kept.plans] == [plans[2].id], (
        "larger than there is room for, but in use"
    )


def test_no_event_takes_a_statement_of_its_own(cast, monkeypatch):
    follow(cast, make_plan(cast, rule()), cast.shop, **track_settings(allowUnplannedEvents=False))
    send(cast, cast.shop, track(total="text"), track("Unplanned"))
    statements = []
    execute = psycopg.Cursor.execute
    monkeypatch.setattr(psycopg.Cursor, "execute", lambda *how, **more: statements.append(1) or execute(*how, **more))

    def count(number):
        statements.clear()
        events = [track(message_id=f"{number}-{one}", total="x") for one in range(number)]
        send(cast, cast.shop, *events, track("Unplanned", message_id=f"u-{number}"))
        return len(statements)

    assert count(1) == count(200) > 5


# --- Violations -------------------------------------------------------------------------------------------------------


def counted(cast, **where):
    with acting_as(cast.olga, cast.workspace):
        rows = ViolationCount.objects.filter(**where).order_by("field")
        return [(row.name, row.violation_type, row.field, row.violations) for row in rows]


def test_violations_are_counted_by_the_hour_and_the_first_are_kept(cast):
    plan = make_plan(cast, rule())
    follow(cast, plan, cast.shop)
    send(cast, cast.shop, *(track(message_id=f"a{number}") for number in range(8)))
    send(cast, cast.shop, *(track(message_id=f"b{number}", coupon=1) for number in range(8)), track(total=1))
    send(cast, cast.shop, track(message_id="b1"), track(message_id="b1"))  # known already
    assert counted(cast) == [
        ("Order Completed", "Invalid Type", "properties.coupon", 8),
        ("Order Completed", "Required", "properties.total", 16),
    ]
    with acting_as(cast.olga, cast.workspace):
        samples = ViolationSample.objects.filter(field="properties.total").order_by("index")
        assert [one.message_id for one in samples] == [*(f"a{number}" for number in range(8)), "b0", "b1"]
        assert samples[9].index == 9
        assert samples[9].plan_id == plan.id
        assert samples[9].verdict == "accepted"


def test_kinds_without_end_are_counted_together(cast, monkeypatch):
    monkeypatch.setattr("auditapp.pipeline.plans.violation_store.MAX_KINDS", 3)
    closed = Rule(
        RuleType.TRACK, "Closed", {"properties": {"properties": {"properties": {}, "additionalProperties": False}}}
    )
    follow(cast, make_plan(cast, closed), cast.shop)
    for number in range(6):
        send(cast, cast.shop, track("Closed", **{f"f{number}": 1}))
    send(cast, cast.shop, track("Closed", message_id="known", f0=2))
    found = counted(cast)
    assert found[0] == ("", "Other", "", 3)
    assert [row[2:] for row in found[1:]] == [("properties.f0", 2), ("properties.f1", 1), ("properties.f2", 1)]


def test_a_field_that_text_cannot_hold_is_kept_readable(cast):
    closed = Rule(
        RuleType.TRACK, "Closed", {"properties": {"properties": {"properties": {}, "additionalProperties": False}}}
    )
    follow(cast, make_plan(cast, closed), cast.shop)
    send(cast, cast.shop, track("Closed", **{"a\x00b": 1}))
    assert [row[2] for row in counted(cast)] == ["properties.a�b"]


# --- What goes on to other sources ------------------------------------------------------------------------------------


def test_violations_go_on_to_another_source(cast):
    plan = make_plan(cast, rule())
    follow(cast, plan, cast.shop, violations_to=cast.app.id)
    send(cast, cast.shop, track(message_id="m1", coupon=1), track(message_id="m2", total=1))
    send(cast, cast.shop, track(message_id="m1", coupon=1))
    assert len(inbox(cast, cast.shop)) == 2
    sent = [payload(one) for one in inbox(cast, cast.app)]
    assert [(one["event"], one["userId"]) for one in sent] == [("Violation Generated", "schema-violations")] * 2
    said = sent[0]["properties"]
    assert (said["eventMessageID"], said["sourceID"], said["trackingPlanID"]) == ("m1", cast.shop.id, plan.id)
    assert sent[0]["forwardedFromProject"] == cast.shop.id


def test_blocked_events_go_on_whole_and_others_do_not(cast):
    follow(
        cast,
        make_plan(cast, rule()),
        cast.shop,
        **track_settings(allowEventOnViolations=False),
        blocked_to=cast.app.id,
    )
    send(cast, cast.shop, track(message_id="good", total=1), track(message_id="bad", total="x", coupon="A"))
    [sent] = [payload(one) for one in inbox(cast, cast.app)]
    assert sent["messageId"] == "bad"
    assert sent["properties"] == {"total": "x", "coupon": "A"}
    assert sent["context"]["protocols"]["sourceId"] == cast.shop.id
    assert [one["field"] for one in sent["context"]["protocols"]["violations"]] == ["properties.total"]


def test_what_the_schema_page_blocks_goes_on_without_any_plan(cast):
    send(cast, cast.shop, track("A"))
    with acting_as(cast.olga, cast.workspace):
        block_event(source_id=cast.shop.id, type="track", name="A")
        change_schema_settings(source_id=cast.shop.id, blocked_to=cast.app.id)
    send(cast, cast.shop, track("A", message_id="2"))
    assert [one.message_id for one in inbox(cast, cast.app)] == ["2"]


def test_a_source_that_is_off_is_sent_nothing(cast):
    follow(cast, make_plan(cast, rule()), cast.shop, violations_to=cast.app.id)
    with acting_as(cast.olga, cast.workspace):
        disable_source(source_id=cast.app.id)
    send(cast, cast.shop, track())
    assert inbox(cast, cast.app) == []
    assert counted(cast) != []


def circle(cast):
    """Shop sends its violations and blocked events to the app, the app to the kiosk, the kiosk to the shop; nothing is right for any."""
    plan = make_plan(cast, Rule(RuleType.COMMON, "", {"required": ["what nothing has"]}))
    settings = track_settings(allowUnplannedEvents=False, commonEventOnViolations="BLOCK")
    for source, target in ((cast.shop, cast.app), (cast.app, cast.kiosk), (cast.kiosk, cast.shop)):
        follow(cast, plan, source, **settings, violations_to=target.id, blocked_to=target.id)


def test_nothing_goes_on_further_than_one_source(cast):
    circle(cast)
    send(cast, cast.shop, track("Unplanned", message_id="m"))
    assert verdicts(cast, cast.shop) == [("Unplanned", "unplanned_and_schema_violation")]
    assert sorted(name for name, _ in verdicts(cast, cast.app)) == ["Unplanned", "Violation Generated"]
    assert inbox(cast, cast.kiosk) == []


def test_the_guard_against_circles_is_what_stops_them(cast, monkeypatch):
    """The broken twin: without the mark of what was sent on, it goes on and on."""
    circle(cast)
    guarded, calls = intake.take_in, []

    def without_guard(source, events, *, is_sent_on=False):
        calls.append(source.name)
        if len(calls) > 6:  # each time twice as many go on
            raise ZeroDivisionError
        return guarded(source, events)

    monkeypatch.setattr(intake, "take_in", without_guard)
    with pytest.raises(ZeroDivisionError), acting_as(cast.olga, cast.workspace):
        intake.take_in(cast.shop, [track("Unplanned", message_id="m")])
    assert calls[:4] == ["Web shop", "iOS app", "Kiosk", "Web shop"]


def test_a_source_never_sends_to_itself_whatever_its_row_says(cast):
    follow(cast, make_plan(cast, rule()), cast.shop, violations_to=cast.app.id)
    with acting_as(cast.olga, cast.workspace):
        SourcePlan.objects.update(forwarding_violations_to=cast.shop.id, forwarding_blocked_to=cast.shop.id)
    send(cast, cast.shop, track())
    assert len(inbox(cast, cast.shop)) == 1


def test_two_workspaces_are_apart(cast):
    other = make_cast(slug="other")
    follow(cast, make_plan(cast, rule()), cast.shop, **track_settings(allowUnplannedEvents=False))
    send(other, other.shop, track("Unplanned"), track())
    assert [one.verdict for one in inbox(other, other.shop)] == ["accepted", "accepted"]
    assert counted(other) == []
