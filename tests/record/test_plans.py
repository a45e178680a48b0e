"""The plans that the trail's queries rely on: which index serves which filter, and that no page reads more than it shows.

On twenty thousand events, with the planner's own settings and row-level security in force.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.db import connection, transaction

from auditapp.lib import clock
from auditapp.lib.keyset import PageKey
from auditapp.record import bar_counts, event_keys
from auditapp.record.event_filter import Choice, EventFilter, Word
from auditapp.record.event_keys import find_keys
from auditapp.record.event_query import PAGE_SIZE, visible_events
from auditapp.record.facets import facets
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from settings.embedded import SUPERUSER, EmbeddedServer
from tests.bench.dataset import Dataset
from tests.torture.rig import Rig

LARGEST = 1
EVENTS = 20_000
OLGA = Viewer(LARGEST, sees_all=True, sees_personal=True)
MILO = Viewer(LARGEST, scope_ids=("src_3", "src_20", "src_100"), own_actor_ids=("usr_1_7",))
LIMIT = PAGE_SIZE + 1

# Partitions and their indexes by the names of what they belong to; one that holds hardly anything, as the oldest month on some days, may be
# read in any way.
PARENTS = """
SELECT c.relname, p.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid JOIN pg_class AS p ON p.oid = i.inhparent
"""
FILLED = """
SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid WHERE i.inhparent = 'event'::regclass AND c.reltuples > 200
"""
SCANS = """
SELECT (SELECT sum(s.idx_scan) FROM pg_stat_user_indexes AS s JOIN pg_inherits AS i ON i.inhrelid = s.indexrelid
        WHERE i.inhparent = 'event_by_token'::regclass)::bigint,
       (SELECT sum(s.seq_scan) FROM pg_stat_user_tables AS s WHERE s.relname = ANY(%s))::bigint
"""


@dataclass(frozen=True)
class Trail:
    """A filled database, Django connected to it as audit_app."""

    rig: Rig
    data: Dataset
    parents: dict[str, str]
    filled: frozenset[str]

    def plan_of(self, action: Callable[[], object]) -> "Plan":
        """How the statements about events were carried out, all of them together."""
        nodes: list[dict[str, Any]] = []

        def explain(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
            if " event AS " in sql or " event_attempt AS " in sql:
                raw = context["cursor"].connection.cursor()
                plan = raw.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", parameters).fetchone()[0][0]["Plan"]
                nodes.extend(_nodes(plan))
            return execute(sql, parameters, many, context)

        with in_workspace(LARGEST), connection.execute_wrapper(explain):
            action()
        return Plan(self, [node for node in nodes if node["Actual Loops"]])


@dataclass(frozen=True)
class Plan:
    """The nodes that were executed."""

    trail: Trail
    nodes: list[dict[str, Any]]

    @property
    def indexes(self) -> set[str]:
        used = {node["Index Name"] for node in self._reading if "Index Name" in node}
        return {self.trail.parents.get(index, index) for index in used}

    @property
    def months(self) -> set[str]:
        return {node["Relation Name"] for node in self._reading}

    @property
    def sequential(self) -> list[str]:
        return [node["Relation Name"] for node in self._reading if node["Node Type"] == "Seq Scan"]

    @property
    def rows_read(self) -> int:
        """Rows that scans of events have looked at, also those that they left out; an average over loops comes rounded."""
        return round(
            sum((n["Actual Rows"] + n.get("Rows Removed by Filter", 0)) * n["Actual Loops"] for n in self._reading)
        )

    @property
    def _reading(self) -> list[dict[str, Any]]:
        filled = {*self.trail.filled, "event_attempt"}
        return [node for node in self.nodes if node.get("Relation Name") in filled]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


@pytest.fixture(scope="module")
def trail(server: EmbeddedServer, django_db_blocker: pytest.FixtureRequest) -> Iterator[Trail]:
    name = f"plans_{os.getpid()}"
    with psycopg.connect(server.url(user=SUPERUSER, name="postgres"), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template_audit")
        try:
            rig, data = Rig(server, {}, name), Dataset(EVENTS, clock.now())
            with rig.connect("superuser", autocommit=True) as superuser:
                data.load(superuser)
            superuser.close()
            filled = frozenset(partition for (partition,) in rig.ask(FILLED))
            with django_db_blocker.unblock(), rig.in_django("app"):  # type: ignore[attr-defined]
                yield Trail(rig, data, dict(rig.ask(PARENTS)), filled)
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def keys(wanted: EventFilter, viewer: Viewer = OLGA, **place: Any) -> Callable[[], object]:
    return lambda: find_keys(viewer, wanted, limit=LIMIT, **place)


TYPES = Dataset(0, clock.now()).names.types
ACTORS = Dataset(0, clock.now()).names.actors
PROBES = [
    ("everything", EventFilter(with_reads=True), OLGA, {"event_pkey"}, 1),
    ("one type", EventFilter(types=Choice((TYPES[0],))), OLGA, {"event_by_type"}, 1),
    ("five types", EventFilter(types=Choice(tuple(TYPES[:5]))), OLGA, {"event_by_type"}, 5),
    ("five seldom types", EventFilter(types=Choice(tuple(TYPES[-5:]))), OLGA, {"event_by_type"}, 5),
    ("five actors", EventFilter(actors=Choice(tuple(ACTORS[:5])), with_reads=True), OLGA, {"event_by_actor"}, 5),
    (
        "types and actors",
        EventFilter(types=Choice(tuple(TYPES[:3])), actors=Choice(tuple(ACTORS[:3]))),
        OLGA,
        {"event_by_actor_type"},
        9,
    ),
    (
        "a resource",
        EventFilter(resources=Choice(("source:source_0",)), with_reads=True),
        OLGA,
        {"event_by_resource"},
        5,  # so few rows of it that the planner may read and sort them all
    ),
    ("own sources", EventFilter(with_reads=True), MILO, {"event_by_scope", "event_by_actor"}, 4),
]


@pytest.mark.parametrize(
    ("wanted", "viewer", "indexes", "probes"), [case[1:] for case in PROBES], ids=[c[0] for c in PROBES]
)
def test_filter_is_served_by_its_own_index_and_reads_no_more_than_a_page_a_value(
    trail, wanted, viewer, indexes, probes
):
    plan = trail.plan_of(keys(wanted, viewer))
    assert plan.sequential == []
    assert plan.indexes <= indexes
    assert 0 < plan.rows_read <= probes * LIMIT


def test_page_that_hides_reads_passes_over_few_of_them(trail):
    plan = trail.plan_of(keys(EventFilter()))
    assert plan.indexes == {"event_pkey"}
    assert plan.rows_read <= 1.5 * LIMIT


def test_page_far_down_costs_what_the_first_one_costs(trail):
    at, event_id = trail.rig.ask(
        "SELECT occurred_at, id FROM event WHERE workspace_id = 1 ORDER BY occurred_at, id OFFSET 1000 LIMIT 1"
    )[0]
    plan = trail.plan_of(keys(EventFilter(with_reads=True), start=PageKey(at, event_id)))
    assert plan.indexes == {"event_pkey"}
    assert plan.rows_read <= LIMIT


def test_value_that_never_occurs_reads_nothing(trail):
    plan = trail.plan_of(keys(EventFilter(types=Choice(tuple(f"nothing.happened_{n}" for n in range(5))))))
    assert plan.sequential == []
    assert plan.rows_read == 0


def test_range_of_a_month_opens_the_partitions_of_that_month(trail):
    since = trail.data.now.replace(day=1, hour=0, minute=0, second=0, microsecond=0) - timedelta(days=150)
    wanted = EventFilter(types=Choice((TYPES[0],)), since=since, until=since + timedelta(days=20))
    plan = trail.plan_of(keys(wanted))
    assert 1 <= len(plan.months) <= 2


def test_events_of_a_page_are_found_by_their_keys(trail):
    found = find_all(OLGA, EventFilter(with_reads=True))
    plan = trail.plan_of(lambda: visible_events(OLGA)._rows(found))
    assert plan.indexes <= {"event_pkey", "event_by_id"}
    assert plan.sequential == []
    assert plan.rows_read == len(found) == LIMIT
    assert len(plan.months) <= len({key.occurred_at.month for key in found})


# Of every event an attempt, ten to a task: more than any trail has.
ATTEMPTS = """
INSERT INTO event_attempt (workspace_id, event_id, occurred_at, task, run, number)
SELECT workspace_id, id, occurred_at, decode(md5((place / 10)::text), 'hex'), 1, place % 10 + 1
FROM (SELECT *, row_number() OVER (PARTITION BY workspace_id ORDER BY occurred_at DESC) + 4 AS place FROM event) AS e
"""


def test_attempts_of_a_page_are_found_by_their_task_and_read_by_their_keys(trail):
    with trail.rig.connect("superuser", autocommit=True) as superuser:
        superuser.execute(ATTEMPTS)
        superuser.execute("ANALYZE event_attempt")
    with in_workspace(LARGEST):
        rows = visible_events(OLGA).page(EventFilter(with_reads=True), size=20).rows
    found = []
    wanted = EventFilter(outcomes=Choice(("failure",)), words=(Word("common"),))
    plan = trail.plan_of(lambda: found.extend(visible_events(OLGA).attempts_with(rows, wanted)))
    assert plan.sequential == []
    assert plan.indexes <= {"event_pkey", "event_by_id", "event_attempt_pkey", "event_attempt_of_task"}
    # Each row once to learn its task, each attempt once as one of it, and once as an event.
    assert 20 < len(found) <= 200
    assert plan.rows_read <= 20 + 2 * len(found)
    assert len(plan.months - {"event_attempt"}) <= 2


def test_one_event_is_found_by_its_id(trail):
    event_id = find_all(OLGA, EventFilter(with_reads=True))[0].event_id
    plan = trail.plan_of(lambda: visible_events(OLGA).get(event_id))
    assert plan.sequential == []
    assert "event_by_id" in plan.indexes
    assert plan.rows_read == 2  # its key, and its row


def test_common_word_is_found_on_a_walk_and_not_searched(trail):
    before = scans(trail)
    with in_workspace(LARGEST):
        found = find_keys(OLGA, EventFilter(words=(Word("common"),)), limit=LIMIT)
    assert len(found.keys) == LIMIT
    assert scans(trail) == before


def test_walk_reads_its_events_and_no_more(trail, monkeypatch):
    monkeypatch.setattr(event_keys, "WALK_EVENTS", 200)
    plan = trail.plan_of(keys(EventFilter(words=(Word("rareword"),))))
    assert plan.sequential == []
    assert plan.indexes == {"event_pkey"}
    assert plan.rows_read <= 200 + 201  # the walk itself, and where it ends


def test_rare_word_is_found_by_the_index_of_tokens(trail):
    before = scans(trail)
    with in_workspace(LARGEST), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM audit_search('''1:t=rareword''', '-infinity', 'infinity', NULL, NULL, true, 51, '1 minute')"
        )
        assert len(cursor.fetchall()) == 6
    by_token, sequential = scans(trail)
    assert by_token > before[0]
    assert sequential == before[1]


def test_names_of_the_dropdown_are_read_from_one_event_each(trail):
    with in_workspace(LARGEST):
        actors = len(facets(OLGA, EventFilter()).actors)
    plan = trail.plan_of(lambda: facets(OLGA, EventFilter()))
    assert plan.sequential == []
    assert plan.indexes == {"event_by_actor"}
    assert actors <= plan.rows_read <= actors + 5  # an average over the loops, rounded


def test_many_events_with_a_common_word_are_walked_for(trail, monkeypatch):
    before = scans(trail)
    monkeypatch.setattr(event_keys, "WALK_EVENTS", 100)
    plan = trail.plan_of(lambda: find_keys(OLGA, EventFilter(words=(Word("common"),)), limit=60))
    assert scans(trail) == before
    assert plan.indexes == {"event_pkey"}
    assert plan.rows_read < 2_000


BARS = [
    ("everything", EventFilter(), OLGA, {"event_pkey"}),
    (
        "an area and an actor",
        EventFilter(actors=Choice((ACTORS[0],)), areas=Choice(("sources",))),
        OLGA,
        {"event_by_actor"},
    ),
    ("five types", EventFilter(types=Choice(tuple(TYPES[:5]))), OLGA, {"event_by_type"}),
    ("own sources", EventFilter(), MILO, {"event_by_scope", "event_by_actor"}),
]


@pytest.mark.parametrize(("wanted", "viewer", "indexes"), [case[1:] for case in BARS], ids=[case[0] for case in BARS])
def test_bars_read_a_bounded_number_of_events_along_an_index(trail, monkeypatch, wanted, viewer, indexes):
    monkeypatch.setattr(bar_counts, "LOOKED_AT", 500)
    half_past = [trail.data.now.replace(minute=30) - timedelta(days=n) for n in range(300, -1, -10)]
    plan = trail.plan_of(lambda: bar_counts.bar_counts(viewer, wanted, half_past))
    assert plan.sequential == []
    assert plan.indexes <= indexes
    assert 0 < plan.rows_read <= 600  # of a month all may be read and sorted


def test_bars_of_days_read_no_event_of_the_workspace(trail):
    days = [
        trail.data.now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=n) for n in range(90, -1, -1)
    ]
    wanted = EventFilter(areas=Choice(("sources",)), outcomes=Choice(("failure",)))
    assert trail.plan_of(lambda: bar_counts.bar_counts(OLGA, wanted, days)).rows_read == 0


def test_bars_of_days_of_another_zone_read_what_lies_near_midnight_alone(trail, monkeypatch):
    monkeypatch.setattr(bar_counts, "BETWEEN", 500)
    today = trail.data.now.astimezone(ZoneInfo("Asia/Kolkata")).replace(hour=0, minute=0, second=0, microsecond=0)
    edges = [today - timedelta(days=n) for n in range(90, -1, -1)]
    for wanted in (EventFilter(), EventFilter(areas=Choice(("sources",)))):
        plan = trail.plan_of(lambda wanted=wanted: bar_counts.counts_of_local_days(OLGA, wanted, edges))
        assert plan.sequential == []
        assert len(plan.months) <= 5
        assert 0 < plan.rows_read <= 600


def find_all(viewer: Viewer, wanted: EventFilter) -> list[PageKey]:
    with in_workspace(LARGEST):
        return find_keys(viewer, wanted, limit=LIMIT).keys


def scans(trail: Trail) -> tuple[int, int]:
    """How often the token index and whole partitions have been read, once this session has told of it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
    return trail.rig.ask(SCANS, list(trail.filled))[0]
