"""Clicking a value: the trail narrowed to it, or without it, and what becomes of the filters that stood there."""

import pytest
from django.http import QueryDict

from auditapp.trail.address import read_address
from auditapp.trail.refine import refine, refinement


def address(query):
    return read_address("/t/", QueryDict(query))


@pytest.mark.parametrize(
    ("before", "key", "value", "only", "without"),
    [
        ("", "actor", "usr_1", "actor=usr_1", "actor=!usr_1"),
        ("actor=usr_1&actor=usr_2", "actor", "usr_1", "actor=usr_1", "actor=usr_2&actor=!usr_1"),
        ("actor=!usr_1&q=prod", "actor", "usr_1", "actor=usr_1&q=prod", "actor=!usr_1&q=prod"),
        ("area=sources", "event", "warehouse.disabled", "event=warehouse.disabled", "event=!warehouse.disabled&area=sources"),
        ("event=warehouse.disabled", "area", "sources", "area=sources", "event=warehouse.disabled&area=!sources"),
        ("older=x&open=evt_1", "ip", "203.0.113.7", "ip=203.0.113.7", "ip=!203.0.113.7"),
    ],
)  # fmt: skip
def test_a_value_narrows_or_is_left_out_and_other_filters_stay(before, key, value, only, without):
    found = refinement(address(before), key, value, word="actor")
    assert (found.only.query, found.without.query) == (only, without)


def test_narrowing_twice_is_narrowing_once():
    once = refine(address("q=prod"), "resource", "warehouse:whs_1")
    assert refine(once, "resource", "warehouse:whs_1") == once
