"""Exact counts from the rollups, where a filter is of the kind that they can answer: whole days, and nothing but types."""

from datetime import UTC, time

from django.db import connection

from auditapp.catalogue.types import Verb
from auditapp.record.event_filter import EventFilter
from auditapp.record.event_types import known_types
from auditapp.record.rollups import ADDED_UP, COUNTED, rollup_parameters
from auditapp.record.viewer import Viewer

SEALED = COUNTED.format(days="type_count", totals="type_total", what="type")
WAITING = """
    SELECT p.type, 1 FROM pending AS p
    WHERE p.workspace_id = %(workspace_id)s AND (%(everything)s OR p.scope_id = ANY(%(scopes)s))
    AND (%(since)s::timestamptz IS NULL OR p.occurred_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR p.occurred_at < %(until)s)
"""
# What waits for its seal is in no rollup yet: both in one statement, so that nothing is counted twice or not at all.
TYPE_COUNTS = ADDED_UP.format(what="type", counted=f"{SEALED} UNION ALL {WAITING}")


def type_counts(viewer: Viewer, wanted: EventFilter) -> dict[str, int]:
    """Events by type on the UTC days that the filter's range touches, within the viewer's scope; other filters are ignored."""
    with connection.cursor() as cursor:
        cursor.execute(TYPE_COUNTS, rollup_parameters(viewer, wanted))
        return dict(cursor.fetchall())


def exact_count(viewer: Viewer, wanted: EventFilter) -> int | None:
    """How many events match, or None where the rollups cannot tell."""
    if not viewer.sees_all or wanted.needs_tokens or wanted.actors or wanted.resources or not _is_whole_days(wanted):
        return None
    counts = type_counts(viewer, wanted)
    if wanted.types.include:
        return sum(counts.get(key, 0) for key in set(wanted.types.include))
    if wanted.hides_reads:
        kinds = known_types(viewer.workspace_id, counts)
        # An undeclared type may have events of either sort, as its senders marked them.
        if any(not kind.is_declared for kind in kinds.values()):
            return None
        return sum(events for key, events in counts.items() if kinds[key].verb is not Verb.READ)
    return sum(counts.values())


def _is_whole_days(wanted: EventFilter) -> bool:
    midnights = (moment.astimezone(UTC).time() == time.min for moment in (wanted.since, wanted.until) if moment)
    return all(midnights)
