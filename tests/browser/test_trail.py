"""The trail in a browser: by mouse and keyboard, without scripts, on a phone, with hostile events."""

import re

import pytest
from django.urls import reverse

from auditapp.lib.ids import event_key
from auditapp.record.workspace_scope import in_workspace
from auditapp.record.writer import write_events
from tests.browser.conftest import DESK, PHONE
from tests.browser.rules import broken_rules
from tests.trail.history import tell_sample
from tests.trail.payloads import PAYLOADS, hostile_draft

TRAIL = "/demo/settings/admin/audit-trail/"


def settle(page):
    page.wait_for_load_state("networkidle")


def rows(page):
    return page.locator("tr.trail__event")


# --- Filters ----------------------------------------------------------------------------------------------------------


def test_events_are_searched_ticked_and_applied_and_the_url_says_it(history, visit):
    page = visit(history.olga, TRAIL)
    page.click("#events-button")
    page.keyboard.type("warehouse dis")  # the search has the focus
    options = page.locator("#event-options .facet__name:visible")
    assert "Warehouse Disabled" in options.all_inner_texts()
    assert "Source Created" not in options.all_inner_texts()
    page.locator(".facet", has_text=re.compile("^Warehouse Disabled")).locator("input").check()
    page.wait_for_selector("#apply-events:text('Show 1 event')")
    page.click("#apply-events")
    page.wait_for_url(f"**{TRAIL}?event=warehouse.disabled")
    assert rows(page).count() == 1
    assert page.locator("#events-button .button__count").inner_text() == "1"
    assert page.evaluate("document.activeElement.id") == "events-button"
    assert page.locator("#announcement").inner_text() == "1 event"
    page.go_back()
    page.wait_for_selector("tr.trail__event >> nth=49")
    assert page.url.endswith(TRAIL)


def test_an_area_ticks_its_events_and_loses_its_tick_with_one_of_them(history, visit):
    page = visit(history.olga, TRAIL)
    page.click("#events-button")
    page.check("#area-warehouses")
    page.click("label:has(#show-warehouses)")
    boxes = page.locator(".facet-group[aria-label=Warehouses] [name=event]")
    assert all(box.is_checked() for box in boxes.all())
    boxes.first.uncheck()
    assert page.evaluate("document.querySelector('#area-warehouses').indeterminate")
    page.click("#apply-events")
    page.wait_for_url(lambda url: "event=" in url)
    assert "area=" not in page.url


def test_actors_are_left_out_with_none_of_and_the_chip_takes_it_back(history, visit):
    page = visit(history.olga, TRAIL)
    page.click("#actors-button")
    page.locator(".segmented label", has_text="Is none of").locator("visible=true").click()
    page.locator("#actor-options .facet", has_text="Terraform Cloud").locator("input").check()
    page.click("#apply-actors")
    page.wait_for_selector(".chip:has-text('Actor is not Terraform Cloud')")
    assert "actor=!tok_" in page.url
    assert page.locator(".trail__cell-actor", has_text="Terraform Cloud").count() == 0
    page.click(".chip__remove")
    page.wait_for_url(f"**{TRAIL}")
    assert page.locator(".chip").count() == 0
    assert page.locator("#actors-button .button__count").count() == 0


def test_words_are_searched_with_enter_and_the_focus_stays(history, visit):
    page = visit(history.olga, TRAIL)
    page.keyboard.press("/")
    page.keyboard.type("braze")
    page.keyboard.press("Enter")
    page.wait_for_url("**?q=braze")
    settle(page)
    assert 0 < rows(page).count() < 50
    assert page.evaluate("document.activeElement.id") == "search"


def test_a_wrong_address_is_said_beside_its_field_and_the_list_stays(history, visit):
    page = visit(history.olga, TRAIL)
    page.keyboard.press("f")
    page.fill("#ip-1", "203.0.113.0/40")
    page.click("#apply-more")
    page.wait_for_selector("#ip-error:has-text('A range ends in /0 to /32')")
    assert rows(page).count() == 50
    assert page.locator("#ip-1").input_value() == "203.0.113.0/40"


def test_older_and_newer_swap_the_list(history, visit):
    page = visit(history.olga, TRAIL)
    first = rows(page).first.get_attribute("data-event")
    page.click("#page-older")
    page.wait_for_url("**?older=**")
    settle(page)
    assert rows(page).first.get_attribute("data-event") != first
    page.click("#page-newer")
    page.wait_for_url("**?newer=**")
    settle(page)
    assert rows(page).first.get_attribute("data-event") == first


def test_dragging_over_the_bars_writes_the_range_and_keeps_the_filters(history, visit):
    page = visit(history.olga, f"{TRAIL}?area=warehouses")
    box = page.locator(".histogram__plot").bounding_box()
    y = box["y"] + 20
    page.mouse.move(box["x"] + box["width"] * 0.8, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.85, y, steps=4)
    page.mouse.move(box["x"] + box["width"] * 0.9, y, steps=4)
    assert page.locator(".histogram__drag").count() == 1
    page.mouse.up()
    page.wait_for_url(re.compile(r"area=warehouses&from=\d{4}-\d\d-\d\d&to=\d{4}-\d\d-\d\d"))
    first, last = re.search(r"from=([\d-]+)&to=([\d-]+)", page.url).groups()
    assert first < last


def test_a_range_of_bars_is_chosen_by_keyboard(history, visit):
    page = visit(history.olga, f"{TRAIL}?area=warehouses")
    page.locator(".histogram__day[tabindex='0']").focus()
    page.keyboard.press("ArrowLeft")
    last = page.evaluate("document.activeElement.dataset.to")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Shift+ArrowLeft")
    first = page.evaluate("document.activeElement.dataset.from")
    assert page.locator(".histogram__drag").count() == 1
    page.keyboard.press("Enter")
    page.wait_for_url(f"**?area=warehouses&from={first}&to={last}")
    assert first < last


def test_hours_are_dragged_over_too(history, visit):
    page = visit(history.olga, f"{TRAIL}?from=2026-11-22&to=2026-11-24")
    box = page.locator(".histogram__plot").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 20, steps=4)
    page.mouse.up()
    page.wait_for_url("**?from=2026-11-22T14:00&to=2026-11-23T19:59")


def test_bars_that_take_a_search_come_after_the_page(history, visit):
    page = visit(history.olga, f"{TRAIL}?q=braze")
    page.wait_for_selector("#bars .histogram__day")
    assert page.locator(".histogram__later").count() == 0
    assert page.url.endswith("?q=braze")
    page = visit(history.olga, f"{TRAIL}?q=braze", scripts=False)
    assert page.locator("#bars").inner_text() == "Show when these happened"
    page.click("#bars")
    page.wait_for_url("**?q=braze&bars=1")
    assert page.locator("#bars .histogram__day").count() >= 14


# --- Drawer and keyboard ----------------------------------------------------------------------------------------------


def test_rows_are_walked_opened_and_left_by_keyboard(history, visit):
    page = visit(history.olga, TRAIL)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("j")
    second = rows(page).nth(1).get_attribute("data-event")
    page.keyboard.press("Enter")
    page.wait_for_selector(f".drawer[data-event={second}]")
    settle(page)
    assert page.url.endswith(f"open={second}")
    assert page.locator(f"tr[data-event={second}]").get_attribute("aria-current") == "true"
    assert page.evaluate("document.activeElement.matches('.drawer')")
    page.click("#drawer-older")
    page.wait_for_selector(f".drawer:not([data-event={second}])")
    settle(page)
    assert page.evaluate("document.activeElement.id") == "drawer-older"
    third = page.locator(".drawer").get_attribute("data-event")
    assert third == rows(page).nth(2).get_attribute("data-event")
    page.keyboard.press("Escape")
    page.wait_for_selector(".drawer", state="detached")
    settle(page)
    assert "open=" not in page.url
    assert page.evaluate("document.activeElement.closest('tr').dataset.event") == third


def test_a_row_opens_by_a_click_anywhere_on_it(history, visit):
    page = visit(history.olga, TRAIL)
    rows(page).nth(3).locator(".trail__cell-area").click()
    page.wait_for_selector(".drawer")


def test_keys_open_export_filters_and_help(history, visit):
    page = visit(history.olga, TRAIL)
    page.keyboard.press("e")
    assert page.locator("#export-menu").get_attribute("open") is not None
    page.keyboard.press("Escape")
    assert page.locator("#export-menu").get_attribute("open") is None
    page.keyboard.press("?")
    assert page.locator("#shortcuts").get_attribute("open") is not None


def test_verify_shows_its_steps_in_the_drawer(history, visit):
    page = visit(history.olga, TRAIL)
    rows(page).nth(2).locator(".trail__link").click()
    page.click("#verify")
    page.wait_for_selector(".checks li >> nth=4")
    assert page.locator(".checks .status--good").count() == 5
    assert "verify" not in page.url


def test_copy_puts_the_event_on_the_clipboard(history, visit):
    page = visit(history.olga, TRAIL)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    rows(page).nth(2).locator(".trail__link").click()
    page.click("[data-copies='#event-key']")
    page.wait_for_selector("button:has-text('Copied')")
    assert page.evaluate("navigator.clipboard.readText()") == rows(page).nth(2).get_attribute("data-event")


def test_the_csv_is_downloaded(history, visit):
    page = visit(history.olga, f"{TRAIL}?area=warehouses")
    page.click("#export-menu > summary")
    with page.expect_download() as download:
        page.click("#export-menu >> text=CSV")
    assert re.fullmatch(r"audit-trail_demo_begin_[\d-]+_UTC_\d+-events\.csv", download.value.suggested_filename)


# --- Without scripts, on a phone --------------------------------------------------------------------------------------


def test_everything_works_without_scripts(history, visit):
    page = visit(history.olga, TRAIL, scripts=False)
    page.click("#events-button")
    page.check("#area-warehouses")
    page.click("#apply-events")
    page.wait_for_url(f"**{TRAIL}?area=warehouses")
    assert set(page.locator(".trail__cell-area").all_inner_texts()) == {"Warehouses"}
    page.click("#actors-button")
    page.fill("#actor-find", "terra")
    page.click("#actors-filter noscript button")
    page.wait_for_url("**actor_q=terra**")
    assert page.locator("#actor-options .facet").count() == 1
    page.click("#actors-button")
    rows(page).first.locator(".trail__link").click()
    page.wait_for_selector(".drawer")
    page.click("#verify")
    page.wait_for_selector(".checks li >> nth=4")
    page.go_back()
    page.click("#drawer-close")
    assert page.locator(".drawer").count() == 0
    assert page.locator(".js-only:visible").count() == 0


@pytest.mark.parametrize("path", ["", "?open={key}", "{key}/"])
def test_a_phone_never_scrolls_sideways(history, visit, path):
    key = tell_sample(history.workspace, history.olga, "warehouse.disabled").key
    page = visit(history.olga, TRAIL + path.format(key=key), size=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# --- Accessibility ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_no_page_of_the_trail_breaks_a_rule_of_wcag(history, visit, size, scheme):
    key = tell_sample(history.workspace, history.olga, "warehouse.disabled").key
    page = visit(history.olga, f"{TRAIL}?area=warehouses&actor=!usr_1&outcome=success", size=size, scheme=scheme)
    found = {"list": broken_rules(page)}
    for name in ("more", "events", "actors", "resource", "date"):
        page.click(f"#{name}-button")
        found[name] = broken_rules(page)
        page.keyboard.press("Escape")
    for name, path in (
        ("drawer", f"{TRAIL}?open={key}"),
        ("page", f"{TRAIL}{key}/?verify=1"),
        ("none", f"{TRAIL}?q=zzzz"),
        ("search", f"{TRAIL}?q=braze"),
        ("hours", f"{TRAIL}?from=2026-11-22&to=2026-11-24"),
    ):
        page.goto(path)
        found[name] = broken_rules(page)
    assert {name: rules for name, rules in found.items() if rules} == {}


# --- Hostile events ---------------------------------------------------------------------------------------------------


def test_thirty_hostile_texts_run_nothing_anywhere(cast, visit):
    drafts = [hostile_draft(cast.workspace.id, text) for text in PAYLOADS]
    with in_workspace(cast.workspace.id):
        write_events(drafts)
    page = visit(cast.olga, TRAIL)
    settle(page)
    assert rows(page).count() == len(PAYLOADS)
    for button in ("events", "actors", "resource"):
        page.click(f"#{button}-button")
    for draft in drafts:
        key = event_key(draft.id)
        page.click(f"tr[data-event={key}] .trail__cell-time")
        page.wait_for_selector(f".drawer[data-event={key}]")
        assert page.evaluate("window.hacked") is None
    for draft in drafts:
        page.goto(reverse("trail:event_page", args=["demo", event_key(draft.id)]))
        settle(page)
        assert page.evaluate("window.hacked") is None
        assert page.locator("h1").count() == 1
    # Still signed in: no injected attribute made a request.
    page.goto(TRAIL)
    assert rows(page).count() == len(PAYLOADS)
