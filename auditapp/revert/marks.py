"""What the trail shows of reverts: a mark on both rows, a panel and the ways back in the detail of an event."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from auditapp.access.permissions import Access, Permission, viewer_for
from auditapp.lib.ids import event_key
from auditapp.record.event_query import visible_events
from auditapp.record.event_row import EventRow
from auditapp.revert.elsewhere.services import callback_of
from auditapp.revert.models import Revert, RevertRequest, What
from auditapp.revert.preview import may_undo
from auditapp.revert.queries import reverts_about
from auditapp.trail.parts import Action, Leaves, Mark, Panel

TEMPLATE: Final = "revert/_panel.html"


@dataclass(frozen=True, slots=True)
class Link:
    """The event on the other end: `row` is None where the viewer may not see it; `paths` are the fields it is about."""

    key: str
    row: EventRow | None
    revert: Revert
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Links:
    """What undid an event, what it undid, and what another system was asked about it."""

    by: Sequence[Link]
    of: Sequence[Link]
    asked: RevertRequest | None = None


def revert_marks(access: Access, rows: Sequence[EventRow], leaves: Leaves) -> Mapping[UUID, Mark]:
    """A mark for what was undone, and for what undid something."""
    of, by = reverts_about(access.workspace_id, [row.id for row in rows])
    marks = {event_id: Mark("undo", _undid(links[0])) for event_id, links in by.items()}
    for event_id, links in of.items():
        live = [one for one in links if one.undone_at is None and one.what != What.VERSION]
        if live:
            marks[event_id] = Mark("undo", f"Undone by {live[-1].by_name or 'somebody'}", tag="Undone")
    return marks


def revert_panel(access: Access, row: EventRow, leaf: int | None) -> Panel | None:
    """Both ends of each revert of this event; None where there is none."""
    of, by = reverts_about(access.workspace_id, [row.id])
    undone, undoes = of.get(row.id, []), by.get(row.id, [])
    asked = RevertRequest.objects.filter(workspace_id=access.workspace_id, event_id=row.id).first()
    if not undone and not undoes and asked is None:
        return None
    others = {one.by_event_id for one in undone} | {one.event_id for one in undoes}
    known = visible_events(viewer_for(access)).many(sorted(others))
    links = Links(
        _links([(one.by_event_id, one) for one in undone], known),
        _links([(one.event_id, one) for one in undoes], known),
        asked,
    )
    return Panel(TEMPLATE, links, is_early=True)


def undo_actions(access: Access, row: EventRow) -> Iterable[Action]:
    """The way to the preview, on every event that has a way back which the subject may go."""
    if may_undo(access, row) or (callback_of(row) and access.can(Permission.EVENT_TYPE_MANAGE)):
        yield Action("Undo this change…", "undo", "revert:undo")


def _links(pairs: Iterable[tuple[UUID, Revert]], known: Mapping[UUID, EventRow]) -> list[Link]:
    found: dict[UUID, list[Revert]] = {}
    for event_id, one in pairs:
        found.setdefault(event_id, []).append(one)
    return [
        Link(event_key(event_id), known.get(event_id), rows[-1], tuple(one.path for one in rows if one.path))
        for event_id, rows in found.items()
    ]


def _undid(link: Revert) -> str:
    return "Restores an earlier version" if link.what == What.VERSION else "Undoes an earlier change"
