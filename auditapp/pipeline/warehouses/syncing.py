"""A sync of a warehouse as a task: connect, then for each source make its schema and load what came in until the sync began.

When one is due, and what is kept of one that ended, is in due.py; the SQL of the warehouse is in loading.py.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.db import connection

from auditapp.lib import clock
from auditapp.lib.errors import Outside
from auditapp.lib.secret_box import unseal
from auditapp.pipeline.warehouses import loading
from auditapp.pipeline.warehouses.connecting import Session, connected
from auditapp.pipeline.warehouses.models import Warehouse, WarehouseFeed, WarehouseSync
from auditapp.pipeline.warehouses.naming import schema_for
from auditapp.pipeline.warehouses.notices import Notices, added
from auditapp.pipeline.warehouses.queries import connection_of
from auditapp.pipeline.warehouses.tables import rows_of
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.inbox import ACCEPTED, InboxEvent, read_inbox
from auditapp.sources.models import Source
from auditapp.tasks.run import TaskRun

BATCH: Final = 2_000
# Each new table takes locks until its transaction ends, of which a server has some thousands.
TABLES_A_BATCH: Final = 100
BATCH_S: Final = 180.0
STEP_S: Final = 90.0
FIRST_KEPT: Final = """
SELECT min(index) FROM source_event WHERE workspace_id = %s AND source_id = %s AND index >= %s AND index < %s
"""


class WarehouseGone(Outside):
    """The warehouse or its password is gone. Enter the settings again."""

    def __init__(self) -> None:
        super().__init__(permanent=True)


def connect(run: TaskRun) -> dict[str, Any]:
    """Reach the warehouse, with the settings as they are now."""
    session = _session(run)
    with session.within(STEP_S) as line:
        row = line.execute("SELECT current_setting('server_version')").fetchone()
    with run.writing():
        # They work, whoever tested them.
        untested = Warehouse.objects.filter(workspace_id=run.task.workspace_id, id=run.task.key, checked_at=None)
        untested.update(checked_at=clock.now())
    return {"server": row[0] if row else ""}


def make_schema(run: TaskRun) -> dict[str, Any]:
    """Make the schema of a source where it is missing."""
    source, feed = _fed(run)
    if source is None:
        return {"skipped": "the source is gone"}
    notices = Notices()
    session = _session(run)
    with session.within(STEP_S) as line:
        made = loading.make_schema(line, _target(feed), notices)
    with run.writing():
        feed.schema = made.schema
        feed.save(update_fields=["schema"])
        _tell(run, source, feed, notices=notices)
    return {"schema": made.schema}


def load(run: TaskRun) -> dict[str, Any]:
    """Load the events of a source, batch by batch, from where the warehouse is to where the inbox was when the sync began."""
    source, feed = _fed(run)
    if source is None:
        return {"skipped": "the source is gone"}
    session, until = _session(run), int(run.task.details["until"][source.id])
    position = _where_it_is(run, session, source, feed)
    while position < until:
        run.check()
        position = _load_batch(run, session, source, feed, position, until)
    return {"position": position}


def _where_it_is(run: TaskRun, session: Session, source: Source, feed: WarehouseFeed) -> int:
    """The position in the warehouse, which is the true one, taken over into ours.

    A worker that was killed after the warehouse committed has left ours behind; a schema that was removed starts anew.
    """
    with session.within(STEP_S) as line, line.transaction():
        found = loading.position_of(line, _target(feed))
    notices = Notices()
    if found is None and feed.position:
        notices.add("loaded_again", feed.schema)
    there = found or loading.Position(0, 0)
    if notices.found or there != loading.Position(feed.position, feed.rows):
        with run.writing():
            # What a killed worker had loaded is counted here, where it was not counted then.
            rows, events = max(there.rows - feed.rows, 0), max(there.position - feed.position, 0)
            _moved(run, source, feed, there, rows=rows, events=events, notices=notices)
    return there.position


def _load_batch(run: TaskRun, session: Session, source: Source, feed: WarehouseFeed, start: int, until: int) -> int:
    notices = Notices()
    stored, end = _read(source, start, until, notices)
    accepted = [one for one in stored if one.verdict == ACCEPTED]
    rows, left_from = rows_of(accepted, notices, left_out=feed.left_out, most_tables=TABLES_A_BATCH)
    end = end if left_from is None else left_from
    try:
        with session.within(BATCH_S) as line:
            after = loading.load(line, _target(feed), rows, start=start, end=end, notices=notices)
    except loading.PositionMoved:
        return _where_it_is(run, session, source, feed)
    with run.writing():
        _moved(run, source, feed, after, rows=after.rows - feed.rows, events=rows.events, notices=notices)
        run.progress(run.task.done + end - start, _all_events(run))
    return after.position


def _read(source: Source, start: int, until: int, notices: Notices) -> tuple[list[InboxEvent], int]:
    """The next events and where they end; what the inbox keeps no longer is passed over, and said."""
    with in_workspace(source.workspace_id):
        end = min(start + BATCH, until)
        stored = read_inbox(source.workspace_id, source.id, start, limit=end - start)
        first = stored[0].index if stored else _first_kept(source, start, until)
    if first > start:
        notices.add("no_longer_kept", source.name, count=first - start)
    return stored, max(end, first) if not stored else end


def _first_kept(source: Source, start: int, until: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(FIRST_KEPT, [source.workspace_id, source.id, start, until])
        first: int | None = cursor.fetchone()[0]
    return until if first is None else first


def _moved(
    run: TaskRun,
    source: Source,
    feed: WarehouseFeed,
    to: loading.Position,
    *,
    rows: int,
    events: int = 0,
    notices: Notices,
) -> None:
    """Keep how far the warehouse is, in the caller's transaction."""
    feed.position, feed.rows = to.position, to.rows
    feed.save(update_fields=["position", "rows"])
    _tell(run, source, feed, rows=rows, events=events, notices=notices)


def _tell(
    run: TaskRun, source: Source, feed: WarehouseFeed, *, rows: int = 0, events: int = 0, notices: Notices
) -> None:
    """Add to what the history says of this sync, in the caller's transaction."""
    sync = WarehouseSync.objects.select_for_update().get(workspace_id=source.workspace_id, id=run.task.details["sync"])
    empty = {"id": source.id, "events": 0, "rows": 0, "notices": []}
    known = {one["id"]: one for one in sync.sources}
    one = known.setdefault(source.id, empty)
    one |= {"name": source.name, "schema": feed.schema}
    one["events"] += events
    one["rows"] += rows
    one["notices"] = added(one["notices"], notices.as_value())
    sync.sources = list(known.values())
    sync.events += events
    sync.rows += rows
    sync.notices += sum(count for count, _ in notices.found.values())
    sync.save(update_fields=["sources", "events", "rows", "notices"])


def _fed(run: TaskRun) -> tuple[Source | None, WarehouseFeed]:
    """The source of a step and its feed."""
    workspace_id, warehouse_id, source_id = run.task.workspace_id, run.task.key, run.about
    with in_workspace(workspace_id):
        source = Source.objects.filter(workspace_id=workspace_id, id=source_id).first()
        feed, _ = WarehouseFeed.objects.get_or_create(
            workspace_id=workspace_id,
            warehouse_id=warehouse_id,
            source_id=source_id,
            defaults={"schema": schema_for(source.slug) if source else ""},
        )
        if source and not feed.schema:
            feed.schema = schema_for(source.slug)
    return source, feed


def _target(feed: WarehouseFeed) -> loading.Feed:
    return loading.Feed(feed.warehouse_id, feed.source_id, feed.schema)


def _all_events(run: TaskRun) -> int:
    return int(run.task.details["waiting"])


def _session(run: TaskRun) -> Session:
    """The connection that the steps of an attempt share."""
    return run.once("session", lambda: _opened(run))


@contextmanager
def _opened(run: TaskRun) -> Iterator[Session]:
    with in_workspace(run.task.workspace_id):
        warehouse = Warehouse.objects.filter(workspace_id=run.task.workspace_id, id=run.task.key).first()
    if warehouse is None or warehouse.secret is None:
        raise WarehouseGone
    with connected(connection_of(warehouse), unseal(bytes(warehouse.secret))) as session:
        yield session
