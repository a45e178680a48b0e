"""Events as rows of tables, as Segment lays a warehouse out. Pure; which columns there are and what they take is decided later."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from auditapp.pipeline.warehouses.cells import flat, moment
from auditapp.pipeline.warehouses.naming import SYSTEM_COLUMNS, column_for, event_table, shortened
from auditapp.pipeline.warehouses.notices import Notices
from auditapp.sources.inbox import InboxEvent

USERS: Final = "users"
TRACKS: Final = "tracks"
# The table of each kind of call but track, and what it carries besides traits or properties.
CALL_TABLES: Final = {
    "identify": "identifies", "page": "pages", "screen": "screens", "group": "groups", "alias": "aliases"
}  # fmt: skip
_OWN_COLUMNS: Final = {
    "track": {}, "identify": {}, "page": {"name": "name", "category": "category"},
    "screen": {"name": "name", "category": "category"}, "group": {"group_id": "groupId"},
    "alias": {"previous_id": "previousId"},
}  # fmt: skip
_CONTEXT: Final = "context"

Row = dict[str, Any]


@dataclass(slots=True)
class Rows:
    """Rows by table, and of `users` the latest of each user."""

    tables: dict[str, list[Row]] = field(default_factory=dict)
    users: dict[str, Row] = field(default_factory=dict)
    events: int = 0

    def __len__(self) -> int:
        return len(self.tables) + bool(self.users)


def collection_of(kind: str, name: str) -> str:
    """What can be left out of a sync: an event of track calls, or all calls of another kind."""
    return f"track:{name}" if kind == "track" else kind


def rows_of(
    stored: Iterable[InboxEvent], notices: Notices, *, left_out: Collection[str] = (), most_tables: int
) -> tuple[Rows, int | None]:
    """Rows of events, in their order, for as many events as touch no more than so many tables.

    Gives:   the rows, and the index of the first event that is left for the next time, None where none is
    """
    rows = Rows()
    for one in stored:
        if collection_of(one.type, one.name) in left_out:
            continue
        event = orjson.loads(one.payload)
        name = _table_of(one)
        if name not in rows.tables and len(rows) + 2 > most_tables:
            return rows, one.index
        rows.events += 1
        _add(rows, one, event, name, notices)
    return rows, None


def _table_of(one: InboxEvent) -> str:
    return event_table(one.name) if one.type == "track" else CALL_TABLES.get(one.type, one.type)


def _add(rows: Rows, one: InboxEvent, event: Mapping[str, Any], name: str, notices: Notices) -> None:
    base = _base(one, event, name, notices)
    carried = event.get("traits" if one.type in ("identify", "group") else "properties")
    values = carried if isinstance(carried, dict) else {}
    if one.type == "track":
        rows.tables.setdefault(TRACKS, []).append(base)
    row = dict(base)
    word = "trait" if one.type in ("identify", "group") else "property"
    _add_columns(row, values, word=word, table=name, notices=notices)
    rows.tables.setdefault(name, []).append(row)
    if one.type == "identify" and base["user_id"]:
        _add_user(rows, base, values, notices)


def _base(one: InboxEvent, event: Mapping[str, Any], name: str, notices: Notices) -> Row:
    row: Row = {
        "id": one.message_id,
        "received_at": one.received_at,
        "sent_at": moment(event.get("sentAt")),
        "timestamp": moment(event.get("timestamp")),
        "original_timestamp": moment(event.get("originalTimestamp")),
        "user_id": event.get("userId"),
        "anonymous_id": event.get("anonymousId"),
    }
    if one.type == "track":
        row |= {"event": name, "event_text": one.name}
    row |= {column: event.get(key) for column, key in _OWN_COLUMNS.get(one.type, {}).items()}
    context = event.get(_CONTEXT)
    _add_columns(row, {_CONTEXT: context} if isinstance(context, dict) else {}, word="", table=name, notices=notices)
    return row


def _add_user(rows: Rows, base: Row, traits: Mapping[str, Any], notices: Notices) -> None:
    """The latest known of a user: what a later call does not say stays as it was."""
    user = {key: value for key, value in base.items() if key.startswith(f"{_CONTEXT}_")}
    user |= {"id": base["user_id"], "received_at": base["received_at"]}
    _add_columns(user, traits, word="trait", table=USERS, notices=notices)
    known = rows.users.setdefault(base["user_id"], {})
    known |= {key: value for key, value in user.items() if value is not None}


def _add_columns(row: Row, values: Mapping[str, Any], *, word: str, table: str, notices: Notices) -> None:
    """Add what an event carries; a property that is called as a column of every event stands beside it."""
    own = {*row, *SYSTEM_COLUMNS}
    for path, value in flat(values):
        column = column_for(path)
        if word and (column in own or column.startswith(f"{_CONTEXT}_")):
            if row.get(column) == value:
                continue  # the name of a page is among its properties too
            column = shortened(f"{word}_{column}")
        if column in row and row[column] is not None:
            if row[column] != value:
                notices.add("same_column", f"{table}.{column}")
            continue
        row[column] = value
