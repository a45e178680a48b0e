"""docs/query.md and the page beside the trail: both tell of every key, and every line on them is read as they say."""

import re

import pytest
from django.http import QueryDict

from auditapp.record.query_language import CLOSED, KEYS, parse_query
from auditapp.trail.address import Address, read_address
from auditapp.trail.query_box import MAX_QUERY, box_text, read_box
from auditapp.trail.query_help import HOW, KEYS_EXPLAINED
from tests.docs.snippets import ROOT, blocks
from tests.factories import make_cast

PAGE = (ROOT / "docs/query.md").read_text()
TRAIL = Address("/demo/trail/")
EXAMPLES = [line for row in (*HOW, *KEYS_EXPLAINED) for line in row.examples]
LINES = [line for _, text in blocks("query.md", "query") for line in text.splitlines()]
WRONG = [line for _, text in blocks("query.md", "wrong") for line in text.splitlines()]


def test_every_key_is_explained_in_the_order_in_which_it_is_written():
    assert tuple(sorted(row.name for row in KEYS_EXPLAINED)) == tuple(sorted(KEYS))
    assert all(row.examples for row in KEYS_EXPLAINED)


@pytest.mark.parametrize("row", [*HOW, *KEYS_EXPLAINED], ids=lambda row: row.name)
def test_the_page_in_docs_says_what_the_page_in_the_browser_says(row):
    examples = ", ".join(f"`{line}`" for line in row.examples)
    name = f"`{row.name}:`" if row in KEYS_EXPLAINED else row.name
    assert f"| {name} | {row.does} | {examples} |" in PAGE


@pytest.mark.parametrize("line", [*EXAMPLES, *LINES])
def test_an_example_is_sound_and_is_written_the_same_again(line):
    assert parse_query(line).problems == ()
    box = read_box(line, TRAIL)
    assert box.problems == ()
    text = box_text(box.address)
    assert box_text(read_box(text, TRAIL).address) == text


@pytest.mark.parametrize("key", [row.name for row in KEYS_EXPLAINED])
def test_an_example_of_a_key_uses_it(key):
    row = next(one for one in KEYS_EXPLAINED if one.name == key)
    for line in row.examples:
        assert key in {term.key for term in parse_query(line).terms}


@pytest.mark.parametrize("line", WRONG)
def test_what_is_called_wrong_is_wrong(line):
    assert len(read_box(line, TRAIL).problems) == 1


def test_the_address_means_the_line_above_it():
    (_, address), *_ = blocks("query.md", "address")
    meant = read_address(TRAIL.path, QueryDict(address.strip().removeprefix("?")))
    assert meant == read_box(LINES[0], TRAIL).address


def test_areas_and_limits_are_those_there_are():
    assert set(re.findall(r"area:(\w+)`", PAGE.split("## Areas")[1].split("##")[0])) == set(CLOSED["area"])
    assert f"at most\n{MAX_QUERY:,} characters" in PAGE


def test_the_page_in_the_browser_is_linked_from_the_trail_and_shows_every_example(db, client):
    cast = make_cast()
    client.force_login(cast.rita)
    assert (
        'href="/demo/settings/admin/audit-trail/search-language/"'
        in client.get("/demo/settings/admin/audit-trail/").content.decode()
    )
    html = client.get("/demo/settings/admin/audit-trail/search-language/").content.decode()
    for line in EXAMPLES:
        assert line.replace('"', "&quot;") in html
