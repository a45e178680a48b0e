"""How many events of a filter, and how many failures, lie between moments: what bars over time show.

Where a filter says nothing but types, areas, risks and outcomes, and the moments are UTC midnights, the rollups know. Else events are
looked at, a bounded number of them, newest first: along an index where one serves the filter, or as a page of the list finds them.
How far that came is said, so that what was not counted is not taken for nothing.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from django.db import connection

from auditapp.catalogue.types import Verb
from auditapp.lib.keyset import PageKey
from auditapp.record.event_filter import ANY_END, Choice, EventFilter
from auditapp.record.event_keys import EVERY_EVENT, MAX_PROBES, find_keys
from auditapp.record.event_matches import is_of_type
from auditapp.record.event_types import KnownType, known_types
from auditapp.record.masking import askable
from auditapp.record.viewer import Viewer

# Looked at along indexes, all of them together; found by walk and search.
LOOKED_AT: Final = 5_000
SEARCHED: Final = 2_000
BETWEEN: Final = 20_000
AN_INSTANT: Final = timedelta(microseconds=1)
Row = tuple[Any, ...]  # number of the span from 1 on, events, failures

TYPES_SEEN = """
SELECT t.type FROM type_total AS t WHERE t.workspace_id = %(workspace_id)s AND t.scope_id = ANY(%(rolled_up)s) AND t.period = 'all'
UNION
SELECT c.type FROM type_count AS c WHERE c.workspace_id = %(workspace_id)s AND c.scope_id = ANY(%(rolled_up)s)
AND c.day >= (SELECT COALESCE(max(h.folded_before), '-infinity') FROM tree_head AS h WHERE h.workspace_id = %(workspace_id)s)
UNION
SELECT p.type FROM pending AS p WHERE p.workspace_id = %(workspace_id)s AND (%(everything)s OR p.scope_id = ANY(%(scopes)s))
"""
# With what waits for its seal, in one statement, so that nothing is counted twice or not at all.
BY_ROLLUPS = """
SELECT width_bucket(c.day, %(days)s::date[]), sum(c.events)::bigint, sum(c.failures)::bigint FROM type_count AS c
WHERE c.workspace_id = %(workspace_id)s AND c.scope_id = ANY(%(rolled_up)s)
AND c.day >= (%(days)s::date[])[1] AND c.day < %(last_day)s AND (%(types)s::text[] IS NULL OR c.type = ANY(%(types)s))
GROUP BY 1
UNION ALL
SELECT width_bucket(p.occurred_at, %(edges)s::timestamptz[]), count(*), count(*) FILTER (WHERE p.is_failure) FROM pending AS p
WHERE p.workspace_id = %(workspace_id)s AND (%(everything)s OR p.scope_id = ANY(%(scopes)s))
AND p.occurred_at >= %(since)s AND p.occurred_at < %(until)s AND (%(types)s::text[] IS NULL OR p.type = ANY(%(types)s))
GROUP BY 1
"""
# What lies between midnights of another zone and those of UTC, up to so many events in all.
BETWEEN_MIDNIGHTS = """
SELECT x.n, count(*) FILTER (WHERE {match}), count(*) FILTER (WHERE {match} AND x.outcome = 'failure'), count(*)
FROM (
    SELECT s.n, n.type, n.outcome
    FROM unnest(%(firsts)s::timestamptz[], %(ends)s::timestamptz[]) WITH ORDINALITY AS s (since, until, n)
    CROSS JOIN LATERAL (
        SELECT e.type, e.outcome FROM event AS e
        WHERE e.workspace_id = %(workspace_id)s AND e.occurred_at >= s.since AND e.occurred_at < s.until
        LIMIT %(limit)s
    ) AS n
    LIMIT %(limit)s
) AS x
GROUP BY 1
"""
# The newest events of each value of an index; what is left of the filter decides among them, so that as many are read at most.
BY_INDEX = """
SELECT w.* FROM (VALUES {values}) AS probe ({names})
CROSS JOIN LATERAL (
    SELECT width_bucket(n.occurred_at, %(edges)s::timestamptz[]), count(*) FILTER (WHERE {match}),
           count(*) FILTER (WHERE {match} AND n.outcome = 'failure'), count(*), min(n.occurred_at), probe.n
    FROM (
        SELECT e.occurred_at, e.type, e.outcome, e.is_read FROM event AS e
        WHERE e.workspace_id = %(workspace_id)s AND {place} AND e.occurred_at >= %(since)s AND e.occurred_at < %(until)s
        ORDER BY e.occurred_at DESC, e.id DESC LIMIT %(limit)s
    ) AS n
    GROUP BY 1
) AS w
"""
BY_KEYS = """
SELECT width_bucket(e.occurred_at, %(edges)s::timestamptz[]), count(*), count(*) FILTER (WHERE e.outcome = 'failure')
FROM unnest(%(at)s::timestamptz[], %(ids)s::uuid[]) AS k (occurred_at, id)
JOIN event AS e ON e.workspace_id = %(workspace_id)s AND e.occurred_at = k.occurred_at AND e.id = k.id
WHERE e.occurred_at BETWEEN %(first)s AND %(last)s
GROUP BY 1
"""
# The first day of each scope and the first event of each actor stand at the beginning of an index.
FIRST_DAY = """
SELECT (SELECT c.day FROM type_count AS c WHERE c.workspace_id = %(workspace_id)s AND c.scope_id = s.id ORDER BY c.day LIMIT 1)
       ::timestamp AT TIME ZONE 'UTC'
FROM unnest(%(rolled_up)s::text[]) AS s (id)
"""
FIRST_OWN = """
SELECT (SELECT e.occurred_at FROM event AS e WHERE e.workspace_id = %(workspace_id)s AND e.actor_id = a.id
        ORDER BY e.occurred_at, e.id LIMIT 1)
FROM unnest(%(own)s::text[]) AS a (id)
"""
OUTSIDE_OF_SCOPES: Final = "(e.scope_id IS NULL OR e.scope_id <> ALL(%(scopes)s))"


@dataclass(frozen=True, slots=True)
class BarCount:
    """Events, and how many of them failed."""

    events: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class BarCounts:
    """One count for each span between two edges.

    Spans that begin before `counted_from` were not counted, or not to their end; None where all were. `has_doubtful_reads` is set
    where read events should be hidden, and those of types that nobody declared are counted. `types` are those that were looked for
    in the rollups; None for all.
    """

    bars: list[BarCount]
    counted_from: datetime | None = None
    has_doubtful_reads: bool = False
    types: list[str] | None = None

    @property
    def events(self) -> int:
        return sum(bar.events for bar in self.bars)


def bar_counts(
    viewer: Viewer, wanted: EventFilter, edges: Sequence[datetime], *, may_search: bool = False
) -> BarCounts | None:
    """The counts between each two of the edges, of what this viewer may see; the filter's own range is ignored.

    Takes:   edges, ascending; may_search, whether it may take as long as a search for words
    Gives:   None where only a search could tell and may not be made
    Raises:  Invalid, from the filter
    """
    wanted = askable(wanted, viewer)
    found = counts_of_days(viewer, wanted, edges) or _by_index(viewer, wanted, edges)
    return found or (_by_search(viewer, wanted, edges) if may_search else None)


def counts_of_days(viewer: Viewer, wanted: EventFilter, edges: Sequence[datetime]) -> BarCounts | None:
    """The same from the rollups; None where they cannot tell: filters of other kinds, moments that are no UTC midnights."""
    if not _is_of_types(wanted) or any(edge.astimezone(UTC).time() != time.min for edge in edges):
        return None
    kinds = _types_anywhere(viewer) if wanted.hides_reads or _narrows_types(wanted) else {}
    days = [edge.astimezone(UTC).date() for edge in edges]
    types = _types(wanted, kinds, without_reads=wanted.hides_reads)
    asked = _parameters(viewer, edges) | {
        "rolled_up": _rolled_up(viewer),
        "days": days,
        "last_day": days[-1],
        "types": types,
    }
    rows, counted_from = _fetch(BY_ROLLUPS, asked), None
    if not viewer.sees_all:
        own = [_Ranges(("actor_id",), [(actor,) for actor in viewer.own_actor_ids], OUTSIDE_OF_SCOPES)]
        outside, counted_from = _newest(viewer, wanted, edges, own, _types(wanted, kinds))
        rows += outside
        if wanted.hides_reads:
            kinds = _types_seen(viewer)  # of others not even that there are some is told
    doubtful = wanted.hides_reads and any(not kind.is_declared for kind in kinds.values())
    return BarCounts(_filled(wanted, rows, edges), counted_from, doubtful, types)


def counts_of_local_days(
    viewer: Viewer,
    wanted: EventFilter,
    edges: Sequence[datetime],
    *,
    known: tuple[Sequence[datetime], BarCounts] | None = None,
) -> BarCounts | None:
    """The same where the moments are midnights of another zone: what the rollups know of UTC's days, and what lies between its midnights
    and those of the zone taken from one day and given to the other.

    Takes:   edges, on the clocks of their zone; known, what counts_of_days gave for some edges: it is asked no second time for the same
    Gives:   None where the rollups cannot tell, for who sees a part alone, and where more than BETWEEN events lie there
    """
    if not viewer.sees_all:
        return None
    midnights = [datetime.combine(edge.date(), time.min, UTC) for edge in edges]
    found = known[1] if known and list(known[0]) == midnights else counts_of_days(viewer, wanted, midnights)
    pairs = list(zip(edges, midnights, strict=True))
    away = max(abs(edge - midnight) for edge, midnight in pairs)
    # What will not come to an end is not begun with, as far as an even day tells.
    if found is None or found.events * away > BETWEEN * timedelta(days=1):
        return None
    types = found.types
    asked = _parameters(viewer, edges) | {
        "firsts": [min(pair) for pair in pairs],
        "ends": [max(pair) for pair in pairs],
        "types": types,
        "limit": BETWEEN + 1,
    }
    rows = _fetch(BETWEEN_MIDNIGHTS.format(match=EVERY_EVENT if types is None else "x.type = ANY(%(types)s)"), asked)
    if sum(row[3] for row in rows) > BETWEEN:
        return None
    moved: list[Row] = []
    for number, events, failures, _ in rows:
        # A zone ahead of UTC begins its day with what UTC has in the day before.
        sign = 1 if edges[number - 1] < midnights[number - 1] else -1
        moved.append((number, sign * events, sign * failures))
        moved.append((number - 1, -sign * events, -sign * failures))
    shifts = _filled(wanted, [row for row in moved if 1 <= row[0] < len(edges)], edges)
    bars = [
        # Never below nothing: what was recorded between the two questions is in the second alone.
        BarCount(max(bar.events + shift.events, 0), max(bar.failures + shift.failures, 0))
        for bar, shift in zip(found.bars, shifts, strict=True)
    ]
    return replace(found, bars=bars)


def first_seen(viewer: Viewer) -> datetime | None:
    """When the oldest event that this viewer may see happened, to the day where it is sealed; None where none is known."""
    own = [] if viewer.sees_all else list(viewer.own_actor_ids)
    asked = {"workspace_id": viewer.workspace_id, "rolled_up": _rolled_up(viewer), "own": own}
    rows = _fetch(FIRST_DAY, asked) + (_fetch(FIRST_OWN, asked) if own else [])
    return min((at for (at,) in rows if at is not None), default=None)


@dataclass(frozen=True, slots=True)
class _Ranges:
    """Ranges of one index: one for each row of values of its columns; `also` tells apart what another index has too."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    also: str = EVERY_EVENT


def _by_index(viewer: Viewer, wanted: EventFilter, edges: Sequence[datetime]) -> BarCounts | None:
    """From the newest events of the ranges of an index that hold all that is wanted; None where no index has such ranges."""
    ranges = _ranges(viewer, wanted)
    if ranges is None:
        return None
    types = _types(wanted, _types_anywhere(viewer)) if _narrows_types(wanted) else None
    rows, counted_from = _newest(viewer, wanted, edges, ranges, types)
    return BarCounts(_filled(wanted, rows, edges), counted_from)


def _ranges(viewer: Viewer, wanted: EventFilter) -> list[_Ranges] | None:
    types, actors, resources = wanted.types.include, wanted.actors.include, wanted.resources.include
    if not _is_of_types(replace(wanted, actors=Choice(), resources=Choice())):
        return None
    if wanted.actors.exclude or wanted.resources.exclude or not all(":" in resource for resource in resources):
        return None
    if any(key.endswith(ANY_END) for key in types) or wanted.areas.include:
        types = ()  # what only the search tokens know as one range is told apart among all
    if not viewer.sees_all:
        if actors or resources:
            return None
        own = _Ranges(("actor_id",), [(actor,) for actor in viewer.own_actor_ids], OUTSIDE_OF_SCOPES)
        found = [_Ranges(("scope_id",), [(scope,) for scope in viewer.scope_ids]), own]
    elif resources and actors:
        return None
    elif resources:
        found = [_Ranges(("resource_type", "resource_id"), [(*resource.split(":", 1),) for resource in resources])]
    elif actors and types:
        found = [_Ranges(("actor_id", "type"), [(actor, key) for actor in actors for key in types])]
    elif actors or types:
        found = [_Ranges(("actor_id",) if actors else ("type",), [(value,) for value in actors or types])]
    else:
        found = [_Ranges((), [()])]
    return None if sum(len(one.rows) for one in found) > MAX_PROBES else found


def _newest(
    viewer: Viewer, wanted: EventFilter, edges: Sequence[datetime], ranges: list[_Ranges], types: list[str] | None
) -> tuple[list[Row], datetime | None]:
    """The counts among the newest events of each range, and the moment from which on all ranges were read."""
    number = sum(len(one.rows) for one in ranges)
    if not number:
        return [], None
    asked = _parameters(viewer, edges) | {"types": types, "limit": LOOKED_AT // number}
    conditions = ["n.type = ANY(%(types)s)"] if types is not None else []
    conditions += ["NOT n.is_read"] if wanted.hides_reads else []
    statements = []
    for place, one in enumerate(filled := [one for one in ranges if one.rows]):
        values = []
        for row_number, row in enumerate(one.rows):
            slots = {f"v{place}_{row_number}_{column}": value for column, value in enumerate(row)}
            asked |= slots
            first = str(sum(len(before.rows) for before in filled[:place]) + row_number)
            values.append("(" + ", ".join([first, *(f"%({slot})s" for slot in slots)]) + ")")
        statements.append(
            BY_INDEX.format(
                values=", ".join(values),
                names=", ".join(["n", *(f"v{column}" for column in range(len(one.columns)))]),
                place=" AND ".join([*(f"e.{name} = probe.v{n}" for n, name in enumerate(one.columns)), one.also]),
                match=" AND ".join(conditions) or EVERY_EVENT,
            )
        )
    rows = _fetch(" UNION ALL ".join(statements), asked)
    read: Counter[int] = Counter()
    oldest: dict[int, datetime] = {}
    for *_, events, first, n in rows:
        read[n] += events
        oldest[n] = min(oldest.get(n, first), first)
    ends = (oldest[n] for n, events in read.items() if events >= asked["limit"])
    return [row[:3] for row in rows], max((end + AN_INSTANT for end in ends), default=None)


def _by_search(viewer: Viewer, wanted: EventFilter, edges: Sequence[datetime]) -> BarCounts:
    """From the newest events that a page of the list would find."""
    within = replace(wanted, since=edges[0], until=edges[-1])
    found = find_keys(viewer, within, limit=SEARCHED)
    at = [key.occurred_at for key in found.keys]
    ids = [key.event_id for key in found.keys]
    ends = [found.searched_to, found.keys[-1] if len(at) >= SEARCHED else None]
    counted_from = max((_read_from(end) for end in ends if end), default=None)
    asked = _parameters(viewer, edges) | {"at": at, "ids": ids}
    rows = _fetch(BY_KEYS, asked | {"first": at[-1], "last": at[0]}) if at else []
    return BarCounts(_filled(EventFilter(), rows, edges), counted_from)


def _read_from(end: PageKey) -> datetime:
    """Since when all is read, where reading ended at a key: others of its moment may be left, unless it is a moment alone."""
    return end.occurred_at + AN_INSTANT if end.event_id.int else end.occurred_at


def _is_of_types(wanted: EventFilter) -> bool:
    """Whether the type and the outcome of an event decide alone."""
    things = (wanted.actors, wanted.actor_kinds, wanted.resources, wanted.target_ids)
    others = (*things, wanted.ips, wanted.reasons, wanted.behind, wanted.not_of, wanted.words)
    return not any(map(bool, others)) and not wanted.is_beyond_indexes


def _narrows_types(wanted: EventFilter) -> bool:
    return bool(wanted.types or wanted.areas or wanted.risks)


def _types_anywhere(viewer: Viewer) -> dict[str, KnownType]:
    """The types of the workspace: somebody's own actions may be of any of them."""
    return _types_seen(replace(viewer, sees_all=True))


def _types_seen(viewer: Viewer) -> dict[str, KnownType]:
    asked = {
        "workspace_id": viewer.workspace_id,
        "rolled_up": _rolled_up(viewer),
        "everything": viewer.sees_all,
        "scopes": list(viewer.scope_ids),
    }
    return known_types(viewer.workspace_id, (key for (key,) in _fetch(TYPES_SEEN, asked)))


def _types(wanted: EventFilter, kinds: dict[str, KnownType], *, without_reads: bool = False) -> list[str] | None:
    """The types whose events are in; None where all are."""
    if not (without_reads or _narrows_types(wanted)):
        return None
    return [
        key
        for key, kind in kinds.items()
        if is_of_type(wanted, key, kind.area)
        and kind.risk in wanted.allowed_risks
        and not (without_reads and kind.verb is Verb.READ)
    ]


def _filled(wanted: EventFilter, rows: Iterable[Row], edges: Sequence[datetime]) -> list[BarCount]:
    """The rows as one count for each span, with the outcomes that are wanted."""
    included = wanted.outcomes.include or ("success", "failure")
    kept = [outcome in included and outcome not in wanted.outcomes.exclude for outcome in ("success", "failure")]
    bars = [BarCount()] * (len(edges) - 1)
    for number, events, failures in rows:
        succeeded, failed = (events - failures) * kept[0], failures * kept[1]
        before = bars[number - 1]
        bars[number - 1] = BarCount(before.events + succeeded + failed, before.failures + failed)
    return bars


def _rolled_up(viewer: Viewer) -> list[str]:
    return [""] if viewer.sees_all else list(viewer.scope_ids)


def _parameters(viewer: Viewer, edges: Sequence[datetime]) -> dict[str, Any]:
    return {
        "workspace_id": viewer.workspace_id,
        "everything": viewer.sees_all,
        "scopes": list(viewer.scope_ids),
        "edges": list(edges),
        "since": edges[0],
        "until": edges[-1],
    }


def _fetch(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
