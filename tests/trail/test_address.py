"""The URL is the state: one reading of it, and links that change one thing."""

import pytest
from django.http import QueryDict

from auditapp.trail.address import Address, read_address


def read(query: str, **how: bool) -> str:
    return read_address("/t/", QueryDict(query), **how).query


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("q=&ip=&from=&event=", ""),
        ("q=prod&event=a.b", "event=a.b&q=prod"),
        ("event=a.b&event=a.b", "event=a.b"),
        ("actor_match=none&actor=usr_1&actor=usr_2", "actor=!usr_1&actor=!usr_2"),
        ("actor_match=none&actor=!usr_1", "actor=!usr_1"),
        ("actor_match=any&actor=usr_1&actor=!usr_2", "actor=usr_1&actor=!usr_2"),
        ("event_match=none&event=x.y&area=users", "event=!x.y&area=!users"),
        ("area=warehouses&event=warehouse.disabled&event=source.created", "event=source.created&area=warehouses"),
        ("area=warehouses&event=!warehouse.disabled", "event=!warehouse.disabled&area=warehouses"),
        ("area=!warehouses&event=!warehouse.disabled", "area=!warehouses"),
        ("resource=warehouse:whs_1&ip=10.0.0.0/8", "resource=warehouse:whs_1&ip=10.0.0.0/8"),
        ("utm_source=mail&q=x", "q=x"),
        ("event=!", ""),
    ],
)
def test_address_says_what_a_form_or_a_link_means(asked, meant):
    assert read(asked) == meant


def test_words_typed_into_a_dropdown_stay_only_without_scripts():
    assert read("event_q=ware&q=x") == "q=x&event_q=ware"
    assert read("event_q=ware&q=x", keep_finds=False) == "q=x"


def test_a_changed_filter_leaves_page_and_open_event_behind():
    address = read_address("/t/", QueryDict("event=a.b&older=k&open=evt_1&tz=utc&event_q=x"))
    assert str(address.having("q", "prod")) == "/t/?event=a.b&q=prod&tz=utc"
    assert str(address.without("event")) == "/t/?tz=utc"


def test_another_page_keeps_filters_and_closes_the_event():
    address = read_address("/t/", QueryDict("event=a.b&older=k&open=evt_1"))
    assert str(address.having("newer", "n")) == "/t/?event=a.b&newer=n"
    assert str(address.first_page) == "/t/?event=a.b"


def test_opening_an_event_keeps_the_page():
    address = read_address("/t/", QueryDict("event=a.b&older=k"))
    assert str(address.opening("evt_1")) == "/t/?event=a.b&older=k&open=evt_1"
    assert str(address.opening("evt_1").without("open")) == str(address)


def test_values_are_encoded_for_a_url():
    assert str(Address("/t/").having("q", 'a&b="<x>"')) == "/t/?q=a%26b%3D%22%3Cx%3E%22"
