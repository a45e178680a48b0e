"""Live rows in a browser: what waits behind a button, what comes in, and what stops it."""

from auditapp.access.models import Grant, Member
from auditapp.lib import clock
from auditapp.record.workspace_scope import in_workspace
from tests.browser.rules import broken_rules
from tests.trail.history import tell_sample

TRAIL = "/demo/settings/admin/audit-trail/"


def ask_now(page):
    """What the timer does every five seconds."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_new_events_wait_behind_a_button_and_come_in_marked(history, visit):
    page = visit(history.olga, f"{TRAIL}?area=warehouses")
    before = page.locator("tr.trail__event").count()
    key = tell_sample(history.workspace, history.milo, "warehouse.disabled", at=clock.now()).key
    ask_now(page)
    page.wait_for_selector("#show-new:text-is('Show 1 new event')")
    assert page.locator("tr.trail__event").count() == before
    assert broken_rules(page) == []
    page.click("#show-new")
    page.wait_for_selector(f"tr.trail__event--new[data-event={key}] .status--new:text-is('New')")
    assert page.locator("tr.trail__event--new").count() == 1
    assert page.locator("#show-new").count() == 0
    assert page.url.endswith("?area=warehouses")
    assert broken_rules(page) == []


def test_whoever_lost_the_right_to_read_is_told_so_and_asks_no_more(history, visit):
    page = visit(history.rita, TRAIL)
    with in_workspace(history.workspace.id):
        Grant.objects.filter(subject_id=history.rita.id).delete()
        Member.objects.filter(user=history.rita).delete()
    with page.expect_response(lambda answer: "after=" in answer.url) as refused:
        ask_now(page)
    assert refused.value.status in (403, 404)
    page.wait_for_selector("#live-stopped:visible")
    assert page.locator("tr.trail__event").count() == 50
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    ask_now(page)
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert asked == []
