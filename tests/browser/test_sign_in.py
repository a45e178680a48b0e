"""Second factor, passkeys and sessions, from the menu to the way back in: by keyboard and mouse, on desk and phone, without scripts."""

import re
from importlib import import_module

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from tests.access.authenticator import code_of, hold_codes
from tests.browser.conftest import DESK, PHONE, Watched
from tests.browser.rules import broken_rules
from tests.factories import PASSWORD, age_sign_in, events_of


@pytest.fixture(autouse=True)
def from_the_start(monkeypatch):
    cache.clear()  # limits are counted there
    hold_codes(monkeypatch)


def fits(page, size):
    return page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def types_of(cast):
    return {row.event.type for row in events_of(cast.workspace)}


@pytest.mark.parametrize(
    ("size", "scheme", "scripts"),
    [(DESK, "light", True), (PHONE, "dark", True), (PHONE, "light", False)],
    ids=["desk-light", "phone-dark", "no-scripts"],
)
def test_somebody_turns_on_the_app_and_comes_in_with_its_code(cast, visit, size, scheme, scripts):
    other = Client(headers={"User-Agent": "Mozilla/5.0 (Android 15) Firefox/145.0", "Host": "127.0.0.1"})
    other.post("/accounts/login/", {"login": cast.olga.email, "password": PASSWORD})
    page = visit(cast.olga, "/accounts/", size=size, scheme=scheme, scripts=scripts)

    def looked_at():
        assert fits(page, size)
        if scripts:
            assert broken_rules(page) == []

    looked_at()
    page.get_by_role("link", name="Turn on").click()
    page.get_by_role("heading", name="Confirm it is you").wait_for()
    looked_at()
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    secret = page.locator("#totp-key").inner_text()
    looked_at()
    page.get_by_label("Authenticator code").fill(code_of(secret))
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Recovery codes").wait_for()
    looked_at()
    assert len(page.locator("#recovery-codes").inner_text().split()) == 10
    page.get_by_role("link", name="Back to your account").click()
    end = page.get_by_role("button", name=re.compile("^End Firefox on Android"))
    looked_at()
    end.click()
    page.get_by_text("The session has ended.").wait_for()
    assert end.count() == 0
    looked_at()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(cast.olga.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Second step").wait_for()
    looked_at()
    page.get_by_label("Code").fill(code_of(secret))
    page.keyboard.press("Enter")
    page.wait_for_url("**/demo/**")
    assert {"user.two_step_enabled", "user.recovery_codes_created", "user.sessions_revoked"} <= types_of(cast)


@pytest.fixture
def local(site, chromium, monkeypatch):
    """A page at localhost, a name that browsers take passkeys at, with a passkey holder of Chromium's own."""
    monkeypatch.setattr(settings, "ALLOWED_HOSTS", ["localhost"])
    address = site.replace("127.0.0.1", "localhost")
    context = chromium.new_context(base_url=address, viewport=DESK, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(10_000)
    watched = Watched(page, address)
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    holder = session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    page.user_is = lambda verified: session.send(
        "WebAuthn.setUserVerified", {"authenticatorId": holder["authenticatorId"], "isUserVerified": verified}
    )
    yield page
    context.close()
    assert watched.wrong == []


def test_somebody_adds_a_passkey_and_comes_in_with_it_alone(cast, local):
    page = local
    page.goto("/accounts/login/")
    assert broken_rules(page) == []
    page.get_by_label("Email").fill(cast.olga.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/demo/**")
    page.locator("summary", has_text="Olga").click()
    page.get_by_role("link", name="Your account").click()
    page.get_by_role("link", name="Add a passkey").click()  # nobody is asked again a moment after signing in
    page.get_by_label("Name").fill("Work laptop")
    assert broken_rules(page) == []
    page.get_by_role("button", name="Add").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()
    page.goto("/accounts/")
    page.get_by_text("Signs in alone").wait_for()
    assert broken_rules(page) == []
    page.get_by_role("button", name="Sign out").click()
    page.goto("/accounts/login/?next=/demo/connections/sources/")
    page.user_is(False)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_text("The browser gave no passkey").wait_for()
    page.user_is(True)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(re.compile(r"^[^?]*/demo/connections/sources/$"))
    kept = next(one["value"] for one in page.context.cookies() if one["name"] == settings.SESSION_COOKIE_NAME)
    age_sign_in(import_module(settings.SESSION_ENGINE).SessionStore(kept), seconds=301)
    page.goto("/accounts/recovery-codes/")
    page.get_by_role("link", name="Use a passkey").click()
    page.get_by_role("button", name="Use a passkey").wait_for()
    assert broken_rules(page) == []
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()
    assert "user.passkey_added" in types_of(cast)
