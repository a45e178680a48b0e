"""The strip, the marks of the trail and where an event went, in a browser: under axe, on a phone, without losing the focus."""

import pytest

from auditapp.forwarding.models import Forwarding
from auditapp.forwarding.reader import forward_batch
from auditapp.pipeline.delivery.models import DeadLetter, Delivery
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.inbox import find_messages
from tests.browser.conftest import DESK, PHONE
from tests.browser.rules import broken_rules
from tests.factories import acting_as, as_operator, events_of, make_destination, make_transformation
from tests.trail.history import seal_all

TRAIL = "/demo/settings/admin/audit-trail/"


@pytest.fixture
def forwarded(cast):
    """Two events that were forwarded: one is a dead letter of a destination that fails, one is on its way."""
    failing = make_destination(source=cast.shop, name="A receiver with a name that goes on and on")
    make_destination(source=cast.shop, name="Mailbox")
    make_transformation(source=cast.shop)
    own = {"workspace_id": cast.workspace.id}
    with in_workspace(cast.workspace.id):
        Forwarding.objects.create(**own, is_on=True, source_id=cast.shop.id, generation=1)
    with acting_as(cast.olga, cast.workspace):
        record("source.disabled", target=cast.shop)
        record("source.enabled", target=cast.shop)
    seal_all()
    with as_operator():
        forward_batch(cast.workspace.id)
    rows = [row for row in events_of(cast.workspace) if row.event.actor.id == cast.olga.id]
    with in_workspace(cast.workspace.id):
        [one] = find_messages(cast.workspace.id, [cast.shop.id], [f"audit-{rows[1].key}"])
        letter = {"received_at": rows[0].event.received_at, "message": "400 Bad Request", "tries": 20, "payload": b"{}"}
        DeadLetter.objects.create(**own, destination_id=failing.id, index=one.index, **letter)
        failure = {"failures": 6, "failing_since": rows[0].event.received_at, "last_message": "503 Service Unavailable"}
        Delivery.objects.filter(destination_id=failing.id).update(next_index=one.index + 1, **failure)
    return rows


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk-light", "phone-dark"])
def test_strip_marks_and_panel_break_no_rule_of_wcag_and_do_not_scroll_sideways(cast, forwarded, visit, size, scheme):
    waiting, refused = forwarded
    page = visit(cast.olga, "/demo/settings/workspace/audit-forwarding/", size=size, scheme=scheme)
    found = {}
    paths = {
        "/demo/settings/workspace/audit-forwarding/": ("does not take events since", "1 dead letter"),
        f"/demo/connections/sources/{cast.shop.id}/?span=7d": ("does not take events since", "2 destinations"),
        TRAIL: ("Not delivered to", "On its way, 0 of 2"),
        f"{TRAIL}?open={refused.key}": ("Where it went", "Dead letter", "Replay"),
        f"{TRAIL}{waiting.key}/": ("Where it went", "Waiting", "Mailbox"),
    }
    for path, told in paths.items():
        page.goto(path)
        text = page.content()
        assert [one for one in told if one not in text] == [], path
        found[path] = broken_rules(page)
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            found[path].append("scrolls sideways")
    assert {where: rules for where, rules in found.items() if rules} == {}


def test_the_strip_comes_anew_and_the_focus_stays_on_its_link(cast, forwarded, visit):
    page = visit(cast.olga, f"/demo/connections/sources/{cast.shop.id}/")
    page.focus("#stage-plan")
    with page.expect_response(lambda answer: answer.request.headers.get("hx-target") == "stages"):
        page.evaluate("htmx.ajax('GET', location.pathname, {target: '#stages', swap: 'outerHTML'})")
    page.wait_for_function("document.activeElement.id === 'stage-plan'")
    assert page.locator("#stages .pipeline__stage").count() == 7
    assert page.get_attribute("#stages", "hx-trigger") == "every 10s"
