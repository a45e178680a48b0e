"""What packages above add to events in the trail: marks at the end of a row, panels in the detail. wiring.py registers them.

Events go in, finished parts come out, for a whole page at a time; each registered function asks for itself what the person may see.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from auditapp.access.permissions import Access
from auditapp.record.event_row import EventRow


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign at the end of a row: an icon of the sprite, and what it says in words. `tone` is "", "warn" or "bad".

    One with a `tag` stands after the sentence with that word, for what changes how the row is read.
    """

    icon: str
    words: str
    tone: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """A section of an event's detail: a template, and what it finds as `parts`. An early one stands right after what changed."""

    template: str
    parts: Any
    is_early: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """A button of an event's detail: a link to the view of this name, for the workspace and the event."""

    words: str
    icon: str
    url_name: str


Leaves = Mapping[UUID, int]
FindMarks = Callable[[Access, Sequence[EventRow], Leaves], Mapping[UUID, Mark]]
MakePanel = Callable[[Access, EventRow, int | None], Panel | None]
FindActions = Callable[[Access, EventRow], Iterable[Action]]
_actions: list[FindActions] = []
_marks: list[FindMarks] = []
_panels: list[MakePanel] = []


def register_marks(find: FindMarks) -> None:
    """Ask this for a mark of each event of a page; events that it does not name have none."""
    if find not in _marks:
        _marks.append(find)


def register_panel(make: MakePanel) -> None:
    """Ask this for a panel of each event that is opened; it gives None where it has nothing to say."""
    if make not in _panels:
        _panels.append(make)


def register_actions(find: FindActions) -> None:
    """Ask this for the buttons of each event that is opened."""
    if find not in _actions:
        _actions.append(find)


def marks_for(access: Access, rows: Sequence[EventRow], leaves: Leaves) -> dict[UUID, list[Mark]]:
    """The marks of the events of a page, by event, in the order of wiring.py.

    Takes:   leaves, the place in the log of those that are sealed
    """
    found: dict[UUID, list[Mark]] = {}
    for find in _marks if rows else ():
        for event_id, mark in find(access, rows, leaves).items():
            found.setdefault(event_id, []).append(mark)
    return found


def panels_for(access: Access, row: EventRow, leaf: int | None) -> list[Panel]:
    """The panels of an event.

    Takes:   leaf, its place in the log, where it is sealed
    """
    return [panel for make in _panels if (panel := make(access, row, leaf))]


def actions_for(access: Access, row: EventRow) -> list[Action]:
    """What can be done about an event."""
    return [action for find in _actions for action in find(access, row)]
