"""What an event changed in a few words, for its row: `name: "a" → "b", +2 more`. All of it is in the diff of its page."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from auditapp.record.drafts import MISSING, Change
from auditapp.record.event_row import EventRow
from auditapp.trail.diff import value_text, withheld

CHANGES_SAID: Final = 2
LONGEST: Final = 24


def short_changes(row: EventRow) -> str:
    """The first two changes as their viewer may see them, and how many more there are; empty where there are none."""
    said = [text for change in row.event.changes[:CHANGES_SAID] if (text := _said(change))]
    more = row.change_count - len(said)
    if not said:
        return ""
    return ", ".join([*said, *([f"+{more} more"] if more else [])])


def _said(change: Change) -> str:
    if change.old is MISSING and change.new is MISSING:
        return ""
    sides = list(_sides(change))
    return f"{change.path} changed" if None in sides else f"{change.path}: {' → '.join(map(str, sides))}"


def _sides(change: Change) -> Iterator[str | None]:
    """Both sides as text, None for one that is too long to read in a row or may not be shown."""
    for side in (change.old, change.new):
        yield "none" if side is MISSING else _text(side)


def _text(value: Any) -> str | None:
    if withheld(value) or isinstance(value, (Mapping, list)):
        return None
    text = value if isinstance(value, str) else value_text(value)
    return text if 0 < len(text) <= LONGEST else None
