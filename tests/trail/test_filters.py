"""From the URL to an EventFilter, and what is wrong with it by key."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict

from auditapp.lib.ids import event_key, new_event_id
from auditapp.lib.keyset import PageKey
from auditapp.record.event_filter import Choice, EventFilter, Word
from auditapp.trail.address import read_address
from auditapp.trail.filters import NO_EVENT, TrailQuery, read_query

OSLO = ZoneInfo("Europe/Oslo")


def read(query: str, zone: ZoneInfo = OSLO) -> TrailQuery:
    return read_query(read_address("/t/", QueryDict(query)), zone=zone)


def test_every_key_becomes_its_dimension():
    asked = (
        "event=warehouse.disabled&event=!source.created&area=sources&actor=!tok_77b3&resource=warehouse:whs_1"
        "&outcome=failure&ip=10.0.0.0/8&q=prod -eu&from=2026-11-01&to=2026-11-10&tz=utc&reads=1"
    )
    query = read(asked)
    assert query.errors == {}
    assert query.wanted == EventFilter(
        types=Choice(("warehouse.disabled",), ("source.created",)),
        areas=Choice(("sources",)),
        actors=Choice((), ("tok_77b3",)),
        resources=Choice(("warehouse:whs_1",)),
        outcomes=Choice(("failure",)),
        ips=Choice(("10.0.0.0/8",)),
        words=(Word("prod"), Word("eu", is_excluded=True)),
        since=datetime(2026, 11, 1, tzinfo=UTC),
        until=datetime(2026, 11, 11, tzinfo=UTC),
        with_reads=True,
    )


def test_nothing_asked_is_everything():
    assert read("").wanted == EventFilter()


def test_days_are_days_of_the_pages_zone_and_the_last_is_whole():
    # The clocks of Oslo went back on 25 October 2026: that day has 25 hours.
    wanted = read("from=2026-10-25&to=2026-10-25").wanted
    assert (wanted.since, wanted.until) == (
        datetime(2026, 10, 24, 22, tzinfo=UTC),
        datetime(2026, 10, 25, 23, tzinfo=UTC),
    )


def test_a_minute_is_included_as_a_whole():
    wanted = read("from=2026-11-01T10:00&to=2026-11-01T10:30&tz=utc").wanted
    assert (wanted.since, wanted.until) == (
        datetime(2026, 11, 1, 10, 0, tzinfo=UTC),
        datetime(2026, 11, 1, 10, 31, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("asked", "key", "message"),
    [
        ("ip=203.0.113.0/40", "ip", "A range ends in /0 to /32, for example 203.0.113.0/24."),
        ("ip=2001:db8::/129", "ip", "A range ends in /0 to /128, for example 2001:db8::/48."),
        ("ip=office", "ip", "Write an address such as 203.0.113.7 or a range such as 203.0.113.0/24."),
        ("ip=0.0.0.0/0", "ip", "The range 0.0.0.0/0 is too wide to search. Take one of /8 or smaller."),
        ("from=2026-02-30", "from", "Write a day such as 2026-11-01, or a minute such as 2026-11-01T14:30."),
        ("to=0001-01-01", "to", "Write a day such as 2026-11-01, or a minute such as 2026-11-01T14:30."),
        ("to=9999-12-31", "to", "Write a day such as 2026-11-01, or a minute such as 2026-11-01T14:30."),
        ("from=2026-11-10&to=2026-11-01", "to", "This is before the range begins."),
        ("older=zzz", "older", "This page link is damaged. Start again from the first page."),
        ("q=" + "+".join("abcdefghijklm"), "q", "Search for at most 12 words at a time."),
        ("q=" + "x" * 301, "q", "Search for at most 300 characters of text; these are 301."),
        ("risk=grave", "risk", "There is no risk:grave. Take one of routine, notable, risky."),
        ("actor_kind=tokens", "actor_kind", "There is no actor_kind:tokens. Write actor_kind:token."),
        ("area=!sorces", "area", "There is no area:sorces. Write area:sources."),
        ("tz=mars", "tz", "There is no time zone of this name. Write utc, or a name such as Europe/Oslo."),
        ("actor=" + "x" * 301, "actor", "One of these values is too long to be in the trail."),
        ("actor=x%00", "actor", "One of these values is too long to be in the trail."),
        ("&".join(f"actor=a{n}" for n in range(201)), "actor", "Choose at most 200 values."),
    ],
)
def test_what_is_wrong_is_named_by_key_and_left_out(asked, key, message):
    query = read(f"{asked}&outcome=failure")
    assert query.errors == {key: message}
    assert query.wanted.outcomes == Choice(("failure",))


def test_an_outcome_that_is_none_is_named_and_left_out():
    query = read("outcome=bogus&risk=risky")
    assert query.errors == {"outcome": "There is no outcome:bogus. Take one of success, failure."}
    assert (query.wanted.outcomes, query.wanted.risks) == (Choice(), Choice(("risky",)))


def test_a_page_is_older_or_newer_not_both():
    key = PageKey(datetime(2026, 11, 1, tzinfo=UTC), new_event_id())
    assert read(f"older={key}").older == key
    assert read(f"newer={key}").newer == key
    query = read(f"older={key}&newer={key}")
    assert list(query.errors) == ["newer"]
    assert query.newer is None


def test_an_open_event_is_its_id_and_nonsense_is_no_event():
    event_id = new_event_id()
    assert read(f"open={event_key(event_id)}").open == event_id
    assert read("open=evt_nonsense").open == NO_EVENT
    assert read("").open is None


def test_types_and_actors_that_nobody_knows_are_kept():
    wanted = read("event=no.such&actor=usr_gone").wanted
    assert (wanted.types.include, wanted.actors.include) == (
        ("no.such",),
        ("usr_gone",),
    )
