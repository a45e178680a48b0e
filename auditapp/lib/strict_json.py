"""Reading JSON that strangers send: one parser that refuses every known trap.

What is accepted has a canonical form and fits the database; meaning is not checked.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, NoReturn

from auditapp.lib.canonical_json import MAX_INTEGER
from auditapp.lib.errors import Invalid
from auditapp.lib.json_pointer import Token, Where, json_pointer

EVENT_MAX_BYTES: Final = 256 * 1024
BATCH_MAX_BYTES: Final = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one item may hold; the whole body is one item at level 0."""

    depth: int = 32  # containers inside each other
    keys: int = 1_000  # in all objects of the item together
    string_bytes: int = 64 * 1024  # each key or string, in UTF-8
    item_level: int = 0


EVENT: Final = Limits()
BATCH: Final = Limits(item_level=2)  # {"batch": [item, item]}: bounds hold for each


def parse(body: bytes, *, max_bytes: int, limits: Limits = EVENT) -> Any:
    """The JSON value in `body`, when it is one that can be stored and hashed.

    Raises:  Invalid with a pointer to the first trap; its code is `too_large` for
             the body as a whole, `not_json` where nothing could be read
    """
    text = _decoded(body, max_bytes)
    value = _parsed(text, limits)
    # NUL and surrogates hide in escapes alone: UTF-8 and the grammar bar the rest.
    # One byte first: searching for three costs 2 us in every body without any.
    careful = len(body) > limits.string_bytes or (
        b"\\" in body and (b"\\u0000" in body or b"\\ud" in body or b"\\uD" in body)
    )
    _Check(limits, careful).value(value, None, 1)
    return value


def _decoded(body: bytes, max_bytes: int) -> str:
    if len(body) > max_bytes:
        _refuse(f"Send at most {max_bytes} bytes at once.", code="too_large")
    if body.startswith(b"\xef\xbb\xbf"):
        _refuse("Leave out the byte order mark before the JSON.", code="not_json")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        _refuse(f"Send UTF-8: byte {error.start} is not.", code="not_json")
    if not text or text.isspace():
        _refuse("The body is empty. Send a JSON value.", code="not_json")
    return text


def _parsed(text: str, limits: Limits) -> Any:
    try:
        try:
            return _DECODER.decode(text)
        except json.JSONDecodeError:
            raise
        except ValueError:  # Python converts at most 4,300 digits
            return _HUGE_NUMBER_DECODER.decode(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        _refuse(f"This is not JSON: {error.msg} at {place}.", code="not_json")
    except RecursionError:
        _refuse_depth(limits, _place_below(text, limits.depth + limits.item_level))


@dataclass(frozen=True, slots=True)
class _Repeated:
    """Stands for an object with a key given twice until its place is known."""

    key: str


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Repeated:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            break
        seen.add(key)
    return _Repeated(key)


# Built once: json.loads() with a hook builds a decoder for each call.
_DECODER = json.JSONDecoder(object_pairs_hook=_object)
_HUGE_NUMBER_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    # Any number out of range does for one of thousands of digits.
    parse_int=lambda digits: int(digits) if len(digits) < 20 else MAX_INTEGER + 1,
)


class _Check:
    """One walk over a parsed value; parsing itself is blind to where it stands."""

    def __init__(self, limits: Limits, careful: bool) -> None:
        self.limits = limits
        self.careful = careful
        self.deepest = limits.depth + limits.item_level

    def value(self, value: Any, where: Where, depth: int) -> int:
        """Refuse the first trap in this value; give its number of keys."""
        kind = type(value)
        if kind is dict:
            return self.object(value, where, depth)
        if kind is list:
            return self.array(value, where, depth)
        if kind is str:
            if self.careful:
                self.text(value, where)
        elif kind is int:
            if not -MAX_INTEGER <= value <= MAX_INTEGER:
                _refuse_integer(where)
        elif kind is float:
            if not isfinite(value):
                _refuse("Numbers are finite. Send this one as text or null.", where)
        elif kind is _Repeated:
            self.text(value.key, where)
            _refuse("This key is given more than once. Keep one.", where, value.key)
        return 0

    def object(self, value: dict[str, Any], where: Where, depth: int) -> int:
        if depth > self.deepest:
            _refuse_depth(self.limits, where)
        careful = self.careful
        keys = len(value)
        for key, item in value.items():
            # The commonest kinds inline: a call for each doubles the time.
            kind = type(item)
            if careful:
                # At the object: a pointer could not carry such a key.
                self.text(key, where)
                if kind is str:
                    self.text(item, where, key)
            if kind is int:
                if not -MAX_INTEGER <= item <= MAX_INTEGER:
                    _refuse_integer(where, key)
            elif kind is not str and kind is not bool and item is not None:
                keys += self.value(item, (where, key), depth + 1)
        # Above the items each object counts for itself.
        counted = keys if depth > self.limits.item_level else len(value)
        if counted > self.limits.keys:
            _refuse_keys(self.limits, where)
        return keys

    def array(self, value: list[Any], where: Where, depth: int) -> int:
        if depth > self.deepest:
            _refuse_depth(self.limits, where)
        keys = 0
        for index, item in enumerate(value):
            if type(item) is not str or self.careful:
                keys += self.value(item, (where, index), depth + 1)
        if keys > self.limits.keys and depth > self.limits.item_level:
            _refuse_keys(self.limits, where)
        return keys

    def text(self, value: str, where: Where, *below: Token) -> None:
        try:
            size = len(value) if value.isascii() else len(value.encode())
        except UnicodeEncodeError:
            _refuse(
                r"Remove \ud800 to \udfff: half of a pair is no character.",
                where,
                *below,
            )
        if "\0" in value:
            _refuse(r"Remove \u0000: text cannot hold it.", where, *below)
        if size > self.limits.string_bytes:
            limit = self.limits.string_bytes
            _refuse(f"Keys and strings hold at most {limit} bytes.", where, *below)


_STRINGS_AND_PUNCTUATION = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]')


def _place_below(text: str, depth: int) -> Where:
    """The first place under more than `depth` containers.

    Only for text too deep to parse, so that all before that place is known to be JSON.
    """
    path: list[Token] = []
    string = '""'
    for match in _STRINGS_AND_PUNCTUATION.finditer(text):
        symbol = match[0]
        if symbol in ("[", "{"):
            if len(path) == depth:
                break
            path.append(0 if symbol == "[" else "")
        elif symbol in ("]", "}"):
            path.pop()
        elif symbol == ":":
            path[-1] = json.loads(string)
        elif symbol == ",":
            index = path[-1]
            path[-1] = index + 1 if isinstance(index, int) else ""
        else:
            string = symbol
    where: Where = None
    for step in path:
        where = (where, step)
    return where


def _refuse_depth(limits: Limits, where: Where) -> NoReturn:
    _refuse(f"Nest at most {limits.depth} objects and arrays.", where)


def _refuse_keys(limits: Limits, where: Where) -> NoReturn:
    _refuse(f"Send at most {limits.keys} keys in one item.", where)


def _refuse_integer(where: Where, *below: Token) -> NoReturn:
    _refuse(f"Integers go up to {MAX_INTEGER}. Send larger ones as text.", where, *below)


def _refuse(message: str, where: Where = None, *below: Token, code: str = "bad_json") -> NoReturn:
    raise Invalid(message, pointer=json_pointer(where, *below), code=code)
