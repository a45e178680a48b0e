"""The only place that reads the wall clock, and the one text form of a moment.

`at()` moves the clock for demo history and tests; durations belong to time.monotonic().
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from auditapp.lib.errors import Invalid

_moved_to: ContextVar[datetime | None] = ContextVar("clock_moved_to", default=None)

# RFC 3339, stricter than fromisoformat(), which also reads week dates and "20261124".
_RFC3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.(?P<fraction>\d{1,9}))?"
    r"(?:[Zz]|[+-]\d{2}:\d{2})",
    re.ASCII,
)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _moved_to.get() or datetime.now(UTC)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let `now()` answer `moment` inside the block, in this thread or task only."""
    token = _moved_to.set(_in_utc(moment))
    try:
        yield
    finally:
        _moved_to.reset(token)


def utc_text(moment: datetime) -> str:
    """Write an aware moment as `2026-11-24T13:35:55.123456Z`, always this wide."""
    return _in_utc(moment).isoformat(timespec="microseconds")[:-6] + "Z"  # in place of +00:00


def parse_utc(text: str) -> datetime:
    """Read an RFC 3339 moment with its offset into UTC.

    Digits beyond microseconds are cut: the database keeps no more.

    Raises:  Invalid, also for a moment without offset
    """
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise Invalid(
            "Write times as 2026-11-24T13:35:55Z, with Z or an offset such as +02:00.",
            code="bad_time",
        )
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid("There is no such date or time.", code="bad_time") from None


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("naive datetime: the clock works on aware moments only")
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
