"""The query language as text: `actor:ana -event:source.* from:2026-11-01 "prod eu" word`, read into terms and written again.

A term is one piece between spaces: a filter `key:value` or a word, left out with `-` before it; quotes keep spaces, and `""` inside
them is a quote. What a value means (a day, an address, somebody's name) is a matter of who asks; nothing here knows a database.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Final

from auditapp.catalogue import registry
from auditapp.catalogue.types import Risk
from auditapp.lib.visible_text import search_words
from auditapp.record.event_filter import ANY_END, Word
from auditapp.record.event_types import OTHER_AREA

WORDS: Final = "text"
# In the order in which a query is written.
KEYS: Final = (
    *("event", "area", "actor", "actor_kind", "resource", "target", "risk", "outcome"),
    *("ip", "support", "token", "request", "session", "reason", "from", "to", "reads", WORDS),
)
ONCE: Final = ("from", "to", "reads")
CLOSED: Final = {
    "area": (*(area.key for area in registry.AREAS), OTHER_AREA),
    "actor_kind": ("user", "token", "system", "service"),
    "risk": tuple(map(str, Risk)),
    "outcome": ("success", "failure"),
    "reads": ("yes",),
}
AREA_KEYS: Final = {area.name.casefold(): area.key for area in registry.AREAS}
# What other tools call ours.
OTHER_NAMES: Final = {
    "event": ("type", "action"),
    "area": ("category",),
    "actor": ("user", "who", "by", "email"),
    "actor_kind": ("kind",),
    "resource": ("object",),
    "target": ("id",),
    "risk": ("severity",),
    "outcome": ("status", "result"),
    "ip": ("actor_ip", "source_ip"),
    "support": ("real", "behind", "impersonator"),
    "token": ("token_id",),
    "request": ("request_id",),
    "session": ("session_id",),
    "reason": ("why", "because", "comment"),
    "from": ("since", "after", "start"),
    "to": ("until", "before", "end"),
    WORDS: ("q",),
}
_KEY: Final = re.compile(r"[A-Za-z_]+:")
_BARE: Final = re.compile(r'[^\s"]+')
_QUOTED: Final = re.compile(r'"((?:[^"]|"")*)("?)')


@dataclass(frozen=True, slots=True)
class Term:
    """One piece of a query. `at` is where it begins; as a word its key is "text", and quoted it is found whole."""

    key: str
    value: str
    is_excluded: bool = False
    is_quoted: bool = False
    at: int = 0
    written: str = ""


@dataclass(frozen=True, slots=True)
class QueryProblem:
    """What is wrong at one place of a query, and what to write instead."""

    at: int
    written: str
    message: str

    def __str__(self) -> str:
        return f"{self.written} (character {self.at + 1}): {self.message}"


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """The terms that are sound, in the order written, and what was wrong with the others."""

    terms: tuple[Term, ...]
    problems: tuple[QueryProblem, ...] = ()


def parse_query(text: str) -> ParsedQuery:
    """The terms of a query; a term that is wrong is a problem and is left out."""
    terms: list[Term] = []
    problems: list[QueryProblem] = []
    for term in map(_in_our_words, _pieces(text, with_keys=True)):
        message = _problem_of(term) or _repeated(term, terms)
        if message:
            problems.append(QueryProblem(term.at, term.written, message))
        else:
            terms.append(term)
    return ParsedQuery(tuple(terms), tuple(problems))


def query_text(terms: Iterable[Term]) -> str:
    """The query of these terms as it is written: by key, each term once."""
    ordered = sorted(terms, key=lambda term: KEYS.index(term.key))
    return " ".join(dict.fromkeys(map(_written, ordered)))


def words_of(text: str) -> tuple[Word, ...]:
    """Free text as typed: words, "quoted" ones whole, -word or -"quoted" left out."""
    return tuple(
        Word(piece.value, is_exact=piece.is_quoted, is_excluded=piece.is_excluded)
        for piece in _pieces(text, with_keys=False)
        if search_words(piece.value)
    )


def words_text(words: Iterable[Word]) -> str:
    """Words as `words_of` reads them."""
    return " ".join(("-" if word.is_excluded else "") + _word_text(word) for word in words)


def _pieces(text: str, *, with_keys: bool) -> Iterator[Term]:
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        start = at
        # Several hyphens are as good as one; alone they say nothing.
        while text.startswith("-", at):
            at += 1
        is_excluded = at > start
        key = WORDS
        if with_keys and (found := _KEY.match(text, at)):
            key, at = found[0][:-1].lower(), found.end()
        value, is_quoted = "", False
        if quoted := _QUOTED.match(text, at):
            # A quote that is never closed ends with the text.
            value, is_quoted, at = quoted[1].replace('""', '"'), True, quoted.end()
        elif bare := _BARE.match(text, at):
            value, at = bare[0], bare.end()
        if key == WORDS and not is_quoted:
            value = value.lstrip("-")
            if not value:
                continue
        yield Term(key, value, is_excluded, is_quoted, start, text[start:at])


def _in_our_words(term: Term) -> Term:
    """The term with a display name in place of its key, and without regard to case where there are few values."""
    value = term.value.strip()
    if term.key == "event" and (declared := registry.by_name(value)):
        return replace(term, value=declared.key)
    if term.key == "area" and (key := AREA_KEYS.get(value.casefold())):
        return replace(term, value=key)
    return replace(term, value=value.lower()) if term.key in CLOSED else term


def _problem_of(term: Term) -> str:
    """What is wrong with a term by itself, empty where nothing is."""
    if term.is_quoted and not _is_closed(term):
        return 'This quote is never closed. Write another " where it ends.'
    if term.key == WORDS:
        return "" if search_words(term.value) else "Write a word, a name, an id or an address to search for."
    if term.key not in KEYS:
        return _unknown_key(term)
    value, example = term.value.strip(), EXAMPLES[term.key]
    if not value:
        return f"Write what to look for right after the colon, for example {term.key}:{example}."
    if value.startswith("!") and not (term.is_quoted and term.is_excluded):
        return f"Write -{term.key}:{value.lstrip('!') or example} to leave it out."
    if term.is_excluded and term.key in ONCE:
        return f"{term.key} cannot be left out. Take the hyphen away."
    if term.key in CLOSED and value not in CLOSED[term.key]:
        return unknown_value(term.key, value)
    return _wrong_type(value) if term.key == "event" else ""


def _is_closed(term: Term) -> bool:
    quoted = term.written[term.written.index('"') :]
    found = _QUOTED.fullmatch(quoted)
    return bool(found and found[2])


def _repeated(term: Term, before: Iterable[Term]) -> str:
    is_repeated = term.key in ONCE and any(other.key == term.key for other in before)
    return f"{term.key} is written twice. Keep one of them." if is_repeated else ""


def _unknown_key(term: Term) -> str:
    ours = next((key for key, names in OTHER_NAMES.items() if term.key in names), "")
    instead = ours or next(iter(get_close_matches(term.key, KEYS, 1)), "")
    as_text = f'To search for it as text, put it in quotes: "{term.key}:{term.value}".'
    if instead:
        return f"There is no filter {term.key}. Write {instead}:{EXAMPLES[instead]}. {as_text}"
    return f"There is no filter {term.key}. Take one of {', '.join(KEYS[:-1])}. {as_text}"


def unknown_value(key: str, value: str) -> str:
    """What to write in place of a value that is none of the few that a key has."""
    known = CLOSED[key]
    close = get_close_matches(value.lower(), known, 1)
    if close:
        return f"There is no {key}:{value}. Write {key}:{close[0]}."
    return f"There is no {key}:{value}. Take one of {', '.join(known)}."


def _wrong_type(value: str) -> str:
    if ANY_END in value.removesuffix(ANY_END) or value == ANY_END:
        return "An asterisk stands for the end of a type, after its beginning: event:source.*"
    if value in CLOSED["area"]:
        return f"{value} is a whole area. Write area:{value}."
    if "." not in value and not value.endswith(ANY_END):
        return _no_such_type(value)
    return ""


def _no_such_type(value: str) -> str:
    if any(key.startswith(f"{value}.") for key in registry.EVENT_TYPES):
        return f"There is no type {value}. Write event:{value}.* for all that begin so."
    names = [kind.name for kind in registry.EVENT_TYPES.values()]
    close = get_close_matches(value.title(), names, 1)
    instead = f'event:"{close[0]}"' if close else "a type such as event:warehouse.disabled"
    return f"There is no type {value}. Write {instead}."


def _written(term: Term) -> str:
    sign = "-" if term.is_excluded else ""
    if term.key == WORDS:
        return sign + _word_text(Word(term.value, is_exact=term.is_quoted), with_key=True)
    return f"{sign}{term.key}:{_value_text(term.value)}"


def _word_text(word: Word, *, with_key: bool = False) -> str:
    if word.is_exact:
        return _in_quotes(word.text)
    return f"{WORDS}:{word.text}" if with_key and _KEY.match(word.text) else word.text


def _value_text(value: str) -> str:
    return value if _BARE.fullmatch(value) and not value.startswith("!") else _in_quotes(value)


def _in_quotes(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


EXAMPLES: Final = {
    "event": "warehouse.disabled",
    "area": "sources",
    "actor": "ana@example.com",
    "actor_kind": "token",
    "resource": "warehouse:whs_1",
    "target": "whs_1",
    "risk": "risky",
    "outcome": "failure",
    "ip": "203.0.113.0/24",
    "support": "usr_1",
    "token": "tok_1",
    "request": "req_1",
    "session": "ses_1",
    "reason": "OPS-2214",
    "from": "2026-11-01",
    "to": "2026-11-30",
    "reads": "yes",
    WORDS: "prod",
}
