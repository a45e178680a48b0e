"""Events as the lines of a file: CSV for spreadsheets, which loses the shape of values, and JSON Lines, which the importer reads back.

A million events pass through here: values stay the bytes that they are stored as wherever their text is all that is needed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from auditapp.catalogue.sentence import plain_sentence, sentence_parts
from auditapp.lib.csv_safe import FORMULA_STARTS
from auditapp.lib.ids import event_key
from auditapp.record.envelope import FIRST_UNITS
from auditapp.record.export_page import SeenEvent
from auditapp.trail.dressing import area_name
from auditapp.trail.event_json import event_as_json

COLUMNS: Final = (
    *("time", "time_utc", "event_id", "event", "type", "area", "outcome", "sentence"),
    *("actor_kind", "actor_id", "actor_name", "actor_email"),
    *("real_actor_id", "real_actor_name", "real_actor_email"),
    *("resource_type", "resource_id", "resource_name", "scope_id"),
    *("ip", "user_agent", "request_id", "session_id", "reason"),
    *("changes", "meta", "leaf_index", "leaf_hash"),
)
NO_RESOURCE: Final[dict[str, str]] = {"type": "", "id": "", "name": ""}
Leaves = Mapping[UUID, int]
WriteLines = Callable[[Sequence[SeenEvent], Leaves, ZoneInfo], bytes]


@dataclass(frozen=True, slots=True)
class Format:
    """What a file is called, and how it begins and goes on. `lines` takes events, their leaf indexes and a time zone."""

    name: str
    content_type: str
    head: bytes
    lines: WriteLines


def csv_lines(events: Sequence[SeenEvent], leaves: Leaves, zone: ZoneInfo) -> bytes:
    """A line an event, as RFC 4180; what a spreadsheet would run is made text. Times are of the zone, and again in UTC."""
    lines = [",".join(map(_csv_cell, cells(event, leaves, zone))) for event in events]
    return "\r\n".join([*lines, ""]).encode("utf-8", "backslashreplace")


def _csv_cell(text: str) -> str:
    """As the csv module quotes, which looks at each character twice and takes longer than all else together."""
    if text[:1] in FORMULA_STARTS:
        text = f"'{text}"
    if '"' in text:
        return '"' + text.replace('"', '""') + '"'
    return f'"{text}"' if "," in text or "\n" in text or "\r" in text else text


def json_lines(events: Sequence[SeenEvent], leaves: Leaves, zone: ZoneInfo) -> bytes:
    """One JSON object a line, times in UTC."""
    rows = ((event.opened(), leaves.get(event.key.event_id)) for event in events)
    return b"".join(orjson.dumps(event_as_json(row, leaf_index=leaf)) + b"\n" for row, leaf in rows)


FORMATS: Final[Mapping[str, Format]] = {
    "csv": Format("CSV", "text/csv; charset=utf-8", ",".join(COLUMNS).encode() + b"\r\n", csv_lines),
    "jsonl": Format("JSON Lines", "application/jsonl; charset=utf-8", b"", json_lines),
}


def cells(event: SeenEvent, leaves: Leaves, zone: ZoneInfo) -> list[str]:
    """One event in the order of COLUMNS, as text; what there is none of is empty."""
    envelope, units, kind = event.parsed(), event.units, event.type
    actor = orjson.loads(units[0]) if units[0] else {"kind": envelope["actor_kind"], "id": envelope["actor"]}
    targets = orjson.loads(units[1]) if units[1] else _erased_target(envelope)
    context = orjson.loads(units[2]) if units[2] else {}
    changes = _changes_text(envelope["c"]["changes"], units)
    real = actor.get("real") or {}
    resource = targets[0] if targets else NO_RESOURCE
    leaf = leaves.get(event.key.event_id)
    return [
        _local(event.key.occurred_at, zone),
        envelope["occurred_at"],
        event_key(event.key.event_id),
        *(kind.name, envelope["type"], area_name(envelope["area"]), envelope["outcome"]),
        f"{_actor_name(actor)} {_sentence(event, targets, changes)}",
        *(actor["kind"], actor["id"], actor.get("name", ""), actor.get("email", "")),
        *(real.get(key, "") for key in ("id", "name", "email")),
        *(resource["type"], resource["id"], resource["name"], envelope["scope"] or ""),
        *(_text(context.get(key)) for key in ("ip", "user_agent", "request_id", "session_id", "reason")),
        changes,
        units[3].decode() if units[3] else "",
        "" if leaf is None else str(leaf),
        event.leaf_hash.hex(),
    ]


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(timespec="milliseconds")


def _actor_name(actor: Mapping[str, Any]) -> str:
    name = actor.get("name") or actor["id"]
    real = actor.get("real")
    return f"{real.get('name') or real['id']} as {name}" if real else str(name)


def _erased_target(envelope: Mapping[str, Any]) -> list[dict[str, str]]:
    kind, of_id = envelope["resource"]
    return [{"type": kind, "id": of_id, "name": ""}] if kind or of_id else []


def _changes_text(changes: Sequence[Sequence[Any]], units: Sequence[bytes | None]) -> str:
    """`[{"path":...,"old":...,"new":...}]`, each side as it is stored; a side that is not there is left out."""
    if not changes:
        return ""
    texts = []
    for number, change in enumerate(changes):
        old, new = units[len(FIRST_UNITS) + 2 * number : len(FIRST_UNITS) + 2 * number + 2]
        sides = (b',"old":' + old if old else b"") + (b',"new":' + new if new else b"")
        texts.append(b'{"path":' + orjson.dumps(change[0]) + sides + b"}")
    return f"[{b','.join(texts).decode()}]"


def _sentence(event: SeenEvent, targets: Sequence[Mapping[str, Any]], changes: str) -> str:
    template = event.type.sentence
    meta = event.units[3] if "{meta." in template else None
    parts = sentence_parts(
        template,
        targets=targets,
        meta=orjson.loads(meta) if meta else {},
        changes=orjson.loads(changes) if changes and "{change." in template else [],
    )
    return plain_sentence(parts)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else orjson.dumps(value).decode()
