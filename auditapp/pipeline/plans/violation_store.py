"""Violations as they are kept: counted by the hour and kind, and of each kind the first few of an hour to look at.

Neither grows with what comes in: kinds without end are counted together, as a client could make them up.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from auditapp.lib import clock
from auditapp.pipeline.plans.violations import Violation
from auditapp.record.prepared import prepared_cursor
from auditapp.sources.models import Source

SAMPLES: Final = 10
MAX_KINDS: Final = 500
MAX_NAME: Final = 200
OTHERS: Final = Violation("Other", "", "More kinds of violations, counted together")

KINDS = """
SELECT type, name, kind FROM violation_count
WHERE workspace_id = %(workspace_id)s AND source_id = %(source_id)s AND hour = date_trunc('hour', %(at)s::timestamptz, 'UTC') AND plan_id = %(plan_id)s
"""
COUNT = """
INSERT INTO violation_count AS c
       (workspace_id, source_id, hour, plan_id, type, name, kind, violation_type, field, description, violations, last_at)
SELECT %(workspace_id)s, %(source_id)s, date_trunc('hour', %(at)s::timestamptz, 'UTC'), %(plan_id)s,
       one.type, one.name, one.kind, one.violation_type, one.field, one.description, one.violations, %(at)s
FROM unnest(%(types)s::text[], %(names)s::text[], %(kinds)s::text[], %(violation_types)s::text[], %(fields)s::text[],
            %(descriptions)s::text[], %(counts)s::int[])
     AS one (type, name, kind, violation_type, field, description, violations)
ON CONFLICT (workspace_id, source_id, hour, plan_id, type, name, kind)
DO UPDATE SET violations = c.violations + EXCLUDED.violations, last_at = greatest(c.last_at, EXCLUDED.last_at)
RETURNING type, name, kind, violations
"""
SAMPLE = """
INSERT INTO violation_sample
       (workspace_id, source_id, index, number, at, plan_id, message_id, type, name, verdict, kind, violation_type, field, description)
SELECT %(workspace_id)s, %(source_id)s, one.index, one.number, %(at)s, %(plan_id)s,
       one.message_id, one.type, one.name, one.verdict, one.kind, one.violation_type, one.field, one.description
FROM unnest(%(indexes)s::bigint[], %(numbers)s::int[], %(messages)s::text[], %(types)s::text[], %(names)s::text[], %(verdicts)s::text[],
            %(kinds)s::text[], %(violation_types)s::text[], %(fields)s::text[], %(descriptions)s::text[])
     AS one (index, number, message_id, type, name, verdict, kind, violation_type, field, description)
"""


@dataclass(frozen=True, slots=True)
class Broken:
    """An event of the inbox that broke the plan."""

    index: int
    message_id: str
    type: str
    name: str
    verdict: str
    violations: tuple[Violation, ...]


class Kind(NamedTuple):
    """What is counted together."""

    type: str
    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class _Found:
    """One violation of one event, as it is stored."""

    kind: Kind
    violation: Violation
    event: Broken
    number: int


def keep_violations(source: Source, plan_id: str, broken: Sequence[Broken]) -> None:
    """Count violations and keep some of them, in the caller's transaction, which holds the head of the source.

    Writes:  ViolationCount, ViolationSample
    """
    found = [
        _Found(kind_of(event, violation), violation, event, number)
        for event in broken
        for number, violation in enumerate(event.violations)
    ]
    if not found:
        return
    about = {"workspace_id": source.workspace_id, "source_id": source.id, "plan_id": plan_id, "at": clock.now()}
    with prepared_cursor() as cursor:
        known = {Kind(*row) for row in cursor.execute(KINDS, about).fetchall()}
        found = _within_bounds(found, known)
        counts = Counter(one.kind for one in found)
        cursor.execute(COUNT, about | _count_columns(found, counts))
        before = {Kind(*row[:3]): row[3] - counts[Kind(*row[:3])] for row in cursor.fetchall()}
        samples = _samples(found, before)
        if samples:
            cursor.execute(SAMPLE, about | _sample_columns(samples))


def kind_of(event: Broken, violation: Violation) -> Kind:
    """What a violation is counted with: the same of events of one name."""
    said = "\x1f".join((violation.type, violation.field, violation.description))
    return Kind(event.type, event.name[:MAX_NAME], hashlib.sha256(said.encode()).hexdigest()[:32])


def _within_bounds(found: Sequence[_Found], known: set[Kind]) -> list[_Found]:
    """Without new kinds beyond as many as there may be in an hour: those are one."""
    kept = []
    for one in found:
        if one.kind not in known:
            if len(known) < MAX_KINDS:
                known.add(one.kind)
            else:
                one = _Found(Kind("", "", ""), OTHERS, one.event, one.number)
        kept.append(one)
    return kept


def _samples(found: Sequence[_Found], before: Mapping[Kind, int]) -> list[_Found]:
    taken: dict[Kind, int] = defaultdict(int)
    samples = []
    for one in found:
        if before[one.kind] + taken[one.kind] < SAMPLES:
            taken[one.kind] += 1
            samples.append(one)
    return samples


def _count_columns(found: Sequence[_Found], counts: Mapping[Kind, int]) -> dict[str, Any]:
    one_of = {one.kind: one.violation for one in reversed(found)}
    kinds = sorted(counts)
    return {
        "types": [kind.type for kind in kinds],
        "names": [_storable(kind.name) for kind in kinds],
        "kinds": [kind.digest for kind in kinds],
        **_texts([one_of[kind] for kind in kinds]),
        "counts": [counts[kind] for kind in kinds],
    }


def _sample_columns(samples: Sequence[_Found]) -> dict[str, Any]:
    return {
        "indexes": [one.event.index for one in samples],
        "numbers": [one.number for one in samples],
        "messages": [one.event.message_id for one in samples],
        "types": [one.kind.type for one in samples],
        "names": [_storable(one.kind.name) for one in samples],
        "verdicts": [one.event.verdict for one in samples],
        "kinds": [one.kind.digest for one in samples],
        **_texts([one.violation for one in samples]),
    }


def _texts(violations: Sequence[Violation]) -> dict[str, list[str]]:
    return {
        "violation_types": [one.type for one in violations],
        "fields": [_storable(one.field) for one in violations],
        "descriptions": [_storable(one.description) for one in violations],
    }


def _storable(text: str) -> str:
    """A name of a field may hold what PostgreSQL's text cannot."""
    return text.replace("\x00", "�")
