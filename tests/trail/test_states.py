"""What the list says of its seal, and where there is nothing to show."""

import re
from datetime import timedelta

import pytest

from auditapp.lib import clock
from auditapp.record.workspace_scope import in_workspace
from auditapp.record.writer import write_events
from auditapp.sealing.models import Verification
from tests.factories import as_operator
from tests.trail.history import NOON, seal_all, tell, tell_sample
from tests.trail.payloads import hostile_draft
from tests.trail.reading import rows_in

# --- The seal ---------------------------------------------------------------------------------------------------------


def test_thread_is_dotted_until_the_checkpoint_and_solid_below(cast, browser_of, trail_url):
    tell_sample(cast.workspace, cast.olga, "warehouse.disabled", at=NOON - timedelta(hours=2))
    seal_all()
    tell_sample(cast.workspace, cast.olga, "warehouse.enabled", at=NOON - timedelta(hours=1))
    with clock.at(NOON):
        html = browser_of(cast.olga).get(trail_url).content.decode()
    parts = re.findall(r"trail__event[ \w-]*|trail__checkpoint", html.split("<tbody")[1])
    assert parts == ["trail__event trail--unsealed", "trail__checkpoint", "trail__event"]
    assert "Sealed, leaf 0" in html
    assert "Waiting for the next checkpoint" in html


def test_checkpoint_line_is_not_drawn_above_an_unsealed_row(cast, browser_of, trail_url):
    tell_sample(cast.workspace, cast.olga, "warehouse.disabled", at=NOON - timedelta(hours=1))
    seal_all()
    # It arrived late: older than what is sealed, and not sealed itself.
    tell_sample(cast.workspace, cast.olga, "warehouse.enabled", at=NOON - timedelta(hours=2))
    html = browser_of(cast.olga).get(trail_url).content.decode()
    assert "seals everything below" not in html


def test_a_failure_and_an_undeclared_type_are_marked_in_words(cast, browser_of, trail_url):
    with in_workspace(cast.workspace.id):
        write_events([hostile_draft(cast.workspace.id, "plain", type_key="order.refunded")])
    html = browser_of(cast.olga).get(trail_url).content.decode()
    assert "Undeclared type" in html
    assert re.search(r"status--bad.*Failed", html)


def verified(cast, at, *problems):
    """What a verification at this moment would have left behind."""
    with as_operator():
        Verification.objects.create(workspace_id=cast.workspace.id, finished_at=at, events=1, problems=list(problems))


def test_badge_says_how_long_ago_the_trail_was_found_whole(cast, browser_of, trail_url):
    tell_sample(cast.workspace, cast.olga, "warehouse.disabled")
    seal_all()
    verified(cast, NOON - timedelta(minutes=2))
    with clock.at(NOON):
        html = browser_of(cast.olga).get(trail_url).content.decode()
    assert '<span class="only-wide">verified</span> 2 min ago' in html
    assert "The trail is whole" in html


@pytest.mark.parametrize(("seconds", "is_late"), [(59, False), (61, True)])
def test_badge_turns_amber_where_events_wait_for_more_than_a_minute(cast, browser_of, trail_url, seconds, is_late):
    tell_sample(cast.workspace, cast.olga, "warehouse.disabled", at=NOON - timedelta(hours=1))
    seal_all()
    tell_sample(cast.workspace, cast.olga, "warehouse.enabled", at=NOON)
    with clock.at(NOON + timedelta(seconds=seconds)):
        html = browser_of(cast.olga).get(trail_url).content.decode()
    assert ("1 event waits for its seal" in html) == ("signing key may be missing" in html) == is_late


def test_how_many_events_there_are_is_told_to_who_sees_them_all(cast, browser_of, trail_url):
    for minute in range(7):
        tell_sample(cast.workspace, cast.olga, "warehouse.disabled", at=NOON - timedelta(minutes=minute))
    seal_all()
    verified(cast, NOON)
    tell_sample(cast.workspace, cast.olga, "warehouse.enabled", at=NOON)
    for who, is_told in ((cast.olga, True), (cast.milo, False)):
        with clock.at(NOON + timedelta(minutes=2)):
            html = browser_of(who).get(trail_url).content.decode()
        assert "Sealing stands still" in html
        assert ("7 events, " in html) is ("1 event waits" in html) is ("<dd>1 event</dd>" in html) is is_told
        assert re.search(r"\b7\b events", html) is None or is_told


def test_places_in_the_log_are_told_to_who_sees_every_event(cast, browser_of, trail_url):
    for number in range(41):
        tell_sample(cast.workspace, cast.olga, "warehouse.disabled", at=NOON - timedelta(hours=2, minutes=number))
    of_shop = {"scope_id": cast.shop.id}
    for minute in (2, 1):
        at = NOON - timedelta(minutes=minute)
        key = tell(cast.workspace, cast.rita, "source.modified", cast.shop.audit_target, at=at, **of_shop).key
    seal_all()
    tell(cast.workspace, cast.rita, "source.modified", cast.shop.audit_target, **of_shop)
    place, size = re.compile(r"leaf 4[0-9]\b"), re.compile(r"Checkpoint 43 at|\b43 events")
    for who, is_told in ((cast.olga, True), (cast.milo, False)):
        client = browser_of(who)
        listed, event = (client.get(path).content.decode() for path in (trail_url, f"{trail_url}{key}/"))
        assert bool(place.search(listed)) is bool(size.search(listed)) is is_told
        assert "seals everything below" in listed
        assert bool(size.search(event)) is ("<dt>Leaf</dt>" in event) is is_told
        assert bool(re.search(r"leafIndex&quot;: 4", event)) is is_told
        lines = client.get(f"{trail_url}export.jsonl").getvalue().decode()
        assert bool(re.search(r'"leafIndex":4', lines)) is is_told


def test_broken_seal_is_said_above_the_list_and_on_its_row(cast, browser_of, trail_url):
    key = tell(cast.workspace, cast.rita, "source.modified", cast.shop.audit_target, scope_id=cast.shop.id).key
    tell_sample(cast.workspace, cast.olga, "warehouse.enabled", at=NOON - timedelta(hours=1))
    seal_all()
    problem = {"kind": "column", "message": "The column says other than the bytes.", "event": key, "field": "actor_id"}
    verified(cast, NOON, problem, {"kind": "node", "message": "A node is not what its leaves say."})
    html = browser_of(cast.olga).get(trail_url).content.decode()
    assert "seal-badge--broken" in html
    assert "found 2 problems" in html
    assert "actor_id" in html
    assert html.count("trail--broken") == html.count("Does not match its seal, leaf") == 1
    # Who sees a part is told that it is broken, and not where.
    hidden = browser_of(cast.mina).get(trail_url).content.decode()
    assert "found 2 problems" in hidden
    assert key not in hidden


def test_what_nobody_can_prove_is_not_called_broken(cast, browser_of, trail_url):
    tell_sample(cast.workspace, cast.olga, "warehouse.disabled")
    seal_all()
    verified(cast, NOON, {"kind": "undecided", "message": "No checkpoint is left."})
    html = browser_of(cast.olga).get(trail_url).content.decode()
    assert "Sealed, not proved" in html
    assert "seal-badge--broken" not in html
    assert "trail--broken" not in html


# --- Empty ------------------------------------------------------------------------------------------------------------


def test_first_day_says_what_will_fill_the_trail(cast, browser_of, trail_url):
    assert "The trail starts with your next change" in browser_of(cast.olga).get(trail_url).content.decode()


def test_where_nothing_matches_the_page_says_which_filter_keeps_what_away(cast, browser_of, trail_url):
    tell_sample(cast.workspace, cast.olga, "warehouse.disabled", at=NOON - timedelta(days=9))
    query = {"event": "warehouse.disabled", "from": "2026-11-23", "to": "2026-11-24"}
    with clock.at(NOON):
        html = browser_of(cast.olga).get(trail_url, query).content.decode()
    assert "No events match" in html
    assert re.search(r"Without <b>Date</b> .*?1 event<", html)
    assert "The nearest day that has some, <b>15 November</b>" in html
    assert "from=2026-11-15&amp;to=2026-11-15" in html


@pytest.fixture
def nobody_fits(cast):
    """What olga did to a warehouse days ago and a token's failure today; gives the address of a search with three filters."""
    tell_sample(cast.workspace, cast.olga, "warehouse.disabled", at=NOON - timedelta(days=9))
    tell_sample(cast.workspace, cast.rita, "warehouse.enabled", at=NOON, outcome="failure")
    return {"actor": cast.olga.id, "outcome": "failure", "from": "2026-11-23", "event": "warehouse.enabled"}


def test_where_only_several_filters_together_keep_events_away_the_smallest_sets_are_offered(
    cast, browser_of, trail_url, nobody_fits
):
    with clock.at(NOON):
        html = browser_of(cast.olga).get(trail_url, nobody_fits | {"event": "source.created"}).content.decode()
    assert "No single filter keeps them away. Taking these away together would show:" in html
    offered = re.findall(r'href="([^"]+)"[^>]*>(?:(?!</a>).)*?Without <b>([^<]+)</b>', html)
    assert [label for _, label in offered] == ["Events and Actor", "any filter"]
    assert offered[0][0].replace("&amp;", "&") == f"{trail_url}?outcome=failure&from=2026-11-23"


def test_larger_sets_are_tried_where_no_pair_shows_anything(cast, browser_of, trail_url, nobody_fits):
    asked = {"event": "source.created", "outcome": "failure", "ip": "192.0.2.1", "actor": "usr_gone"}
    with clock.at(NOON):
        html = browser_of(cast.olga).get(trail_url, asked).content.decode()
    offered = re.findall(r"Without <b>([^<]+)</b>", html)
    assert offered == ["Events, Actor and Source IP", "any filter"]


def test_how_many_sets_are_counted_is_bounded(cast, browser_of, trail_url, nobody_fits, monkeypatch):
    monkeypatch.setattr("auditapp.trail.queries.SETS_COUNTED", 0)
    with clock.at(NOON):
        html = browser_of(cast.olga).get(trail_url, nobody_fits | {"event": "source.created"}).content.decode()
    assert "No single filter keeps them away; several do." in html
    assert re.findall(r"Without <b>([^<]+)</b>", html) == ["any filter"]


def test_a_search_that_ran_out_of_time_says_so_and_goes_on(cast, browser_of, trail_url, monkeypatch):
    monkeypatch.setattr("auditapp.record.event_keys.WALK_EVENTS", 2)
    monkeypatch.setattr("auditapp.record.event_keys.LONG_WALKS", (3,))
    for minute in range(6):
        who = cast.olga if minute == 5 else cast.rita
        tell_sample(cast.workspace, who, "warehouse.disabled", at=NOON - timedelta(minutes=minute))
    client = browser_of(cast.olga)
    html = client.get(trail_url, {"actor": f"!{cast.rita.id}"}).content.decode()
    assert "Nothing found so far" in html
    further = re.search(r'href="([^"]+)"[^>]*>Search further back', html)[1].replace("&amp;", "&")
    assert rows_in(client.get(further).content.decode()) == 1
