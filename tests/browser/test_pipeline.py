"""Transformations, filters and functions in a browser: tried live, on a phone, in the dark, under axe, and without scripts."""

import re

import pytest
from playwright.sync_api import expect

from auditapp.pipeline.destination_filters.models import DestinationFilter
from auditapp.pipeline.destination_filters.services import create_filter
from auditapp.pipeline.functions.models import Function
from auditapp.pipeline.functions.uses import put_function
from auditapp.pipeline.intake import take_in
from auditapp.pipeline.transformations.models import SavedTransformation
from auditapp.record.workspace_scope import in_workspace
from tests.browser.conftest import DESK, PHONE
from tests.browser.rules import broken_rules
from tests.factories import acting_as, make_destination, make_function, make_transformation

TRANSFORMATIONS = "/demo/protocols/transformations/"
FUNCTIONS = "/demo/connections/functions/"
SETTINGS = [
    {
        "name": "apiKey",
        "label": "Key",
        "type": "STRING",
        "description": "Of the mailer",
        "required": True,
        "sensitive": True,
    },
    {"name": "on", "label": "On", "type": "BOOLEAN", "description": "", "required": False, "sensitive": False},
]


def send(cast):
    properties = {"orderId": "A-7", "total": 49.5, "email": "ana@example.com", "note": "rather long " * 12}
    event = {"type": "track", "event": "Order Completed", "userId": "u-1", "properties": properties, "context": {}}
    with in_workspace(cast.workspace.id):
        take_in(cast.shop, [{**event, "messageId": f"m{n}"} for n in range(3)])


@pytest.fixture
def made(cast):
    """One of everything; gives the pages."""
    send(cast)
    rename = {"propertyRenames": [{"oldName": "orderId", "newName": "order.id"}]}
    one = make_transformation(source=cast.shop, name="Order id", definition=rename)
    hashing = {"hashPropertiesConfiguration": {"algorithm": "SHA256", "paths": ["email"]}}
    two = make_transformation(source=cast.shop, name="Hash e-mail", definition=hashing, hash_key="k", is_enabled=False)
    siem = make_destination(source=cast.shop)
    function = make_function(workspace=cast.workspace, latest=2, deployed=1, settings=SETTINGS)
    with acting_as(cast.olga, cast.workspace):
        fields = [{"type": "DROP_PROPERTIES", "fields": {"properties": ["email"]}}]
        drop = create_filter(
            destination_id=siem.id,
            title="No addresses",
            condition='event = "Order Completed" and properties.total > 10',
            actions=fields,
        )
        create_filter(
            destination_id=siem.id, title="Tests", condition='match(event, "Test *")', actions=[{"type": "DROP"}]
        )
        put_function(source_id=cast.shop.id, function_id=function.id, settings={"apiKey": "k", "on": True})
    filters = f"/demo/connections/destinations/{siem.id}/filters/"
    in_destination = f"/demo/connections/destinations/{siem.id}/function/"
    return {
        "list": TRANSFORMATIONS,
        "start": f"{TRANSFORMATIONS}new/",
        "new": f"{TRANSFORMATIONS}new/?source={cast.shop.id}&kind=casing",
        "rename": f"{TRANSFORMATIONS}{one.id}/",
        "hash": f"{TRANSFORMATIONS}{two.id}/",
        "filters": filters,
        "filter": f"{filters}{drop.id}/",
        "functions": FUNCTIONS,
        "new function": f"{FUNCTIONS}new/",
        "function": f"{FUNCTIONS}{function.id}/",
        "versions": f"{FUNCTIONS}{function.id}/versions/",
        "version": f"{FUNCTIONS}{function.id}/versions/1/",
        "in source": f"/demo/connections/sources/{cast.shop.id}/function/",
        "in destination": in_destination,
    }


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk-light", "phone-dark"])
def test_no_page_breaks_a_rule_of_wcag_or_scrolls_sideways(cast, made, visit, size, scheme):
    page = visit(cast.olga, TRANSFORMATIONS, size=size, scheme=scheme)
    found = {}
    for name, path in made.items():
        page.goto(path)
        if name in ("rename", "filter"):
            page.click("button:has-text('Preview'), button:has-text('Test on the last events')")
            page.wait_for_selector(".sides, .disclosure")
        if name == "function":
            page.click("button:has-text('Run')")
            page.wait_for_selector("#result .status")
        found[name] = broken_rules(page)
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            found[name].append("scrolls sideways")
    assert {where: rules for where, rules in found.items() if rules} == {}


def test_a_transformation_is_tried_while_it_is_written_and_then_kept(cast, visit):
    send(cast)
    page = visit(cast.olga, TRANSFORMATIONS)
    page.click("text=Create transformation")
    page.select_option("[name=source]", cast.shop.id)
    page.check("[name=kind][value=rename]")
    page.click("button:has-text('Go on')")
    page.wait_for_url("**kind=rename**", wait_until="load")
    page.locator("[name=rename_old]").first.fill("orderId")
    page.locator("[name=rename_new]").first.fill("order.id")
    page.locator("[name=rename_new]").first.press("Tab")
    page.wait_for_selector("#preview .diff__line--added:has-text('order')")
    page.click("button:has-text('Create transformation')")
    page.wait_for_selector(".toast:has-text('Saved.')")
    with in_workspace(cast.workspace.id):
        assert SavedTransformation.objects.get().kinds == ["rename"]


def test_what_is_typed_into_a_filter_is_what_is_saved(cast, made, visit):
    """Nothing is sent before a button is pressed, so nothing that comes back takes letters away."""
    page = visit(cast.olga, f"{made['filters']}new/")
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.focus("#id_title")
    for selector, text in (
        ("#id_title", "Gold only"),
        ("#id_description", "As agreed"),
        ("#row_field_1", "properties.plan"),
        ("#row_value_1", "gold"),
    ):
        expect(page.locator(selector)).to_be_focused()
        page.keyboard.type(text, delay=25)
        page.keyboard.press("Tab")
        if selector == "#row_field_1":
            page.keyboard.press("ArrowDown")
            page.keyboard.press("Tab")
    page.click("#row_field_2")
    page.keyboard.type("event", delay=0)
    page.click("#row_value_2")
    page.keyboard.type("Order Completed", delay=0)
    page.mouse.click(5, 5)
    page.wait_for_timeout(300)
    assert sent == []
    page.check("[value=SAMPLE]")
    page.click("[name=percent]")
    page.keyboard.type("25", delay=25)
    page.click(".button--primary:has-text('Create filter')")
    page.wait_for_selector(".toast:has-text('Saved.')")
    with in_workspace(cast.workspace.id):
        one = DestinationFilter.objects.get(title="Gold only")
    assert one.condition == 'properties.plan != "gold" and event = "Order Completed"'
    assert one.actions == [{"type": "SAMPLE", "percent": 0.25, "path": ""}]


def test_rows_and_fql_are_brought_together_by_a_test(cast, made, visit):
    page = visit(cast.olga, made["filter"])
    page.fill("#row_value_2", "20")
    page.click("button:has-text('Test on the last events')")
    expect(page.locator("#id_condition")).to_have_value(re.compile("properties.total > 20$"))
    page.wait_for_selector("#tested:has-text('3 are changed')")
    page.fill("#id_condition", 'userId = "u-1"')
    page.click("button:has-text('Test on the last events')")
    expect(page.locator("#row_value_1")).to_have_value("u-1")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "none"])
def test_what_an_action_needs_is_shown_with_it(cast, made, visit, scripts):
    page = visit(cast.olga, f"{made['filters']}new/", scripts=scripts)
    needs = {
        "DROP": "",
        "ONLY_SEND": "",
        "SAMPLE": "percent",
        "DROP_PROPERTIES": "fields",
        "ALLOW_PROPERTIES": "fields",
    }
    for does, needed in (needs | {"JSON": "json"}).items():
        page.check(f"[name=does][value={does}]")
        shown = [name for name in ("percent", "fields", "json") if page.locator(f"[name={name}]").is_visible()]
        assert shown == ([needed] if needed else [])


def test_a_function_is_written_tried_and_deployed_without_scripts(cast, visit):
    page = visit(cast.olga, f"{FUNCTIONS}new/", scripts=False)
    page.fill("#id_code", "function onTrack(event) { event.properties.total *= 2; return event; }")
    page.click("button:has-text('Run')")
    page.wait_for_selector("#result:has-text('Passed on')")
    page.fill("#id_name", "Double")
    page.click(".button--primary:has-text('Create function')")
    page.click("button:has-text('Deploy version 1')")
    page.wait_for_selector(".toast:has-text('Version 1 is deployed')")
    with in_workspace(cast.workspace.id):
        assert Function.objects.get().deployed_version == 1
