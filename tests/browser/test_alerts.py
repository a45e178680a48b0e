"""Alerts in a browser: from a filtered trail to the bell by click, on a phone, in the dark, without scripts, under axe."""

import pytest

from auditapp.alerts.models import AlertRule
from auditapp.alerts.reader import evaluate_batch, waiting_workspaces
from auditapp.alerts.services import RuleInput, create_alert_rule
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.services import seal_batch
from auditapp.sources.services import disable_source
from tests.browser.conftest import DESK, PHONE
from tests.browser.rules import broken_rules
from tests.factories import acting_as

HOME = "/demo/settings/admin/alerts/"
TRAIL = "/demo/settings/admin/audit-trail/"


def happen(cast, as_role, source=None):
    with acting_as(cast.milo, cast.workspace):
        disable_source(source_id=(source or cast.shop).id)
    with as_role("worker"):
        while seal_batch():
            pass
        for one in waiting_workspaces():
            evaluate_batch(one)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_from_a_filtered_trail_to_the_bell_by_click(cast, visit, as_role, scripts):
    happen(cast, as_role, cast.app)
    page = visit(cast.olga, f"{TRAIL}?event=source.disabled", scripts=scripts)
    page.click("#chips >> text=Alert me")
    page.fill("#id_name", "Sources that are off")
    page.click("text=Try on the last 30 days")
    page.wait_for_selector("#trial >> text=1 matched")
    page.click("button:has-text('Create alert')")
    page.wait_for_selector("text=It has not fired yet")
    happen(cast, as_role)
    page.reload()
    page.click(".nav__link--bell")
    page.wait_for_selector("text=1 new")
    page.click("main a:has-text('disabled source Web shop')")
    page.wait_for_selector("h1")
    assert "Web shop" in page.inner_text("main")
    page.go_back()
    page.click("text=Mark all read")
    page.wait_for_selector("h1:not(:has-text('new'))")


def test_chips_follow_the_line_as_it_is_typed(cast, visit):
    page = visit(cast.olga, f"{HOME}new/")
    page.type("#id_query", "event:source.disabled risk:risky")
    page.wait_for_selector("#rule-chips >> text=Source Disabled")
    page.fill("#id_query", "colour:red")
    page.wait_for_selector("#rule-chips >> text=There is no filter colour")


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk-light", "phone-dark"])
def test_no_page_of_alerts_breaks_a_rule_of_wcag_or_scrolls_sideways(cast, visit, as_role, size, scheme):
    page = visit(cast.olga, HOME, size=size, scheme=scheme)
    found = look(page, [HOME, f"{HOME}new/", f"{HOME}bell/"])
    page.goto(HOME)
    page.click("form[action*='ready'] button >> nth=0")
    page.wait_for_selector("text=It has not fired yet")
    happen(cast, as_role)
    with in_workspace(cast.workspace.id):
        rule = AlertRule.objects.get()
    found |= look(page, [HOME, f"{HOME}{rule.id}/", f"{HOME}{rule.id}/edit/", f"{HOME}bell/"])
    page.goto(f"{HOME}{rule.id}/edit/")
    page.click("text=Try on the last 30 days")
    page.wait_for_selector("#trial")
    found["tried"] = broken_rules(page)
    assert {where: rules for where, rules in found.items() if rules} == {}


def look(page, paths):
    found = {}
    for path in paths:
        page.goto(path)
        found[path] = broken_rules(page)
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            found[path].append("scrolls sideways")
    return found


def test_the_channels_of_a_rule_stand_apart_and_their_names_are_whole(cast, visit):
    with acting_as(cast.olga, cast.workspace):
        urls = {
            "slack_url": "https://hooks.slack.com/services/T/B/x",
            "webhook_url": "https://203-0-113-7.example.com/in",
        }
        told = {"told_ids": [cast.olga.id, cast.milo.id], "by_bell": True, "by_email": True}
        rule, _ = create_alert_rule(RuleInput(name="Everywhere", **told, **urls))
    page = visit(cast.olga, f"{HOME}{rule.id}/", size=PHONE)
    tops = page.eval_on_selector_all(".figure .rule__way", "all => all.map(one => one.getBoundingClientRect().top)")
    assert len(tops) == len({round(top) for top in tops}) == 4
    page = visit(cast.olga, HOME, size={"width": 1280, "height": 900})
    names = page.eval_on_selector_all(".rule__way bdi", "all => all.map(one => one.innerText)")
    assert "Slack" in names
    heights = page.eval_on_selector_all(
        ".rule__way bdi", "all => all.map(one => one.offsetHeight / parseFloat(getComputedStyle(one).lineHeight))"
    )
    assert [round(lines) for lines in heights] == [1] * len(names)
