"""Writes one batch into a warehouse: the tables it needs, its rows, and how far it goes, in one transaction of the warehouse.

The position in the warehouse is the true one: it cannot be ahead of the rows or behind them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import errors
from psycopg.sql import SQL, Composed, Identifier

from auditapp.pipeline.warehouses.cells import DoesNotFit, Kind, cell, column_kind, joined, kind_of, needs_numeric
from auditapp.pipeline.warehouses.naming import POSITIONS, RESERVED_TABLES, with_ending
from auditapp.pipeline.warehouses.notices import Notices
from auditapp.pipeline.warehouses.problems import cleaned
from auditapp.pipeline.warehouses.tables import USERS, Row, Rows

# A row of PostgreSQL fits 8 kB, with 18 bytes for each text that lies elsewhere.
MAX_COLUMNS: Final = 400
MAX_TABLES: Final = 2_000
STAGE: Final = Identifier("pg_temp", "audit_load")
# The columns of every table, so that a table has them whatever its first event carries.
MOMENTS: Final = ("received_at", "sent_at", "timestamp", "original_timestamp")
Line = psycopg.Connection[tuple[Any, ...]]

MAKE_POSITIONS = SQL("""
CREATE TABLE IF NOT EXISTS {} (warehouse_id text, source_id text, position bigint NOT NULL, rows bigint NOT NULL,
    moved_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (warehouse_id, source_id))
""")
POSITION = SQL("SELECT position, rows FROM {} WHERE warehouse_id = %s AND source_id = %s FOR UPDATE")
MOVE = SQL("""
INSERT INTO {} (warehouse_id, source_id, position, rows) VALUES (%s, %s, %s, %s)
ON CONFLICT (warehouse_id, source_id) DO UPDATE SET position = EXCLUDED.position, rows = EXCLUDED.rows, moved_at = now()
""")
SCHEMA_STATE = """
SELECT n.oid IS NOT NULL, EXISTS (SELECT FROM pg_class AS c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')),
    EXISTS (SELECT FROM pg_class AS c WHERE c.relnamespace = n.oid AND c.relname = %s)
FROM (VALUES (%s)) AS wanted (name) LEFT JOIN pg_namespace AS n ON n.nspname = wanted.name
"""
COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %s) AND c.relname = ANY(%s) ORDER BY a.attnum
"""
COUNT_TABLES = """
SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %s)
"""


class PositionMoved(Exception):
    """Somebody else has written to the warehouse meanwhile; what comes next is looked up again."""


@dataclass(frozen=True, slots=True)
class Feed:
    """What is loaded where: the events of a source, as one warehouse, into one schema."""

    warehouse_id: str
    source_id: str
    schema: str

    def table(self, name: str) -> Identifier:
        return Identifier(self.schema, name)


@dataclass(frozen=True, slots=True)
class Position:
    """How far a source is loaded, and how many rows that were in all."""

    position: int
    rows: int


def make_schema(line: Line, feed: Feed, notices: Notices) -> Feed:
    """Make the schema with its table of positions where they are missing; gives the feed with the schema that is its own.

    One that holds something else is left alone, as is one that is fed from another source.
    """
    with line.transaction():
        for schema in (feed.schema, with_ending(feed.schema, feed.source_id[-6:].lower())):
            own = Feed(feed.warehouse_id, feed.source_id, schema)
            if _may_be_ours(line, own):
                if schema != feed.schema:
                    notices.add("schema_taken", feed.schema, detail=f"It is called {schema}.")
                return own
        raise errors.DuplicateSchema(f"the schemas for this source are taken: {feed.schema}")


def _may_be_ours(line: Line, feed: Feed) -> bool:
    row = line.execute(SCHEMA_STATE, [POSITIONS, feed.schema]).fetchone()
    is_there, has_tables, has_positions = row if row else (False, False, False)
    if has_positions:
        fed_by = line.execute(SQL("SELECT DISTINCT source_id FROM {}").format(feed.table(POSITIONS))).fetchall()
        return not fed_by or fed_by == [(feed.source_id,)]
    if is_there and has_tables:
        return False
    if not is_there:
        line.execute(SQL("CREATE SCHEMA {}").format(Identifier(feed.schema)))
    line.execute(MAKE_POSITIONS.format(feed.table(POSITIONS)))
    return True


def position_of(line: Line, feed: Feed) -> Position | None:
    """How far the warehouse is, None where it knows nothing of this source."""
    row = line.execute(POSITION.format(feed.table(POSITIONS)), [feed.warehouse_id, feed.source_id]).fetchone()
    return Position(*row) if row else None


def load(line: Line, feed: Feed, rows: Rows, *, start: int, end: int, notices: Notices) -> Position:
    """Load the rows of the events from `start` up to `end`, and move the position there, at once or not at all.

    Raises:  PositionMoved
    """
    with line.transaction():
        before = position_of(line, feed)
        if before is not None and before.position != start:
            raise PositionMoved
        loaded = _load_rows(line, feed, rows, notices)
        after = Position(end, (before.rows if before else 0) + loaded)
        move_position(line, feed, after)
    return after


def move_position(line: Line, feed: Feed, after: Position) -> None:
    """Keep how far the warehouse is, in the transaction of the rows."""
    moved = MOVE.format(feed.table(POSITIONS))
    line.execute(moved, [feed.warehouse_id, feed.source_id, after.position, after.rows])


def _load_rows(line: Line, feed: Feed, rows: Rows, notices: Notices) -> int:
    tables: dict[str, Sequence[Row]] = dict(rows.tables)
    if rows.users:
        tables[USERS] = list(rows.users.values())
    columns = _columns(line, feed, list(tables))
    missing = sorted(tables.keys() - columns.keys())
    room = _room_for_tables(line, feed) if missing else 0
    loaded = 0
    # In one order, so that two syncs never wait for each other's tables.
    for name in sorted(tables):
        if name not in columns:
            if room <= 0 and name not in RESERVED_TABLES:
                notices.add("too_many_tables", feed.schema, count=len(tables[name]), detail=f"The first one is {name}.")
                continue
            room -= 1
            columns[name] = _make_table(line, feed, name)
        loaded += _load_table(line, feed, name, tables[name], columns[name], notices)
    return loaded


def _columns(line: Line, feed: Feed, tables: Sequence[str]) -> dict[str, dict[str, Kind]]:
    found: dict[str, dict[str, Kind]] = {}
    for table, column, type_name in line.execute(COLUMNS, [feed.schema, list(tables)]).fetchall():
        found.setdefault(table, {})[column] = column_kind(type_name)
    return found


def _room_for_tables(line: Line, feed: Feed) -> int:
    row = line.execute(COUNT_TABLES, [feed.schema]).fetchone()
    return MAX_TABLES - (row[0] if row else 0)


def _make_table(line: Line, feed: Feed, name: str) -> dict[str, Kind]:
    columns = {"id": Kind.TEXT, "received_at": Kind.MOMENT}
    if name != USERS:
        columns |= dict.fromkeys(MOMENTS, Kind.MOMENT) | {"user_id": Kind.TEXT, "anonymous_id": Kind.TEXT}
    listed = SQL(", ").join(
        SQL("{} {}").format(Identifier(column), SQL(kind.value + (" PRIMARY KEY" if column == "id" else "")))
        for column, kind in columns.items()
    )
    line.execute(SQL("CREATE TABLE {} ({})").format(feed.table(name), listed))
    return columns


def _load_table(
    line: Line, feed: Feed, name: str, rows: Sequence[Row], columns: dict[str, Kind], notices: Notices
) -> int:
    _widen(line, feed, name, rows, columns, notices)
    cells = [_cells(row, name, columns, notices) for row in rows]
    used = sorted({column for row in cells for column in row})
    return _insert(line, feed, name, used, cells, notices)


def _widen(line: Line, feed: Feed, name: str, rows: Sequence[Row], columns: dict[str, Kind], notices: Notices) -> None:
    """Give the table the columns that it lacks, and columns of numbers room for the numbers that come."""
    wanted: dict[str, Kind] = {}
    to_numeric: set[str] = set()
    for row in rows:
        for column, value in row.items():
            if value is None:
                continue
            if column not in columns:
                own = kind_of(value)
                wanted[column] = joined(wanted.get(column, own), own)
            elif needs_numeric(columns[column], value):
                to_numeric.add(column)
    room = max(MAX_COLUMNS - len(columns), 0)
    for column in list(wanted)[room:]:
        notices.add("too_many_columns", name, detail=f"The first one is {column}.")
    for column, kind in list(wanted.items())[:room]:
        change = SQL("ADD COLUMN {} {}").format(Identifier(column), SQL(kind.value))
        if _altered(line, feed, name, change):
            columns[column] = kind
        else:
            notices.add("too_many_columns", name, detail=f"The first one is {column}.")
    for column in sorted(to_numeric):
        if _altered(line, feed, name, SQL("ALTER COLUMN {} TYPE numeric").format(Identifier(column))):
            columns[column] = Kind.NUMERIC


def _altered(line: Line, feed: Feed, name: str, change: Composed) -> bool:
    """Whether a table could be changed: dropped columns count to PostgreSQL's 1,600, and a view keeps the type of a column."""
    try:
        with line.transaction():
            line.execute(SQL("ALTER TABLE {} {}").format(feed.table(name), change))
    except (errors.TooManyColumns, errors.FeatureNotSupported, errors.ProgramLimitExceeded):
        return False
    return True


def _cells(row: Row, name: str, columns: Mapping[str, Kind], notices: Notices) -> Row:
    found: Row = {}
    for column, value in row.items():
        if value is None or column not in columns:
            continue
        try:
            fitting = cell(columns[column], value)
        except DoesNotFit:
            notices.add("type_differs", f"{name}.{column}", detail=f"The column is {columns[column].value}.")
            continue
        if isinstance(fitting, str) and "\x00" in fitting:
            notices.add("cleaned", f"{name}.{column}")
            fitting = fitting.replace("\x00", "")
        found[column] = fitting
    return found


def _insert(line: Line, feed: Feed, name: str, used: Sequence[str], rows: Sequence[Row], notices: Notices) -> int:
    """Insert the rows; one that PostgreSQL refuses for what it holds is found by halves and left out."""
    try:
        with line.transaction():
            return _copied(line, feed, name, used, rows)
    except (psycopg.DataError, psycopg.IntegrityError, errors.ProgramLimitExceeded) as refused:
        if len(rows) == 1:
            detail = cleaned(str(refused.diag.message_primary or refused))
            notices.add("row_refused", name, detail=detail)
            return 0
    half = len(rows) // 2
    return sum(_insert(line, feed, name, used, part, notices) for part in (rows[:half], rows[half:]))


def _copied(line: Line, feed: Feed, name: str, used: Sequence[str], rows: Sequence[Row]) -> int:
    listed = SQL(", ").join(map(Identifier, used))
    made = SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA")
    line.execute(made.format(Identifier("audit_load"), listed, feed.table(name)))
    with line.cursor() as cursor:
        with cursor.copy(SQL("COPY {} ({}) FROM STDIN").format(STAGE, listed)) as copy:
            for row in rows:
                copy.write_row([row.get(column) for column in used])
        inserted = SQL("INSERT INTO {} AS own ({}) SELECT {} FROM {} ON CONFLICT (id) {}").format(
            feed.table(name), listed, listed, STAGE, _on_conflict(name, used)
        )
        loaded = cursor.execute(inserted).rowcount
        cursor.execute(SQL("DROP TABLE {}").format(STAGE))
    return loaded


def _on_conflict(name: str, used: Sequence[str]) -> Composed | SQL:
    """An event is there or not; of a user the latest is kept, and what it does not say stays as it was."""
    if name != USERS:
        return SQL("DO NOTHING")
    changes = SQL(", ").join(
        SQL("{0} = coalesce(EXCLUDED.{0}, own.{0})").format(Identifier(column)) for column in used if column != "id"
    )
    return SQL("DO UPDATE SET {} WHERE own.received_at IS NULL OR EXCLUDED.received_at >= own.received_at").format(
        changes
    )
