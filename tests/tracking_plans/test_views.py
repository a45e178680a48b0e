"""Pages of tracking plans, as people use them."""

import io
import re

import orjson
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from auditapp.pipeline.plans.field_rows import FieldRow, schema_of_rows
from auditapp.pipeline.plans.models import SourcePlan, TrackingPlan
from auditapp.pipeline.plans.plan_csv import rules_from_csv
from auditapp.pipeline.plans.plan_json import rules_from_json
from auditapp.pipeline.plans.queries import following_of, settings_told
from auditapp.pipeline.plans.rule_form import RowInput, inputs_of, schema_of_inputs
from auditapp.pipeline.plans.rule_store import rule_id, stored_rules
from auditapp.pipeline.plans.rules import Rule, RuleType
from tests.factories import acting_as, last_event, make_grant
from tests.tracking_plans.conftest import follow, make_plan, rule, send, track

PLANS = "/demo/protocols/tracking-plans/"
WHOLE = Rule(RuleType.TRACK, "Anything", {"anyOf": [{"type": "object"}]})


@pytest.fixture
def olga(client, cast):
    client.force_login(cast.olga)
    return client


def text(response):
    return re.sub(r"\s+", " ", response.content.decode())


def rules_of(cast, plan):
    with acting_as(cast.olga, cast.workspace):
        return stored_rules(cast.workspace.id, plan.id)


def address(plan, name="plan", *more):
    return reverse(f"plans:{name}", args=["demo", plan.id, *more])


def edit(plan, of):
    return address(plan, "rule_edit", rule_id(plan.id, of.type.value, of.key, of.version))


def test_the_list_has_numbers_and_begins_with_how(cast, olga):
    assert "No tracking plan yet" in text(olga.get(PLANS))
    follow(cast, make_plan(cast, rule(), rule("B")), cast.shop)
    page = text(olga.get(PLANS))
    assert "Shop" in page
    assert re.search(r'data-label="Events">2<.*data-label="Sources">1<', page)
    assert f'href="{PLANS}"' in page, "it is in the sidebar"


def test_a_plan_begins_empty_with_a_file_or_with_what_a_source_saw(cast, olga):
    send(cast, cast.shop, track(total=1))
    csv = SimpleUploadedFile("shop.csv", b"type,event\nTRACK,Order Completed\n")
    for name, more in {
        "Empty": {},
        "File": {"start": "file", "file": csv},
        "Inferred": {"start": "source", "source_id": cast.shop.id},
    }.items():
        response = olga.post(f"{PLANS}new/", {"name": name, **more})
        assert response.status_code == 302
        assert text(olga.get(response["Location"])).count("Order Completed") == (0 if name == "Empty" else 1)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "Shop"}, "Another tracking plan has this name."),
        ({"name": "A", "start": "file"}, "Choose a file."),
        ({"name": "A", "start": "source"}, "Choose a source."),
        ({"name": "A", "start": "source", "source_id": "src_x"}, "not one of the available choices"),
        ({"name": "A", "start": "file", "file": ("a.csv", b"type\nNOTHING\nNOPE\n")}, "Line 3: the type is one of"),
        ({"name": "A", "start": "file", "file": ("a.json", b'{"rules": [{"type": "TRACK"}]}')}, "/rules/0/jsonSchema:"),
    ],
)
def test_what_cannot_be_a_plan_says_so_at_its_field(cast, olga, asked, said):
    make_plan(cast)
    if "file" in asked:
        asked = asked | {"file": SimpleUploadedFile(*asked["file"])}
    response = olga.post(f"{PLANS}new/", asked)
    assert response.status_code == 422
    assert said in text(response)
    with acting_as(cast.olga, cast.workspace):
        assert TrackingPlan.objects.count() == 1


def test_rules_are_searched_and_paged(cast, olga, monkeypatch):
    monkeypatch.setattr("auditapp.pipeline.plans.rule_views.PAGE_SIZE", 2)
    plan = make_plan(cast, *(rule(f"Event {number}") for number in range(5)), Rule(RuleType.IDENTIFY, "", {}))
    first = text(olga.get(address(plan)))
    assert "1 to 2 of 6" in first
    assert "Identify: traits of a user" in first
    assert "Event 4" in text(olga.get(address(plan), {"page": 3}))
    found = text(olga.get(address(plan), {"q": "event 3", "type": "TRACK"}))
    assert "Event 3" in found
    assert "Event 1" not in found
    assert "No event of the plan is like that." in text(olga.get(address(plan), {"q": "\x00nothing", "page": "x"}))


def test_a_rule_is_added_by_its_fields(cast, olga):
    plan = make_plan(cast)
    new = address(plan, "rule_create")
    asked = {
        "type": "TRACK",
        "key": "Order Completed",
        "version": "1",
        "labels": "Team:Shop",
        "description": "An order was paid",
        "path-0": "total",
        "type-0": "number",
        "required-0": "on",
        "path-1": "",
        "path-2": "customer.email",
        "type-2": "string",
        "nullable-2": "on",
        "pattern-2": "@",
        "description-2": "As typed",
    }
    more = olga.post(new, asked | {"more": "1"})
    assert more.status_code == 200
    assert 'name="path-6"' in text(more), "two that were typed, and five more"
    assert 'value="customer.email"' in text(more)
    assert rules_of(cast, plan) == []
    assert olga.post(new, asked)["Location"] == address(plan)
    [stored] = rules_of(cast, plan)
    assert stored.labels == ("team:shop",)
    assert stored.json_schema == schema_of_rows(
        "An order was paid",
        [
            FieldRow("total", is_required=True, types=("number",)),
            FieldRow("customer.email", "As typed", types=("string", "null"), pattern="@"),
        ],
        "properties",
    )


def test_a_rule_is_changed_as_fields_or_as_json(cast, olga):
    plan = make_plan(cast, rule(), WHOLE)
    page = text(olga.get(edit(plan, rule())))
    assert 'name="path-0" value="total"' in page
    assert 'name="path-6"' in page
    same = {"version": "1", "path-0": "total", "type-0": "number", "required-0": "on", "path-1": "new", "type-1": "any"}
    assert olga.post(edit(plan, rule()), same).status_code == 302
    assert last_event(cast.workspace).event.type == "tracking_plan.event_modified"
    assert "schema.new.type" in {change.path for change in last_event(cast.workspace).event.changes}
    whole = text(olga.get(edit(plan, WHOLE)))
    assert "says more than a form of fields can show" in whole
    assert "path-0" not in whole
    schema = {"type": "object", "required": ["userId"]}
    assert olga.post(edit(plan, WHOLE), {"schema": orjson.dumps(schema).decode()}).status_code == 302
    assert rules_of(cast, plan)[0].json_schema == schema
    as_json = text(olga.get(edit(plan, rule()), {"as": "json"}))
    assert "As fields" in as_json


@pytest.mark.parametrize(
    ("how", "asked", "said"),
    [
        ("", {"key": "", "path-0": "a"}, "Name the event, exactly as it is sent."),
        ("", {"key": "Order Completed"}, "The plan has a rule of this type"),
        ("", {"key": "New", "labels": "no label"}, "is not a label"),
        ("", {"key": "New", "path-0": "a", "path-1": "a"}, "a is there twice."),
        ("", {"key": "New", "path-0": "a", "pattern-0": "("}, "This is not a JSON Schema that can be used"),
        ("", {"key": "", "type": "COMMON"}, "Write the common schema as JSON"),
        ("", {"key": "New", "version": "0"}, "greater than or equal to 1"),
        ("?as=json", {"key": "New", "schema": "{"}, "This is not JSON"),
        ("?as=json", {"key": "New", "schema": "[]"}, "A schema is a JSON object."),
        ("?as=json", {"key": "New", "schema": '{"type": "thing"}'}, "This is not a JSON Schema that can be used"),
        ("?as=json", {"key": "New", "schema": '{"$ref": "http://127.0.0.1/x"}'}, "are not followed"),
    ],
)
def test_what_cannot_be_a_rule_says_so_and_keeps_what_was_typed(cast, olga, how, asked, said):
    plan = make_plan(cast, rule())
    response = olga.post(address(plan, "rule_create") + how, {"type": "TRACK", "version": "1", **asked})
    assert response.status_code == 422
    assert said in response.content.decode()
    assert f'value="{asked["key"]}"' in text(response) or not asked["key"]
    assert rules_of(cast, plan) == [rule()]


def test_a_rule_that_is_gone_is_404_and_a_removed_one_is_gone(cast, olga):
    plan = make_plan(cast, rule(), rule("Kept"))
    path = edit(plan, rule())
    assert olga.post(f"{path}remove/")["Location"] == address(plan)
    assert olga.get(path).status_code == 404
    assert [one.key for one in rules_of(cast, plan)] == ["Kept"]


def test_who_may_only_read_sees_the_schema(cast, client):
    plan = make_plan(cast, rule(labels=("team:shop",)))
    client.force_login(cast.rita)
    page = text(client.get(edit(plan, rule())))
    assert "draft-07" in page
    assert "<form" not in page.partition('id="main"')[2]
    assert "Add event" not in text(client.get(address(plan)))


def test_what_is_exported_is_taken_in_again(cast, olga):
    rules = [WHOLE, rule(labels=("team:shop",)), rule("=cmd()")]
    plan = make_plan(cast, *rules)
    csv, json = olga.get(address(plan, "plan_csv")), olga.get(address(plan, "plan_json"))
    assert csv["Content-Disposition"] == 'attachment; filename="shop.csv"'
    key = lambda one: one.key  # noqa: E731
    assert sorted(rules_from_csv(csv.content.decode()), key=key) == sorted(rules, key=key)
    assert sorted(rules_from_json(json.content), key=key) == sorted(rules, key=key)
    file = io.BytesIO(b"type,event\nTRACK,New\n")
    file.name = "new.csv"
    response = olga.post(address(plan, "plan_import"), {"file": file, "replaces": "on"}, follow=True)
    assert "1 added, 0 changed, 3 removed." in text(response)
    assert [one.key for one in rules_of(cast, plan)] == ["New"]


def test_a_file_with_faults_names_each_of_them(cast, olga):
    plan = make_plan(cast, rule())
    file = SimpleUploadedFile("a.csv", b"type,event,required,field\nTRACK,A,no,x\nWHAT,B,,\nTRACK,C,maybe,y\n")
    response = olga.post(address(plan, "plan_import"), {"file": file})
    assert response.status_code == 422
    assert "Line 3: the type is one of" in text(response)
    assert "Line 4: required is yes or no." in text(response)
    assert "The plan is as it was." in text(response)


def test_a_source_is_connected_from_either_side(cast, olga):
    plan = make_plan(cast, rule())
    page = text(olga.get(address(plan, "plan_sources")))
    assert "No source follows this plan." in page
    assert olga.post(address(plan, "plan_source_connect"), {"source_id": cast.app.id}).status_code == 302
    page = text(olga.get(address(plan, "plan_sources")))
    assert f'value="{cast.shop.id}"' in page
    assert f'<option value="{cast.app.id}"' not in page
    own = reverse("sources:source_plan", args=["demo", cast.shop.id])
    assert "Connect" in text(olga.get(own))
    olga.post(f"{own}connect/", {"plan_id": plan.id})
    assert "Disconnect" in text(olga.get(own))
    assert olga.post(address(plan, "plan_source_connect"), {"source_id": cast.shop.id}).status_code == 409
    olga.post(f"{own}disconnect/")
    olga.post(address(plan, "plan_source_disconnect"), {"source_id": cast.app.id})
    with acting_as(cast.olga, cast.workspace):
        assert not SourcePlan.objects.exclude(plan_id=None).exists()
    assert olga.post(f"{own}disconnect/").status_code == 404


def test_the_settings_of_a_source_are_chosen_in_words(cast, olga):
    own = reverse("sources:source_plan", args=["demo", cast.shop.id])
    asked = {
        f"{call}_{what}": "allow"
        for call in ("track", "identify", "group")
        for what in ("unplanned", "violations", "common")
    }
    asked |= {"track_unplanned_events": "block", "track_violations": "omit", "group_common": "omit"}
    asked |= {"violations_to": cast.app.id, "blocked_to": ""}
    assert olga.post(own, asked).status_code == 302
    with acting_as(cast.olga, cast.workspace):
        said = settings_told(following_of(cast.shop))
    assert said["track"]["allowUnplannedEvents"] is False
    assert (said["track"]["allowEventOnViolations"], said["track"]["allowPropertiesOnViolations"]) == (True, False)
    assert said["group"]["commonEventOnViolations"] == "OMIT_TRAITS"
    assert said["forwardingViolationsTo"] == cast.app.id
    page = text(olga.get(own))
    assert re.search(r'name="track_unplanned_events".*?value="block" selected', page)
    assert olga.post(own, asked | {"violations_to": cast.shop.id}).status_code == 422
    assert olga.post(own, asked | {"track_common": "perhaps"}).status_code == 422


def test_who_does_not_see_plans_sees_that_there_is_one(cast, client):
    follow(cast, make_plan(cast, rule(), name="Secret plan"), cast.shop)
    client.force_login(cast.milo)
    own = reverse("sources:source_plan", args=["demo", cast.shop.id])
    page = text(client.get(own))
    assert "A tracking plan that you do not see" in page
    assert "Secret plan" not in page
    assert client.post(f"{own}disconnect/").status_code == 404
    make_grant(workspace=cast.workspace, user=cast.mina, role="tracking_plan_admin")
    client.force_login(cast.mina)
    sources = text(client.get(f"{PLANS}{_only_plan(cast).id}/sources/"))
    assert "A source that you do not see" in sources
    assert "Web shop" not in sources


def _only_plan(cast):
    with acting_as(cast.olga, cast.workspace):
        return TrackingPlan.objects.get()


def test_the_schema_page_says_what_is_planned(cast, olga):
    send(
        cast, cast.shop, track(), track("Unplanned"), {"type": "page", "name": "Home", "messageId": "p", "userId": "u"}
    )
    path = reverse("sources:source_schema", args=["demo", cast.shop.id])
    assert "Not planned" not in text(olga.get(path))
    plan = make_plan(cast, rule(), Rule(RuleType.TRACK, "Page Viewed", {}))
    follow(cast, plan, cast.shop)
    page = text(olga.get(path))
    found = re.findall(r"<bdi>([^<]*)</bdi>.*?(Not planned|Planned)</span>", page.partition("<tbody")[2])
    assert found == [("Home", "Planned"), ("Order Completed", "Planned"), ("Unplanned", "Not planned")]


def test_violations_are_shown_by_event_then_by_kind_with_samples(cast, olga):
    plan = make_plan(cast, rule())
    follow(cast, plan, cast.shop, settings={"track": {"allowEventOnViolations": False}})
    assert "No event broke the plan" in text(olga.get(address(plan, "plan_violations")))
    send(cast, cast.shop, track(message_id="m1", coupon=1), track(message_id="m2", total="<b>"))
    page = text(olga.get(address(plan, "plan_violations"), {"window": "1h"}))
    assert re.search(r'data-label="Violations">3<.*data-label="Kinds">3<', page)
    [link] = re.findall(r'href="(\?[^"]*event=[^"]*)"', page)
    one = text(olga.get(address(plan, "plan_violations") + link.replace("&amp;", "&")))
    assert "properties.total is required" in one
    assert "schema_violation" in one
    assert reverse("sources:source_debugger_event", args=["demo", cast.shop.id, 0]) in one
    own = text(olga.get(reverse("sources:source_plan", args=["demo", cast.shop.id])))
    assert "Order Completed" in own
    gone = {"event": "\x00x", "type": "track", "source": "x", "window": "1000y"}
    assert "did not break the plan" in text(olga.get(address(plan, "plan_violations"), gone))


def test_hostile_names_are_shown_as_text(cast, olga):
    plan = make_plan(cast, rule("<script>x</script>"), name="<b>plan</b>")
    follow(cast, plan, cast.shop)
    send(cast, cast.shop, track("<script>x</script>"))
    for name in ("plan", "plan_sources", "plan_violations", "plan_changelog", "plan_settings", "plan_import"):
        page = olga.get(address(plan, name)).content.decode()
        assert "<script>x" not in page
        assert "<b>plan" not in page


def test_the_changelog_says_who_did_what(cast, olga):
    plan = make_plan(cast, rule())
    page = text(olga.get(address(plan, "plan_changelog")))
    assert "Olga of demo" in page
    assert "added event" in page
    assert f"?resource=tracking_plan:{plan.id}" in page
    listed = text(olga.get("/demo/settings/admin/audit-trail/", {"resource": f"tracking_plan:{plan.id}"}))
    assert "added event" in listed


def test_a_plan_is_renamed_and_deleted(cast, olga):
    plan = make_plan(cast, rule())
    follow(cast, plan, cast.shop)
    settings = address(plan, "plan_settings")
    assert "The sources that follow it let everything in" in text(olga.get(settings))
    assert olga.post(settings, {"name": "Renamed"}).status_code == 302
    assert olga.post(settings, {"name": ""}).status_code == 422
    assert olga.post(address(plan, "plan_delete"))["Location"] == PLANS
    assert olga.get(address(plan)).status_code == 404


def test_rows_of_the_form_give_the_rule_back(cast):
    fields = [
        FieldRow("total", "In euros", is_required=True, types=("number",)),
        FieldRow("coupon", types=("string", "null"), pattern="^A"),
        FieldRow("at", types=("date-time",)),
        FieldRow("anything"),
        FieldRow("products[].price", types=("number",)),
    ]
    one = Rule(RuleType.TRACK, "A", schema_of_rows("Said", fields, "properties"))
    description, rows = inputs_of(one)
    assert schema_of_inputs(description, rows, one.type) == one.json_schema
    assert RowInput("coupon", "string", False, True, "", "^A") in rows
    assert inputs_of(rule("A", FieldRow("x", types=("string", "number")))) is None
    assert inputs_of(Rule(RuleType.COMMON, "", one.json_schema)) is None
