"""Messages of a destination and a member's own notifications in a browser: by click, with and without scripts, on a phone, in the dark, under axe."""

from urllib.parse import urlsplit

import pytest

from auditapp.alerts.preferences import preferences_of
from auditapp.alerts.unsubscribing import unsubscribe_link
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.setup import Secrets
from auditapp.record.workspace_scope import in_workspace
from tests.browser.conftest import DESK, PHONE
from tests.browser.rules import broken_rules
from tests.factories import make_destination

SETTINGS = "/demo/settings/admin/alerts/bell/settings/"
BOTH_WAYS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])


@pytest.fixture
def slack(cast):
    secrets = Secrets({"url": "https://hooks.example.com/x"}).sealed()
    return make_destination(source=cast.shop, name="Chat", kind="slack", settings={}, secrets=secrets)


@BOTH_WAYS
def test_a_message_is_written_seen_and_kept_by_click(cast, slack, visit, scripts):
    page = visit(cast.olga, f"/demo/connections/destinations/{slack.id}/", scripts=scripts)
    page.click(".tabs >> text=Messages")
    page.click("text=Write message")
    page.fill("#id_event", "warehouse.disabled")
    page.fill("#id_text", "{actor} pulled the plug of {resource.name}")
    if not scripts:
        page.click("button:has-text('Preview')")
    page.wait_for_selector("#preview >> text=Maya Lindqvist pulled the plug of Snowflake prod")
    page.fill("#id_text", "{acter}")
    if not scripts:
        page.click("button:has-text('Preview')")
    page.wait_for_selector("#preview >> text=Did you mean {actor}?")
    page.fill("#id_text", "{actor} pulled the plug")
    page.click("button:has-text('Save message')")
    page.wait_for_selector("td >> text={actor} pulled the plug")
    with in_workspace(cast.workspace.id):
        kept = Destination.objects.get(id=slack.id).settings["messages"]
    assert kept == [{"event": "warehouse.disabled", "text": "{actor} pulled the plug"}]


@BOTH_WAYS
def test_areas_are_chosen_in_ones_menu_and_mail_is_stopped_by_its_link(cast, visit, scripts):
    page = visit(cast.milo, "/demo/connections/sources/", scripts=scripts)
    page.click("summary.me")
    page.click("text=Notification settings")
    page.check("input[name=email][value=sources]")
    page.check("input[name=bell][value=users]")
    page.click("main button:has-text('Save')")
    page.wait_for_selector("text=It holds for what happens from now on")
    assert page.is_checked("input[name=email][value=sources]")
    page.goto(urlsplit(unsubscribe_link(cast.workspace.id, cast.milo.id)).path)
    page.click("text=Stop these mails")
    page.wait_for_selector("text=No more notifications by mail")
    with in_workspace(cast.workspace.id):
        chosen = preferences_of(cast.workspace.id, cast.milo.id)
    assert (chosen.email, chosen.bell) == ((), ("users",))


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk-light", "phone-dark"])
def test_no_such_page_breaks_a_rule_of_wcag_or_scrolls_sideways(cast, slack, visit, size, scheme):
    messages = f"/demo/connections/destinations/{slack.id}/messages/"
    page = visit(cast.olga, SETTINGS, size=size, scheme=scheme)
    page.goto(f"{messages}edit/?event=warehouse.*")
    page.fill("#id_text", "{sentence} " + "and a long word: " + "x" * 200)
    page.click("button:has-text('Save message')")
    found = {}
    for path in (SETTINGS, messages, f"{messages}edit/?event=warehouse.*"):
        page.goto(path)
        if page.query_selector("#preview summary"):
            page.click("#preview summary")
        found[path] = broken_rules(page)
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            found[path].append("scrolls sideways")
    assert {where: rules for where, rules in found.items() if rules} == {}
