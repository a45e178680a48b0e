"""Imports a file of events, safe to repeat for ever: a record's id is made from the workspace, the format and its own id.

How a format writes its records is a matter of importers/; the command line is in management/.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from io import BufferedReader
from typing import Any, Final, Protocol
from uuid import UUID

from auditapp.ingest.event_input import Door, known_by_text
from auditapp.ingest.importers import cloudtrail, jsonl
from auditapp.ingest.importers.records import CutRecord, cut_records
from auditapp.lib import clock
from auditapp.lib.canonical_json import canonical_bytes
from auditapp.lib.errors import Invalid
from auditapp.lib.ids import event_uuid5, parse_event_key
from auditapp.lib.strict_json import EVENT_MAX_BYTES, parse
from auditapp.record.acting import acting
from auditapp.record.drafts import Actor, EventDraft, Target
from auditapp.record.event_query import visible_events
from auditapp.record.event_types import KnownType
from auditapp.record.services import record
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from auditapp.record.writer import write_events

CHUNK_RECORDS: Final = 500
REFUSALS_SHOWN: Final = 20


class Format(Protocol):
    """What a module of importers/ offers."""

    def record_id(self, record: Mapping[str, Any]) -> str | None: ...

    def type_text(self, record: Mapping[str, Any]) -> str: ...

    def draft_of_record(
        self, record: Mapping[str, Any], *, event_id: UUID, door: Door, known: Mapping[str, KnownType]
    ) -> EventDraft: ...


FORMATS: Final[Mapping[str, Format]] = {"cloudtrail": cloudtrail, "jsonl": jsonl}


@dataclass(slots=True)
class ImportReport:
    """What became of a file: events that are new, those that were there, and records that could not be taken, by place."""

    new: int = 0
    known: int = 0
    refused: int = 0
    refusals: list[tuple[int, str]] = field(default_factory=list)

    @property
    def read(self) -> int:
        return self.new + self.known + self.refused

    def refuse(self, place: int, reason: str) -> None:
        self.refused += 1
        if len(self.refusals) < REFUSALS_SHOWN:
            self.refusals.append((place, reason))


def import_file(
    file: BufferedReader,
    *,
    workspace_id: int,
    workspace_name: str,
    format_name: str,
    file_name: str,
    operator: Actor,
    progress: Callable[[ImportReport], None] = lambda report: None,
) -> ImportReport:
    """Import what can be imported, 500 records a transaction, and say what could not.

    Takes:   operator, who acts in audit_trail.imported, which is recorded where anything was new;
             progress, called after each transaction
    Writes:  Event, Pending
    """
    report = ImportReport()
    for chunk in _chunks(file, report):
        with in_workspace(workspace_id):
            _import_chunk(chunk, workspace_id, format_name, report)
        progress(report)
    if report.new:
        with in_workspace(workspace_id), acting(workspace_id, operator):
            trail = Target("audit_trail", f"ws_{workspace_id}", workspace_name)
            record("audit_trail.imported", target=trail, meta={"rows": report.new, "file": file_name})
    return report


def _chunks(file: BufferedReader, report: ImportReport) -> Iterator[list[CutRecord]]:
    """The records in lists of 500; where the rest of the file cannot be read, what came before is still given."""
    chunk: list[CutRecord] = []
    try:
        for cut in cut_records(file):
            chunk.append(cut)
            if len(chunk) == CHUNK_RECORDS:
                yield chunk
                chunk = []
    except Invalid as unreadable:
        report.refuse(0, unreadable.message)
    if chunk:
        yield chunk


@dataclass(frozen=True, slots=True)
class _Parsed:
    """A record that is JSON; `ids` are those under which its event may be there already, the first the one it will have."""

    place: int
    record: Mapping[str, Any]
    ids: tuple[UUID, ...]


def _import_chunk(chunk: list[CutRecord], workspace_id: int, format_name: str, report: ImportReport) -> None:
    reader = FORMATS[format_name]
    door = Door(workspace_id, f"import:{format_name}", clock.now(), keeps_scopes=True)
    parsed = list(_parsed(chunk, workspace_id, format_name, report))
    known = known_by_text(workspace_id, (reader.type_text(one.record) for one in parsed))
    # The writer leaves out what is there; it is looked for only to be counted, and to save the sealing of what is known.
    there = visible_events(Viewer(workspace_id, sees_all=True)).many(
        [event_id for one in parsed for event_id in one.ids]
    )
    seen: set[UUID] = set(there)
    drafts = []
    for one in parsed:
        if not seen.isdisjoint(one.ids):
            report.known += 1
            continue
        try:
            drafts.append(reader.draft_of_record(one.record, event_id=one.ids[0], door=door, known=known))
        except Invalid as refused:
            report.refuse(one.place, _reason(refused))
        else:
            seen.add(one.ids[0])
    if drafts:
        write_events(drafts)
        report.new += len(drafts)


def _parsed(chunk: list[CutRecord], workspace_id: int, format_name: str, report: ImportReport) -> Iterator[_Parsed]:
    for cut in chunk:
        try:
            if cut.body is None:
                raise Invalid(f"This line is longer than {EVENT_MAX_BYTES:,} bytes.")
            value = parse(cut.body, max_bytes=EVENT_MAX_BYTES)
            if not isinstance(value, dict):
                raise Invalid("This is not a JSON object.")
        except Invalid as refused:
            report.refuse(cut.place, _reason(refused))
        else:
            yield _Parsed(cut.place, value, _ids(value, workspace_id, format_name))


def _ids(value: Mapping[str, Any], workspace_id: int, format_name: str) -> tuple[UUID, ...]:
    own = FORMATS[format_name].record_id(value)
    # Without an id of its own, a record is what it says: the same line is the same event.
    made = event_uuid5(str(workspace_id), format_name, own or f"sha256:{sha256(canonical_bytes(value)).hexdigest()}")
    try:
        # An export brought back to where it came from.
        return (made, parse_event_key(own or ""))
    except Invalid:
        return (made,)


def _reason(refused: Invalid) -> str:
    return "; ".join(
        f"{problem.pointer}: {problem.message}" if problem.pointer else problem.message for problem in refused.problems
    )
