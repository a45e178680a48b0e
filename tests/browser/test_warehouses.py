"""Warehouses in a browser: made and tested by click, on a phone, in the dark, under axe."""

import pytest

from auditapp.lib import clock
from auditapp.pipeline.warehouses.models import Warehouse, WarehouseSync
from auditapp.record.workspace_scope import in_workspace
from auditapp.tasks.models import TaskAttempt
from tests.browser.conftest import DESK, PHONE
from tests.browser.rules import broken_rules

WAREHOUSES = "/demo/connections/warehouses/"


def add_syncs(cast):
    notice = {"code": "type_differs", "where": "a_table_with_a_long_name.and_a_column_with_a_longer_one", "count": 7}
    line = {"id": cast.shop.id, "name": "Web shop", "schema": "web_shop", "events": 5, "rows": 9, "notices": [notice]}
    with in_workspace(cast.workspace.id):
        for number, state in enumerate(("running", "success", "partial", "failure", "cancelled")):
            WarehouseSync.objects.create(
                workspace_id=cast.workspace.id,
                id=f"syn_{number}",
                warehouse_id=cast.warehouse.id,
                task_id="tsk_1",
                schedule="1h",
                started_at=clock.now(),
                state=state,
                sources=[line],
                error="The server refused the user or the password." if state == "failure" else "",
            )
        for number in (1, 2):
            TaskAttempt.objects.create(
                workspace_id=cast.workspace.id, task_id="tsk_1", number=number, state="failed", error="It was away."
            )


def test_settings_are_tested_without_losing_what_was_typed(cast, visit):
    page = visit(cast.olga, f"{WAREHOUSES}new/")
    for name, value in {
        "name": "Reports",
        "host": "127.0.0.1",
        "database": "a",
        "username": "b",
        "password": "c",
    }.items():
        page.fill(f"[name={name}]", value)
    page.click("button:has-text('Test connection')")
    page.wait_for_selector("#finding:has-text('These settings do not work.')")
    assert page.input_value("[name=password]") == "c"
    page.click(".button--primary:has-text('Create warehouse')")
    page.wait_for_selector("text=The saved settings were never tested.")
    with in_workspace(cast.workspace.id):
        assert Warehouse.objects.filter(name="Reports").exists()


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk-light", "phone-dark"])
def test_no_page_breaks_a_rule_of_wcag_or_scrolls_sideways(cast, visit, size, scheme):
    page = visit(cast.olga, WAREHOUSES, size=size, scheme=scheme)
    home, found = f"{WAREHOUSES}{cast.warehouse.id}/", {}
    pages = [
        WAREHOUSES,
        home,
        f"{home}syncs/",
        f"{home}settings/",
        f"{home}sources/{cast.shop.id}/",
        f"{WAREHOUSES}new/",
    ]
    for state in ("empty", "full"):
        if state == "full":
            add_syncs(cast)
        for path in pages if state == "empty" else pages[:3]:
            page.goto(path)
            page.eval_on_selector_all("details", "all => all.forEach(one => one.closest('main') && (one.open = true))")
            found[state, path] = broken_rules(page)
            if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                found[state, path].append("scrolls sideways")
    assert {where: rules for where, rules in found.items() if rules} == {}
