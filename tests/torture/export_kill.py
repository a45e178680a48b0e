"""SIGKILL to the worker in the middle of exports, while more events come in; five to each of them at most, of its six attempts.

The promise: each file becomes whole: every event of its window once, in order, as a worker writes it that nobody stops.
The twin: a worker that keeps a chunk first and where it ends a moment later.
"""

import csv
import io
import json
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Any

from django.http import QueryDict
from django.test import override_settings

from auditapp.access.models import User, Workspace
from auditapp.lib.ids import event_key, new_id
from auditapp.management.process_group import Program
from auditapp.record.acting import acting
from auditapp.record.drafts import SYSTEM
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.services import seal_batch
from auditapp.tasks.running import run_due_task
from auditapp.tasks.services import RETRIES
from auditapp.trail.address import read_address
from auditapp.trail.exports.formats import COLUMNS
from auditapp.trail.exports.models import Export
from auditapp.trail.exports.parquet import has_parquet
from auditapp.trail.exports.queries import file_chunks
from auditapp.trail.exports.services import request_export, start_writing
from auditapp.trail.filters import read_query
from auditapp.trail.moments import zone_named
from tests.factories import acting_as, make_member, make_user
from tests.torture.events import insert_events, make_draft
from tests.torture.export_worker import chunks_of
from tests.torture.outcome import Outcome, Plan
from tests.torture.rig import Rig, installed, kill, wait_for

WORKSPACE = 1
BATCH = 500
CHUNKS = 12
# About as long as two chunks take, so that a kill can hit anything from reading to the commit of the next one.
LONGEST_S, SECONDS_AN_EVENT = 0.4, 1 / 150_000
LONG_S = 600  # for whole files, on a busy machine
LONG_AGO = timedelta(hours=1)
# Chunks too: a broken worker adds them before it says so.
WRITTEN = "SELECT coalesce(sum(rows), 0) + (SELECT count(*) FROM export_chunk) FROM export"
LIVE = "SELECT count(*) FROM export WHERE state IN ('queued', 'running')"
KILLED = "SELECT coalesce(max(attempt), 0) FROM task WHERE state IN ('waiting', 'running')"
LEASES_END = "UPDATE task SET lease_until = clock_timestamp() WHERE lease_until > clock_timestamp()"
IN_WINDOW = """
SELECT id FROM event WHERE workspace_id = %s AND type = 'warehouse.disabled' AND occurred_at < %s AND received_at <= %s
ORDER BY occurred_at DESC, id DESC
"""


def run(plan: Plan) -> Outcome:
    """Kill the worker again and again while it writes exports of each format."""
    enough = threading.Event()
    with installed() as rig, _asking(rig) as ask, ThreadPoolExecutor(1) as threads:
        worker = _worker(rig, plan)
        _fill(rig, plan.events)
        _seal(rig)
        exports: list[Export] = []
        choice, kills = random.Random(plan.seed), 0
        late = threads.submit(_write_late, rig, enough)
        try:
            while kills < plan.kills:
                exports += _ask(rig)
                kills += _kill_while_writing(rig, ask, worker, plan, choice, plan.kills - kills)
                with rig.running(worker):
                    log = rig.log_of(worker)
                    wait_for(lambda: not ask(LIVE), "all exports have ended", worker, log, patience_s=LONG_S)
        finally:
            enough.set()
        counts = {"kills": kills, "exports": len(exports), "events that came meanwhile": late.result()}
        outcome = Outcome(counts=counts)
        _check(rig, outcome, exports, plan)
        return outcome


def _worker(rig: Rig, plan: Plan) -> Program:
    command = [sys.executable, "-m", "tests.torture.export_worker", str(_rows_a_chunk(plan))]
    return replace(rig.worker(), command=[*command, "twin"] if plan.twin else command)


def _rows_a_chunk(plan: Plan) -> int:
    return max(plan.events // CHUNKS, CHUNKS)


@contextmanager
def _asking(rig: Rig) -> Iterator[Callable[[str], int]]:
    """Ask for a number, over a connection that stays open: a login for each look would slow down what is looked at."""
    with rig.connect("superuser", autocommit=True) as connection:
        yield lambda sql: int(connection.execute(sql).fetchone()[0])  # type: ignore[index]


def _fill(rig: Rig, events: int) -> None:
    """The events of the window, and olga, who may export them."""
    rig.make_token(WORKSPACE)
    with rig.in_django("app"):
        make_member(workspace=_workspace(), user=make_user(), role="workspace_owner")
    with rig.connect("app") as connection:
        drafts = (make_draft(WORKSPACE, f"w{number}") for number in range(events))
        while batch := list(islice(drafts, BATCH)):
            insert_events(connection, batch)
            connection.commit()


def _seal(rig: Rig) -> None:
    """Seal the window before it is exported: its files then show the same leaves whenever they are written."""
    key = rig.server.home / "data" / "keys" / "seal.key"
    with rig.in_django("worker"), override_settings(SEAL_KEY_FILE=key):
        while seal_batch(limit=1_000):
            pass


def _workspace() -> Workspace:
    with in_workspace(WORKSPACE):
        return Workspace.objects.get(id=WORKSPACE)


def _ask(rig: Rig) -> list[Export]:
    """One export of each format, as it was asked for."""
    query = read_query(read_address("", QueryDict("event=warehouse.disabled")), zone=zone_named("Europe/Oslo"))
    formats = ["csv", "jsonl", *(["parquet"] if has_parquet() else [])]
    with rig.in_django("app"):
        workspace = _workspace()
        with acting_as(User.objects.get(), workspace):
            return [request_export(workspace=workspace, query=query, format_key=one) for one in formats]


def _write_late(rig: Rig, enough: threading.Event) -> int:
    """Events that are received after the exports were asked for, half of them told of as if they had happened before."""
    written = 0
    with rig.connect("app") as connection:
        while not enough.is_set():
            now, before = make_draft(WORKSPACE, "late"), make_draft(WORKSPACE, "long ago")
            insert_events(connection, [now, replace(before, occurred_at=before.occurred_at - LONG_AGO)])
            connection.commit()
            written += 2
            time.sleep(0.05)
    return written


def _kill_while_writing(
    rig: Rig, ask: Callable[[str], int], worker: Program, plan: Plan, choice: random.Random, most: int
) -> int:
    """Kill each worker a moment after it has added to a file, as often as asked, or as there is something to write and try again."""
    kills = 0
    longest_s = LONGEST_S if plan.twin else min(LONGEST_S, plan.events * SECONDS_AN_EVENT)
    while kills < most and ask(LIVE) and ask(KILLED) < RETRIES:
        with rig.running(worker):
            wait_for(_changes(ask), "the worker writes", worker, rig.log_of(worker))
            time.sleep(choice.uniform(0, longest_s))
            kills += bool(ask(LIVE))
            kill(worker)
        with rig.connect("superuser", autocommit=True) as superuser:
            superuser.execute(LEASES_END)  # rather than wait for half a minute
    return kills


def _changes(ask: Callable[[str], int]) -> Callable[[], bool]:
    before = ask(WRITTEN)
    return lambda: ask(WRITTEN) > before or not ask(LIVE)


def _check(rig: Rig, outcome: Outcome, asked: list[Export], plan: Plan) -> None:
    """Hold each file against the events, and against one that is written now, in one go, as it was asked for then."""
    with rig.in_django("worker"), chunks_of(_rows_a_chunk(plan)):
        for number, export in enumerate(asked):
            killed, name = _found(export), f"{export.format} {number}"
            file = _file(killed)
            wanted = [event_key(row[0]) for row in rig.ask(IN_WINDOW, WORKSPACE, export.until, export.requested_at)]
            found = list(_keys(export.format, file)) if file else []
            outcome.counts[f"{name}: rows"] = len(found)
            outcome.promise(f"{name} is finished", killed.state != "done")
            outcome.promise(f"{name} has no event twice", len(found) - len(set(found)))
            outcome.promise(f"{name} misses no event", len(set(wanted) - set(found)))
            outcome.promise(f"{name} has its events in order and no others", found != wanted)
            whole = _file(_written_in_one_go(export))
            outcome.promise(f"{name} is what nobody interrupted", not _are_equal(export.format, file, whole))


def _found(export: Export) -> Export:
    with in_workspace(WORKSPACE):
        return Export.objects.get(workspace_id=WORKSPACE, id=export.id)


def _file(export: Export) -> bytes:
    return b"".join(file_chunks(export)) if export.state == "done" else b""


def _written_in_one_go(export: Export) -> Export:
    """The same export once more: its window is that of the first."""
    export.id = new_id("exp")
    with in_workspace(WORKSPACE), acting(WORKSPACE, SYSTEM):
        export.save(force_insert=True)
        start_writing(export)
    while (now := _found(export)).state in ("queued", "running"):
        run_due_task()
    return now


def _keys(format_key: str, file: bytes) -> Iterator[str]:
    """The events of a file, by their ids."""
    if format_key == "csv":
        yield from (row["event_id"] for row in csv.DictReader(io.StringIO(file.decode(), newline="")))
    elif format_key == "jsonl":
        yield from (json.loads(line)["id"] for line in file.splitlines())
    else:
        yield from _table(file)["event_id"].to_pylist()


def _are_equal(format_key: str, one: bytes, other: bytes) -> bool:
    if format_key != "parquet" or not (one and other):
        return one == other
    # Its writer puts what it says of the file in any order.
    here, there = _table(one), _table(other)
    return bool(here.schema.metadata == there.schema.metadata) and all(
        here[name].to_pylist() == there[name].to_pylist() for name in COLUMNS
    )


def _table(file: bytes) -> Any:
    from arro3.io import read_parquet

    return read_parquet(io.BytesIO(file)).read_all()
