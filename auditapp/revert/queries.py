"""Reads of reverts: what undid these events, and what they undid."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from auditapp.lib.errors import Invalid
from auditapp.lib.ids import parse_event_key
from auditapp.record.event_query import visible_events
from auditapp.record.event_row import EventRow
from auditapp.record.viewer import Viewer
from auditapp.revert.models import Revert, What
from auditapp.trail.errors import EventNotFound


def event_with(viewer: Viewer, key: str) -> EventRow:
    """The event with this key, with all its changes.

    Raises:  EventNotFound, also where the key is none, and where there is one that the viewer may not see
    """
    try:
        row = visible_events(viewer).get(parse_event_key(key))
    except Invalid:
        row = None
    if row is None:
        raise EventNotFound
    return row


def undone_fields(workspace_id: int, event_ids: Iterable[UUID]) -> dict[str, Revert]:
    """The fields of these events that are undone, by path."""
    rows = Revert.objects.filter(workspace_id=workspace_id, event_id__in=list(event_ids), undone_at=None)
    return {row.path: row for row in rows.exclude(what=What.VERSION)}


def reverts_about(
    workspace_id: int, event_ids: Iterable[UUID]
) -> tuple[dict[UUID, list[Revert]], dict[UUID, list[Revert]]]:
    """The reverts of these events, and the ones that they are, oldest first."""
    ids = set(event_ids)
    of: dict[UUID, list[Revert]] = defaultdict(list)
    by: dict[UUID, list[Revert]] = defaultdict(list)
    rows = Revert.objects.filter(Q(event_id__in=ids) | Q(by_event_id__in=ids), workspace_id=workspace_id)
    for row in rows.order_by("at", "path"):
        if row.event_id in ids:
            of[row.event_id].append(row)
        if row.by_event_id in ids:
            by[row.by_event_id].append(row)
    return dict(of), dict(by)
