"""The way back in a browser: three clicks from a message to a warehouse that runs again; conflicts, proof, phone, dark, no scripts, axe."""

import re

import orjson
import pytest
from django.core import mail

from auditapp.alerts.reader import evaluate_batch, waiting_workspaces
from auditapp.alerts.sending import deliver, due_messages, due_notices, fix_notice
from auditapp.alerts.services import RuleInput, create_alert_rule
from auditapp.pipeline.warehouses.connecting import Connection
from auditapp.pipeline.warehouses.models import Warehouse
from auditapp.pipeline.warehouses.services import change_warehouse, create_warehouse, delete_warehouse
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.services import seal_batch
from tests.browser.conftest import DESK, PHONE
from tests.browser.rules import broken_rules
from tests.factories import PASSWORD, events_of, last_event
from tests.lib.outbound.conftest import loopback, serving  # noqa: F401  fixtures
from tests.pipeline.kinds.setups import receiving
from tests.revert.looking import one_request

TRAIL = "/demo/settings/admin/audit-trail/"
CONNECTION = Connection("db.example.com", 5432, "analytics", "loader")


def is_enabled(cast):
    with in_workspace(cast.workspace.id):
        return Warehouse.objects.get(workspace_id=cast.workspace.id, id=cast.warehouse.id).is_enabled


@pytest.fixture
def prod(cast):
    """A warehouse that was renamed and moved, each by somebody else."""
    with one_request(cast):
        made = create_warehouse(name="Snowflake", connection=CONNECTION, password="p4ss", source_ids=[cast.shop.id])
    for name, port in (("Snowflake prod", 5433), ("Snowflake EU", 5433)):
        with one_request(cast):
            moved = CONNECTION._replace(port=port)
            change_warehouse(warehouse_id=made.id, name=name, connection=moved, password="p4ss")
    return made


@pytest.mark.parametrize("channel", ["Slack", "mail"])
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_three_clicks_from_the_message_and_it_runs_again(
    cast,
    visit,
    site,
    as_role,
    serving,  # noqa: F811  the fixture
    settings,
    channel,
    scripts,
):
    settings.PUBLIC_URL = site
    with receiving(serving, lambda request: (200, {}, b"ok")) as slack:
        with one_request(cast):
            create_alert_rule(
                RuleInput(
                    name="Warehouse off",
                    query="event:warehouse.disabled",
                    with_own=True,
                    told_ids=[cast.olga.id],
                    by_email=True,
                    slack_url=f"{slack.url}/services/x",
                )
            )
        page = visit(cast.olga, f"/demo/connections/warehouses/{cast.warehouse.id}/", scripts=scripts)
        page.click("form[action$='/disable/'] button")
        page.wait_for_selector("text=Off")
        assert not is_enabled(cast)
        with as_role("worker"):
            seal_batch()
            for one in waiting_workspaces():
                evaluate_batch(one)
            for due in due_notices(limit=9):
                fix_notice(due)
            for due in due_messages(limit=9):
                deliver(due)
    text = orjson.dumps(orjson.loads(slack.requests[0].body)).decode() if channel == "Slack" else mail.outbox[0].body
    link = re.search(rf"{site}{TRAIL}evt_\w+/", text)[0]

    page.goto(link)  # the first click, in the message
    page.click("text=Undo this change")
    page.wait_for_selector("#revert >> text=Syncing starts again")
    page.click("#revert button[type=submit]")
    page.wait_for_selector("text=Undone. The change and its undoing name each other.")
    assert is_enabled(cast)
    assert "Undone by" in page.inner_text("#reverts")
    page.click("#reverts a")
    page.wait_for_selector("#reverts >> text=This undid")
    assert last_event(cast.workspace).event.type == "warehouse.enabled"


def test_in_the_drawer_a_conflict_is_left_alone_unless_it_is_chosen(cast, prod, visit):
    page = visit(cast.olga, TRAIL)
    page.click("a:has-text('changed warehouse') >> nth=1")
    page.click(".drawer__foot >> text=Undo this change")
    page.wait_for_selector("#revert >> text=1 changed since")
    assert page.url.count("undo") == 0
    ticks = page.locator("#revert input[name=field]")
    assert [ticks.nth(n).is_checked() for n in range(ticks.count())] == [False, True]
    page.fill("#revert input[type=password]", "p4ss")
    page.click("#revert button[type=submit]")
    page.wait_for_selector("text=Undone.")
    with in_workspace(cast.workspace.id):
        row = Warehouse.objects.get(id=prod.id)
    assert (row.name, row.settings["port"]) == ("Snowflake EU", 5432)


def test_bringing_back_asks_who_sits_there(cast, prod, visit):
    with one_request(cast):
        delete_warehouse(warehouse_id=prod.id)
    page = visit(cast.olga, f"{TRAIL}{last_event(cast.workspace).key}/")
    page.click("text=Undo this change")
    page.click("#revert >> text=Confirm it is you")
    page.fill("[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.fill("#revert input[type=password]", "p4ss")
    page.click("#revert button[type=submit]")
    page.wait_for_selector("text=Undone.")
    with in_workspace(cast.workspace.id):
        assert Warehouse.objects.get(id=prod.id).is_enabled


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk-light", "phone-dark"])
def test_no_preview_breaks_a_rule_of_wcag_or_scrolls_sideways(cast, prod, visit, size, scheme):
    first = [row.key for row in events_of(cast.workspace) if row.event.type == "warehouse.modified"][1]
    with one_request(cast):
        delete_warehouse(warehouse_id=cast.warehouse.id)
    deleted = last_event(cast.workspace)
    page = visit(cast.olga, TRAIL, size=size, scheme=scheme)
    found = {}
    for key, what in ((first, "change"), (first, "version"), (deleted.key, "change")):
        page.goto(f"{TRAIL}{key}/undo/?what={what}")
        found[key, what] = broken_rules(page)
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            found[key, what].append("scrolls sideways")
    page.goto(f"{TRAIL}?open={first}")
    page.click(".drawer__foot >> text=Undo this change")
    page.wait_for_selector("#revert")
    found["drawer"] = broken_rules(page)
    assert {where: rules for where, rules in found.items() if rules} == {}
