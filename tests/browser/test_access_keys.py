"""Access Management and what is beside it by keyboard alone: where Tab goes, what is seen of it, and that nothing holds on to it."""

import pytest

from auditapp.access.inviting import invite_members
from auditapp.access.own_roles import create_role
from tests.access.support_moves import give, make_sam
from tests.browser.conftest import DESK, PHONE
from tests.browser.rules import broken_rules
from tests.factories import PASSWORD, acting_as, make_group, make_token

HOME = "/demo/settings/access/"
LOOKS = pytest.mark.parametrize(
    ("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk-light", "phone-dark"]
)
MOST = 400
# What has the focus: its place in the page, whether it can be seen, and whether its focus can.
FOCUSED = """() => {
  const it = document.activeElement;
  if (!it || it === document.body) return null;
  const all = [...document.querySelectorAll("*")], box = it.getBoundingClientRect(), look = getComputedStyle(it);
  const shown = it.closest("label, summary, a, button") ?? it;
  // The parts of a date that are typed and its button show their own.
  const ring = it.type === "date" || [it, shown, it.parentElement].some((one) => {
    const style = getComputedStyle(one);
    return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
  });
  return {
    place: all.indexOf(it), ring, inMain: Boolean(it.closest("main")),
    isSeen: box.width > 0 && box.height > 0 && look.visibility === "visible" && box.right > 0 && box.left < innerWidth,
    what: `${it.tagName.toLowerCase()} ${it.name ?? ""} ${(it.innerText || it.ariaLabel || "").trim().slice(0, 40)}`,
  };
}"""


@pytest.fixture
def pages(cast):
    """Every page of the area with something on it, by name."""
    group = make_group(workspace=cast.workspace, name="Readers", members=[cast.mina])
    token, _ = make_token(workspace=cast.workspace, created_by=cast.olga.id)
    with acting_as(cast.olga, cast.workspace):
        invite_members(emails=["guest@example.com"], role_key="auditor", scope="workspace")
        role = create_role(name="Release manager", over="source", permissions=["source.read"])
    give(cast, make_sam())
    return {
        "users": HOME,
        "invitations": f"{HOME}invitations/",
        "invite": f"{HOME}invite/",
        "member": f"{HOME}members/{cast.mina.id}/",
        "groups": f"{HOME}groups/",
        "new group": f"{HOME}groups/new/",
        "group": f"{HOME}groups/{group.id}/",
        "roles": f"{HOME}roles/",
        "new role": f"{HOME}roles/new/",
        "role": f"{HOME}roles/{role.key}/",
        "edit role": f"{HOME}roles/{role.key}/edit/",
        "tokens": f"{HOME}tokens/",
        "token": f"{HOME}tokens/{token.id}/",
        "new token": f"{HOME}tokens/new/",
        "find token": f"{HOME}tokens/find/",
        "labels": f"{HOME}labels/",
        "label": f"{HOME}labels/environment/prod/",
        "what carries labels": f"{HOME}labels/matching/",
        "support": f"{HOME}support/",
        "give support": f"{HOME}support/new/",
        "transfer": f"{HOME}transfer/",
        "leave": "/demo/leave/",
        "single sign-on": "/demo/settings/workspace/single-sign-on/",
        "own requests": "/demo/access-requests/",
    }


def prove(page):
    """Forms that ask first who sits there are shown whole."""
    page.goto("/accounts/reauthenticate/?next=/demo/settings/access/")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Access Management").wait_for()


def tabbed(page):
    """All that Tab reaches from the top of a page, until it leaves the page."""
    page.evaluate("document.activeElement?.blur(); window.getSelection().removeAllRanges()")
    reached = []
    for _ in range(MOST):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused is None or (reached and focused["place"] == reached[0]["place"]):
            break
        reached.append(focused)
    else:
        pytest.fail(f"Tab never leaves {page.url}: {[one['what'] for one in reached[-6:]]}")
    return reached


@LOOKS
def test_tab_goes_through_each_page_in_its_order_and_is_seen(cast, visit, pages, size, scheme):
    page = visit(cast.olga, HOME, size=size, scheme=scheme)
    prove(page)
    wrong = []
    for name, path in pages.items():
        page.goto(path)
        reached = tabbed(page)
        if not reached or not reached[0]["what"].startswith("a  Skip to content"):
            wrong.append(f"{name}: begins with {reached[:1]}")
        places = [one["place"] for one in reached]
        if places != sorted(places):
            wrong.append(f"{name}: out of order")
        wrong += [f"{name}: no ring on {one['what']}" for one in reached if not one["ring"]]
        wrong += [f"{name}: out of sight: {one['what']}" for one in reached if not one["isSeen"]]
        if name != "own requests" and not any(one["inMain"] for one in reached):
            wrong.append(f"{name}: nothing of the page is reached")
    assert "\n".join(wrong) == ""


@LOOKS
def test_no_page_breaks_a_rule_of_accessibility_or_is_wider_than_the_screen(cast, visit, pages, size, scheme):
    page = visit(cast.olga, HOME, size=size, scheme=scheme)
    prove(page)
    wrong = []
    for name, path in pages.items():
        page.goto(path)
        wrong += [f"{name}: {one}" for one in broken_rules(page)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append(f"{name}: wider than the screen")
    assert "\n".join(wrong) == ""


def test_the_first_tab_skips_to_the_page_and_escape_closes_what_opened(cast, visit, pages):
    page = visit(cast.olga, pages["users"])
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    for name, word in (
        ("tokens", "Revoke…"),
        ("group", "Delete group…"),
        ("member", "Remove…"),
        ("support", "Take back…"),
    ):
        page.goto(pages[name])
        opener = page.locator("summary", has_text=word).first
        opener.focus()
        page.keyboard.press("Enter")
        panel = page.locator("details[open] > .confirm").first
        panel.wait_for()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('details[open]') !== null"), name
        page.keyboard.press("Escape")
        panel.wait_for(state="hidden")
        assert opener.evaluate("one => document.activeElement === one"), name
