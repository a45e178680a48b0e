"""Values of events as cells of a table: which type a value has, and what a column of some type takes. Pure; SQL is written elsewhere."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import orjson

from auditapp.lib import clock
from auditapp.lib.errors import Invalid

SMALLEST, LARGEST = -(2**63), 2**63 - 1
EXACT_IN_DOUBLE: Final = 2**53
MAX_DEPTH: Final = 5
# What looks like it and is no time stays text.
_MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)


class Kind(StrEnum):
    """The types of columns, as PostgreSQL writes them. OTHER is what somebody made by hand."""

    BOOLEAN = "boolean"
    BIGINT = "bigint"
    NUMERIC = "numeric"
    DOUBLE = "double precision"
    MOMENT = "timestamp with time zone"
    TEXT = "text"
    OTHER = "other"


NUMBERS: Final = frozenset({Kind.BIGINT, Kind.NUMERIC, Kind.DOUBLE})


class DoesNotFit(Exception):
    """A column cannot hold this value."""


def column_kind(type_name: str) -> Kind:
    """The kind of a column by PostgreSQL's name of its type."""
    if type_name == "character varying":  # without a length
        return Kind.TEXT
    try:
        return Kind(type_name)
    except ValueError:
        return Kind.OTHER


def kind_of(value: Any) -> Kind:
    """The type that a column would get by this value."""
    if isinstance(value, bool):
        return Kind.BOOLEAN
    if isinstance(value, int):
        return Kind.BIGINT if SMALLEST <= value <= LARGEST else Kind.NUMERIC
    if isinstance(value, float):
        return Kind.DOUBLE
    if isinstance(value, datetime) or (isinstance(value, str) and _moment(value)):
        return Kind.MOMENT
    return Kind.TEXT


def joined(one: Kind, other: Kind) -> Kind:
    """The type of a new column whose values are of both types."""
    if one == other:
        return one
    return Kind.NUMERIC if {one, other} <= NUMBERS else Kind.TEXT


def needs_numeric(column: Kind, value: Any) -> bool:
    """Whether a column of numbers has to become `numeric` to hold this number as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if column is Kind.BIGINT:
        return not (SMALLEST <= value <= LARGEST) or value != int(value)
    return column is Kind.DOUBLE and isinstance(value, int) and abs(value) > EXACT_IN_DOUBLE


def cell(column: Kind, value: Any) -> Any:
    """The value as it goes into such a column.

    Raises:  DoesNotFit
    """
    if column is Kind.TEXT:
        return _text(value)
    own = kind_of(value)
    if column in NUMBERS and own in NUMBERS and not needs_numeric(column, value):
        return int(value) if column is Kind.BIGINT else value
    if own is column and own is not Kind.OTHER:
        return _moment(value) if own is Kind.MOMENT and isinstance(value, str) else value
    raise DoesNotFit


def flat(values: Any, prefix: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    """Paths and values of an object: nested ones are flattened up to a depth, lists and what lies deeper become JSON; null is left out."""
    found: list[tuple[tuple[str, ...], Any]] = []
    for key, value in values.items():
        path = (*prefix, key)
        if isinstance(value, dict) and len(path) < MAX_DEPTH:
            found += flat(value, path)
        elif isinstance(value, dict | list):
            found.append((path, orjson.dumps(value).decode()))
        elif value is not None:
            found.append((path, value))
    return found


def moment(value: Any) -> datetime | None:
    """A time of an event, None where it is none."""
    return _moment(value) if isinstance(value, str) else None


def _moment(value: str) -> datetime | None:
    if not _MOMENT.fullmatch(value):
        return None
    try:
        return clock.parse_utc(value)
    except Invalid:
        return None


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return clock.utc_text(value)
    return orjson.dumps(value).decode()
