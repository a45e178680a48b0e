"""What a row says of its changes."""

from dataclasses import replace

import pytest

from auditapp.record.drafts import MISSING, Change
from auditapp.trail.short_changes import short_changes
from tests.trail.test_rows import html_of, row


@pytest.mark.parametrize(
    ("changes", "count", "said"),
    [
        ([], 0, ""),
        ([Change("name", "a", "b")], 1, "name: a → b"),
        ([Change("on", True, False), Change("note", MISSING, "OPS-1")], 2, "on: true → false, note: none → OPS-1"),
        ([Change("a", 1, 2), Change("b", 1, 2), Change("c", 1, 2)], 5, "a: 1 → 2, b: 1 → 2, +3 more"),
        ([Change("tags", ["a"], ["b"])], 1, "tags changed"),
        ([Change("text", "x" * 25, "y")], 1, "text changed"),
        ([Change("text", "", "y")], 1, "text changed"),
        ([Change("email", {"redacted": "hidden"}, {"redacted": "hidden"})], 1, "email changed"),
        ([Change("key", {"redacted": "key"}, "x")], 1, "key changed"),
        ([Change("gone", MISSING, MISSING)], 1, ""),
    ],
)
def test_the_first_changes_are_said_as_far_as_they_may_be_seen(changes, count, said):
    assert short_changes(_with(changes, count)) == said


def _with(changes, count):
    made = row(changes=count)
    return replace(made, event=replace(made.event, changes=changes))


def test_changes_are_escaped_in_the_row():
    html = html_of(_with([Change("<b>", "<i>", "x")], 1))
    assert '<span class="trail__changed" hx-disable><bdi>&lt;b&gt;: &lt;i&gt; → x</bdi></span>' in html


def test_values_of_a_row_narrow_the_list_or_leave_them_out():
    html = html_of(row(context={"ip": "203.0.113.24"}))
    for link in ("actor=usr_1", "actor=!usr_1", "area=warehouses", "area=!warehouses", "ip=203.0.113.24"):
        assert f'tabindex="-1" href="/t/?{link}"' in html
