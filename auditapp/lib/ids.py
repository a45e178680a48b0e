"""Ids: ordered for events, random for everything else, and their short text form.

An event is a UUID in the database and `evt_` + 22 base62 characters on the outside.
"""

from __future__ import annotations

import secrets
from uuid import UUID, uuid5

from auditapp.lib import clock
from auditapp.lib.errors import Invalid

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
UUID_WIDTH = 22  # 62**22 > 2**128 > 62**21

# Two digits at a time: an export writes an id a line.
_PAIRS = [high + low for high in BASE62 for low in BASE62]
_VALUE_OF = {character: value for value, character in enumerate(BASE62)}
_EVENT_PREFIX = "evt_"

# Root of the ids given to imported records; never change it, or a second import
# of the same records would store them twice.
_IMPORTED = UUID("6f1c2f0e-5d0b-4e3c-9a3e-5b1d7c0a4e21")


def new_event_id() -> UUID:
    """A UUIDv7 of the present moment of `lib.clock`.

    The 12 bits after the milliseconds hold their fraction (RFC 9562 section 6.2,
    method 3), so ids made one after another sort so to about a quarter microsecond.
    """
    moment = clock.now()
    microseconds = round(moment.timestamp() * 1_000_000)
    milliseconds, rest = divmod(microseconds, 1_000)
    fraction = rest * 4096 // 1_000
    number = milliseconds << 80 | 7 << 76 | fraction << 64 | 2 << 62
    return UUID(int=number | secrets.randbits(62))


def event_uuid5(workspace_id: UUID | str, format: str, record_id: str) -> UUID:
    """The id of an imported record: the same record gets the same id every time."""
    return uuid5(uuid5(uuid5(_IMPORTED, str(workspace_id)), format), record_id)


def event_key(event_id: UUID) -> str:
    """The id as people and URLs see it: `evt_` + 22 base62 characters."""
    return _EVENT_PREFIX + base62(event_id.int, width=UUID_WIDTH)


def parse_event_key(text: str) -> UUID:
    """The UUID behind an event key; a plain UUID is accepted too.

    Raises:  Invalid
    """
    try:
        if text.startswith(_EVENT_PREFIX):
            return uuid_from_base62(text.removeprefix(_EVENT_PREFIX))
        event_id = UUID(text)
        # UUID() also reads braces, "urn:uuid:" and missing hyphens.
        if str(event_id) == text.lower():
            return event_id
    except ValueError:
        pass
    raise Invalid("This is not the id of an event.", code="bad_event_id")


def new_id(prefix: str) -> str:
    """A random id such as `usr_` + 22 base62 characters (131 random bits)."""
    return f"{prefix}_{random_base62(UUID_WIDTH)}"


def random_base62(length: int) -> str:
    """Unguessable base62 text of this length."""
    return "".join(secrets.choice(BASE62) for _ in range(length))


def base62(number: int, *, width: int) -> str:
    """The number in base62, zero-padded, so that text sorts as the numbers do."""
    text, left = "", number
    while left:
        left, value = divmod(left, 3844)
        text = _PAIRS[value] + text
    if len(text.lstrip("0")) > width:
        raise ValueError(f"number needs more than {width} base62 characters")
    return text[-width:].rjust(width, "0")


def uuid_from_base62(text: str) -> UUID:
    """The UUID written by `base62(..., width=22)`; ValueError for anything else."""
    if len(text) != UUID_WIDTH:
        raise ValueError(f"expected {UUID_WIDTH} base62 characters")
    number = 0
    for character in text:
        value = _VALUE_OF.get(character)
        if value is None:
            raise ValueError("not base62")
        number = number * 62 + value
    return UUID(int=number)  # refuses 2**128 and above
