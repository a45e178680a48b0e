"""The only door to events: pages, single events, counts and exports, each for one viewer.

Which events are in a page is found by event_keys.py; what of them is shown is decided in event_row.py.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from auditapp.lib.keyset import PageKey
from auditapp.record.counts import exact_count
from auditapp.record.event_filter import Choice, EventFilter
from auditapp.record.event_keys import WALKED_COLUMNS, find_keys, match_of
from auditapp.record.event_row import EventRow, StoredEvent, open_row
from auditapp.record.event_types import known_types
from auditapp.record.models import Event
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace

PAGE_SIZE: Final = 50
MAX_PAGE_SIZE: Final = 1_000
COUNTED_UP_TO: Final = 1_000
# A list shows the first changes in its sentence; a page of its own shows all.
LISTED_UNITS: Final = 12
NEARBY: Final = timedelta(hours=12)

# Events of the keys of a page, in any order: the primary key finds each in its own partition. The bounds say again what the
# join says, so that the planner leaves out all other months: 3 ms in place of 13.
BY_KEYS = """
SELECT e.envelope, e.leaf_hash, e.units[1:%(units)s], cardinality(e.units), e.erased_by
FROM unnest(%(at)s::timestamptz[], %(ids)s::uuid[]) AS k (occurred_at, id)
JOIN event AS e ON e.workspace_id = %(workspace_id)s AND e.occurred_at = k.occurred_at AND e.id = k.id
WHERE e.occurred_at BETWEEN %(first)s AND %(last)s
"""
# The runs of attempts that some events belong to, and of each all its events.
RUNS = """
SELECT k.occurred_at, k.event_id, a.task, a.run
FROM (
    SELECT DISTINCT task, run FROM event_attempt WHERE workspace_id = %(workspace_id)s AND event_id = ANY(%(ids)s)
) AS a
CROSS JOIN LATERAL (
    SELECT m.occurred_at, m.event_id FROM event_attempt AS m
    WHERE m.workspace_id = %(workspace_id)s AND m.task = a.task AND m.run = a.run
) AS k
"""
# As BY_KEYS, and of each whether its viewer sees it and whether a filter finds it.
JUDGED_BY_KEYS = """
SELECT w.envelope, w.leaf_hash, w.units, w.unit_count, w.erased_by, w.occurred_at, w.id, w.scope_id, w.actor_id, {match} AS is_found
FROM (
    SELECT e.envelope, e.leaf_hash, e.units[1:%(units)s] AS units, cardinality(e.units) AS unit_count, e.erased_by,
           e.occurred_at, e.id, e.scope_id, {columns}
    FROM unnest(%(at)s::timestamptz[], %(keys)s::uuid[]) AS k (occurred_at, id)
    JOIN event AS e ON e.workspace_id = %(workspace_id)s AND e.occurred_at = k.occurred_at AND e.id = k.id
    WHERE e.occurred_at BETWEEN %(first)s AND %(last)s
) AS w
"""
BY_IDS = """
SELECT e.occurred_at, e.id, e.scope_id, e.actor_id FROM event AS e WHERE e.workspace_id = %(workspace_id)s AND e.id = ANY(%(ids)s)
"""
# One actor's events around a moment: the index on the actor bounds what is read.
RELATED = """
SELECT e.occurred_at, e.id, e.scope_id, e.actor_id FROM event AS e
WHERE e.workspace_id = %(workspace_id)s AND e.actor_id = %(actor_id)s
AND e.occurred_at BETWEEN %(since)s AND %(until)s AND {column} = %(value)s
ORDER BY e.occurred_at, e.id LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class EventPage:
    """Rows, newest first, and the keys of the neighbouring pages where there are any.

    `searched_to` is set where the search stopped before the end of the trail because its time was up.
    """

    rows: list[EventRow]
    older: PageKey | None
    newer: PageKey | None
    searched_to: PageKey | None = None


Run: TypeAlias = tuple[bytes, int]


@dataclass(frozen=True, slots=True)
class TaskEvent:
    """An event of a run of attempts, and whether a filter finds it as well."""

    row: EventRow
    run: Run
    is_wanted: bool


@dataclass(frozen=True, slots=True)
class Count:
    """How many events match; `is_more` where counting stopped at a bound."""

    events: int
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Reads of the trail on behalf of one viewer; made by `visible_events`. Its caller is in the workspace already."""

    viewer: Viewer

    def page(
        self,
        wanted: EventFilter,
        *,
        older: PageKey | None = None,
        newer: PageKey | None = None,
        size: int = PAGE_SIZE,
        with_all_changes: bool = False,
    ) -> EventPage:
        """The newest events that match, or those next to a key.

        Takes:   older, the key of the last row of the page before; newer, of its first row; size, 1 to 1,000;
                 with_all_changes, or else the first four of each event
        Raises:  Invalid, from the filter
        """
        size = max(1, min(size, MAX_PAGE_SIZE))
        units = None if with_all_changes else LISTED_UNITS
        if newer is not None:
            found = find_keys(self.viewer, wanted, limit=size + 1, start=newer, newest_first=False)
            rows = self._rows(found.keys[:size], units=units)
            has_newer = len(found.keys) > size
            return EventPage(
                rows, rows[-1].page_key if rows else None, rows[0].page_key if rows and has_newer else None
            )
        found = find_keys(self.viewer, wanted, limit=size + 1, start=older)
        rows = self._rows(found.keys[:size], units=units)
        has_older = len(found.keys) > size
        first = rows[0].page_key if rows and older is not None else None
        return EventPage(rows, rows[-1].page_key if has_older else None, first, found.searched_to)

    def get(self, event_id: UUID) -> EventRow | None:
        """One event with all its changes, or None where there is none that this viewer may see."""
        keys = self._visible(self._fetch(BY_IDS, ids=[event_id]))
        rows = self._rows(keys, units=None)
        return rows[0] if rows else None

    def many(self, event_ids: Sequence[UUID]) -> dict[UUID, EventRow]:
        """Those of these events that this viewer may see."""
        return {row.id: row for row in self._rows(self._visible(self._fetch(BY_IDS, ids=list(event_ids))))}

    def count(self, wanted: EventFilter, *, up_to: int = COUNTED_UP_TO) -> Count:
        """How many events match: exactly where the rollups tell, else counted up to a bound, never over the whole table."""
        exact = exact_count(self.viewer, wanted)
        if exact is not None:
            return Count(exact)
        found = find_keys(self.viewer, wanted, limit=up_to + 1)
        is_more = len(found.keys) > up_to or found.searched_to is not None
        return Count(min(len(found.keys), up_to), is_more)

    def count_newer(self, wanted: EventFilter, *, than: PageKey, up_to: int) -> Count:
        """How many events after a place match, counted up to a bound."""
        found = find_keys(self.viewer, wanted, limit=up_to + 1, start=than, newest_first=False)
        return Count(min(len(found.keys), up_to), len(found.keys) > up_to)

    def history_of(self, resource_type: str, resource_id: str, *, size: int = PAGE_SIZE) -> EventPage:
        """What happened to one resource, newest first."""
        return self.page(EventFilter(resources=Choice((f"{resource_type}:{resource_id}",)), with_reads=True), size=size)

    def related(self, row: EventRow, *, by: str, size: int = 20) -> list[EventRow]:
        """The actor's other events of the same request or session, oldest first.

        Takes:   by, "request_id" or "session_id"; events more than 12 hours away are not looked for
        """
        column = {"request_id": "e.request_id", "session_id": "e.session_id"}[by]
        value = row.event.context.get(by)
        if not value:
            return []
        at = row.event.occurred_at
        around = {"actor_id": row.event.actor.id, "since": at - NEARBY, "until": at + NEARBY, "value": value}
        keys = self._visible(self._fetch(RELATED.format(column=column), limit=size + 1, **around))
        return [other for other in self._rows(keys) if other.id != row.id][:size]

    def attempts_with(self, rows: Sequence[EventRow], wanted: EventFilter) -> list[TaskEvent]:
        """Every event that this viewer may see of the runs of attempts that these events belong to, newest first.

        Takes:   wanted, a filter that is told of each whether it finds it
        Raises:  Invalid, from the filter
        """
        found = self._fetch(RUNS, ids=[row.id for row in rows])
        if not found:
            return []
        runs: dict[UUID, Run] = {event_id: (bytes(task), run) for _, event_id, task, run in found}
        match, parameters = match_of(self.viewer, wanted)
        at = [occurred_at for occurred_at, *_ in found]
        judged = self._fetch(
            JUDGED_BY_KEYS.format(columns=WALKED_COLUMNS, match=match),
            **(parameters | {"at": at, "keys": list(runs), "first": min(at), "last": max(at), "units": LISTED_UNITS}),
        )
        visible = {key.event_id for key in self._visible(judge[5:9] for judge in judged)}
        is_found = {judge[6]: judge[9] for judge in judged}
        rows = self._opened([judge[:5] for judge in judged if judge[6] in visible])
        return [
            TaskEvent(row, runs[row.id], is_found[row.id] and wanted.is_in_range(row.event.occurred_at)) for row in rows
        ]

    def exported(self, wanted: EventFilter, *, up_to: int | None = None) -> Iterator[EventRow]:
        """Every event that matches, newest first, in flat memory; opens its own transactions, one a thousand rows.

        Takes:   up_to, the most rows to give
        """
        # The upper end is fixed at the start: what happens during the export is not in it.
        key: PageKey | None = None
        given = 0
        while True:
            with in_workspace(self.viewer.workspace_id):
                found = find_keys(self.viewer, wanted, limit=MAX_PAGE_SIZE, start=key)
                rows = self._rows(found.keys, units=None)
            for row in rows:
                if up_to is not None and given >= up_to:
                    return
                given += 1
                yield row
            if len(found.keys) < MAX_PAGE_SIZE and found.searched_to is None:
                return
            key = found.searched_to if len(found.keys) < MAX_PAGE_SIZE else found.keys[-1]

    def _rows(self, keys: Sequence[PageKey], *, units: int | None = LISTED_UNITS) -> list[EventRow]:
        if not keys:
            return []
        at = [key.occurred_at for key in keys]
        ids = [key.event_id for key in keys]
        fetched = self._fetch(BY_KEYS, at=at, ids=ids, first=min(at), last=max(at), units=units or 1_000_000)
        return self._opened(fetched)

    def _opened(self, fetched: Iterable[tuple[Any, ...]]) -> list[EventRow]:
        """Events from the columns of StoredEvent, newest first."""
        stored = [StoredEvent(bytes(row[0]), *row[1:]) for row in fetched]
        envelopes = [one.parsed() for one in stored]
        kinds = known_types(self.viewer.workspace_id, (envelope["type"] for envelope in envelopes))
        rows = [
            open_row(one, envelope, kinds[envelope["type"]], self.viewer)
            for one, envelope in zip(stored, envelopes, strict=True)
        ]
        return sorted(rows, key=lambda row: row.page_key, reverse=True)

    def _visible(self, rows: Iterable[tuple[datetime, UUID, str | None, str]]) -> list[PageKey]:
        viewer = self.viewer
        return [
            PageKey(occurred_at, event_id)
            for occurred_at, event_id, scope_id, actor_id in rows
            if viewer.sees_all or scope_id in viewer.scope_ids or actor_id in viewer.own_actor_ids
        ]

    def _fetch(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, {"workspace_id": self.viewer.workspace_id, **parameters})
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def visible_events(viewer: Viewer) -> EventQuery:
    """What this viewer may see of the trail: the only way to read events."""
    return EventQuery(viewer)


def is_seen(viewer: Viewer, *, occurred_at: str, event_id: str) -> Exists:
    """A condition of a queryset about events: that this viewer may see the one that a row names.

    Takes:   occurred_at and event_id, what the columns of the row are called; the moment finds the month of the event
    """
    events = Event.objects.filter(
        workspace_id=viewer.workspace_id, occurred_at=OuterRef(occurred_at), id=OuterRef(event_id)
    )
    if not viewer.sees_all:
        events = events.filter(Q(scope_id__in=viewer.scope_ids) | Q(actor_id__in=viewer.own_actor_ids))
    return Exists(events)


def without_range(wanted: EventFilter) -> EventFilter:
    """The same filter over all time."""
    return replace(wanted, since=None, until=None)
