"""From the parts of a condition, bottom up, to one function of an event. Kinds that are known already are checked here, once.

The parser calls a method of `Compiler` for each part as it reads, so that nothing walks a tree.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

from lark import Token, Transformer, v_args

from auditapp.pipeline.destination_filters.fql_errors import FqlFailed, FqlInvalid
from auditapp.pipeline.destination_filters.fql_glob import glob_matcher
from auditapp.pipeline.destination_filters.fql_values import (
    BOOL,
    FUNCTIONS,
    LIST,
    NULL,
    NUMBER,
    STRING,
    WORDS,
    Function,
    fail,
    listed,
    strictly_equal,
)
from auditapp.pipeline.field_paths import Steps, steps_of

MAX_NESTING: Final = 32
Event = Mapping[str, Any]
Run = Callable[[Event], Any]
_UNKNOWN: Final = ""
_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Refused(Exception):
    """Something about a part of the text; the parser's caller knows the text."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position

    def as_invalid(self, text: str) -> FqlInvalid:
        return FqlInvalid(self.message, text=text, position=self.position)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a condition: how to get its value, its kind where that is known, the value where it is always the same."""

    run: Run
    kind: str
    position: int
    depth: int = 1
    constant: tuple[Any, ...] = ()  # the value itself, in a tuple


def _constant(value: Any, kind: str, position: int, depth: int = 1) -> Part:
    return Part(lambda event: value, kind, position, depth, (value,))


@v_args(inline=True)
class Compiler(Transformer[Token, Part]):
    """Makes a Part of each rule of the grammar."""

    def field(self, token: Token) -> Part:
        return Part(_field(steps_of(str(token))), _UNKNOWN, _at(token))

    def text(self, token: Token) -> Part:
        return _constant(_unquoted(str(token)), STRING, _at(token))

    def number(self, token: Token) -> Part:
        number = float(token)
        if not isfinite(number):
            raise Refused("Numbers go up to 1.8e308.", _at(token))
        # Digits alone stay exact as far as JSON is exact.
        exact = token.lstrip("-").isdigit() and len(token) < 20
        return _constant(int(token) if exact else number, NUMBER, _at(token))

    def true(self, token: Token) -> Part:
        return _constant(True, BOOL, _at(token))

    def false(self, token: Token) -> Part:
        return _constant(False, BOOL, _at(token))

    def null(self, token: Token) -> Part:
        return _constant(None, NULL, _at(token))

    def group(self, inner: Part) -> Part:
        depth = _deeper(inner.position, inner)
        return Part(inner.run, inner.kind, inner.position, depth, inner.constant)

    def listing(self, *items: Part | None) -> Part:
        found = [item for item in items if item is not None]
        position = found[0].position if found else 0
        depth = _deeper(position, *found)
        if all(item.constant for item in found):
            return _constant([item.constant[0] for item in found], LIST, position, depth)
        runs = tuple(item.run for item in found)
        return Part(lambda event: [run(event) for run in runs], LIST, position, depth)

    def negation(self, sign: Token, inner: Part) -> Part:
        run = _truth(inner, "!")
        return Part(lambda event: not run(event), BOOL, _at(sign), _deeper(_at(sign), inner))

    def both(self, *parts: Part) -> Part:
        runs = tuple(_truth(part, "and") for part in parts)

        def all_hold(event: Event) -> bool:
            for run in runs:  # noqa: SIM110  a generator costs as much again as the terms
                if not run(event):
                    return False
            return True

        return Part(all_hold, BOOL, parts[0].position, _deeper(parts[0].position, *parts))

    def either(self, *parts: Part) -> Part:
        runs = tuple(_truth(part, "or") for part in parts)

        def any_holds(event: Event) -> bool:
            for run in runs:  # noqa: SIM110
                if run(event):
                    return True
            return False

        return Part(any_holds, BOOL, parts[0].position, _deeper(parts[0].position, *parts))

    def comparison(self, left: Part, sign: Token, right: Part) -> Part:
        depth = _deeper(_at(sign), left, right)
        if sign == "=":
            return Part(_equals(left, right), BOOL, left.position, depth)
        if sign == "!=":
            same = _equals(left, right)
            return Part(lambda event: not same(event), BOOL, left.position, depth)
        for side in (left, right):
            _require(side, (NUMBER, NULL), f"{sign} compares numbers")
        return Part(_orders(left.run, right.run, str(sign)), BOOL, left.position, depth)

    def membership(self, item: Part, group: Part) -> Part:
        _require(group, (LIST, NULL), "in looks into a list")
        return Part(_is_in(item, group), BOOL, item.position, _deeper(item.position, item, group))

    def call(self, name: Token, *arguments: Part | None) -> Part:
        given = [argument for argument in arguments if argument is not None]
        function = FUNCTIONS.get(str(name))
        if function is None:
            raise Refused(f"There is no function {name}(). There are {', '.join(FUNCTIONS)}.", _at(name))
        if len(given) != len(function.takes):
            raise Refused(f"{name}() takes {len(function.takes)} values, not {len(given)}.", _at(name))
        for argument, kinds in zip(given, function.takes, strict=True):
            _require(argument, (*kinds, NULL), f"{name}() takes {listed(kinds)}")
        run = _glob(given) if name == "match" else _called(function, given)
        return Part(run, function.gives, _at(name), _deeper(_at(name), *given))


def _at(token: Token) -> int:
    return token.start_pos or 0


def _deeper(position: int, *parts: Part) -> int:
    depth = 1 + max((part.depth for part in parts), default=0)
    if depth > MAX_NESTING:
        raise Refused(f"This nests more than {MAX_NESTING} deep.", position)
    return depth


def _require(part: Part, kinds: tuple[str, ...], rule: str) -> None:
    if part.kind != _UNKNOWN and part.kind not in kinds:
        raise Refused(f"{rule}, and this is {WORDS[part.kind]}.", part.position)


def _unquoted(quoted: str) -> str:
    r"""What stands between the quotes; `\'`, `\"` and `\\` are one character, other backslashes stay, for globs."""
    text, at, end = [], 1, len(quoted) - 1
    while at < end:
        at += quoted[at] == "\\" and quoted[at + 1] in "'\"\\"
        text.append(quoted[at])
        at += 1
    return "".join(text)


def _field(steps: Steps) -> Run:
    first, rest = steps[0], steps[1:]
    if not rest:
        return lambda event: event.get(first)
    if len(rest) == 1:
        second = rest[0]

        def read_two(event: Event) -> Any:
            value = event.get(first)
            return value.get(second) if isinstance(value, dict) else None

        return read_two

    def read(event: Event) -> Any:
        value = event.get(first)
        for step in rest:
            if not isinstance(value, dict):
                return None
            value = value.get(step)
        return value

    return read


def _truth(part: Part, name: str) -> Run:
    """The part as true or false: null is false, anything else is an error."""
    _require(part, (BOOL, NULL), f"{name} takes true or false")
    run = part.run
    if part.kind == BOOL:
        return run

    def truth(event: Event) -> bool:
        value = run(event)
        if value is True:
            return True
        if value is not False and value is not None:
            fail(name, (BOOL,), value)
        return False

    return truth


def _equals(left: Part, right: Part) -> Run:
    if left.constant and not right.constant:
        left, right = right, left
    one, other = left.run, right.run
    if right.constant:
        value = right.constant[0]
        if right.kind in (BOOL, NULL):
            return lambda event: one(event) is value
        if right.kind == STRING:
            return lambda event: bool(one(event) == value)
        if right.kind == NUMBER:
            return lambda event: _is_number(found := one(event)) and bool(found == value)
    return lambda event: strictly_equal(one(event), other(event))


def _is_number(value: Any) -> bool:
    return type(value) is int or type(value) is float


def _orders(left: Run, right: Run, sign: str) -> Run:
    compare = _ORDERS[sign]

    def ordered(event: Event) -> bool:
        one, other = left(event), right(event)
        if _is_number(one) and _is_number(other):
            return compare(one, other)
        for value in (one, other):
            if value is not None and not _is_number(value):
                fail(sign, (NUMBER,), value)
        return False

    return ordered


def _is_in(item: Part, group: Part) -> Run:
    one, many = item.run, group.run
    if group.constant and all(type(value) is str for value in group.constant[0] or ()):
        texts = frozenset(group.constant[0] or ())
        return lambda event: type(value := one(event)) is str and value in texts

    def is_in(event: Event) -> bool:
        value, values = one(event), many(event)
        if values is None:
            return False
        if not isinstance(values, (list, tuple)):
            fail("in", (LIST,), values)
        return any(strictly_equal(value, other) for other in values)

    return is_in


def _called(function: Function, given: list[Part]) -> Run:
    call, first = function.run, given[0].run
    if len(given) == 1:
        return lambda event: call(first(event))
    second = given[1].run
    return lambda event: call(first(event), second(event))


def _glob(given: list[Part]) -> Run:
    """match() with its pattern compiled now, where it is always the same."""
    text, pattern = given
    if not pattern.constant or pattern.kind != STRING:
        return _called(FUNCTIONS["match"], given)
    try:
        matches = glob_matcher(pattern.constant[0])
    except FqlFailed as fault:
        raise Refused(fault.message, pattern.position) from None
    run = text.run

    def matched(event: Event) -> bool:
        value = run(event)
        if type(value) is str:
            return matches(value)
        if value is not None:
            fail("match()", (STRING,), value)
        return False

    return matched
