"""What pages say of exports and backfills whose attempts failed, beside those that wait, run and ended."""

from datetime import timedelta

import pytest
from django.http import QueryDict

from auditapp.forwarding import reader
from auditapp.forwarding.backfill import start_due_backfills
from auditapp.forwarding.services import save_forwarding
from auditapp.lib import clock
from auditapp.record.workspace_scope import in_workspace
from auditapp.tasks.models import Task
from auditapp.tasks.running import run_due_task
from auditapp.trail.address import read_address
from auditapp.trail.exports import writing
from auditapp.trail.exports.services import request_export
from auditapp.trail.filters import read_query
from auditapp.trail.moments import zone_named
from tests.browser.conftest import DESK, PHONE
from tests.browser.rules import broken_rules
from tests.factories import acting_as

EXPORTS = "/demo/settings/admin/audit-trail/exports/"
FORWARDING = "/demo/settings/workspace/audit-forwarding/"


@pytest.fixture
def failing(history, as_role, monkeypatch):
    """An export that is done, one whose attempt failed, one that is in its second, and a backfill that failed once."""

    def ask(query=""):
        found = read_query(read_address("", QueryDict(query)), zone=zone_named("Europe/Oslo"))
        with acting_as(history.olga, history.workspace):
            return request_export(workspace=history.workspace, query=found, format_key="csv")

    def work():
        with as_role("worker"):
            return run_due_task()

    ask()
    work()
    for module, name in ((writing, "places_told"), (reader, "take_in")):
        monkeypatch.setattr(module, name, lambda *asked: 1 / 0)
    second = ask("event=warehouse.disabled")
    work()
    with in_workspace(history.workspace.id):
        Task.objects.filter(key=second.id).update(
            attempt=2, state="running", lease_until=clock.now() + timedelta(hours=1)
        )
    ask("area=sources")
    work()
    with acting_as(history.olga, history.workspace):
        save_forwarding(source_id=history.kiosk.id, is_on=True, start=clock.now().replace(year=2020))
    with as_role("worker"):
        start_due_backfills()
    work()
    return history


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk", "phone in the dark"])
def test_failed_attempts_are_said_where_somebody_waits(failing, visit, size, scheme):
    page = visit(failing.olga, EXPORTS, size=size, scheme=scheme)
    text = page.locator("#exports").inner_text()
    assert "Attempt 1 of 6 failed: Something went wrong on our side." in text
    assert "Attempt 2 of 6." in text
    found = {"exports": broken_rules(page)}
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(FORWARDING)
    assert "past events to go. Attempt 1 of 6 failed" in page.locator("#way").inner_text()
    found["forwarding"] = broken_rules(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert {name: rules for name, rules in found.items() if rules} == {}
