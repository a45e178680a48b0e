"""The query box: the address as one line of the query language, and such a line as the address that it means.

How a line is taken apart is in record's query_language.py; here its values get the meaning that the dropdowns give them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from django import forms
from django.http import QueryDict

from auditapp.lib.plain_letters import plain
from auditapp.lib.visible_text import search_words
from auditapp.record.event_filter import ANY_END, Choice, EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.facets import ActorFacet, facets
from auditapp.record.query_language import (
    WORDS,
    QueryProblem,
    Term,
    parse_query,
    query_text,
    words_of,
    words_text,
)
from auditapp.record.viewer import Viewer
from auditapp.trail.address import FILTER_KEYS, FOLD, NOT, ONCE, VIEW, Address, read_address
from auditapp.trail.filters import TrailFilterSet, TrailQuery, ValuesField, read_query
from auditapp.trail.moments import UTC_ZONE
from auditapp.trail.supporters import supporters_seen

MAX_QUERY: Final = 2_000
OFFERED: Final = 3
BESIDE_FILTERS: Final = ("tz", FOLD, VIEW)  # what a line does not say and leaves as it is
SHOWN: Final = "yes"  # what the URL says as reads=1
# Ids of ours, which the address takes as they are; others must have done something.
_OUR_ID: Final = re.compile(r"[a-z]{3}_\w+|system", re.ASCII)


@dataclass(frozen=True, slots=True)
class Box:
    """What was typed, the address that its sound terms mean, and what was wrong with the others."""

    text: str
    address: Address
    problems: tuple[QueryProblem, ...] = ()


def read_box(text: str, home: Address, viewer: Viewer | None = None) -> Box:
    """The trail that a line asks for.

    Takes:   home, the trail without filters, of which the time zone and the view are kept; viewer, among whose actors names are looked up, None
             where every actor is written by id
    """
    parsed = parse_query(text[:MAX_QUERY])
    problems = list(parsed.problems)
    if len(text) > MAX_QUERY:
        problems.append(QueryProblem(MAX_QUERY, "…", f"A query has at most {MAX_QUERY:,} characters."))
    terms: list[Term] = []
    for term in parsed.terms:
        if message := _wrong_value(term):
            problems.append(QueryProblem(term.at, term.written, message))
        else:
            terms.append(term)
    if viewer is not None:
        terms, unknown = _with_actor_ids(terms, home, viewer)
        problems += unknown
    address = _address(terms, home)
    # What only shows when all is seen together, such as a range that ends before it begins.
    for key, message in read_query(address, zone=UTC_ZONE).errors.items():
        if of_key := [term for term in terms if _url_key(term) == key]:
            wrong = _first_too_many(of_key) if key == "q" else of_key[0]
            problems.append(QueryProblem(wrong.at, wrong.written, message))
            address = address.without(key)
    return Box(text, address, tuple(sorted(problems, key=lambda problem: problem.at)))


def box_text(address: Address, actors: Sequence[ActorFacet] = ()) -> str:
    """The filters of an address as the box writes them.

    Takes:   actors, who are called by their e-mail addresses where those tell them apart
    """
    named = {value.removeprefix(NOT) for value in address.values("actor")}
    emails = {
        one.id: one.email
        for one in actors
        if one.id in named and one.email and actors_called(one.email, actors) == [one]
    }
    return query_text(_terms(address, emails))


def with_unsent(address: Address, typed: str, before: str, viewer: Viewer) -> str:
    """The line of an address, changed as somebody was changing the box when they asked for that address elsewhere.

    Takes:   typed, what stands in the box; before, what stood there when the page came
    """
    home = address.without_filters()
    was, now = (read_box(text, home, viewer) for text in (before, typed))
    added = [pair for pair in now.address.pairs if pair not in was.address.pairs]
    replaced = {key for key, _ in added if key in ONCE}
    kept = [
        pair
        for pair in address.pairs
        if pair[0] not in replaced and (pair in now.address.pairs or pair not in was.address.pairs)
    ]
    line = box_text(Address(address.path, (*kept, *added)))
    # What is wrong stays where it is seen, last: a quote that is never closed takes in all that follows.
    wrong = [problem.written for problem in now.problems if problem.at < MAX_QUERY]
    return " ".join([*filter(None, [line]), *wrong])


def filter_of_text(text: str, query: TrailQuery) -> EventFilter:
    """What a line in canonical form asks for, with days of the zone of a query."""
    return read_query(read_box(text, Address(query.address.path)).address, zone=query.zone).wanted


def _terms(address: Address, emails: dict[str, str]) -> Iterator[Term]:
    for key, value in address.pairs:
        if key == "q":
            for word in words_of(value):
                yield Term(WORDS, word.text, word.is_excluded, word.is_exact)
        elif key == "reads":
            yield Term(key, SHOWN)
        elif key in FILTER_KEYS:
            bare = value.removeprefix(NOT)
            yield Term(key, emails.get(bare, bare) if key == "actor" else bare, value.startswith(NOT))


def _address(terms: Iterable[Term], home: Address) -> Address:
    data = QueryDict(mutable=True)
    words = words_of("")
    for term in terms:
        if term.key == WORDS:
            words += tuple(
                replace(word, is_exact=term.is_quoted, is_excluded=term.is_excluded, text=term.value)
                for word in words_of(term.value)[:1]
            )
        elif term.key == "reads":
            data["reads"] = "1"
        else:
            data.appendlist(term.key, (NOT if term.is_excluded else "") + term.value)
    if words:
        data["q"] = words_text(words)
    for key in BESIDE_FILTERS:
        for value in home.values(key):
            data[key] = value
    return replace(read_address(home.path, data, keep_finds=False), bare=home.bare)


def _url_key(term: Term) -> str:
    return "q" if term.key == WORDS else term.key


def _first_too_many(terms: Sequence[Term]) -> Term:
    """The word with which there are too many, or too long ones."""
    return next(
        (
            terms[n]
            for n in range(len(terms))
            if read_query(_address(terms[: n + 1], Address("")), zone=UTC_ZONE).errors
        ),
        terms[0],
    )


def _wrong_value(term: Term) -> str:
    """What the field of the dropdown would say to this value."""
    if term.key in (WORDS, "reads"):
        return ""
    field: forms.Field = TrailFilterSet.get_filters()[term.key].field
    try:
        field.clean([term.value] if isinstance(field, ValuesField) else term.value)
    except forms.ValidationError as wrong:
        return " ".join(wrong.messages)
    return ""


def _with_actor_ids(terms: Sequence[Term], home: Address, viewer: Viewer) -> tuple[list[Term], list[QueryProblem]]:
    """Actors by their ids: e-mail addresses and names are looked up among those whom the viewer may see."""
    terms, wrong = _with_supporters(terms, viewer)
    if all(term.key not in ("actor", "token") or _OUR_ID.fullmatch(term.value) for term in terms):
        return list(terms), wrong
    # First in the range, as the page then offers them, then ever.
    wanted = read_query(_address((term for term in terms if term.key in ("from", "to")), home), zone=UTC_ZONE).wanted
    in_range = facets(viewer, EventFilter(since=wanted.since, until=wanted.until)).actors
    ever = in_range if wanted == EventFilter() else facets(viewer, EventFilter()).actors
    found: list[Term] = []
    problems = wrong
    for term in terms:
        if term.key not in ("actor", "token") or _OUR_ID.fullmatch(term.value):
            found.append(term)
            continue
        actors = [one for one in ever if term.key == "actor" or one.kind == "token"]
        called = actors_called(term.value, [one for one in in_range if one in actors]) or actors_called(
            term.value, actors
        )
        if len(called) == 1:
            found.append(replace(term, value=called[0].id))
        elif not called and _did_something(viewer, term.value):
            found.append(term)
        else:
            problems.append(QueryProblem(term.at, term.written, _not_one(term, called)))
    return found, problems


def _with_supporters(terms: Sequence[Term], viewer: Viewer) -> tuple[list[Term], list[QueryProblem]]:
    """Who acted as support by their ids, as with actors."""
    found: list[Term] = []
    problems = []
    people: list[ActorFacet] | None = None
    for term in terms:
        if term.key != "support" or term.value == ANY_END or _OUR_ID.fullmatch(term.value):
            found.append(term)
            continue
        people = supporters_seen(viewer, EventFilter()) if people is None else people
        called = actors_called(term.value, people)
        if len(called) == 1:
            found.append(replace(term, value=called[0].id))
        else:
            problems.append(QueryProblem(term.at, term.written, _not_one(term, called)))
    return found, problems


def actors_called(text: str, actors: Iterable[ActorFacet]) -> list[ActorFacet]:
    """Who has this id, else this e-mail address or whole name, else a name with these words in it, else with them without marks."""
    listed, folded = list(actors), text.casefold()
    if by_id := [one for one in listed if one.id == text]:
        return by_id
    if by_whole_name := [one for one in listed if folded in (one.name.casefold(), (one.email or "").casefold())]:
        return by_whole_name
    for made in (str, plain):
        words = set(search_words(made(text)))
        if found := [one for one in listed if words and words <= set(search_words(made(one.name)))]:
            return found
    return []


def _did_something(viewer: Viewer, actor_id: str) -> bool:
    wanted = EventFilter(actors=Choice((actor_id,)), with_reads=True)
    return bool(visible_events(viewer).page(wanted, size=1).rows)


def _not_one(term: Term, called: Sequence[ActorFacet]) -> str:
    if not called:
        return "Nobody called so did anything that you may see. Write an id, an e-mail address or a name from the list of actors."
    offered = [f"{query_text([Term(term.key, one.email or one.id)])} ({one.name})" for one in called[:OFFERED]]
    more = f", or {len(called) - OFFERED} more" if len(called) > OFFERED else ""
    return f"{len(called)} actors are called so. Write {' or '.join(offered)}{more}."
