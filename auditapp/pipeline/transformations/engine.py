"""What transformations do to an event. One sees the event as the one before it left it; its own conditions see it as it came in.

What cannot be done to an event drops it: the transformation may be what keeps a value from a destination.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from auditapp.lib.canonical_json import canonical_bytes
from auditapp.lib.errors import AppError
from auditapp.pipeline.destination_filters.fql import Condition, Expression
from auditapp.pipeline.destination_filters.fql_values import FUNCTIONS
from auditapp.pipeline.field_names import Names, only_names
from auditapp.pipeline.field_paths import NOT_THERE, Steps, value_at, with_value, without_value
from auditapp.pipeline.verdicts import Verdict

Event = Mapping[str, Any]
# Paths that begin so are of the event; any other is of its properties or traits.
ROOTS: Final = ("properties", "traits", "context")


class Casing(StrEnum):
    """The functions of FQL that give a text another look."""

    LOWERCASE = "lowercase"
    UPPERCASE = "uppercase"
    SNAKECASE = "snakecase"
    KEBABCASE = "kebabcase"
    TITLECASE = "titlecase"


class Algorithm(StrEnum):
    """Hashes that destinations ask for; with a key each is an HMAC."""

    MD5 = "MD5"
    SHA1 = "SHA1"
    SHA256 = "SHA256"
    SHA512 = "SHA512"


class Encoding(StrEnum):
    """How a hash is written."""

    HEX = "HEX"
    BASE64 = "BASE64"


@dataclass(frozen=True, slots=True)
class Hashing:
    """Which fields are replaced by hashes of their values."""

    algorithm: Algorithm
    paths: tuple[Steps, ...]
    key: bytes = b""
    encoding: Encoding = Encoding.HEX


@dataclass(frozen=True, slots=True)
class Transformation:
    """One enabled transformation, compiled. Paths of one step and more; the first is a root or is looked for in properties or traits."""

    id: str
    condition: Condition
    drops: bool = False
    new_event_name: str = ""
    renames: tuple[tuple[Steps, Steps], ...] = ()
    values: tuple[tuple[Steps, Any], ...] = ()
    casings: tuple[tuple[Steps, Casing], ...] = ()
    defined: tuple[tuple[Steps, Expression], ...] = ()
    allowed: Names | None = None
    hashing: Hashing | None = None


@dataclass(frozen=True, slots=True)
class Transformed:
    """The event to go on with and which transformations changed it, or why there is none and by which of them."""

    event: Event | None
    verdict: Verdict = Verdict.ACCEPTED
    transformation_id: str = ""
    message: str = ""
    applied: tuple[str, ...] = ()


def apply_transformations(transformations: Iterable[Transformation], event: Event) -> Transformed:
    """The event after all of them, in their order; the given event stays as it is."""
    applied: tuple[str, ...] = ()
    for one in transformations:
        try:
            if not one.condition.matches(event):
                continue
            if one.drops:
                return Transformed(None, Verdict.FILTERED_BY_RULES, one.id)
            event = _transformed(one, event)
        except (AppError, RecursionError, ValueError) as fault:
            return Transformed(None, Verdict.INTERNAL, one.id, str(fault) or type(fault).__name__)
        applied += (one.id,)
    return Transformed(event, applied=applied)


def _transformed(one: Transformation, came: Event) -> Event:
    group = "traits" if came.get("type") in ("identify", "group") else "properties"
    event = came
    if one.new_event_name and came.get("type") == "track":
        event = {**event, "event": one.new_event_name}
    if one.renames:
        event = _renamed(event, one.renames, group)
    for steps, value in one.values:
        event = with_value(event, _place(steps, group), value)
    for steps, casing in one.casings:
        place = _place(steps, group)
        if isinstance(text := value_at(event, place), str):
            event = with_value(event, place, FUNCTIONS[casing].run(text))
    for steps, expression in one.defined:
        if (value := expression.value(came)) is not None:
            event = with_value(event, _place(steps, group), value)
    if one.allowed is not None and isinstance(fields := event.get(group), dict):
        event = {**event, group: only_names(fields, one.allowed)}
    if one.hashing:
        event = _hashed(event, one.hashing, group)
    return event


def _place(steps: Steps, group: str) -> Steps:
    return steps if len(steps) > 1 and steps[0] in ROOTS else (group, *steps)


def _renamed(event: Event, renames: Iterable[tuple[Steps, Steps]], group: str) -> Event:
    """All at once: two fields may change places, and none is renamed twice."""
    places = [(_place(old, group), _place(new, group)) for old, new in renames]
    found = [(old, new, value_at(event, old)) for old, new in places]
    there = [(old, new, value) for old, new, value in found if value is not NOT_THERE]
    for old, _, _ in there:
        # Gone already where it stood in a field that was moved before it.
        if value_at(event, old) is not NOT_THERE:
            event = without_value(event, old)
    for _, new, value in there:
        event = with_value(event, new, value)
    return event


def _hashed(event: Event, hashing: Hashing, group: str) -> Event:
    for steps in hashing.paths:
        place = _place(steps, group)
        value = value_at(event, place)
        if value is not NOT_THERE and value is not None:
            event = with_value(event, place, hash_of(value, hashing))
    return event


def hash_of(value: Any, hashing: Hashing) -> str:
    """The hash of a text in UTF-8, of any other value as canonical JSON.

    Raises:  Invalid, ValueError, where the value has no bytes
    """
    said = value.encode() if isinstance(value, str) else canonical_bytes(value)
    name = hashing.algorithm.lower()
    if hashing.key:
        digest = hmac.digest(hashing.key, said, name)
    else:
        # MD5 and SHA-1 are what some destinations match people by; nothing here relies on them.
        digest = hashlib.new(name, said, usedforsecurity=False).digest()
    return digest.hex() if hashing.encoding is Encoding.HEX else base64.b64encode(digest).decode()
