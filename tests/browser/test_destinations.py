"""Pages of destinations in a browser: from nothing to delivering by click, on a phone, in the dark, without scripts, under axe."""

import pytest

from auditapp.pipeline.delivery.claims import due_lanes
from auditapp.pipeline.delivery.loop import deliver
from auditapp.pipeline.delivery.models import DeliveryAttempt
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.setup import Secrets
from auditapp.pipeline.intake import take_in
from auditapp.record.workspace_scope import in_workspace
from tests.browser.conftest import DESK, PHONE
from tests.browser.rules import broken_rules
from tests.delivery_kinds import BAD, BUSY, SETTINGS, played
from tests.factories import make_destination

HOME = "/demo/connections/destinations/"


@pytest.fixture
def kind():
    with played() as kind:
        yield kind


def send(cast, *names):
    with in_workspace(cast.workspace.id):
        take_in(cast.shop, [{"type": "track", "event": name, "userId": "u-1", "messageId": name} for name in names])


def work(as_role):
    with as_role("worker"):
        while due := due_lanes(limit=10):
            for one in due:
                deliver(one)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_from_nothing_to_delivering_by_click(cast, visit, kind, as_role, scripts):
    page = visit(cast.olga, f"/demo/connections/sources/{cast.shop.id}/destinations/", scripts=scripts)
    page.click("a:has-text('Add destination')")
    page.check("input[value=played]")
    page.click("button:has-text('Continue')")
    page.fill("#id_name", "SIEM")
    page.fill("#id_url", "https://hooks.example.com/in")
    page.fill("#id_token", "s3cret-token")
    page.click("main button:has-text('Add destination')")
    assert page.input_value("#new-secret").startswith("whsec_")
    page.click("text=I have copied it")
    assert page.is_disabled("button:has-text('Turn on')")
    page.click("button:has-text('Send test event')")
    page.click("button:has-text('Turn on')")
    page.wait_for_selector("text=Healthy")
    send(cast, "Order Completed")
    work(as_role)
    page.click("a:has-text('Deliveries')")
    page.click("main table a.thing")
    assert page.is_visible("text=Order Completed")
    page.click("button:has-text('Send again')")
    page.wait_for_selector("text=Replays")
    work(as_role)
    assert kind.names[1:] == ["Order Completed", "Order Completed"]


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk-light", "phone-dark"])
def test_no_page_of_a_destination_breaks_a_rule_of_wcag_or_scrolls_sideways(cast, visit, kind, as_role, size, scheme):
    destination = make_destination(source=cast.shop)
    page = visit(cast.olga, HOME, size=size, scheme=scheme)
    home = f"{HOME}{destination.id}/"
    new = f"{HOME}new/"
    empty = [
        HOME,
        new,
        f"{new}?source={cast.shop.id}&kind=webhook",
        home,
        f"{home}deliveries/",
        f"{home}replays/",
        f"{home}settings/",
    ]
    found = look(page, empty)
    with in_workspace(cast.workspace.id):
        secrets = Secrets({"token": SETTINGS["token"]}).sealed()
        Destination.objects.update(kind="played", settings={"url": SETTINGS["url"]}, secrets=secrets)
    kind.answers.extend([BAD, BUSY])
    send(cast, "A")
    work(as_role)
    with in_workspace(cast.workspace.id):
        attempt = DeliveryAttempt.objects.first()
    page.goto(home)
    page.click("button:has-text('Set the event aside')")
    page.wait_for_selector("button:has-text('Replay all')")
    found |= look(
        page,
        [HOME, home, f"{home}deliveries/", f"{home}deliveries/{attempt.id}/", f"{home}replays/?since=2020-01-01T00:00"],
    )
    assert {where: rules for where, rules in found.items() if rules} == {}


def look(page, paths):
    found = {}
    for path in paths:
        page.goto(path)
        found[path] = broken_rules(page)
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            found[path].append("scrolls sideways")
    return found
