"""The schema of a source as it was observed: names of events, with the properties or traits that came with them.

What is known already costs nothing: each process remembers it for a while. What is new is an event of the trail.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import orjson
from django.db import connection, transaction

from auditapp.lib import clock
from auditapp.record.acting import acting
from auditapp.record.drafts import SYSTEM
from auditapp.record.services import record
from auditapp.sources.inbox import lock_heads
from auditapp.sources.models import SeenEvent, Source

# As many as Segment's page shows. Further names are counted together, so that no client fills the table by making names up.
MAX_NAMES: Final = 4_000
MAX_PROPERTIES: Final = 300
MAX_DEPTH: Final = 4
REMEMBERED_FOR: Final = timedelta(minutes=10)
REMEMBERED_NAMES: Final = 20_000
NAMED_BY: Final = {"track": "event", "page": "name", "screen": "name"}
JSON_TYPES: Final = {
    str: "string", bool: "boolean", int: "number", float: "number", type(None): "null", dict: "object", list: "array"
}  # fmt: skip

KNOWN = """
SELECT s.type, s.name, s.properties FROM unnest(%(types)s::text[], %(names)s::text[]) AS asked (type, name)
JOIN seen_event AS s ON s.workspace_id = %(workspace_id)s AND s.source_id = %(source_id)s AND s.type = asked.type AND s.name = asked.name
"""
ADD = """
INSERT INTO seen_event (workspace_id, source_id, type, name, properties, is_allowed, is_archived, first_seen_at)
VALUES (%s, %s, %s, %s, %s::jsonb, true, false, %s) ON CONFLICT (workspace_id, source_id, type, name) DO NOTHING
"""
# Types are added to, never taken away, whoever was faster.
SHOW_AGAIN = """
UPDATE seen_event SET is_archived = false
WHERE workspace_id = %s AND source_id = %s AND is_archived AND (type, name) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
"""
WIDEN = """
UPDATE seen_event SET properties = properties || %s::jsonb WHERE workspace_id = %s AND source_id = %s AND type = %s AND name = %s
"""


class EventName(NamedTuple):
    """The kind of call, and the event of a track call or the name of a page or screen."""

    type: str
    name: str


Properties = set[tuple[str, str]]  # dotted path and JSON type


@dataclass(frozen=True, slots=True)
class Observed:
    """What was new in some events: names, and of each name the paths of properties; and the names for which there is no more room."""

    names: tuple[EventName, ...] = ()
    properties: Mapping[EventName, Set[str]] = field(default_factory=dict)
    overflow: frozenset[EventName] = frozenset()


@dataclass(slots=True)
class _Memory:
    """What this process knows to be in the table. Filled after a commit alone: what is rolled back was never known."""

    names: dict[tuple[int, str, EventName], tuple[datetime, Properties]] = field(default_factory=dict)

    def unknown(self, source: Source, seen: Mapping[EventName, Properties]) -> dict[EventName, Properties]:
        now = clock.now()
        nothing: tuple[datetime, Properties] = (now, set())
        found = {}
        for name, properties in seen.items():
            until, known = self.names.get((source.workspace_id, source.id, name), nothing)
            if until <= now or not properties <= known:
                found[name] = properties
        return found

    def keep(self, source: Source, known: Mapping[EventName, Properties]) -> None:
        if len(self.names) + len(known) > REMEMBERED_NAMES:
            self.names.clear()
        until = clock.now() + REMEMBERED_FOR
        for name, properties in known.items():
            self.names[source.workspace_id, source.id, name] = (until, properties)


_memory = _Memory()


def event_name(event: Mapping[str, Any]) -> EventName:
    """How an event of the pipeline is called."""
    named_by = NAMED_BY.get(event["type"])
    name = event.get(named_by) if named_by else ""
    return EventName(event["type"], name if isinstance(name, str) else "")


def observe(source: Source, events: Iterable[Mapping[str, Any]]) -> Observed:
    """Keep what is new in these events, in the caller's transaction. What the trail is told of it is the caller's to say.

    Writes:  SeenEvent
    """
    seen: dict[EventName, Properties] = defaultdict(set)
    for event in events:
        seen[event_name(event)].update(_properties(event))
    wanted = _memory.unknown(source, seen)
    if not wanted:
        return Observed()
    lock_heads(source.workspace_id, [source.id])
    known = _known(source, wanted)
    _show_again(source, known)
    before = {name: frozenset(properties) for name, properties in known.items()}
    names = sorted(wanted.keys() - known.keys())
    overflow: frozenset[EventName] = frozenset()
    if names:
        room = MAX_NAMES - SeenEvent.objects.filter(workspace_id=source.workspace_id, source_id=source.id).count()
        overflow, names = frozenset(names[max(room, 0) :]), names[: max(room, 0)]
        for name in names:
            known[name] = _added(source, name, wanted[name])
    for name in sorted(known):
        known[name] = _widened(source, name, known[name], wanted[name])
    transaction.on_commit(lambda: _memory.keep(source, known))
    new = {name: _new_paths(before.get(name, frozenset()), wanted[name]) for name in known}
    return Observed(tuple(names), {name: paths for name, paths in new.items() if paths}, overflow)


def tell_new_event(source: Source, name: str, *, is_planned: bool = False) -> None:
    """Record that a track call of a new name came in and was let through.

    Writes:  source.new_event_allowed
    """
    with acting(source.workspace_id, SYSTEM):
        record("source.new_event_allowed", target=source, meta={"event": name, "planned": is_planned})


def _properties(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    values = event.get("traits" if event["type"] in ("identify", "group") else "properties")
    if isinstance(values, dict):
        yield from _paths(values, "", 1)


def _paths(values: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        path = prefix + key
        if "\x00" in path:
            continue  # PostgreSQL's jsonb cannot hold it
        yield path, JSON_TYPES[type(value)]
        if isinstance(value, dict) and depth < MAX_DEPTH:
            yield from _paths(value, f"{path}.", depth + 1)


def _known(source: Source, names: Iterable[EventName]) -> dict[EventName, Properties]:
    asked = sorted(names)
    with connection.cursor() as cursor:
        cursor.execute(
            KNOWN,
            {
                "workspace_id": source.workspace_id,
                "source_id": source.id,
                "types": [one.type for one in asked],
                "names": [one.name for one in asked],
            },
        )
        rows = cursor.fetchall()
    return {
        EventName(kind, name): {(path, one) for path, types in orjson.loads(properties).items() for one in types}
        for kind, name, properties in rows
    }


def _show_again(source: Source, known: Iterable[EventName]) -> None:
    """What somebody archived and is sent again is on the page again."""
    asked = sorted(known)
    with connection.cursor() as cursor:
        types, names = [one.type for one in asked], [one.name for one in asked]
        cursor.execute(SHOW_AGAIN, [source.workspace_id, source.id, types, names])


def _added(source: Source, name: EventName, properties: Properties) -> Properties:
    stored = _with_room(set(), properties)
    with connection.cursor() as cursor:
        cursor.execute(ADD, [source.workspace_id, source.id, name.type, name.name, _as_json(stored), clock.now()])
    return stored | properties


def _widened(source: Source, name: EventName, known: Properties, properties: Properties) -> Properties:
    if properties <= known:
        return known
    stored = _with_room(known, properties)
    if stored != known:
        changed = {path for path, _ in stored - known}
        with connection.cursor() as cursor:
            cursor.execute(
                WIDEN,
                [
                    _as_json({one for one in stored if one[0] in changed}),
                    source.workspace_id,
                    source.id,
                    name.type,
                    name.name,
                ],
            )
    # With those for which there was no room, so that they are not looked at again.
    return stored | properties


def _with_room(known: Set[tuple[str, str]], more: Properties) -> Properties:
    paths = {path for path, _ in known}
    found = set(known)
    for path, kind in sorted(more):
        if path in paths or len(paths) < MAX_PROPERTIES:
            paths.add(path)
            found.add((path, kind))
    return found


def _new_paths(known: Set[tuple[str, str]], more: Properties) -> set[str]:
    return {path for path, _ in _with_room(known, more)} - {path for path, _ in known}


def _as_json(properties: Properties) -> str:
    types: dict[str, list[str]] = defaultdict(list)
    for path, kind in sorted(properties):
        types[path].append(kind)
    return orjson.dumps(types).decode()
