"""A task's attempts in a browser: unfolded by mouse, by keyboard and without scripts, on a desk and on a phone."""

from datetime import timedelta

import pytest

from tests.browser.conftest import DESK, PHONE
from tests.browser.rules import broken_rules
from tests.trail.history import NOON, tell

TRAIL = "/demo/settings/admin/audit-trail/"


@pytest.fixture
def tried(cast):
    for number, key in enumerate(("warehouse.run_failed", "warehouse.run_failed", "warehouse.run_recovered"), start=1):
        meta = {"task": "tsk_1", "attempt": number, "of": 6, "reason": "The host did not answer"}
        outcome = "success" if number == 3 else "failure"
        tell(cast.workspace, cast.olga, key, at=NOON + timedelta(minutes=number), meta=meta, outcome=outcome)
    return cast


def shown(page):
    return page.locator("tr.trail__attempt:visible").count()


def test_a_row_unfolds_by_keyboard_and_its_attempts_open_beside_the_list(tried, visit):
    page = visit(tried.olga, TRAIL)
    assert (page.locator("tr.trail__event").count(), shown(page)) == (1, 0)
    page.focus(".fold > summary")
    page.keyboard.press("Enter")
    assert shown(page) == 3
    assert page.locator("#drawer .drawer").count() == 0  # the switch opens no event
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#task-title")
    assert "Attempt 1 failed" in page.locator("tr.trail__attempt[aria-current=true]").inner_text()
    page.keyboard.press("Escape")
    page.wait_for_selector("#drawer .drawer", state="detached")
    assert page.evaluate("document.activeElement.className") == "trail__try"


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")])
def test_it_works_without_scripts_and_fits(tried, visit, size, scheme):
    page = visit(tried.olga, TRAIL, size=size, scheme=scheme, scripts=False)
    page.click(".fold > summary")
    assert shown(page) == 3
    widths = page.locator("tr.trail__attempt").evaluate_all("all => all.map(one => one.getBoundingClientRect().right)")
    assert max(widths) <= size["width"]
    page.locator("a.trail__try").first.click()
    assert "open=evt_" in page.url
    assert shown(page) == 3  # it is open where one of its attempts is


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_rule_of_accessibility_is_broken_where_a_row_is_unfolded(tried, visit, scheme):
    page = visit(tried.olga, TRAIL, scheme=scheme)
    page.click(".fold > summary")
    assert broken_rules(page) == []
