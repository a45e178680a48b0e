"""Pages of tracking plans in a browser: from nothing to a blocked event by click, on a phone, in the dark, without scripts, under axe."""

import pytest

from auditapp.pipeline.intake import take_in
from auditapp.pipeline.plans.models import PlanRule, TrackingPlan
from auditapp.pipeline.plans.rules import Rule, RuleType
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.inbox import read_inbox
from tests.browser.conftest import DESK, PHONE
from tests.browser.rules import broken_rules
from tests.factories import acting_as
from tests.tracking_plans.conftest import follow, make_plan, rule, track

WHOLE = Rule(RuleType.TRACK, "Anything", {"anyOf": [{"type": "object"}]})
PLANS = "/demo/protocols/tracking-plans/"


def send(cast, *events):
    with acting_as(cast.olga, cast.workspace):
        take_in(cast.shop, events)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_from_nothing_to_a_blocked_event_by_click(cast, visit, scripts):
    page = visit(cast.olga, PLANS, scripts=scripts)
    page.click("a:has-text('Create tracking plan')")
    page.fill("#id_name", "Shop")
    page.click("button:has-text('Create tracking plan')")
    page.click("a:has-text('Add event')")
    page.fill("#id_key", "Order Completed")
    page.fill("[name=path-0]", "total")
    page.select_option("[name=type-0]", "number")
    page.check("[name=required-0]")
    page.click("button:has-text('More rows')")
    assert page.input_value("[name=path-0]") == "total"
    page.click("button:has-text('Add event')")
    page.click(".tabs a:has-text('Sources')")
    page.select_option("#id_source_id", label="Web shop")
    page.click("button:has-text('Connect source')")
    page.click("main table a:has-text('Web shop')")
    page.select_option("#id_track_violations", "block")
    page.select_option("#id_violations_to", label="Kiosk")
    page.click("button:has-text('Save changes')")
    page.wait_for_selector("text=It holds from the next event on.")
    send(cast, track(total="nine"))
    page.goto(page.url)
    page.click("a:has-text('Order Completed')")
    page.wait_for_selector("text=schema_violation")
    with in_workspace(cast.workspace.id):
        assert [one.verdict for one in read_inbox(cast.workspace.id, cast.shop.id, 0)] == ["schema_violation"]
        assert len(read_inbox(cast.workspace.id, cast.kiosk.id, 0)) == 1
        assert PlanRule.objects.get().schema.count('"required":["total"]') == 1


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk-light", "phone-dark"])
def test_no_page_breaks_a_rule_of_wcag_or_scrolls_sideways(cast, visit, size, scheme):
    page = visit(cast.olga, PLANS, size=size, scheme=scheme)
    found = {}

    def look(*paths):
        for path in paths:
            page.goto(path)
            found[path] = broken_rules(page)
            if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                found[path].append("scrolls sideways")

    look(PLANS, f"{PLANS}new/")
    long = "An event with a name that is rather long and goes on and on and on"
    plan = make_plan(cast, rule(labels=("team:shop",)), rule(long), WHOLE)
    home = f"{PLANS}{plan.id}/"
    own = f"/demo/connections/sources/{cast.shop.id}/tracking-plan/"
    look(own, f"{home}sources/", f"{home}violations/")
    follow(cast, plan, cast.shop)
    send(cast, track(coupon=1), track(long), track("Unplanned"))
    page.goto(home)
    edits = page.eval_on_selector_all("main table a.thing", "links => links.map((link) => link.pathname)")
    look(PLANS, home, *edits, f"{edits[1]}?as=json", f"{home}rules/new/")
    look(*(f"{home}{name}/" for name in ("sources", "violations", "import", "changelog", "settings")), own)
    page.goto(f"{home}violations/")
    look(page.evaluate("document.querySelector('main table a.thing').href"))
    look(f"/demo/connections/sources/{cast.shop.id}/schema/")
    assert {path: rules for path, rules in found.items() if rules} == {}
    with in_workspace(cast.workspace.id):
        assert TrackingPlan.objects.count() == 1
