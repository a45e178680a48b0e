"""A trail of any size, fast: rows cut from a pool of real events, copied without indexes, which are built afterwards.

Envelopes, values, tokens and sizes are those of the application; names, ids and times are put into the finished lines, so the
hashes of these rows do not hold. What is verified by the bench is recorded by the application itself.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from itertools import accumulate
from typing import Any
from uuid import UUID

import psycopg

from auditapp.catalogue import registry
from auditapp.lib import clock
from auditapp.lib.clock import parse_utc, utc_text
from auditapp.record.drafts import Actor, Change, EventDraft, Target
from auditapp.record.envelope import seal_bytes
from auditapp.record.search_tokens import tokens_of, tsvector_text
from tests.torture.rig import Rig

WORKSPACES, TYPES, ACTORS, RESOURCES, SCOPES = 500, 120, 3_000, 5_000, 200
LARGEST_SHARE = 0.3
DAYS = 395
VARIANTS = 5  # of each type in the pool
RARE = 6  # events of the rare type, and with the rare word
IN_A_SCOPE, READS, FAILURES = 0.7, 0.05, 0.03
# Shares of the events with this word in the name of their target.
WORDS = {"common": 0.2, "fairly": 0.026, "mid": 0.01, "seldom": 0.003}
VOCABULARY = 20_000
CHUNK = 50  # small enough for the socket: PostgreSQL works on one while the next is made

COLUMNS = (
    "workspace_id, occurred_at, id, received_at, type, area, actor_kind, actor_id, resource_type, resource_id, scope_id, outcome,"
    " is_read, request_id, session_id, tokens, envelope, leaf_hash, units, salts"
)
INDEXES = """
SELECT c.relname, replace(pg_get_indexdef(c.oid), ' ON ONLY ', ' ON ') FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE i.indrelid = 'public.event'::regclass AND NOT i.indisprimary
"""
# Leaves and counts lie as the sealer would have put them: by time.
LEAVES = """
INSERT INTO leaf (workspace_id, index, event_id, occurred_at, hash)
SELECT workspace_id, row_number() OVER (PARTITION BY workspace_id ORDER BY occurred_at, id) - 1, id, occurred_at, leaf_hash FROM event
ORDER BY occurred_at, id
"""
TYPE_COUNTS = """
INSERT INTO type_count (workspace_id, scope_id, day, type, events, failures)
SELECT e.workspace_id, s.id, (e.occurred_at AT TIME ZONE 'UTC')::date, e.type, count(*), count(*) FILTER (WHERE e.outcome = 'failure')
FROM event AS e CROSS JOIN LATERAL unnest(ARRAY['', e.scope_id]) AS s (id) WHERE s.id IS NOT NULL GROUP BY 1, 2, 3, 4 ORDER BY 3
"""
ACTOR_COUNTS = """
INSERT INTO actor_count (workspace_id, scope_id, day, actor_id, events)
SELECT e.workspace_id, s.id, (e.occurred_at AT TIME ZONE 'UTC')::date, e.actor_id, count(*)
FROM event AS e CROSS JOIN LATERAL unnest(ARRAY['', e.scope_id]) AS s (id) WHERE s.id IS NOT NULL GROUP BY 1, 2, 3, 4 ORDER BY 3
"""
TOTALS = """
INSERT INTO {totals} (workspace_id, scope_id, period, {what}, events)
SELECT c.workspace_id, c.scope_id, p.period, c.{what}, sum(c.events)
FROM {days} AS c CROSS JOIN LATERAL unnest(ARRAY['all', to_char(c.day, 'YYYY-MM')]) AS p (period)
WHERE c.day < (now() AT TIME ZONE 'UTC')::date GROUP BY 1, 2, 3, 4
"""
TYPE_TOTALS = TOTALS.format(days="type_count", totals="type_total", what="type")
ACTOR_TOTALS = TOTALS.format(days="actor_count", totals="actor_total", what="actor_id")
HEADS = """
INSERT INTO tree_head (workspace_id, size, peaks, folded_before)
SELECT DISTINCT workspace_id, 0, '{}'::bytea[], (now() AT TIME ZONE 'UTC')::date FROM type_count
"""

# What stands in the pool where a row's own value goes; nothing of it is changed by tokens, JSON or COPY.
_ID = UUID(int=0x11111111_1111_1111_1111_111111111111)
_AT = parse_utc("2001-01-01T01:01:01.010101Z")
_HOLES = {
    "ws": "ws_0",
    "id": str(_ID),
    "at": utc_text(_AT),
    "actor": "qqactor",
    "resource": "qqresource",
    "scope": "qqscope",
    "first": "qqfirst",
    "second": "qqsecond",
}


def cut(draft: EventDraft) -> str:
    """One event of the pool as a line of COPY with holes, `%(actor)s` in text and `%(actor_x)s` in hexadecimal bytes."""
    sealed = seal_bytes(draft)
    texts = [draft.type, draft.area, "user", "qqactor", draft.targets[0].type, "qqresource", draft.scope_id or "\\N"]
    texts += [draft.outcome, "t" if draft.is_read else "f", "%(id)s", "%(id)s", tsvector_text(tokens_of(draft))]
    line = "\t".join(["%(workspace)s", "%(at)s", "%(id)s", "%(at)s", *texts])
    line = line.replace("'0:", "'%(workspace)s:")
    hexadecimal = f"\t\\\\x{sealed.envelope.hex()}\t\\\\x%(hash)s\t{_array(sealed.units)}\t{_array(sealed.salts)}\n"
    for name, hole in _HOLES.items():
        line = line.replace(hole, f"%({name})s")
        hexadecimal = hexadecimal.replace(hole.encode().hex(), f"%({name}_x)s")
    return line + hexadecimal


@dataclass(frozen=True, slots=True)
class Names:
    """What the queries of the bench ask for."""

    types: list[str]
    rare_type: str
    absent_type: str
    actors: list[str]
    scopes: list[str]


@dataclass(slots=True)
class Dataset:
    """So many events of the last thirteen months, always the same for a seed."""

    events: int
    now: datetime
    seed: int = 1
    names: Names = field(init=False)

    def __post_init__(self) -> None:
        self.names = names()

    def load(self, connection: "psycopg.Connection[Any]") -> None:
        """Fill an empty database, as its superuser on a connection that commits by itself, and have PostgreSQL know what is in it."""
        # One checkpoint at the end, not one for each gigabyte of the log.
        connection.execute("ALTER SYSTEM SET max_wal_size = '8GB'")
        connection.execute("SELECT pg_reload_conf()")
        with connection.transaction():
            self._fill(connection)
        connection.execute("ALTER SYSTEM RESET max_wal_size")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")

    def _fill(self, connection: "psycopg.Connection[Any]") -> None:
        indexes = connection.execute(INDEXES).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        with connection.cursor() as cursor, cursor.copy(f"COPY event ({COLUMNS}) FROM STDIN") as copy:
            for chunk in self._chunks():
                copy.write(chunk)
        connection.execute("SET maintenance_work_mem = '512MB'")
        for _, definition in indexes:
            connection.execute(definition)
        for statement in (LEAVES, TYPE_COUNTS, ACTOR_COUNTS, TYPE_TOTALS, ACTOR_TOTALS, HEADS):
            connection.execute(statement)

    def _chunks(self) -> Iterator[str]:
        choice = random.Random(self.seed)
        pool = Pool(choice)
        lines, rare = [], 0
        for number, row in enumerate(_draws(choice, self.events)):
            # Spread over the first workspace's events, the newest of them a while ago.
            if row.workspace == 1 and rare < RARE and number * (RARE + 1) >= self.events * (rare + 1):
                row, rare = replace(row, type=self.names.rare_type, first="rareword"), rare + 1
            at = self.now - timedelta(days=DAYS) * (1 - number / self.events) - timedelta(seconds=1)
            lines.append(pool.line(row, at))
            if len(lines) == CHUNK:
                yield "".join(lines)
                lines = []
        yield "".join(lines)


def loaded_dataset(rig: Rig, events: int) -> Dataset:
    """What is in an installation that was kept, else filled into it."""
    with rig.connect("superuser", autocommit=True) as superuser:
        note = superuser.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        )
        filled_at = note.fetchone()[0]
        data = Dataset(events, parse_utc(filled_at) if filled_at else clock.now())
        if not filled_at:
            data.load(superuser)
            superuser.execute(f"COMMENT ON DATABASE {rig.database} IS '{utc_text(data.now)}'")
    return data


@dataclass(frozen=True, slots=True)
class Draw:
    """What chance says of one event."""

    workspace: int
    type: str
    actor: int
    resource: int
    scope: int | None
    first: str
    second: str
    outcome: str


def names() -> Names:
    """Types of the catalogue that are about something, the most frequent first."""
    keys = [key for key in registry.EVENT_TYPES if registry.EVENT_TYPES[key].resource_type]
    random.Random(0).shuffle(keys)
    return Names(
        keys[:TYPES],
        keys[TYPES],
        keys[TYPES + 1],
        [f"usr_1_{number}" for number in range(ACTORS)],
        [f"src_{number}" for number in range(SCOPES)],
    )


class Pool:
    """Lines with holes for every type, outcome, and with and without a scope; made when they are first needed."""

    def __init__(self, choice: random.Random) -> None:
        self._choice = choice
        self._cuts: dict[tuple[str, str, bool], list[tuple[str, str]]] = {}

    def line(self, row: "Draw", at: datetime) -> str:
        """One row for COPY."""
        kind = (row.type, row.outcome, row.scope is not None)
        if kind not in self._cuts:
            drafts = [_draft(row, self._choice) for _ in range(VARIANTS)]
            self._cuts[kind] = [(cut(draft), draft.targets[0].type) for draft in drafts]
        line, resource_type = self._choice.choice(self._cuts[kind])
        milliseconds, bits = int(at.timestamp() * 1_000), self._choice.getrandbits(74)
        event_id = UUID(int=milliseconds << 80 | 7 << 76 | bits >> 62 << 64 | 2 << 62 | bits & (1 << 62) - 1)
        own = {
            "ws": f"ws_{row.workspace}",
            "id": str(event_id),
            "at": utc_text(at),
            "actor": f"usr_{row.workspace}_{row.actor}",
            "resource": f"{resource_type}_{row.resource}",
            "scope": f"src_{row.scope}",
            "first": row.first,
            "second": row.second,
        }
        own |= {f"{name}_x": value.encode().hex() for name, value in own.items()}
        return line % {**own, "workspace": row.workspace, "hash": sha256(event_id.bytes).hexdigest()}


def _draft(row: "Draw", choice: random.Random) -> EventDraft:
    kind = registry.EVENT_TYPES[row.type]
    changes = [Change(f"field_{n}", _text(choice), _text(choice)) for n in range(choice.choice((0, 1, 1, 2, 4)))]
    return EventDraft(
        workspace_id=0,
        id=_ID,
        type=row.type,
        area=kind.area,
        actor=Actor("user", "qqactor", "Person qqactor", "qqactor@example.com"),
        targets=[Target(kind.resource_type, "qqresource", "qqfirst qqsecond")],
        occurred_at=_AT,
        received_at=_AT,
        scope_id=None if row.scope is None else "qqscope",
        outcome=row.outcome,
        is_read=choice.random() < READS,
        context={
            "ip": f"203.0.{choice.randrange(256)}.{choice.randrange(256)}",
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36",
            "request_id": f"{choice.getrandbits(128):032x}",
            "session_id": f"{choice.getrandbits(128):032x}",
            "method": "POST",
            "path": "/acme/settings/",
        },
        meta={"note": _text(choice), "count": choice.randrange(1_000)},
        changes=changes,
    )


def _text(choice: random.Random) -> str:
    return " ".join(f"v{choice.randrange(VOCABULARY)}" for _ in range(choice.randint(1, 5)))


def _draws(choice: random.Random, events: int) -> Iterator[Draw]:
    """The largest workspace takes its share; the rest, and all else, follow Zipf's law."""
    known = names()
    rest = list(accumulate(1 / rank for rank in range(1, WORKSPACES)))
    largest = rest[-1] * LARGEST_SHARE / (1 - LARGEST_SHARE)
    shares = [largest, *(largest + share for share in rest)]
    words, left = list(WORDS), 1 - sum(WORDS.values())
    while events:
        size = min(events, 50_000)
        events -= size
        vocabulary = [f"w{n}" for n in _zipf(choice, VOCABULARY, size)]
        marked = choice.choices([*words, None], [*WORDS.values(), left], k=size)
        drawn = zip(
            choice.choices(range(1, WORKSPACES + 1), cum_weights=shares, k=size),
            _zipf(choice, TYPES, size),
            _zipf(choice, ACTORS, size),
            _zipf(choice, RESOURCES, size),
            _zipf(choice, SCOPES, size),
            marked,
            vocabulary,
            [f"w{n}" for n in _zipf(choice, VOCABULARY, size)],
            strict=True,
        )
        for workspace, kind, actor, resource, scope, word, first, second in drawn:
            is_scoped, outcome = choice.random() < IN_A_SCOPE, "failure" if choice.random() < FAILURES else "success"
            yield Draw(
                workspace,
                known.types[kind],
                actor,
                resource,
                scope if is_scoped else None,
                word or first,
                second,
                outcome,
            )


@cache
def _zipf_weights(size: int) -> list[float]:
    return list(accumulate(1 / rank for rank in range(1, size + 1)))


def _zipf(choice: random.Random, size: int, number: int) -> list[int]:
    return choice.choices(range(size), cum_weights=_zipf_weights(size), k=number)


def _array(values: list[Any]) -> str:
    """A bytea[] for COPY: a backslash is doubled once for the array and once for COPY."""
    return "{" + ",".join("NULL" if value is None else f'"\\\\\\\\x{value.hex()}"' for value in values) + "}"
