"""Writes the filtered trail as CSV or JSON Lines while it is read; who may export, and how much, is decided in services.py.

CSV is for spreadsheets and loses the shape of values; JSON Lines keeps them, and the importer reads it back.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from auditapp.lib.clock import utc_text
from auditapp.record.event_row import EventRow
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.queries import seal_marks
from auditapp.trail.diff import value_text
from auditapp.trail.dressing import area_name, plain_text
from auditapp.trail.event_json import event_as_json
from auditapp.trail.moments import PageTime
from auditapp.web.streaming import csv_lines, json_lines

ROWS_A_LOOK: Final = 500  # at the seals
CSV_HEADER: Final = (
    *("time", "time_utc", "event_id", "event", "type", "area", "outcome", "sentence"),
    *("actor_kind", "actor_id", "actor_name", "actor_email"),
    *("resource_type", "resource_id", "resource_name", "scope_id"),
    *("ip", "user_agent", "request_id", "session_id"),
    *("changes", "meta", "leaf_index", "leaf_hash"),
)


def csv_export(rows: Iterable[EventRow], workspace_id: int, time: PageTime) -> Iterator[bytes]:
    """A header and a line an event. Times are of the page's zone, and again in UTC."""
    return csv_lines(CSV_HEADER, (_cells(row, leaf, time) for row, leaf in _with_leaves(rows, workspace_id)))


def jsonl_export(rows: Iterable[EventRow], workspace_id: int, time: PageTime) -> Iterator[bytes]:
    """One JSON object a line, times in UTC."""
    return json_lines(event_as_json(row, leaf_index=leaf) for row, leaf in _with_leaves(rows, workspace_id))


Writer = Callable[[Iterable[EventRow], int, PageTime], Iterator[bytes]]
FORMATS: Final[Mapping[str, tuple[str, str, Writer]]] = {
    "csv": ("CSV", "text/csv; charset=utf-8", csv_export),
    "jsonl": ("JSON Lines", "application/jsonl; charset=utf-8", jsonl_export),
}


def _with_leaves(rows: Iterable[EventRow], workspace_id: int) -> Iterator[tuple[EventRow, int | None]]:
    waiting: list[EventRow] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) == ROWS_A_LOOK:
            yield from _looked_up(waiting, workspace_id)
            waiting = []
    yield from _looked_up(waiting, workspace_id)


def _looked_up(rows: list[EventRow], workspace_id: int) -> Iterator[tuple[EventRow, int | None]]:
    leaves: dict[UUID, int] = {}
    if rows:
        with in_workspace(workspace_id):
            leaves = seal_marks(workspace_id, [row.id for row in rows])
    return ((row, leaves.get(row.id)) for row in rows)


def _cells(row: EventRow, leaf: int | None, time: PageTime) -> list[Any]:
    event, actor, resource = row.event, row.event.actor, row.resource
    value = event_as_json(row)
    return [
        *(time.iso(event.occurred_at), utc_text(event.occurred_at), row.key, row.type.name, event.type),
        *(area_name(event.area), event.outcome, plain_text(row)),
        *(actor.kind, actor.id, actor.name, actor.email),
        *((resource.type, resource.id, resource.name) if resource else (None, None, None)),
        event.scope_id,
        *(event.context.get(key) for key in ("ip", "user_agent", "request_id", "session_id")),
        value_text(value["changes"]) if event.changes else None,
        value_text(value["meta"]) if event.meta else None,
        *(leaf, row.leaf_hash.hex()),
    ]
