"""Counts by type, area and actor over a range of days, from the rollups: a dropdown never counts the event table.

Counts cover the range and what the viewer may see, and ignore the other filters; those of actors are as fresh as the seal.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import orjson
from django.db import connection

from auditapp.lib import clock
from auditapp.lib.personal_text import says_address
from auditapp.record.counts import type_counts
from auditapp.record.event_filter import Choice, EventFilter
from auditapp.record.event_query import EventQuery, visible_events
from auditapp.record.rollups import ADDED_UP, COUNTED, rollup_parameters
from auditapp.record.viewer import Viewer

OWN_COUNTED_UP_TO: Final = 1_000
ACTORS_NAMED: Final = 300
RECENT: Final = timedelta(days=10)
FIRST, LAST = "-infinity", "infinity"

ACTOR_COUNTS = (
    ADDED_UP.format(what="actor_id", counted=COUNTED.format(days="actor_count", totals="actor_total", what="actor_id"))
    + "ORDER BY events DESC, actor_id LIMIT %(limit)s"
)
# The latest event of each actor tells how it is called; names are kept nowhere else, so that they can be erased. Asked for the last
# days first: most are found there, and a statement over all months takes longer to plan than to carry out.
LATEST_OF_ACTORS = """
SELECT a.actor_id, l.actor_kind, l.unit
FROM unnest(%(actors)s::text[]) AS a (actor_id)
CROSS JOIN LATERAL (
    SELECT e.actor_kind, e.units[1] AS unit FROM event AS e
    WHERE e.workspace_id = %(workspace_id)s AND e.actor_id = a.actor_id
    AND e.occurred_at >= %(since)s::timestamptz AND e.occurred_at < %(until)s::timestamptz
    ORDER BY e.occurred_at DESC, e.id DESC LIMIT 1
) AS l
"""


@dataclass(frozen=True, slots=True)
class ActorFacet:
    """An actor in the dropdown. The e-mail is None for who may not see it."""

    id: str
    kind: str
    name: str
    email: str | None
    events: int


@dataclass(frozen=True, slots=True)
class Facets:
    """What occurs in what the viewer may see, with counts."""

    types: dict[str, int]
    actors: list[ActorFacet]


def facets(viewer: Viewer, wanted: EventFilter) -> Facets:
    """Types and actors that occur in the filter's range, the most frequent 300 actors by name."""
    scoped = rollup_parameters(viewer, wanted)
    types = type_counts(viewer, wanted)
    actors: dict[str, int] = dict(_fetch(ACTOR_COUNTS, scoped | {"limit": ACTORS_NAMED}))
    if not viewer.sees_all:
        _add_own(viewer, wanted, types, actors)
    return Facets(types, _named(viewer, actors))


def _add_own(viewer: Viewer, wanted: EventFilter, types: dict[str, int], actors: dict[str, int]) -> None:
    """Own actions outside of the scope are in no rollup: they are counted live, up to a bound."""
    own: EventQuery = visible_events(viewer)
    narrowed = EventFilter(actors=Choice(viewer.own_actor_ids), since=wanted.since, until=wanted.until, with_reads=True)
    for row in own.page(narrowed, size=OWN_COUNTED_UP_TO).rows:
        if row.event.scope_id in viewer.scope_ids:
            continue
        types[row.event.type] = types.get(row.event.type, 0) + 1
        actors[row.event.actor.id] = actors.get(row.event.actor.id, 0) + 1


def _named(viewer: Viewer, counts: dict[str, int]) -> list[ActorFacet]:
    recent = clock.now() - RECENT
    rows: list[tuple[Any, ...]] = []
    for since, until in ((recent, LAST), (FIRST, recent)):
        missing = counts.keys() - {row[0] for row in rows}
        if missing:
            asked = {"workspace_id": viewer.workspace_id, "actors": list(missing), "since": since, "until": until}
            rows += _fetch(LATEST_OF_ACTORS, asked)
    found = []
    for actor_id, kind, unit in rows:
        value = orjson.loads(bytes(unit)) if unit is not None else {}
        is_shown = viewer.sees_personal or actor_id in viewer.own_actor_ids
        if not is_shown and says_address(actor_id):
            continue  # their id is hidden, and so is the filter by it
        name, email = value.get("name") or "", value.get("email") if is_shown else None
        called = name if is_shown or not says_address(name) else ""
        found.append(ActorFacet(actor_id, kind, called or actor_id, email, counts[actor_id]))
    return sorted(found, key=lambda actor: (-actor.events, actor.name.casefold()))


def _fetch(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
