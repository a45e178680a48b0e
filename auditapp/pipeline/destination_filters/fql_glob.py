"""Globs, matched without going back: the parts between stars have a fixed width, so that the first place found is as good as any."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

from auditapp.pipeline.destination_filters.fql_errors import FqlFailed

MAX_GLOB: Final = 512  # characters; what a hostile pattern and a long text cost together is bounded by it
_STAR: Final = "*"


@lru_cache(maxsize=1024)
def glob_matcher(pattern: str) -> Callable[[str], bool]:
    r"""Whether a text matches as a whole: `*` any characters, `?` one, `[abc]` and `[a-z]` one of these, `\x` x itself.

    Raises:  FqlFailed, where the pattern is too long, ends in a backslash or has a `[` that is never closed
    """
    if len(pattern) > MAX_GLOB:
        raise FqlFailed(f"A pattern of match() has at most {MAX_GLOB} characters.")
    parts: list[list[str]] = [[]]
    for piece in _pieces(pattern):
        if piece == _STAR:
            parts.append([])
        else:
            parts[-1].append(piece)
    if len(parts) == 1:
        whole = _compiled(parts[0])
        return lambda text: whole.fullmatch(text) is not None
    first, *middle, last = parts
    return _starred(_compiled(first), [_compiled(part) for part in middle if part], _compiled(last), len(last))


def _compiled(part: list[str]) -> re.Pattern[str]:
    return re.compile("".join(part), re.DOTALL)


def _starred(
    first: re.Pattern[str], middle: list[re.Pattern[str]], last: re.Pattern[str], last_width: int
) -> Callable[[str], bool]:
    def matches(text: str) -> bool:
        found = first.match(text)
        end = len(text) - last_width
        for part in middle:
            if found is None:
                return False
            found = part.search(text, found.end(), max(end, 0))
        return found is not None and found.end() <= end and last.fullmatch(text, end) is not None

    return matches


def _pieces(pattern: str) -> Iterator[str]:
    """The pattern as pieces of one character's width each, as regular expressions; a star as itself."""
    at = 0
    while at < len(pattern):
        letter = pattern[at]
        at += 1
        if letter == "*":
            yield _STAR
        elif letter == "?":
            yield "."
        elif letter == "[":
            piece, at = _one_of(pattern, at)
            yield piece
        else:
            if letter == "\\":
                letter, at = _character(pattern, at - 1)
            yield re.escape(letter)


def _one_of(pattern: str, at: int) -> tuple[str, int]:
    """A bracket from behind its `[`, and where the pattern goes on."""
    negated = pattern[at : at + 1] == "^"
    at += negated
    ranges: list[str] = []
    while not ranges or pattern[at : at + 1] != "]":
        low, at = _character(pattern, at)
        high = low
        if pattern[at : at + 1] == "-" and pattern[at + 1 : at + 2] != "]":
            high, at = _character(pattern, at + 1)
        # A range that runs backwards holds nothing; a regular expression would call it an error.
        ranges.append(f"{re.escape(low)}-{re.escape(high)}" if low <= high else "")
    inside = "".join(ranges)
    if not inside:
        return ("." if negated else "[^\\s\\S]"), at + 1
    return f"[{'^' if negated else ''}{inside}]", at + 1


def _character(pattern: str, at: int) -> tuple[str, int]:
    if pattern[at : at + 1] == "\\":
        at += 1
        if at == len(pattern):
            raise FqlFailed("The pattern of match() ends in a backslash that stands before nothing.")
    if at >= len(pattern):
        raise FqlFailed("The pattern of match() has a [ that is never closed.")
    return pattern[at], at + 1
