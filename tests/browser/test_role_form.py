"""The form of a role follows the role that is chosen; without scripts each part says which roles it is for."""

import pytest

from auditapp.access.models import Grant
from auditapp.access.own_roles import create_role
from auditapp.record.workspace_scope import in_workspace
from tests.browser.conftest import DESK, PHONE
from tests.browser.rules import broken_rules
from tests.factories import acting_as, make_group, make_labels, make_source, make_space

DESK_LIGHT_AND_PHONE_DARK = pytest.mark.parametrize(
    ("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk-light", "phone-dark"]
)


@pytest.fixture
def group(cast):
    """With a form that has something of three kinds, and more sources than are seen at a glance."""
    for number in range(12):
        make_source(workspace=cast.workspace, name=f"Café {number}")
    make_space(workspace=cast.workspace, id="spa_1", name="Engage")
    make_labels("team:web", workspace=cast.workspace)
    with acting_as(cast.olga, cast.workspace):
        create_role(name="Lake reader", permissions=["warehouse.read"], over="warehouse", description="Reads the lake.")
    return make_group(workspace=cast.workspace)


def open_form(visit, cast, group, **look):
    page = visit(cast.olga, f"/demo/settings/access/groups/{group.id}/", **look)
    page.locator("summary", has_text="Give another role").click()
    return page


def choose(page, role):
    page.get_by_label("Role", exact=True).select_option(label=role)


def shown(page):
    """The reaches and lists that can be seen."""
    found = [one.inner_text() for one in page.locator("[data-scope]").all() if one.is_visible()]
    return found + [one.inner_text() for one in page.locator("legend").all()[1:] if one.is_visible()]


def given(cast, group):
    with in_workspace(cast.workspace.id):
        grants = Grant.objects.filter(subject_id=group.id)
        return sorted((one.role.name, one.scope, one.resource_ids, one.labels) for one in grants)


@DESK_LIGHT_AND_PHONE_DARK
def test_only_what_the_role_can_be_limited_by_is_shown(cast, group, visit, size, scheme):
    page = open_form(visit, cast, group, size=size, scheme=scheme)
    reaches = ["All, also future ones", "These only", "Those with these labels"]
    assert shown(page) == []
    choose(page, "Auditor")
    assert page.get_by_text("It reaches the whole workspace.").is_visible()
    assert page.get_by_text("Reads, verifies and exports the whole trail").is_visible()
    assert shown(page) == []
    choose(page, "Tracking Plan Admin")
    assert page.get_by_text("It reaches all tracking plans, also future ones.").is_visible()
    choose(page, "Lake reader")
    assert page.get_by_text("Reads the lake.").is_visible()
    assert shown(page) == reaches[:2]
    page.get_by_label("These only").check()
    assert shown(page) == [*reaches[:2], "Which warehouses"]
    choose(page, "Source Admin")
    assert shown(page) == [*reaches, "Which sources"]
    assert broken_rules(page) == []
    page.get_by_label("Those with these labels").check()
    assert shown(page) == [*reaches, "Labels"]
    assert broken_rules(page) == []
    choose(page, "Function Admin")
    assert shown(page) == reaches[:2]
    assert page.locator("[data-all-roles]:visible").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


@DESK_LIGHT_AND_PHONE_DARK
def test_what_is_hidden_is_not_sent(cast, group, visit, size, scheme):
    page = open_form(visit, cast, group, size=size, scheme=scheme)
    choose(page, "Source Admin")
    page.get_by_label("These only").check()
    page.get_by_label("Café 7").check()
    page.get_by_label("Those with these labels").check()
    page.get_by_label("team").select_option("team:web")
    page.get_by_text("No source carries all of these now.").wait_for()
    with page.expect_response(lambda one: "role=minimal_workspace_access" in one.url):
        choose(page, "Minimal Workspace Access")
    with page.expect_response(lambda one: "role=source_admin" in one.url) as answer:
        choose(page, "Source Admin")
    assert "No source carries all of these now." in answer.value.text()
    choose(page, "Minimal Workspace Access")
    page.get_by_role("button", name="Give role").click()
    page.locator(".toast", has_text="Gave the role Minimal Workspace Access.").wait_for()
    assert given(cast, group) == [("Minimal Workspace Access", "workspace", [], [])]
    page.go_back()
    page.locator("details.opens:not([open]) > summary").click()
    role = page.get_by_label("Role", exact=True).input_value()
    assert bool(shown(page)) is (role == "source_admin")
    choose(page, "Unify and Engage Admin")
    page.get_by_label("These only").check()
    page.get_by_label("Engage", exact=True).check()
    assert page.get_by_label("Café 7").is_hidden()
    page.get_by_role("button", name="Give role").click()
    page.locator(".toast", has_text="Gave the role Unify and Engage Admin.").wait_for()
    assert given(cast, group)[1] == ("Unify and Engage Admin", "listed", ["spa_1"], [])


def test_escape_leaves_the_form_that_gives_a_role(cast, visit):
    page = visit(cast.olga, f"/demo/settings/access/members/{cast.mina.id}/")
    page.locator("details.opens > summary").click()
    page.get_by_label("Role", exact=True).focus()
    page.keyboard.press("Escape")
    assert page.locator("details.opens[open]").count() == 0
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_a_long_list_is_searched_and_what_is_chosen_stays(cast, group, visit):
    page = open_form(visit, cast, group)
    choose(page, "Source Admin")
    page.get_by_label("These only").check()
    assert page.get_by_text("15 to choose from, 0 chosen").is_visible()
    page.get_by_label("Kiosk").check()
    search = page.get_by_label("Find a source")
    search.fill("cafe 11")
    assert page.get_by_text("1 of 15 found, 1 chosen").is_visible()
    assert page.get_by_label("Café 11").is_visible()
    assert page.get_by_label("Kiosk").is_visible()
    assert page.get_by_label("Café 3").is_hidden()
    search.press("Enter")
    assert page.get_by_role("button", name="Give role").is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.get_by_text("1 of 15 found, 2 chosen").is_visible()
    assert broken_rules(page) == []
    search.fill("")
    page.get_by_role("button", name="Give role").click()
    page.get_by_text("2 sources: ").wait_for()
    # A form that comes back follows the role that it has.
    page.locator("summary", has_text="Give another role").click()
    choose(page, "Source Admin")
    page.get_by_label("These only").check()
    page.get_by_role("button", name="Give role").click()
    page.get_by_text("Choose at least one source of this workspace.").wait_for()
    assert shown(page)[-1] == "Which sources"
    assert broken_rules(page) == []


@DESK_LIGHT_AND_PHONE_DARK
def test_without_scripts_all_is_there_and_what_does_not_fit_is_refused(cast, group, visit, size, scheme):
    page = open_form(visit, cast, group, size=size, scheme=scheme, scripts=False)
    lists = ["Which sources", "Which functions", "Which warehouses", "Which spaces", "Labels"]
    assert shown(page)[4:] == lists
    assert page.get_by_text("For Lake reader, with “These only”.").is_visible()
    assert page.get_by_text("Labels are for Source Admin · Source Read-only ·").is_visible()
    assert page.get_by_label("Find a source").is_hidden()
    choose(page, "Source Admin")
    page.get_by_label("These only").check()
    page.get_by_label("Café 7").check()
    page.get_by_label("Reporting").check()
    page.get_by_role("button", name="Give role").click()
    page.get_by_text("Source Admin is given over sources alone. Leave out Reporting (warehouse).").wait_for()
    assert page.get_by_label("Café 7").is_checked()
    page.get_by_label("Reporting").uncheck()
    page.get_by_label("team").select_option("team:web")
    page.get_by_role("button", name="Give role").click()
    page.get_by_text("You chose a label, and a reach that leaves it out.").wait_for()
    page.get_by_label("team").select_option("")
    page.get_by_role("button", name="Give role").click()
    page.locator(".toast", has_text="Gave the role Source Admin.").wait_for()
    assert [one[:2] for one in given(cast, group)] == [("Source Admin", "listed")]
