"""Filters whose values mean nothing: those of closed sets are wrong, types that nobody knows may come later."""

import re

import pytest

from auditapp.record.acting import acting
from auditapp.record.declarations import declare_type
from auditapp.record.drafts import Actor
from auditapp.record.workspace_scope import in_workspace
from auditapp.record.writer import write_events
from tests.trail.history import tell_sample
from tests.trail.payloads import hostile_draft
from tests.trail.reading import rows_in

NOTHING_YET = "There is no event of this type yet"


@pytest.mark.parametrize(
    ("asked", "written", "message"),
    [
        ({"outcome": "bogus"}, "outcome:bogus", "There is no outcome:bogus. Take one of success, failure."),
        ({"risk": "!riskyy"}, "-risk:riskyy", "There is no risk:riskyy. Write risk:risky."),
        ({"actor_kind": "tokens"}, "actor_kind:tokens", "There is no actor_kind:tokens. Write actor_kind:token."),
        ({"area": "sorces"}, "area:sorces", "There is no area:sorces. Write area:sources."),
    ],
)
def test_a_value_outside_of_its_set_is_said_at_its_field_and_in_the_box(
    cast, browser_of, trail_url, asked, written, message
):
    tell_sample(cast.workspace, cast.olga, "warehouse.disabled")
    answer = browser_of(cast.olga).get(trail_url, asked)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert f'name="query" value="{written}"' in html
    assert f"<code>{written}</code> at character 1: {message}" in html.split('id="search-error"')[1]
    field = html.split(f'id="{next(iter(asked))}-error"')[1]
    assert message in field.split("</span>")[0]
    assert rows_in(html) == 1  # without the filter that means nothing


def test_places_in_the_box_count_the_addresses_that_it_writes(cast, browser_of, trail_url):
    tell_sample(cast.workspace, cast.olga, "warehouse.disabled")
    html = browser_of(cast.olga).get(trail_url, {"ip": "office", "area": "warehouses"}).content.decode()
    shown = re.search(r'name="query" value="([^"]*)"', html)[1]
    assert f"<code>ip:office</code> at character {shown.index('ip:office') + 1}:" in html


@pytest.mark.parametrize("sign", ["", "!"])
def test_a_type_that_nobody_knows_stays_and_the_one_that_may_be_meant_is_offered(cast, browser_of, trail_url, sign):
    tell_sample(cast.workspace, cast.olga, "warehouse.disabled")
    asked = {"event": [f"{sign}source.enabld", f"{sign}warehouse.disabled"]}
    answer = browser_of(cast.olga).get(trail_url, asked)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert html.count(NOTHING_YET) == 1
    note = html.split(NOTHING_YET)[1]
    assert "<code>source.enabld</code>" in note
    address = re.search(r'Did you mean <a href="([^"]+)"[^>]*>source\.enabled</a>', note)[1].replace("&amp;", "&")
    assert address == f"{trail_url}?event={sign}source.enabled&event={sign}warehouse.disabled"


def test_a_beginning_that_no_type_has_is_unknown_and_one_that_some_have_is_not(cast, browser_of, trail_url):
    client = browser_of(cast.olga)
    html = client.get(trail_url, {"event": "sorce.*"}).content.decode()
    assert NOTHING_YET in html
    assert ">source.*</a>?" in html
    assert NOTHING_YET not in client.get(trail_url, {"event": "source.*"}).content.decode()


def test_nothing_is_offered_where_nothing_is_alike(cast, browser_of, trail_url):
    html = browser_of(cast.olga).get(trail_url, {"event": "nosuch.thing"}).content.decode()
    assert NOTHING_YET in html
    assert "Did you mean" not in html


def test_a_type_that_an_event_has_is_known_also_outside_of_the_range(cast, browser_of, trail_url):
    with in_workspace(cast.workspace.id):
        write_events([hostile_draft(cast.workspace.id, "plain", type_key="order.refunded")])
    asked = {"event": "order.refunded", "to": "2001-01-01"}
    assert NOTHING_YET not in browser_of(cast.olga).get(trail_url, asked).content.decode()


def test_a_declared_type_is_known_before_its_first_event(cast, browser_of, trail_url):
    with in_workspace(cast.workspace.id), acting(cast.workspace.id, Actor("user", cast.olga.id, "Olga")):
        declare_type(key="order.refunded", name="Order Refunded", sentence="refunded {resource}")
    assert NOTHING_YET not in browser_of(cast.olga).get(trail_url, {"event": "order.refunded"}).content.decode()
