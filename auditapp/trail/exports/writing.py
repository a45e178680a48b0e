"""Writes an export in the background, as a task: a chunk and the position after it commit together, so that whoever comes after
a crash goes on where the file ends, and no event is in it twice or missing.
"""

import gzip
import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, BinaryIO, Final
from uuid import UUID

import orjson
from django.conf import settings

from auditapp.access.models import User, Workspace
from auditapp.access.permissions import Permission, access_of_person, viewer_for
from auditapp.access.support_queries import actor_of_person
from auditapp.jobs.schedule import enqueue
from auditapp.lib import clock
from auditapp.lib.keyset import PageKey, parse_page_key
from auditapp.record.acting import acting
from auditapp.record.drafts import HasTarget
from auditapp.record.event_filter import EventFilter
from auditapp.record.export_page import SeenEvent, export_page
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace
from auditapp.tasks.errors import LeaseLost
from auditapp.tasks.models import Task, TaskState
from auditapp.tasks.run import TaskRun
from auditapp.trail.exports.errors import ExportStopped
from auditapp.trail.exports.formats import FORMATS, cells
from auditapp.trail.exports.models import Export, ExportChunk, State
from auditapp.trail.exports.parquet import HOW_TO_INSTALL, has_parquet, write_parquet
from auditapp.trail.exports.queries import (
    ALL_READ,
    LIVE,
    PARQUET,
    chunk_data,
    covers,
    described,
    file_chunks,
    places_told,
    query_of,
    viewer_of,
)
from auditapp.trail.exports.services import filename, told_of, trail_target
from auditapp.trail.moments import PageTime, zone_named

MAIL_JOB: Final = "exports.tell_ended"
ROWS_A_CHUNK: Final = 5_000
ROWS_A_PAGE: Final = 1_000
FILE_CHUNK_BYTES: Final = 1024 * 1024
# Four times as fast as the default and hardly larger.
GZIP_LEVEL: Final = 1


def write_file(run: TaskRun) -> dict[str, int]:
    """Add to the file from where it ends until all events are in it, chunk by chunk.

    Raises:  ExportStopped
    """
    with run.writing():
        export = _locked(run)
        export.state = State.RUNNING
        export.save(update_fields=["state"])
    while export.position != ALL_READ:
        export = _write_chunk(run, export)
        run.give_way()
    return {"rows": export.rows}


def finish_file(run: TaskRun) -> dict[str, str]:
    """Make the file whole, and keep its name and its digest. Done again, it leaves a file that is whole as it is.

    Raises:  ExportStopped
    """
    with in_workspace(run.task.workspace_id):
        export = _export_of(run.task)
        refuse_lost_rights(export)
        workspace = Workspace.objects.get(id=export.workspace_id)
    if export.sha256:
        return {"sha256": export.sha256}
    if export.format == PARQUET:
        with tempfile.TemporaryFile() as file:
            _make_parquet(workspace, export, file)
            return _keep_whole(run, workspace, file)
    return _keep_whole(run, workspace)


def export_ended(task: Task) -> None:
    """Keep how an export ended, in the transaction in which its task does, and have the person told.

    Writes:  Export, ExportChunk; audit_trail.exported where it went well
    """
    export = _export_of(task, locked=True)
    if export.state not in LIVE:
        return
    export.finished_at = clock.now()
    if task.state == TaskState.DONE:
        export.state = State.DONE
        export.expires_at = export.finished_at + timedelta(days=settings.EXPORT_DAYS)
        person = User.objects.get(id=export.requested_by)
        with acting(export.workspace_id, actor_of_person(export.workspace_id, person)):
            record("audit_trail.exported", target=targets_of(task), meta={**told_of(export), "rows": export.rows})
    else:
        export.state, export.reason = State.FAILED, task.error
        delete_file(export)
    export.save(update_fields=["state", "reason", "finished_at", "expires_at"])
    enqueue(MAIL_JOB, workspace_id=export.workspace_id, export_id=export.id)


def targets_of(task: Task) -> Sequence[HasTarget]:
    """What events about the task of an export are about: the trail, and the export."""
    return [trail_target(Workspace.objects.get(id=task.workspace_id)), task]


def told_with(task: Task) -> Mapping[str, Any]:
    """What events about the task of an export tell of it."""
    return told_of(_export_of(task))


def delete_file(export: Export) -> None:
    """Delete every chunk of an export; the caller is in the workspace, as the worker."""
    ExportChunk.objects.filter(workspace_id=export.workspace_id, export_id=export.id).delete()


def _export_of(task: Task, *, locked: bool = False) -> Export:
    exports = Export.objects.select_for_update() if locked else Export.objects
    return exports.get(workspace_id=task.workspace_id, id=task.key)


def _locked(run: TaskRun) -> Export:
    """The export as it is now, inside `run.writing()`.

    Raises:  LeaseLost, where it was cancelled
    """
    export = _export_of(run.task, locked=True)
    if export.state not in LIVE:
        raise LeaseLost
    return export


def _write_chunk(run: TaskRun, export: Export) -> Export:
    """Read some thousand events and add them to the file; gives the export after it."""
    events, leaves, end = _read(export)
    if export.format == PARQUET:
        zone = zone_named(export.zone)
        plain = orjson.dumps([cells(event, leaves, zone) for event in events])
    else:
        form = FORMATS[export.format]
        head = b"" if export.position else form.head
        plain = head + form.lines(events, leaves, zone_named(export.zone))
    packed = gzip.compress(plain, GZIP_LEVEL) if plain else b""
    with run.writing():
        now = _locked(run)
        if packed:
            chunks = ExportChunk.objects.filter(workspace_id=now.workspace_id, export_id=now.id)
            ExportChunk.objects.create(
                workspace_id=now.workspace_id,
                export_id=now.id,
                is_draft=now.format == PARQUET,
                number=chunks.count(),
                data=packed,
            )
        now.rows += len(events)
        now.file_bytes += len(plain)
        now.position = str(end) if end else ALL_READ
        now.save(update_fields=["rows", "file_bytes", "position"])
        run.progress(now.rows, now.expected)
        return now


def _read(export: Export) -> tuple[list[SeenEvent], dict[UUID, int], PageKey | None]:
    """The next events with their leaves, and the position after them; what may be seen is asked anew for each page."""
    events: list[SeenEvent] = []
    leaves: dict[UUID, int] = {}
    end = parse_page_key(export.position) if export.position else None
    while True:
        with in_workspace(export.workspace_id):
            refuse_lost_rights(export)
            page = export_page(
                viewer_of(export), _wanted(export), start=end, received_until=export.requested_at, size=ROWS_A_PAGE
            )
            leaves |= places_told(viewer_of(export), page.events)
        events += page.events
        end = page.end
        # A page without events is one where the search ran out of time: its position is worth keeping too.
        if end is None or not page.events or len(events) > ROWS_A_CHUNK - ROWS_A_PAGE:
            return events, leaves, end


def refuse_lost_rights(export: Export) -> None:
    """Go on only while the person may export and sees at least what the file shows.

    Raises:  ExportStopped
    """
    access = access_of_person(export.workspace_id, export.requested_by)
    if not access.can(Permission.AUDIT_EXPORT):
        raise ExportStopped("The role that let this person export was taken away while the file was written.")
    if not covers(viewer_for(access), viewer_of(export)):
        raise ExportStopped(
            "This person's role was narrowed while the file was written, which shows more than it lets them see. Ask again."
        )


def _wanted(export: Export) -> EventFilter:
    return replace(query_of(export).wanted, until=export.until)


def _make_parquet(workspace: Workspace, export: Export, file: BinaryIO) -> None:
    """Turn the gathered rows into a Parquet file."""
    if not has_parquet():
        raise ExportStopped(f"This worker cannot write Parquet. Install the extra: {HOW_TO_INSTALL}.")
    metadata = {key: orjson.dumps(value).decode() for key, value in described(workspace, export).items()}
    write_parquet(_gathered(export), file, metadata)


def _keep_whole(run: TaskRun, workspace: Workspace, file: BinaryIO | None = None) -> dict[str, str]:
    """Keep what the file is called and its digest; of a Parquet file its bytes too, in place of the gathered rows."""
    digest, size = hashlib.sha256(), 0
    with in_workspace(workspace.id):
        export = _export_of(run.task)
    for chunk in _pieces(file) if file else file_chunks(export):
        digest.update(chunk)
        size += len(chunk)
    with run.writing():
        now = _locked(run)
        if file:
            _keep_pieces(now, file)
        zone, wanted = PageTime.in_zone(zone_named(now.zone)), EventFilter(since=now.since, until=now.until)
        now.filename = filename(slug=workspace.slug, wanted=wanted, events=now.rows, time=zone, suffix=now.format)
        now.sha256, now.file_bytes = digest.hexdigest(), size
        now.save(update_fields=["filename", "sha256", "file_bytes"])
    return {"sha256": now.sha256}


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    yield from iter(lambda: file.read(FILE_CHUNK_BYTES), b"")


def _keep_pieces(export: Export, file: BinaryIO) -> None:
    chunks = ExportChunk.objects.filter(workspace_id=export.workspace_id, export_id=export.id)
    chunks.filter(is_draft=True).delete()
    for number, data in enumerate(_pieces(file)):
        ExportChunk.objects.create(
            workspace_id=export.workspace_id, export_id=export.id, is_draft=False, number=number, data=data
        )


def _gathered(export: Export) -> Iterator[list[list[str]]]:
    """The rows, chunk by chunk in transactions of their own: only the worker of this task takes them away."""
    number = 0
    while True:
        with in_workspace(export.workspace_id):
            data = chunk_data(export, number, is_draft=True)
        if data is None:
            return
        if rows := orjson.loads(gzip.decompress(data)):
            yield rows
        number += 1
