"""The query box and saved views in a browser, and axe over the states that a trail can be in."""

import pytest

from tests.browser.conftest import DESK, PHONE
from tests.browser.rules import broken_rules

TRAIL = "/demo/settings/admin/audit-trail/"


def test_what_is_typed_becomes_filters_and_reads_back_as_it_was_meant(history, visit):
    page = visit(history.olga, TRAIL)
    page.keyboard.press("/")
    page.keyboard.type("event:warehouse.disabled -outcome:failure")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{TRAIL}?event=warehouse.disabled&outcome=!failure")
    page.wait_for_selector(".chip >> nth=1")
    assert page.locator("tr.trail__event").count() == 1
    assert page.locator("#search").input_value() == "event:warehouse.disabled -outcome:failure"
    page.fill("#search", "outcome:perhaps")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-error:has-text('outcome:perhaps')")
    assert page.locator("#search").input_value() == "outcome:perhaps"
    assert broken_rules(page) == []


def test_a_view_is_saved_and_applied_from_the_menu(history, visit):
    page = visit(history.olga, f"{TRAIL}?area=warehouses")
    assert broken_rules(page) == []
    page.click("#views-button")
    assert broken_rules(page, within="#views-filter") == []
    page.click("text=Save this view")
    page.fill("[name=name]", "Warehouses only")
    page.click("main form button[type=submit]:has-text('Save')")
    page.goto(TRAIL)
    page.click("#views-button")
    page.click("#views-filter .menu__item:has-text('Warehouses only')")
    page.wait_for_url(f"**{TRAIL}?area=warehouses&view=viw_*")
    page.wait_for_selector("#views-button:has-text('Warehouses only')")
    assert set(page.locator(".trail__cell-area").all_inner_texts()) == {"Warehouses"}
    page.fill("#search", "area:warehouses risk:risky")
    page.keyboard.press("Enter")
    page.wait_for_selector("#views-button:has-text('Warehouses only, changed')")
    page.click("#views-button")
    assert broken_rules(page, within="#views-filter") == []
    page.click("button:has-text('Update Warehouses only')")
    page.wait_for_selector(".toast:has-text('Warehouses only shows this from now on.')")
    assert page.locator("#search").input_value() == "area:warehouses risk:risky"


def test_what_is_typed_and_not_sent_survives_a_dropdown(history, visit):
    page = visit(history.olga, f"{TRAIL}?area=warehouses")
    page.fill("#search", "area:warehouses warehouse")
    page.click("#more-button")
    page.check("#outcome-1")
    page.click("#apply-more")
    page.wait_for_url(f"**{TRAIL}?area=warehouses&outcome=success&q=warehouse")
    assert page.locator("#search").input_value() == "area:warehouses outcome:success warehouse"
    page.fill("#search", "area:warehouses outcome:success warehouse risk:grave")
    page.click("#more-button")
    page.uncheck("#outcome-1")
    page.click("#apply-more")
    page.wait_for_selector("#search-error:has-text('risk:grave')")
    assert page.locator("#search").input_value() == "area:warehouses warehouse risk:grave"


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk", "phone in the dark"])
def test_no_state_of_the_trail_breaks_a_rule_of_wcag(history, visit, size, scheme):
    limited = visit(history.milo, TRAIL, size=size, scheme=scheme)
    assert limited.locator("#trail-notes:has-text('other events are hidden from you')").is_visible()
    found = {"limited": broken_rules(limited)}
    page = visit(history.olga, f"{TRAIL}?event=warehouse.disabled&outcome=failure", size=size, scheme=scheme)
    assert page.locator(".empty .menu__item").count() > 1
    found["zero results"] = broken_rules(page)
    for name in ("exports", "views", "search-language"):
        page.goto(f"{TRAIL}{name}/")
        found[name] = broken_rules(page)
    assert {name: rules for name, rules in found.items() if rules} == {}
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
