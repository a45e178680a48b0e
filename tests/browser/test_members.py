"""Somebody is invited, comes in, sees what their role reaches and nothing else, and leaves again."""

import re

import pytest
from django.core import mail

from auditapp.sources.services import change_source
from tests.browser.conftest import DESK, PHONE
from tests.browser.rules import broken_rules
from tests.factories import PASSWORD, acting_as

BOTH = pytest.mark.parametrize(
    ("size", "scheme", "scripts"),
    [(DESK, "light", True), (PHONE, "dark", False)],
    ids=["desk-light", "phone-dark-no-scripts"],
)


@BOTH
def test_a_guest_is_invited_joins_sees_one_source_alone_and_leaves(cast, visit, size, scheme, scripts):
    for source, name in ((cast.shop, "Web shop of old"), (cast.kiosk, "Kiosk at the pier")):
        with acting_as(cast.olga, cast.workspace):
            change_source(source_id=source.id, name=name, labels=[])
    look = {"size": size, "scheme": scheme, "scripts": scripts}
    owner = visit(cast.olga, "/demo/settings/access/", **look)
    owner.get_by_role("link", name="Invite people").click()
    owner.get_by_label("E-mail addresses").fill(f"grace@example.com,\n{cast.milo.email}")
    owner.get_by_label("Role", exact=True).select_option("source_read_only")
    owner.get_by_label("These only").check()
    owner.get_by_label("Kiosk at the pier").check()
    if scripts:
        assert broken_rules(owner) == []
    mail.outbox.clear()
    owner.get_by_role("button", name="Send invitations").click()
    owner.get_by_text("This person is a member already").first.wait_for()
    assert owner.get_by_label("E-mail addresses").input_value() == cast.milo.email
    owner.goto("/demo/settings/access/")
    assert owner.get_by_text("Not joined yet").is_visible()
    if scripts:
        assert broken_rules(owner) == []
    [sent] = mail.outbox
    link = re.search(r"/accounts/invitation/\w+/", sent.body)[0]

    guest = visit(cast.zoe, "/", **look)
    guest.context.clear_cookies()
    guest.goto(link)
    assert guest.get_by_text("You are invited as Source Read-only").is_visible()
    if scripts:
        assert broken_rules(guest) == []
    guest.get_by_label("Your name").fill("Grace Mbeki")
    guest.get_by_label("Password").fill(PASSWORD)
    guest.get_by_role("button", name="Create account and join").click()
    guest.wait_for_url("**/demo/**")

    for path in (
        "/demo/settings/admin/audit-trail/",
        "/demo/settings/admin/audit-trail/?q=source",
        "/demo/connections/sources/",
    ):
        guest.goto(path)
        text = guest.content()
        assert "Web shop" not in text
        assert "Kiosk at the pier" in text
    for path in (f"/demo/connections/sources/{cast.shop.id}/", "/demo/settings/access/"):
        guest.goto(path)
        assert "Web shop" not in guest.content()

    guest.goto("/demo/leave/")
    if scripts:
        assert broken_rules(guest) == []
    guest.get_by_role("button", name="Leave the workspace").click()
    guest.get_by_text("You are in no workspace yet").wait_for()
    owner.goto("/demo/settings/access/?q=grace")
    assert owner.get_by_text("Nobody fits").is_visible()
