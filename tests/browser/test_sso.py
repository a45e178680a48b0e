"""Single sign-on from the first link to the only way in: by an owner and a newcomer, on desk and phone, without scripts."""

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache

from auditapp.access.models import Member
from auditapp.record.workspace_scope import in_workspace
from tests.access.oidc_provider import oidc_provider
from tests.access.sso_way import set_up
from tests.browser.conftest import DESK, PHONE
from tests.browser.rules import broken_rules
from tests.factories import PASSWORD, events_of


@pytest.fixture
def provider(settings, site):
    cache.clear()  # limits are counted there
    with oidc_provider() as running:
        set_up(settings, running)
        settings.PUBLIC_URL = site
        yield running


@pytest.mark.parametrize(
    ("size", "scheme", "scripts"),
    [(DESK, "light", True), (PHONE, "dark", True), (PHONE, "light", False)],
    ids=["desk-light", "phone-dark", "no-scripts"],
)
def test_an_owner_links_sets_it_up_and_a_newcomer_joins(cast, visit, provider, size, scheme, scripts):
    page = visit(cast.olga, "/accounts/", size=size, scheme=scheme, scripts=scripts, also=provider.issuer)

    def looked_at(heading):
        page.get_by_role("heading", name=heading, exact=True).wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        if scripts:
            assert broken_rules(page) == []

    provider.is_somebody(cast.olga.email)
    page.get_by_role("button", name="Link").click()
    page.get_by_text("Linked to Acme Login").wait_for()
    page.get_by_text("by Acme Login").wait_for()
    looked_at("Your account: sign-in and sessions")
    Authenticator.objects.create(user=cast.olga, type="totp", data={})
    page.goto("/demo/settings/workspace/single-sign-on/")
    looked_at("Single sign-on")
    page.get_by_role("link", name="Confirm it is you…").click()
    page.get_by_role("link", name="Use Acme Login").click()
    looked_at("Confirm it is you")
    page.get_by_role("button", name="Sign in anew with Acme Login").click()
    page.get_by_label("People of these domains may join").fill("acme.example")
    page.get_by_label("Members sign in by single sign-on only").check()
    page.get_by_role("button", name="Save changes").click()
    page.get_by_text("Saved.").wait_for()
    looked_at("Single sign-on")

    # A newcomer, and then somebody with a password alone.
    page.context.clear_cookies()
    provider.is_somebody("ana@acme.example", subject="sub-2", name="Ana López")
    page.goto("/accounts/login/")
    looked_at("Sign in")
    page.get_by_role("button", name="Continue with Acme Login").click()
    page.wait_for_url("**/demo/**")
    page.context.clear_cookies()
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(cast.rita.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_text("lets its members in by single sign-on only").wait_for()
    looked_at("Single sign-on")
    provider.is_somebody("somebody@far.example", subject="sub-3")
    page.get_by_role("button", name="Continue with Acme Login").click()
    looked_at("That did not work")
    provider.is_somebody(cast.rita.email, subject="sub-4")
    page.goto("/accounts/sso/?next=/demo/")
    page.get_by_role("button", name="Continue with Acme Login").click()
    page.wait_for_url("**/demo/settings/admin/audit-trail/**")
    with in_workspace(cast.workspace.id):
        assert Member.objects.filter(user__email="ana@acme.example").exists()
    assert {"user.sso_linked", "workspace.sso_modified", "user.added_via_sso"} <= {
        row.event.type for row in events_of(cast.workspace)
    }


def test_an_account_with_a_password_is_signed_in_to_once_more(cast, visit, provider):
    page = visit(cast.olga, "/accounts/", size=PHONE, scripts=False, also=provider.issuer)
    page.context.clear_cookies()
    provider.is_somebody(cast.olga.email)
    page.goto("/accounts/login/?next=/demo/settings/access/")
    page.get_by_role("button", name="Continue with Acme Login").click()
    page.get_by_role("heading", name="Sign in once more, as before").wait_for()
    page.get_by_role("link", name="Sign in to link it").click()
    page.get_by_label("Email").fill(cast.olga.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/demo/**")
    page.goto("/accounts/")
    page.get_by_text("Linked to Acme Login").wait_for()
