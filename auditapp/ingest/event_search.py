"""The API's question to the trail: Segment's query parameters and ours as a filter, and cursors as places between events."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from auditapp.catalogue import registry
from auditapp.lib.clock import parse_utc
from auditapp.lib.errors import Invalid
from auditapp.lib.keyset import PageKey, parse_page_key
from auditapp.record.event_filter import Choice, EventFilter, Word
from auditapp.record.event_query import EventPage
from auditapp.record.event_types import OTHER_AREA
from auditapp.record.query_language import words_of

AREA_KEYS: Final = (*(area.key for area in registry.AREAS), OTHER_AREA)
OUTCOMES: Final = ("success", "failure")
_RESOURCE_TYPES: Final = frozenset(declared.resource_type for declared in registry.EVENT_TYPES.values())
Direction = Literal["first", "older", "newer"]
_BESIDE: Final[dict[str, Direction]] = {"older": "older", "newer": "newer"}


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page starts: at the newest event, or beside the event of a key."""

    direction: Direction = "first"
    key: PageKey | None = None

    def __str__(self) -> str:
        text = f"{self.direction} {self.key}" if self.key else self.direction
        return urlsafe_b64encode(text.encode()).decode()


def parse_cursor(text: str | None) -> Cursor:
    """The place that a cursor of an earlier answer names; without one, the first page.

    Raises:  Invalid
    """
    if not text:
        return Cursor()
    try:
        direction, _, key = urlsafe_b64decode(text.encode()).decode().partition(" ")
        if direction == "first" and not key:
            return Cursor()
        if direction in _BESIDE:
            return Cursor(_BESIDE[direction], parse_page_key(key))
    except (NotBase64, UnicodeError, Invalid):
        pass
    raise Invalid("This cursor is none of ours. Start without one.", field="pagination.cursor", code="bad_cursor")


def pagination(page: EventPage, cursor: Cursor) -> dict[str, str | None]:
    """The cursors of this page and its neighbours, as Segment's SDKs read them.

    A search that stopped because its time was up goes on from there on the next page, so a page may be short.
    """
    older = page.older or page.searched_to
    return {
        "current": str(cursor),
        "next": str(Cursor("older", older)) if older else None,
        "previous": str(Cursor("newer", page.newer)) if page.newer else None,
    }


def refuse_unknown(names: Iterable[str], known: Collection[str]) -> None:
    """A parameter with a slip in its name would narrow nothing, and its answer would be taken for what was asked.

    Raises:  Invalid
    """
    for name in names:
        if name not in known:
            message = f"There is no parameter {name}. Take of these: {', '.join(known)}."
            raise Invalid(message, field=name, code="unknown_parameter")


def event_filter(
    *,
    start_time: str | None = None,
    end_time: str | None = None,
    resource_id: str | None = None,
    resource_type: str | None = None,
    types: Sequence[str] = (),
    areas: Sequence[str] = (),
    actors: Sequence[str] = (),
    outcomes: Sequence[str] = (),
    ips: Sequence[str] = (),
    supporters: Sequence[str] = (),
    q: str | None = None,
    text: str | None = None,
) -> EventFilter:
    """What the parameters ask for, reads included. A value after `!` is left out; repeated values are alternatives;
    words of `q` and of `text`, its other name, must all be found.

    Raises:  Invalid, with the parameter as its field
    """
    kind = _resource_type(resource_type) if resource_type else None
    since, until = _moment(start_time, "startTime"), _moment(end_time, "endTime")
    if since and until and since > until:
        raise Invalid("This is after endTime.", field="startTime", code="bad_range")
    return EventFilter(
        types=_choice(types, _type_key),
        areas=_choice(areas, _one_of("area", AREA_KEYS)),
        actors=_choice(actors),
        resources=Choice((f"{kind}:{resource_id}" if resource_id else kind,)) if kind else Choice(),
        target_ids=Choice((resource_id,)) if resource_id and not kind else Choice(),
        outcomes=_choice(outcomes, _one_of("outcome", OUTCOMES)),
        ips=_choice(ips),
        behind=_choice(supporters),
        words=(*_words(q, "q"), *_words(text, "text")),
        since=since,
        until=until,
        with_reads=True,
    )


def _choice(values: Iterable[str], read: Callable[[str], str] = str) -> Choice:
    listed = list(values)
    return Choice(
        tuple(read(value) for value in listed if not value.startswith("!")),
        tuple(read(value[1:]) for value in listed if value.startswith("!")),
    )


def _one_of(field: str, known: Collection[str]) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in known:
            raise Invalid(f"There is no {field} {value!r}. Take of these: {', '.join(known)}.", field=field)
        return value

    return read


def _words(text: str | None, field: str) -> tuple[Word, ...]:
    words = words_of(text or "")
    if text and not words:
        raise Invalid("This has no letter or digit to search for.", field=field, code="no_words")
    return words


def _type_key(text: str) -> str:
    named = registry.by_name(text)
    return named.key if named else text


def _resource_type(text: str) -> str:
    """Our word for a kind of resource; Segment's documentation calls them Sources, Tracking Plans and so on."""
    word = re.sub(r"[\s-]+", "_", text.strip()).lower()
    return word[:-1] if word not in _RESOURCE_TYPES and word.removesuffix("s") in _RESOURCE_TYPES else word


def _moment(text: str | None, field: str) -> datetime | None:
    if not text:
        return None
    try:
        return parse_utc(text)
    except Invalid as refused:
        raise Invalid(refused.message, field=field, code=refused.code) from None
