"""Hostile text made plain: for the eye, for a terminal and for search.

Stored bytes never change; HTML escaping stays with the templates.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from unicodedata import normalize

# What steers or hides instead of showing itself: C0, DEL and C1 controls, the soft hyphen, bidirectional and
# zero-width marks, line separators, the byte order mark, tags; and lone surrogates, which no output can carry.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f\ud800-\udfff]"
)

WORD_LENGTH = 64
WORD_COUNT = 64

# An e-mail address, an IP or an id is one word although marks divide it.
_COMPOUND = re.compile(r"[^\W_]+(?:[._@:+-]+[^\W_]+)*")
_PART = re.compile(r"[^\W_]+")


class Run(NamedTuple):
    """A piece of a text: as it is, or the name of one unseen character."""

    is_escape: bool
    text: str


def visible(text: str) -> list[Run]:
    """The text in pieces, each unseen character as its name (`U+202E`) for the page to mark."""
    runs = []
    shown_to = 0
    for match in _UNSEEN.finditer(text):
        if match.start() > shown_to:
            runs.append(Run(False, text[shown_to : match.start()]))
        runs.append(Run(True, _name(match[0])))
        shown_to = match.end()
    if shown_to < len(text):
        runs.append(Run(False, text[shown_to:]))
    return runs


def terminal_safe(text: str) -> str:
    """The text on one line that cannot steer a terminal: unseen characters become `<U+001B>`."""
    return _UNSEEN.sub(lambda match: f"<{_name(match[0])}>", text)


def folded(text: str) -> str:
    """The text as it is searched: case and width do not matter."""
    return normalize("NFKC", normalize("NFKC", text).casefold())


def search_words(text: str) -> list[str]:
    """The words by which a text is found, folded so that case and width do not matter; each once, in order.

    `olga@example.com`, `203.0.113.9` and `tok_77b3` are words, and so are their parts. At most 64 words of 64
    characters: what is searched for goes through here too, so a word that was cut is still found.
    """
    words: dict[str, None] = {}
    for compound in _COMPOUND.finditer(folded(text)):
        words[compound[0][:WORD_LENGTH]] = None
        for part in _PART.finditer(compound[0]):
            words[part[0][:WORD_LENGTH]] = None
            if len(words) >= WORD_COUNT:
                return list(words)[:WORD_COUNT]
    return list(words)


def _name(character: str) -> str:
    return f"U+{ord(character):04X}"
