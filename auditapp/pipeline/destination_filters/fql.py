"""FQL, the language of conditions on events: `type = "track" and !match(event, "Test *")`. Text in, something to ask of events out.

Language and null rules are Segment's; where its reference leaves open what happens, tests/pipeline/fql_model.py says what does here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from lark import Lark, UnexpectedCharacters, UnexpectedToken
from lark.exceptions import UnexpectedInput

from auditapp.pipeline.destination_filters.fql_compile import Compiler, Event, Part, Refused, Run
from auditapp.pipeline.destination_filters.fql_errors import FqlFailed, FqlInvalid
from auditapp.pipeline.destination_filters.fql_values import BOOL, NULL, WORDS, fail

MAX_BYTES: Final = 5 * 1024
EVERYTHING: Final = "all"
# Terminals in the words of who writes a condition; several may mean one thing to them.
_EXPECTED: Final = {
    **dict.fromkeys(("PATH",), "a field such as properties.plan"),
    **dict.fromkeys(("STRING", "NUMBER", "TRUE", "FALSE", "NULL"), "a value such as 'text', 10, true or null"),
    "FUNCTION": "a function such as contains()",
    "COMPARISON": "= != < <= > or >=",
    "_AND": "and",
    "_OR": "or",
    "_IN": "in",
    "NOT": "!",
    "LPAR": "(",
    "RPAR": ")",
    "LSQB": "[",
    "RSQB": "]",
    "COMMA": "a comma",
    "$END": "the end",
}
_ORDER: Final = tuple(dict.fromkeys(_EXPECTED.values()))
# What raises where an event holds what JSON cannot: numbers of thousands of digits, nesting without an end.
_HOSTILE: Final = (ValueError, OverflowError, RecursionError, TypeError, AttributeError)

_PARSER: Final = Lark(
    Path(__file__).with_name("fql.lark").read_text("utf-8"),
    parser="lalr",
    transformer=Compiler(),
    maybe_placeholders=True,
)


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition. `text` is as it was written."""

    text: str
    _run: Run

    def matches(self, event: Event) -> bool:
        """Whether the event fulfils it; null counts as no.

        Raises:  FqlFailed, where the values of the event do not fit the condition
        """
        value = _evaluated(self._run, event)
        if value is True:
            return True
        if value is not False and value is not None:
            fail("A condition", (BOOL,), value)
        return False


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression of any kind, for a property that is defined by one."""

    text: str
    _run: Run

    def value(self, event: Event) -> Any:
        """Its value for this event; parts of the event are not copied.

        Raises:  FqlFailed
        """
        return _evaluated(self._run, event)


def _evaluated(run: Run, event: Event) -> Any:
    try:
        return run(event)
    except FqlFailed:
        raise
    except _HOSTILE as fault:
        raise FqlFailed(f"This event has values that no condition can look at ({type(fault).__name__}).") from None


@lru_cache(maxsize=1024)
def compile_fql(text: str) -> Condition:
    """The condition that this text says; `all` holds for every event.

    Raises:  FqlInvalid, with the place and what was expected there
    """
    if text.strip() == EVERYTHING:
        return Condition(text, lambda event: True)
    part = _parsed(text)
    if part.kind not in ("", BOOL, NULL):
        message = f"A condition is true or false, and this is {WORDS[part.kind]}. Compare it with something."
        raise FqlInvalid(message, text=text, position=part.position)
    return Condition(text, part.run)


@lru_cache(maxsize=1024)
def compile_expression(text: str) -> Expression:
    """The expression that this text says, of whatever kind.

    Raises:  FqlInvalid
    """
    return Expression(text, _parsed(text).run)


def _parsed(text: str) -> Part:
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise FqlInvalid(f"A condition has at most {MAX_BYTES} bytes.", text=text, position=0)
    try:
        return _PARSER.parse(text)  # type: ignore[return-value]  # the Compiler makes a Part of what would be a tree
    except Refused as fault:
        raise fault.as_invalid(text) from None
    except UnexpectedInput as fault:
        raise _unexpected(fault, text) from None


def _unexpected(fault: UnexpectedInput, text: str) -> FqlInvalid:
    position = fault.pos_in_stream if fault.pos_in_stream is not None and fault.pos_in_stream >= 0 else len(text)
    if isinstance(fault, UnexpectedToken):
        if fault.token.type == "$END":
            position = len(text)
            return FqlInvalid(
                f"The condition ends too early. Expected {_expected(fault.accepts)}.", text=text, position=position
            )
        found = str(fault.token)[:40]
        return FqlInvalid(
            f"{found} is not expected here. Expected {_expected(fault.accepts)}.", text=text, position=position
        )
    if text[position : position + 1] == "." and position + 1 < len(text):
        position += 1  # a dot is what a path goes on with: it is what follows that cannot
    found = text[position : position + 1]
    if isinstance(fault, UnexpectedCharacters) and found in ("'", '"'):
        return FqlInvalid(f"This text is never closed: add {found} at its end.", text=text, position=position)
    message = f"{found!r} is not expected here. In the name of a field, write a backslash before it."
    return FqlInvalid(message, text=text, position=position)


def _expected(terminals: Iterable[str]) -> str:
    words = {_EXPECTED[name] for name in terminals if name in _EXPECTED}
    listed = [word for word in _ORDER if word in words]
    return "one of: " + "; ".join(listed) if len(listed) > 1 else "".join(listed)
