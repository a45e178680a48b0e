"""A role over labels is given with what it reaches told, and a source is labelled with who gains told, as people do it."""

import pytest

from tests.browser.conftest import DESK, PHONE
from tests.browser.rules import broken_rules
from tests.factories import make_source


@pytest.mark.parametrize(
    ("size", "scheme", "scripts"),
    [(DESK, "light", True), (PHONE, "dark", False)],
    ids=["desk-light", "phone-dark-no-scripts"],
)
def test_a_role_over_labels_is_given_and_a_source_gets_them(cast, visit, size, scheme, scripts):
    make_source(workspace=cast.workspace, name="Till", labels=["environment:prod"])
    page = visit(cast.olga, "/demo/settings/access/labels/", size=size, scheme=scheme, scripts=scripts)
    if scripts:
        assert broken_rules(page) == []
    page.goto(f"/demo/settings/access/members/{cast.mina.id}/")
    page.locator("summary", has_text="Give another role").click()
    page.get_by_label("Role", exact=True).select_option("source_admin")
    page.get_by_label("Those with these labels").check()
    page.get_by_label("environment").select_option("environment:prod")
    if scripts:
        page.get_by_text("Reaches 1 source now: Till.").wait_for()
        assert broken_rules(page) == []
    page.get_by_role("button", name="Give role").click()
    page.get_by_text("sources labelled environment:prod").first.wait_for()
    page.goto(f"/demo/connections/sources/{cast.kiosk.id}/settings/")
    page.get_by_label("environment").select_option("environment:prod")
    page.get_by_role("button", name="Save changes").click()
    page.get_by_text("Nothing has been changed yet.").wait_for()
    assert page.get_by_text("gains: See sources").is_visible()
    if scripts:
        assert broken_rules(page) == []
    page.get_by_role("button", name="Save, and change who sees it").click()
    page.get_by_text("Saved.").wait_for()
    page.goto("/demo/settings/access/labels/environment/prod/")
    assert page.get_by_role("link", name="Kiosk").is_visible()
    assert page.get_by_role("button", name="Delete label").count() == 0
