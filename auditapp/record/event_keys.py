"""Finds which events make a page: their keys, newest or oldest first, by the cheapest way that is right for the filter.

Three ways, as measured on ten million events (README, bench table):
probes  one index range scan for each selected value, merged by time; never `= ANY(...) ORDER BY LIMIT`, whose plan can
        fall off a cliff;
walk    the newest two thousand events, filtered by their tokens: finds whatever is common;
search  a GIN bitmap a month, newest month first: finds whatever is rare.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection

from auditapp.lib.keyset import PageKey
from auditapp.record.event_filter import EventFilter, token_query
from auditapp.record.viewer import Viewer

MAX_PROBES: Final = 120
WALK_EVENTS: Final = 2_000
# A filter of exclusions only has no term for an index: it walks on, further each time.
LONG_WALKS: Final = (20_000, 80_000, 320_000)
SEARCH_BUDGET: Final = timedelta(milliseconds=200)
_LEAST_ID: Final = UUID(int=0)

PROBES = """
SELECT DISTINCT k.occurred_at, k.id
FROM (VALUES {values}) AS probe ({names})
CROSS JOIN LATERAL (
    SELECT e.occurred_at, e.id FROM event AS e
    WHERE e.workspace_id = %(workspace_id)s AND {match} {within}
    ORDER BY e.occurred_at {order}, e.id {order} LIMIT %(limit)s
) AS k
"""
WALK = """
SELECT w.occurred_at, w.id
FROM (
    SELECT e.occurred_at, e.id, e.tokens FROM event AS e
    WHERE e.workspace_id = %(workspace_id)s {within}
    ORDER BY e.occurred_at {order}, e.id {order} LIMIT %(walk)s
) AS w
WHERE w.tokens @@ %(query)s::tsquery
ORDER BY w.occurred_at {order}, w.id {order} LIMIT %(limit)s
"""
SEARCH = """
SELECT occurred_at, id
FROM audit_search(%(query)s::tsquery, coalesce(%(since)s::timestamptz, '-infinity'), coalesce(%(until)s::timestamptz, 'infinity'),
                  %(key_at)s::timestamptz, %(key_id)s::uuid, %(newest_first)s, %(limit)s, %(budget)s)
"""
LAST_OF_WALK = """
SELECT e.occurred_at, e.id FROM event AS e
WHERE e.workspace_id = %(workspace_id)s {within}
ORDER BY e.occurred_at {order}, e.id {order} OFFSET %(walk)s LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class FoundKeys:
    """Keys in the order asked for; `searched_to` is how far the search came where its time was up."""

    keys: list[PageKey]
    searched_to: PageKey | None = None


def find_keys(
    viewer: Viewer, wanted: EventFilter, *, limit: int, start: PageKey | None = None, newest_first: bool = True
) -> FoundKeys:
    """The keys of the first `limit` events after `start`, for what this viewer may see.

    Takes:   start, a key whose own event is left out; newest_first, the direction
    Raises:  Invalid, from the filter
    """
    ask = _Ask(viewer, wanted, limit, start, newest_first)
    probes = _probes(viewer, wanted)
    if probes is not None:
        return FoundKeys(ask.by_probes(probes))
    found = ask.by_walk(WALK_EVENTS)
    if len(found) >= limit or ask.walk_end(WALK_EVENTS) is None:
        return FoundKeys(found)
    if ask.query.has_positive:
        return ask.by_search()
    for events in LONG_WALKS:
        found = ask.by_walk(events)
        end = ask.walk_end(events)
        if len(found) >= limit or end is None:
            return FoundKeys(found)
    return FoundKeys(found, end)


@dataclass(frozen=True, slots=True)
class _Probe:
    """Index ranges to scan: one for each row of values of the named columns."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def _probes(viewer: Viewer, wanted: EventFilter) -> list[_Probe] | None:
    """The index ranges that hold exactly what is wanted, or None where tokens are needed."""
    if wanted.needs_tokens:
        return None
    types, actors = wanted.types.include, wanted.actors.include
    if not viewer.sees_all:
        if not wanted.is_everything:
            return None
        probes = [_Probe(("scope_id",), [(scope,) for scope in viewer.scope_ids])]
        probes += [_Probe(("actor_id",), [(actor,) for actor in viewer.own_actor_ids])]
    elif wanted.resources:
        if types or actors:
            return None
        pairs = [(*resource.split(":", 1),) for resource in wanted.resources.include]
        probes = [_Probe(("resource_type", "resource_id"), pairs)]
    elif types and actors:
        probes = [_Probe(("actor_id", "type"), [(actor, key) for actor in actors for key in types])]
    elif types or actors:
        probes = [_Probe(("type",) if types else ("actor_id",), [(value,) for value in types or actors])]
    else:
        return [_Probe((), [()])]
    return None if sum(len(probe.rows) for probe in probes) > MAX_PROBES else probes


class _Ask:
    """One question with its parameters, answered in one of the three ways."""

    def __init__(
        self, viewer: Viewer, wanted: EventFilter, limit: int, start: PageKey | None, newest_first: bool
    ) -> None:
        self.wanted = wanted
        self.query = token_query(wanted, viewer)
        self.order = "DESC" if newest_first else "ASC"
        self.parameters: dict[str, Any] = {
            "workspace_id": viewer.workspace_id,
            "limit": limit,
            "since": wanted.since,
            "until": wanted.until,
            "key_at": start.occurred_at if start else None,
            "key_id": start.event_id if start else None,
            "newest_first": newest_first,
            "query": self.query.text,
            "budget": SEARCH_BUDGET,
        }

    def within(self, *, hide_reads: bool = False) -> str:
        conditions = [""]
        if self.wanted.since is not None:
            conditions.append("e.occurred_at >= %(since)s")
        if self.wanted.until is not None:
            conditions.append("e.occurred_at < %(until)s")
        if self.parameters["key_at"] is not None:
            sign = "<" if self.parameters["newest_first"] else ">"
            conditions.append(f"(e.occurred_at, e.id) {sign} (%(key_at)s, %(key_id)s)")
        if hide_reads:
            conditions.append("NOT e.is_read")
        return " AND ".join(conditions)

    def by_probes(self, probes: list[_Probe]) -> list[PageKey]:
        statements, parameters = [], dict(self.parameters)
        for number, probe in enumerate(p for p in probes if p.rows):
            values = []
            for row_number, row in enumerate(probe.rows):
                slots = [f"p{number}_{row_number}_{column}" for column in range(len(row))]
                parameters |= dict(zip(slots, row, strict=True))
                values.append("(" + ", ".join(f"%({name})s" for name in slots or ["limit"]) + ")")
            names = ", ".join(f"v{column}" for column in range(len(probe.columns))) or "v"
            match = " AND ".join(f"e.{column} = probe.v{n}" for n, column in enumerate(probe.columns)) or "true"
            within = self.within(hide_reads=self.wanted.hides_reads)
            statements.append(
                PROBES.format(values=", ".join(values), names=names, match=match, within=within, order=self.order)
            )
        if not statements:
            return []
        sql = " UNION ".join(statements) + f" ORDER BY occurred_at {self.order}, id {self.order} LIMIT %(limit)s"
        return [PageKey(*row) for row in self._rows(sql, parameters)]

    def by_walk(self, events: int) -> list[PageKey]:
        if not self.query.text:
            raise AssertionError("a filter without tokens is served by probes")
        sql = WALK.format(within=self.within(), order=self.order)
        return [PageKey(*row) for row in self._rows(sql, self.parameters | {"walk": events})]

    def walk_end(self, events: int) -> PageKey | None:
        """Where a walk of so many events stops; None where it saw everything."""
        sql = LAST_OF_WALK.format(within=self.within(), order=self.order)
        rows = self._rows(sql, self.parameters | {"walk": events})
        return PageKey(*rows[0]) if rows else None

    def by_search(self) -> FoundKeys:
        rows = self._rows(SEARCH, self.parameters)
        keys = [PageKey(*row) for row in rows if row[1] is not None]
        unfinished = [row[0] for row in rows if row[1] is None]
        return FoundKeys(keys, PageKey(unfinished[0], _LEAST_ID) if unfinished else None)

    def _rows(self, sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
