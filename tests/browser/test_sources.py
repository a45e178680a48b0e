"""Audit Forwarding and the pages of a source, in a browser: by click, on a phone, in the dark, under axe."""

import pytest

from auditapp.forwarding.models import Forwarding
from auditapp.pipeline.intake import take_in
from auditapp.record.workspace_scope import in_workspace
from tests.browser.conftest import DESK, PHONE
from tests.browser.rules import broken_rules

FORWARDING = "/demo/settings/workspace/audit-forwarding/"
SOURCES = "/demo/connections/sources/"


def send(cast, *names):
    events = [
        {
            "type": "track",
            "event": name,
            "userId": "u-1",
            "messageId": name,
            "properties": {"total": 9, "user": {"age": 7}},
        }
        for name in names
    ]
    with in_workspace(cast.workspace.id):
        take_in(cast.shop, events)


def test_the_four_steps_by_click(cast, visit):
    page = visit(cast.olga, "/demo/settings/workspace/")
    page.click(".subnav a:has-text('Audit Forwarding')")
    page.click("summary:has-text('Create new source')")
    page.click("button:has-text('Create and select')")
    page.wait_for_selector("[name=source_id]:checked")
    page.check("[name=is_on]")
    page.click("button:has-text('Save Changes')")
    page.wait_for_selector(".toast:has-text('Saved.')")
    with in_workspace(cast.workspace.id):
        assert Forwarding.objects.get().is_on
    page.fill("#id_query", "event:source.disabled")
    page.wait_for_selector("#matching:has-text('Matches 0 events')")
    page.click("button:has-text('Send test event')")
    page.wait_for_selector("#test:has-text('Received by Audit events')")
    assert broken_rules(page) == []


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk-light", "phone-dark"])
def test_no_page_of_a_source_breaks_a_rule_of_wcag_or_scrolls_sideways(cast, visit, size, scheme):
    page = visit(cast.olga, FORWARDING, size=size, scheme=scheme)
    home = f"{SOURCES}{cast.shop.id}/"
    paths = [FORWARDING, home, f"{home}debugger/", f"{home}schema/", f"{home}settings/", f"{SOURCES}new/"]
    found = {}
    for state in ("empty", "full"):
        if state == "full":
            send(cast, "Order Completed", "Cart Shared with a name that is rather long and goes on and on and on")
        for path in paths if state == "empty" else [home, f"{home}debugger/", f"{home}debugger/0/", f"{home}schema/"]:
            page.goto(path)
            found[state, path] = broken_rules(page)
            if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                found[state, path].append("scrolls sideways")
    assert {where: rules for where, rules in found.items() if rules} == {}


def test_new_events_come_into_the_debugger_by_themselves(cast, visit):
    page = visit(cast.olga, f"{SOURCES}{cast.shop.id}/debugger/")
    page.wait_for_selector("text=Nothing came in yet.")
    send(cast, "Order Completed")
    page.wait_for_selector("#debugger-events:has-text('Order Completed')")
