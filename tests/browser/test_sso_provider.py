"""Single sign-on with a provider that others wrote and the OpenID Foundation certified: node's `oidc-provider`, unmodified, in real
processes. `make clients` installs it; without it these tests are skipped.
"""

import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.cache import cache

from auditapp.access.models import Member, User, Workspace
from auditapp.record.workspace_scope import in_workspace
from tests.browser.conftest import DESK, PHONE
from tests.factories import events_of

CLIENTS = Path(__file__).parents[1] / "clients"
NODE = shutil.which("node")
CLIENT_ID, SECRET = "audit-trail", "s3cret-of-the-client"


@pytest.fixture
def issuer(settings, site):
    """The provider, named by the settings."""
    if NODE is None or not (CLIENTS / "node_modules" / "oidc-provider").exists():
        pytest.skip("make clients installs the provider")
    cache.clear()  # limits are counted there
    command = [NODE, str(CLIENTS / "oidc_provider.mjs"), CLIENT_ID, SECRET, f"{site}/accounts/sso/callback/"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        try:
            assert running.stdout
            settings.SSO_ISSUER = running.stdout.readline().strip()
            settings.SSO_CLIENT_ID, settings.SSO_CLIENT_SECRET, settings.SSO_NAME = CLIENT_ID, SECRET, "Acme"
            settings.SSO_DOMAINS, settings.PUBLIC_URL = ["acme.example"], site
            yield settings.SSO_ISSUER
        finally:
            running.kill()


@pytest.mark.parametrize(
    ("size", "scheme", "scripts"),
    [(DESK, "light", True), (PHONE, "dark", False)],
    ids=["desk-light", "phone-dark-no-scripts"],
)
def test_a_newcomer_joins_proves_it_anew_signs_out_on_both_sides_and_comes_again(
    cast, visit, issuer, size, scheme, scripts
):
    with in_workspace(cast.workspace.id):
        Workspace.objects.filter(id=cast.workspace.id).update(sso_join_domains=["acme.example"])
    page = visit(cast.olga, "/accounts/", size=size, scheme=scheme, scripts=scripts, also=issuer)
    page.context.clear_cookies()

    def goes_in_there():
        page.get_by_label("Name").fill("ana")
        page.get_by_role("button", name="Go in").click()

    page.goto("/accounts/login/")
    page.get_by_role("button", name="Continue with Acme").click()
    goes_in_there()
    page.wait_for_url("**/demo/**")
    ana = User.objects.get(email="ana@acme.example")
    assert (ana.name, ana.has_usable_password()) == ("ana of Acme", False)
    with in_workspace(cast.workspace.id):
        assert Member.objects.filter(user=ana).exists()

    # Setting a password is risky: though signed in over there, she is asked for her name anew.
    page.goto("/accounts/password/set/")
    page.get_by_role("button", name="Sign in anew with Acme").click()
    goes_in_there()
    page.wait_for_url("**/accounts/password/set/")

    # Coming in again while signed in over there asks for nothing; after signing out there too, it does.
    page.goto("/accounts/logout/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="You are signed out").wait_for()
    page.get_by_role("link", name="Sign in again").click()
    page.get_by_role("button", name="Continue with Acme").click()
    page.wait_for_url("**/demo/**")
    page.goto("/accounts/logout/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign out of Acme too").click()
    page.get_by_role("button", name="Leave").click()
    page.get_by_role("heading", name="You left Acme").wait_for()
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Continue with Acme").click()
    page.get_by_role("button", name="Go in").wait_for()
    told = [row.event.type for row in events_of(cast.workspace)]
    assert told.count("user.added_via_sso") == 1
    assert told.count("user.signed_in") == 2
