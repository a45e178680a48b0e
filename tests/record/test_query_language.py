"""The query language: what a line means, what is said of a wrong one, and that what is written is read again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditapp.record.event_filter import Word
from auditapp.record.query_language import (
    CLOSED,
    KEYS,
    ONCE,
    WORDS,
    Term,
    parse_query,
    query_text,
    words_of,
    words_text,
)


def terms(text):
    parsed = parse_query(text)
    assert parsed.problems == ()
    return [(("-" if one.is_excluded else "") + one.key, one.value) for one in parsed.terms]


def test_a_line_is_filters_and_words():
    assert terms('actor:ana -event:source.* ip:10.0.0.0/8 from:2026-11-01 "prod eu" word -"left out"') == [
        ("actor", "ana"),
        ("-event", "source.*"),
        ("ip", "10.0.0.0/8"),
        ("from", "2026-11-01"),
        ("text", "prod eu"),
        ("text", "word"),
        ("-text", "left out"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('event:"Warehouse Disabled"', [("event", "warehouse.disabled")]),
        ('area:"Tracking Plans"', [("area", "tracking_plans")]),
        ("OUTCOME:Failure", [("outcome", "failure")]),
        ("resource:warehouse:whs_1", [("resource", "warehouse:whs_1")]),
        ('actor:"Ana ""the boss"" Horvat"', [("actor", 'Ana "the boss" Horvat')]),
        ("text:http://example.com", [("text", "http://example.com")]),
        ("12:30 2001:db8::1 - --", [("text", "12:30"), ("text", "2001:db8::1")]),
        ("", []),
    ],
)
def test_values_are_read_as_people_write_them(text, expected):
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        ("a typ:x", 2, "There is no filter typ."),
        ("user:ana", 0, "There is no filter user. Write actor:"),
        ("actor:", 0, "Write what to look for right after the colon, for example actor:"),
        ("x outcome:failed", 2, "There is no outcome:failed. Write outcome:failure."),
        ("risk:9", 0, "There is no risk:9. Take one of routine, notable, risky."),
        ("event:sources", 0, "sources is a whole area. Write area:sources."),
        ("event:warehouse", 0, "There is no type warehouse. Write event:warehouse.* for all that begin so."),
        ("event:so*rce", 0, "An asterisk stands for the end of a type"),
        ("event:*", 0, "An asterisk stands for the end of a type"),
        ("actor:!ana", 0, "Write -actor:ana to leave it out."),
        ("-from:2026-11-01", 0, "from cannot be left out. Take the hyphen away."),
        ("from:2026-11-01 from:2026-11-02", 16, "from is written twice."),
        ('x "open', 2, "This quote is never closed."),
        ('""', 0, "Write a word, a name, an id or an address"),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_what_to_write_instead(text, at, message):
    [problem] = parse_query(text).problems
    assert problem.at == at
    assert message in problem.message


def test_sound_terms_are_kept_beside_a_wrong_one():
    parsed = parse_query("outcome:failure typ:x prod")
    assert [term.value for term in parsed.terms] == ["failure", "prod"]


VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12)


def term_of(key, value, is_excluded, is_quoted):
    if key in CLOSED:
        value = CLOSED[key][len(value) % len(CLOSED[key])]
    elif key == "event":
        value = f"noun.verb_{len(value)}" + "*" * is_quoted
    elif key == WORDS:
        value = f"{value}x" if is_quoted else (value.replace('"', "").replace(" ", "") + "x").lstrip("-")
        value = value if is_quoted or not any(map(str.isspace, value)) else "x"
    else:
        value = "v" + value
    return Term(key, value, is_excluded and key not in ONCE, is_quoted and key == WORDS)


TERMS = st.builds(term_of, st.sampled_from(KEYS), VALUES, st.booleans(), st.booleans())


@given(st.lists(TERMS, max_size=6, unique_by=lambda term: term.key if term.key in ONCE else object()))
def test_what_is_written_is_read_again(made):
    text = query_text(made)
    parsed = parse_query(text)
    assert parsed.problems == ()
    assert query_text(parsed.terms) == text
    read = {(one.key, one.value, one.is_excluded) for one in parsed.terms}
    assert read == {(one.key, one.value, one.is_excluded) for one in made}


@given(st.text(max_size=60))
def test_any_text_is_read_without_an_error_and_its_sound_part_is_written_the_same_again(text):
    written = query_text(parse_query(text).terms)
    assert query_text(parse_query(written).terms) == written


@given(st.text(max_size=40))
def test_words_are_written_as_they_are_read(text):
    words = words_of(text)
    assert words_of(words_text(words)) == words


def test_quoted_words_are_whole_and_a_hyphen_leaves_out():
    assert words_of('prod -eu "us west" -"old one"') == (
        Word("prod"),
        Word("eu", is_excluded=True),
        Word("us west", is_exact=True),
        Word("old one", is_exact=True, is_excluded=True),
    )
