"""A newcomer's way in a browser, over real processes: from an empty installation to their own first event."""

import os
import shutil
import subprocess

import pytest

from tests.browser.conftest import DESK, Watched
from tests.browser.rules import broken_rules
from tests.factories import PASSWORD
from tests.journeys.installation import Installation, free_port, own_data

# On a machine that does nothing else it all takes some ten seconds.
PATIENCE_MS = 30_000


@pytest.fixture
def installation():
    with own_data() as folder:
        up = Installation(folder, free_port())
        try:
            up.wait_until_up()
            yield up
        finally:
            up.press_ctrl_c()


@pytest.mark.timeout(300)  # PostgreSQL, web, worker and two commands start one after the other
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_a_newcomer_comes_from_nothing_to_an_event_of_their_own(chromium, installation):
    made = installation.manage("create_workspace", "--slug", "acme", "--owner-email", "olga@example.com")
    context = chromium.new_context(viewport=DESK, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    watched = Watched(page, f"http://127.0.0.1:{installation.port}")

    page.goto(made.split()[-1])
    assert broken_rules(page) == []
    page.fill("[name=name]", "Olga Ivanova")
    page.fill("[name=password]", PASSWORD)
    page.click("text=Create account and join")
    page.wait_for_selector("h2:text-is('Send your first event')")
    assert broken_rules(page) == []
    page.click("a:has-text('Create access token')")
    page.click("button:has-text('Create token')")
    line = page.inner_text("pre.code-block")
    sent = subprocess.run(["/bin/sh", "-c", line], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True)
    assert '"id":"evt_' in sent.stdout.replace(" ", ""), sent
    page.click("a:has-text('Open the Audit Trail')")
    page.wait_for_selector("tr.trail__event:has-text('Maya Lindqvist'):has-text('Invoice 1')")
    assert page.locator("h2:text-is('Send your first event')").count() == 0

    context.close()
    assert watched.wrong == []
