"""An open event in a browser: stepping by keys, narrowing by its values, its time zone, and how it prints."""

import pytest

from tests.trail.history import tell, tell_sample

TRAIL = "/demo/settings/admin/audit-trail/"


def test_j_and_k_step_from_event_to_event_in_the_drawer_and_on_the_page(history, visit):
    page = visit(history.olga, TRAIL)
    first, second = (page.locator("tr.trail__event").nth(place).get_attribute("data-event") for place in (0, 1))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector(f".drawer[data-event={first}]")
    page.keyboard.press("j")
    page.wait_for_selector(f".drawer[data-event={second}]")
    page.keyboard.press("k")
    page.wait_for_selector(f".drawer[data-event={first}]")
    assert page.url.endswith(f"open={first}")
    page.goto(f"{TRAIL}{second}/")
    page.keyboard.press("k")
    page.wait_for_url(f"**{TRAIL}{first}/")


def test_switched_off_single_keys_do_nothing_until_they_are_on_again(history, visit):
    page = visit(history.olga, TRAIL)
    page.click("[data-dialog='#shortcuts']")
    page.click("[data-keys-switch]")
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("j")
    page.keyboard.press("?")
    assert page.evaluate("document.activeElement === document.body")
    assert page.locator("#shortcuts").get_attribute("open") is None
    page.click("[data-dialog='#shortcuts']")
    assert not page.is_checked("[data-keys-switch]")
    page.click("[data-keys-switch]")
    page.keyboard.press("Escape")
    page.locator("body").press("j")
    assert page.evaluate("document.activeElement.matches('.trail__link')")


@pytest.mark.parametrize(("label", "is_left"), [("Only this actor", True), ("Leave out this actor", False)])
def test_a_value_narrows_the_list_or_is_left_out(history, visit, label, is_left):
    key = tell_sample(history.workspace, history.milo, "warehouse.disabled").key
    page = visit(history.olga, f"{TRAIL}?area=warehouses&open={key}")
    page.click(f".drawer [aria-label='{label}']")
    page.wait_for_url(lambda url: "actor=" in url)
    names = set(page.locator(".trail__cell-actor bdi").all_inner_texts())
    assert (history.milo.name in names) == is_left
    assert "area=warehouses" in page.url
    assert len(names) > 1 or is_left


def test_times_are_shown_in_another_zone_and_it_is_kept(history, visit):
    page = visit(history.olga, TRAIL, zone="Asia/Tokyo")
    page.reload()  # the first page told the server where its reader is
    clock = page.locator(".trail__clock").first.inner_text()
    page.locator(".pager [data-zone]").first.click()
    page.wait_for_selector(".pager:has-text('Tokyo, UTC+9')")
    moved = page.locator(".trail__clock").first.inner_text()
    assert (int(moved[:2]) - int(clock[:2])) % 24 == 9
    page.goto(TRAIL)
    assert page.locator(".trail__clock").first.inner_text() == moved


@pytest.mark.parametrize("path", ["?area=warehouses", "?open={key}", "{key}/"], ids=["list", "drawer", "page"])
def test_paper_says_what_it_shows_and_holds_nothing_to_press(history, visit, path):
    key = tell_sample(history.workspace, history.olga, "warehouse.disabled").key
    for attempt in (1, 2):  # one row, which unfolds on a screen
        meta = {"task": "tsk_1", "attempt": attempt, "of": 6}
        tell(history.workspace, history.olga, "warehouse.run_failed", meta=meta)
    page = visit(history.olga, TRAIL + path.format(key=key))
    page.emulate_media(media="print")
    pressable = page.locator(
        "button:visible, input:visible, summary:visible, .button:visible, .refine:visible, nav:visible"
    )
    assert [one.inner_text() for one in pressable.all()] == []
    said = page.locator(".print-only:visible").all_inner_texts()
    assert len(said) == 1
    assert "Times in UTC." in said[0]
    assert said[0].endswith(page.url if "open" not in path else f"{TRAIL}{key}/")
