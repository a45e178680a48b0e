"""The values that FQL knows and what its functions do with them: strict about types, lenient about null.

A function that gets a value of a wrong type fails, which drops the event; the value itself is never in the message.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, NoReturn

from auditapp.lib.canonical_json import canonical_bytes
from auditapp.lib.errors import Invalid
from auditapp.pipeline.destination_filters.fql_errors import FqlFailed
from auditapp.pipeline.destination_filters.fql_glob import glob_matcher

NULL, BOOL, NUMBER, STRING, LIST, OBJECT = "null", "bool", "number", "string", "list", "object"
ANY: Final = (NULL, BOOL, NUMBER, STRING, LIST, OBJECT)
WORDS: Final = {
    NULL: "null",
    BOOL: "true or false",
    NUMBER: "a number",
    STRING: "text",
    LIST: "a list",
    OBJECT: "an object",
}
_KINDS: Final[dict[type, str]] = {
    type(None): NULL,
    bool: BOOL,
    int: NUMBER,
    float: NUMBER,
    str: STRING,
    list: LIST,
    tuple: LIST,
    dict: OBJECT,
}
_NUMBER: Final = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?\s*", re.ASCII)
MAX_DIGITS: Final = 400


def kind_of(value: Any) -> str:
    """Which of the kinds of FQL a value is of."""
    kind = _KINDS.get(type(value))
    if kind is None:
        raise FqlFailed(f"A value of type {type(value).__name__} has no place in an event.")
    return kind


def strictly_equal(one: Any, other: Any) -> bool:
    """Equal and of one kind: 1 is 1.0, but neither true nor "1"."""
    kind = kind_of(one)
    if kind != kind_of(other):
        return False
    if kind == LIST:
        return len(one) == len(other) and all(map(strictly_equal, one, other))
    if kind == OBJECT:
        return one.keys() == other.keys() and all(strictly_equal(value, other[key]) for key, value in one.items())
    return bool(one == other)


def contains(text: Any, part: Any) -> bool:
    if type(text) is str and type(part) is str:
        return part in text
    return _false_for_null("contains()", text, part)


def length(value: Any) -> int:
    """Items of a list, bytes of a text."""
    if type(value) is str:
        return len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))
    if value is None:
        return 0
    if kind_of(value) != LIST:
        fail("length()", (STRING, LIST), value)
    return len(value)


def matches_glob(text: Any, pattern: Any) -> bool:
    if type(text) is str and type(pattern) is str:
        return glob_matcher(pattern)(text)
    return _false_for_null("match()", text, pattern)


def _false_for_null(name: str, *texts: Any) -> bool:
    for text in texts:
        if text is not None and type(text) is not str:
            fail(name, (STRING,), text)
    return False


def _cased(name: str, change: Callable[[str], str]) -> Callable[[Any], str | None]:
    def cased(text: Any) -> str | None:
        if type(text) is str:
            return change(text)
        if text is not None:
            fail(name, (STRING,), text)
        return None

    return cased


def title_case(text: str) -> str:
    """The first letter of each word large, the others as they were."""
    return " ".join(word[:1].upper() + word[1:] for word in text.split(" "))


def as_bool(value: Any) -> bool:
    """Null, 0, an empty list, an empty text and the text false are false."""
    kind = kind_of(value)
    if kind == OBJECT:
        fail("bool()", (BOOL, NUMBER, STRING, LIST), value)
    return bool(value) and not (kind == STRING and value.lower() == "false")


def as_text(value: Any) -> str:
    """As canonical JSON writes it, a text without its quotes; null is an empty text."""
    kind = kind_of(value)
    if kind == STRING:
        return str(value)
    if kind == NULL:
        return ""
    if kind == OBJECT:
        fail("string()", (BOOL, NUMBER, STRING, LIST), value)
    try:
        return str(value) if type(value) is int else canonical_bytes(value).decode()
    except ValueError:  # Python writes at most 4,300 digits
        raise FqlFailed("string() does not write numbers of thousands of digits.") from None
    except Invalid as fault:
        raise FqlFailed(f"string() cannot write this: {fault.message}") from None


def as_number(value: Any) -> float | None:
    """A number as it is, text that is wholly a number as that; null stays null."""
    kind = kind_of(value)
    if kind in (NULL, NUMBER):
        return value  # type: ignore[no-any-return]
    if kind != STRING:
        fail("number()", (NUMBER, STRING), value)
    if len(value) > MAX_DIGITS or not _NUMBER.fullmatch(value):
        raise FqlFailed("number() takes text that is wholly a number.")
    try:
        return int(value)
    except ValueError:
        number = float(value)
    if not isfinite(number):
        raise FqlFailed("number() takes numbers up to 1.8e308.")
    return number


def fail(name: str, wanted: tuple[str, ...], value: Any) -> NoReturn:
    """Refuse a value of a wrong kind at the time of evaluation."""
    raise FqlFailed(f"{name} takes {listed(wanted)}, not {WORDS[kind_of(value)]}.")


def listed(kinds: tuple[str, ...]) -> str:
    """Kinds in words: "text or a list"."""
    words = [WORDS[kind] for kind in kinds]
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of FQL: what it takes beside null, and what it gives."""

    run: Callable[..., Any]
    takes: tuple[tuple[str, ...], ...]
    gives: str


def _text_to_text(name: str, change: Callable[[str], str]) -> Function:
    return Function(_cased(f"{name}()", change), ((STRING,),), STRING)


FUNCTIONS: Final[dict[str, Function]] = {
    "contains": Function(contains, ((STRING,), (STRING,)), BOOL),
    "length": Function(length, ((STRING, LIST),), NUMBER),
    "lowercase": _text_to_text("lowercase", str.lower),
    "uppercase": _text_to_text("uppercase", str.upper),
    "snakecase": _text_to_text("snakecase", lambda text: text.replace(" ", "_")),
    "kebabcase": _text_to_text("kebabcase", lambda text: text.replace(" ", "-")),
    "titlecase": _text_to_text("titlecase", title_case),
    "typeof": Function(kind_of, (ANY,), STRING),
    "match": Function(matches_glob, ((STRING,), (STRING,)), BOOL),
    "bool": Function(as_bool, ((BOOL, NUMBER, STRING, LIST),), BOOL),
    "string": Function(as_text, ((BOOL, NUMBER, STRING, LIST),), STRING),
    "number": Function(as_number, ((NUMBER, STRING),), NUMBER),
}
