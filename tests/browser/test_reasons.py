"""A reason, from the setting to the event, by keyboard and without scripts."""

import pytest

from tests.browser.conftest import DESK, PHONE
from tests.browser.rules import broken_rules

WHY = "Cost spike, see OPS-2214"


@pytest.mark.parametrize(
    ("size", "scheme", "scripts"),
    [(DESK, "light", True), (PHONE, "dark", False)],
    ids=["desk-light", "phone-dark-no-scripts"],
)
def test_somebody_turns_a_source_off_and_says_why(cast, visit, size, scheme, scripts):
    page = visit(cast.olga, "/demo/settings/workspace/", size=size, scheme=scheme, scripts=scripts)
    page.get_by_label("Ask for a reason").select_option("required")
    page.get_by_role("button", name="Save changes").click()
    page.goto(f"/demo/connections/sources/{cast.shop.id}/")
    page.locator("summary", has_text="Turn off").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type(WHY)
    field = page.get_by_label("Reason")
    assert field.input_value() == WHY
    edges = field.bounding_box()
    assert edges["x"] >= 0
    assert edges["x"] + edges["width"] <= size["width"]
    if scripts:
        assert broken_rules(page) == []
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Turn on").wait_for()
    page.goto("/demo/settings/admin/audit-trail/?query=reason:OPS-2214")
    assert WHY in page.locator(".trail__reason").inner_text()
    page.locator(".trail__link", has_text="disabled").click()
    reason = page.locator(".event-summary__reason")
    reason.wait_for()
    assert WHY in reason.inner_text()


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk-light", "phone-dark"])
def test_where_it_was_left_out_the_page_asks_for_it_alone(cast, visit, size, scheme):
    page = visit(cast.olga, "/demo/settings/workspace/", size=size, scheme=scheme)
    page.get_by_label("Ask for a reason").select_option("required")
    page.get_by_role("button", name="Save changes").click()
    page.locator(".toast", has_text="Saved.").wait_for()
    page.goto(f"/demo/connections/sources/{cast.shop.id}/")
    page.evaluate("document.querySelector('[name=reason]').required = false")
    page.locator("summary", has_text="Turn off").click()
    page.locator(".confirm button", has_text="Turn off").click()
    page.get_by_role("heading", name="Say why").wait_for()
    assert broken_rules(page) == []
    page.get_by_label("Reason").fill(WHY)
    page.get_by_role("button", name="Go on with this reason").click()
    page.get_by_role("button", name="Turn on").wait_for()
