"""Finds which events make a page: their keys, newest or oldest first, by the cheapest way that is right for the filter.

Three ways, as measured on ten million events (README, bench table):
probes  one index range scan for each selected value, merged by time; never `= ANY(...) ORDER BY LIMIT`, whose plan can
        fall off a cliff;
walk    the newest two thousand events, or as many more as it takes, filtered by their tokens: finds whatever is common;
search  a GIN bitmap a month, newest month first: finds whatever is rare.

What no index knows is walked for, further and further, until the page is full or the time is up.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any, Final
from uuid import UUID

from django.db import connection

from auditapp.lib.canonical_json import canonical_bytes
from auditapp.lib.keyset import PageKey
from auditapp.record.event_filter import Choice, EventFilter
from auditapp.record.event_types import type_risks
from auditapp.record.masking import askable
from auditapp.record.token_query import token_query
from auditapp.record.viewer import Viewer

MAX_PROBES: Final = 120
WALK_EVENTS: Final = 2_000
# A filter without a term for an index walks on from where it came to, in longer steps while its time lasts.
LONG_WALKS: Final = (8_000, *(10_000,) * 40)
# One event in so many is common. It is walked for up to so far: a search would read all that a month has of it.
COMMON: Final = 20
FURTHEST_WALK: Final = 40_000
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
    SELECT e.occurred_at, e.id, {columns} FROM event AS e
    WHERE e.workspace_id = %(workspace_id)s {within}
    ORDER BY e.occurred_at {order}, e.id {order} LIMIT %(walk)s
) AS w
WHERE {match}
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
ORDER BY e.occurred_at {order}, e.id {order} OFFSET %(walk)s - 1 LIMIT 1
"""
WALKED_COLUMNS: Final = "e.tokens, e.actor_id, e.request_id, e.session_id, e.units[3] AS context"
BY_TOKENS: Final = "w.tokens @@ %(query)s::tsquery"
# Of who may not see addresses an address that is left out asks for nothing.
EVERY_EVENT: Final = "true"
# A token's own events have it as their actor. What it sent in somebody's name says so in its context, whose canonical bytes are
# searched as they are: no text inside can look so, since its quotes are escaped.
BEYOND_INDEXES: Final = {
    "tokens": (
        "(w.actor_id = ANY(%({slot})s) OR coalesce((SELECT bool_or(position(said IN w.context) > 0)"
        " FROM unnest(%({slot}_said)s::bytea[]) AS said), false))"
    ),
    "requests": "coalesce(w.request_id = ANY(%({slot})s), false)",
    "sessions": "coalesce(w.session_id = ANY(%({slot})s), false)",
}


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
    wanted = askable(wanted, viewer)
    ask = _Ask(viewer, wanted, limit, start, newest_first)
    probes = _probes(viewer, wanted)
    if probes is not None:
        return FoundKeys(ask.by_probes(probes))
    found = ask.by_walk(WALK_EVENTS)
    end = ask.walk_end(WALK_EVENTS)
    if len(found) >= limit or end is None:
        return FoundKeys(found)
    if ask.query.has_positive and not wanted.is_beyond_indexes:
        common = _walked_for(ask, len(found), limit)
        return FoundKeys(common) if len(common) >= limit else ask.by_search()
    return ask.by_walking_on(found, end)


def match_of(viewer: Viewer, wanted: EventFilter) -> tuple[str, dict[str, Any]]:
    """What a viewer would find with a filter, but for its range, as a condition on WALKED_COLUMNS of w, and its parameters.

    Raises:  Invalid, from the filter
    """
    ask = _Ask(viewer, askable(wanted, viewer), 0, None, True)
    return ask.match(), ask.parameters


def _walked_for(ask: "_Ask", found: int, limit: int) -> list[PageKey]:
    """What is common, walked for twice as far as it takes where the first walk, which found so many, was like the rest."""
    if found * COMMON < WALK_EVENTS:
        return []
    further = 2 * limit * WALK_EVENTS // found
    return ask.by_walk(further) if further <= FURTHEST_WALK else []


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
        self.query = token_query(wanted, viewer, type_risks(viewer.workspace_id) if wanted.risks else {})
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

    def match(self) -> str:
        """The filter, but for its range, as a condition on WALKED_COLUMNS of w; it adds to the parameters."""
        conditions = [BY_TOKENS] if self.query.text else []
        if self.wanted.is_beyond_indexes:
            conditions += self._beyond_indexes()
        return " AND ".join(conditions) or EVERY_EVENT

    def by_walk(self, events: int) -> list[PageKey]:
        sql = WALK.format(
            columns=WALKED_COLUMNS if self.wanted.is_beyond_indexes else "e.tokens",
            match=self.match(),
            within=self.within(),
            order=self.order,
        )
        return [PageKey(*row) for row in self._rows(sql, self.parameters | {"walk": events})]

    def by_walking_on(self, found: list[PageKey], end: PageKey) -> FoundKeys:
        """What follows a first walk that ended at `end`, until the page is full, all is seen or the time is up."""
        stop = monotonic() + SEARCH_BUDGET.total_seconds()
        limit = self.parameters["limit"]
        for events in LONG_WALKS:
            self._start_after(end)
            found = [*found, *self.by_walk(events)][:limit]
            last = self.walk_end(events)
            if len(found) >= limit or last is None:
                return FoundKeys(found)
            end = last
            if monotonic() > stop:
                break
        return FoundKeys(found, end)

    def walk_end(self, events: int) -> PageKey | None:
        """The last event of a walk of so many; None where there are not so many."""
        sql = LAST_OF_WALK.format(within=self.within(), order=self.order)
        rows = self._rows(sql, self.parameters | {"walk": events})
        return PageKey(*rows[0]) if rows else None

    def _start_after(self, key: PageKey) -> None:
        self.parameters |= {"key_at": key.occurred_at, "key_id": key.event_id}

    def _beyond_indexes(self) -> Iterator[str]:
        for dimension, condition in BEYOND_INDEXES.items():
            choice: Choice = getattr(self.wanted, dimension)
            for side, values, sign in (("in", choice.include, ""), ("out", choice.exclude, "NOT ")):
                if values:
                    slot = f"{dimension}_{side}"
                    self.parameters[slot] = list(values)
                    self.parameters[f"{slot}_said"] = [canonical_bytes({"token_id": one})[1:-1] for one in values]
                    yield sign + condition.format(slot=slot)

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
