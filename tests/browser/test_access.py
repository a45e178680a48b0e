"""Finding a token that leaked, and asking for access, as people do it."""

from urllib.parse import urlsplit

import pytest

from auditapp.lib.tokens import new_api_token
from tests.browser.conftest import DESK, PHONE
from tests.browser.rules import broken_rules
from tests.factories import make_token

BOTH = pytest.mark.parametrize(
    ("size", "scheme", "scripts"),
    [(DESK, "light", True), (PHONE, "dark", False)],
    ids=["desk-light", "phone-dark-no-scripts"],
)


def fits(part, size):
    edges = part.bounding_box()
    return edges["x"] >= 0 and edges["x"] + edges["width"] <= size["width"]


@BOTH
def test_a_leaked_token_is_pasted_found_and_revoked(cast, visit, size, scheme, scripts):
    token, secret = make_token(workspace=cast.workspace)
    page = visit(cast.olga, "/demo/settings/access/", size=size, scheme=scheme, scripts=scripts)
    page.get_by_role("link", name="Tokens").click()
    page.get_by_role("link", name="Find a leaked token").click()
    sent = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.post_data or ''}"))

    def sent_beside_static_files():
        return [one for one in sent if not urlsplit(one.split()[0]).path.startswith("/static/")]

    if scripts:
        page.get_by_text("the token does not leave this page").wait_for()
        assert broken_rules(page) == []
        page.get_by_label("The token, or the text").fill("nothing like it")
        page.get_by_role("button", name="Find it").click()
        page.get_by_text("There is no access token in this text").wait_for()
        assert sent_beside_static_files() == []
    else:
        assert page.get_by_text("the token is sent to this server").is_visible()
    page.get_by_label("The token, or the text").fill(f"export TOKEN={secret}")
    page.get_by_label("The token, or the text").press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("It is this token, and it works.").wait_for()
    assert any(secret in one for one in sent) is not scripts
    assert secret not in page.content() + page.url
    if scripts:
        assert broken_rules(page) == []
    assert fits(page.get_by_label("Works only from"), size)
    page.locator("summary", has_text="Revoke").click()
    assert fits(page.locator(".confirm button", has_text="Revoke"), size)
    page.locator(".confirm button", has_text="Revoke").click()
    page.get_by_role("heading", name="Access tokens").wait_for()
    page.goto(f"/demo/settings/access/tokens/{token.id}/")
    page.get_by_text("Revoked", exact=False).first.wait_for()
    page.get_by_role("link", name="What did this token do?").click()
    assert f"token={token.id}" in page.url


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_every_token_of_a_text_is_told_the_same_with_scripts_and_without(cast, visit, scripts):
    _, first = make_token(workspace=cast.workspace, name="CI deploy")
    _, second = make_token(workspace=cast.workspace, name="Old script")
    others = [new_api_token() for _ in range(8)]  # each with a checksum of its own
    wrapped = f"{second[:5]}\n{second[5:20]}\n   {second[20:]}"
    page = visit(cast.olga, "/demo/settings/access/tokens/find/", scripts=scripts)
    sent = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.post_data or ''}"))
    text = f"aud_pat_{36 * 'x'} {first} {' '.join(others)}\n{wrapped}\n{first[:-2]}, aud_pat_ and so on"
    page.get_by_label("The token, or the text").fill(text)
    page.get_by_role("button", name="Find it").click()
    page.get_by_role("heading", name="In this text: 12 tokens").wait_for()
    rows = page.locator("tbody tr").all_inner_texts()
    is_here = ["CI deploy" in row or "Old script" in row for row in rows]
    assert is_here == [False, True, *(8 * [False]), True, False]
    assert ["Mistyped" in row for row in rows] == [True, *(10 * [False]), True]
    assert any(first in one for one in sent) is not scripts
    assert page.url.count(",") == 11
    if scripts:
        assert broken_rules(page) == []


@BOTH
def test_a_member_asks_for_access_and_an_owner_gives_it(cast, visit, size, scheme, scripts):
    page = visit(cast.mina, "/demo/connections/sources/", size=size, scheme=scheme, scripts=scripts)
    page.get_by_label("What you need it for").fill("On call this week")
    if scripts:
        assert broken_rules(page) == []
    page.get_by_role("button", name="Ask the owners for this").click()
    page.get_by_text("Waits for an owner").wait_for()
    if scripts:
        assert broken_rules(page) == []
    page.goto("/demo/connections/sources/")
    assert page.get_by_text("It waits for an owner").is_visible()
    owner = visit(cast.olga, "/demo/settings/access/", size=size, scheme=scheme, scripts=scripts)
    assert owner.get_by_text("On call this week").is_visible()
    if scripts:
        assert broken_rules(owner) == []
    assert fits(owner.get_by_role("button", name="Approve what"), size)
    assert fits(owner.get_by_role("button", name="Decline what"), size)
    owner.get_by_role("button", name="Approve what").click()
    owner.locator(".toast", has_text="Approved: gave the role Source Read-only.").wait_for()
    page.goto("/demo/connections/sources/")
    page.get_by_role("heading", name="Sources").first.wait_for()


@BOTH
def test_an_owner_sees_what_a_member_may_see_why_and_on_another_day(cast, visit, size, scheme, scripts):
    page = visit(cast.olga, "/demo/settings/access/", size=size, scheme=scheme, scripts=scripts)
    page.get_by_role("link", name="Milo of demo").first.click()
    page.get_by_role("heading", name="What can Milo of demo see?").wait_for()
    trail = page.locator("tr", has_text="Open the Audit Trail")
    for opened in ("Web shop", "iOS app", "What they did themselves", "Source Admin"):
        assert trail.get_by_text(opened).first.is_visible()
    assert trail.get_by_text("Kiosk").count() == 0
    if scripts:
        assert broken_rules(page) == []
    assert fits(page.get_by_label("As it was at the end of"), size)
    page.get_by_label("As it was at the end of").fill("2020-01-31")
    page.get_by_role("button", name="Show").click()
    page.get_by_text("As it was on").first.wait_for()
    assert "on=2020-01-31" in page.url
    page.get_by_role("link", name="Now", exact=True).click()
    page.locator("tr", has_text="Open the Audit Trail").get_by_text("Web shop").first.wait_for()
    if scripts:
        assert broken_rules(page) == []
