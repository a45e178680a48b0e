"""Writes an export in the background, chunk by chunk: a chunk and the position after it commit together, so that whoever comes
after a crash goes on where the file ends, and no event is in it twice or missing.

A worker writes for some seconds and then leaves the export to the next turn, so that other jobs are never kept waiting for long.
"""

import gzip
import hashlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

import orjson
from django.conf import settings

from auditapp.access.models import User, Workspace
from auditapp.access.permissions import Permission, permissions_for, viewer_for
from auditapp.lib import clock
from auditapp.lib.keyset import PageKey, parse_page_key
from auditapp.record.acting import acting
from auditapp.record.drafts import HasTarget
from auditapp.record.event_filter import EventFilter
from auditapp.record.export_page import SeenEvent, export_page
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.queries import seal_marks
from auditapp.trail.exports.errors import ExportStopped
from auditapp.trail.exports.formats import FORMATS, cells
from auditapp.trail.exports.mail import tell_finished
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
    query_of,
    viewer_of,
)
from auditapp.trail.exports.services import filename, start_writing, told_of, trail_target
from auditapp.trail.moments import PageTime, zone_named

TURN_S: Final = 10.0
MAX_ATTEMPTS: Final = 5
ROWS_A_CHUNK: Final = 5_000
ROWS_A_PAGE: Final = 1_000
FILE_CHUNK_BYTES: Final = 1024 * 1024
# Four times as fast as the default and hardly larger.
GZIP_LEVEL: Final = 1


def write_turn(*, workspace_id: int, export_id: str) -> None:
    """Write on an export for some seconds; at the end of the turn it waits for the next one, or has ended.

    Writes:  Export, ExportChunk; audit_trail.exported or audit_trail.export_failed where it ends
    """
    ends_at = time.monotonic() + TURN_S
    try:
        export = _take_up(workspace_id, export_id)
        while export is not None and export.position != ALL_READ:
            if time.monotonic() > ends_at:
                with in_workspace(workspace_id):
                    start_writing(export)
                return
            export = _write_chunk(export)
        if export is not None:
            _finish(export)
    except ExportStopped as stopped:
        stop_export(workspace_id=workspace_id, export_id=export_id, reason=str(stopped))


def stop_export(*, workspace_id: int, export_id: str, reason: str) -> None:
    """End an export that cannot go on, and say why.

    Writes:  Export, ExportChunk; audit_trail.export_failed
    """
    with in_workspace(workspace_id):
        export = Export.objects.select_for_update().get(workspace_id=workspace_id, id=export_id)
        if export.state not in LIVE:
            return
        export.state, export.reason, export.finished_at = State.FAILED, reason, clock.now()
        export.save(update_fields=["state", "reason", "finished_at"])
        delete_file(export)
        workspace, person = Workspace.objects.get(id=workspace_id), User.objects.get(id=export.requested_by)
        with acting(workspace_id, person.audit_actor):
            meta = {**told_of(export), "attempt": export.attempts, "reason": reason}
            about: list[HasTarget] = [trail_target(workspace), export]
            record("audit_trail.export_failed", target=about, meta=meta, outcome="failure")
    tell_finished(workspace, export, person)


def delete_file(export: Export) -> None:
    """Delete every chunk of an export; the caller is in the workspace, as the worker."""
    ExportChunk.objects.filter(workspace_id=export.workspace_id, export_id=export.id).delete()


def _take_up(workspace_id: int, export_id: str) -> Export | None:
    """The export, counted as taken up once more; None where it has ended."""
    with in_workspace(workspace_id):
        export = Export.objects.select_for_update().get(workspace_id=workspace_id, id=export_id)
        if export.state not in LIVE:
            delete_file(export)  # what a cancelled one has left
            return None
        if export.attempts >= MAX_ATTEMPTS:
            raise ExportStopped(
                f"The worker stopped {MAX_ATTEMPTS} times at the same place. Its log says why; then ask for the export again."
            )
        export.state = State.RUNNING
        export.attempts += 1
        export.touched_at = clock.now()
        export.save(update_fields=["state", "attempts", "touched_at"])
        return export


def _write_chunk(export: Export) -> Export | None:
    """Read some thousand events and add them to the file; gives the export after it, None where it was stopped meanwhile."""
    events, leaves, end = _read(export)
    if export.format == PARQUET:
        zone = zone_named(export.zone)
        plain = orjson.dumps([cells(event, leaves, zone) for event in events])
    else:
        form = FORMATS[export.format]
        head = b"" if export.position else form.head
        plain = head + form.lines(events, leaves, zone_named(export.zone))
    with in_workspace(export.workspace_id):
        now = Export.objects.select_for_update().get(workspace_id=export.workspace_id, id=export.id)
        # Cancelled, or taken up by another worker that was faster.
        if now.state != State.RUNNING or now.position != export.position:
            return None
        if plain:
            chunks = ExportChunk.objects.filter(workspace_id=export.workspace_id, export_id=export.id)
            ExportChunk.objects.create(
                workspace_id=export.workspace_id,
                export_id=export.id,
                is_draft=export.format == PARQUET,
                number=chunks.count(),
                data=gzip.compress(plain, GZIP_LEVEL),
            )
        now.rows += len(events)
        now.file_bytes += len(plain)
        now.position = str(end) if end else ALL_READ
        now.attempts, now.touched_at = 0, clock.now()
        now.save(update_fields=["rows", "file_bytes", "position", "attempts", "touched_at"])
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
            leaves |= seal_marks(export.workspace_id, [event.key.event_id for event in page.events])
        events += page.events
        end = page.end
        # A page without events is one where the search ran out of time: its position is worth keeping too.
        if end is None or not page.events or len(events) > ROWS_A_CHUNK - ROWS_A_PAGE:
            return events, leaves, end


def refuse_lost_rights(export: Export) -> None:
    """Go on only while the person may export and sees at least what the file shows.

    Raises:  ExportStopped
    """
    access = permissions_for(export.workspace_id, export.requested_by)
    if not access.can(Permission.AUDIT_EXPORT):
        raise ExportStopped("The role that let this person export was taken away while the file was written.")
    if not covers(viewer_for(access), viewer_of(export)):
        raise ExportStopped(
            "This person's role was narrowed while the file was written, which shows more than it lets them see. Ask again."
        )


def _wanted(export: Export) -> EventFilter:
    return replace(query_of(export).wanted, until=export.until)


def _finish(export: Export) -> None:
    """Make the file whole, tell its digest, and have the person know."""
    with in_workspace(export.workspace_id):
        refuse_lost_rights(export)
        workspace = Workspace.objects.get(id=export.workspace_id)
        person = User.objects.get(id=export.requested_by)
        if export.format == PARQUET:
            _assemble(workspace, export)
        digest = hashlib.sha256()
        for chunk in file_chunks(export):
            digest.update(chunk)
        now = Export.objects.select_for_update().get(workspace_id=export.workspace_id, id=export.id)
        if now.state != State.RUNNING:
            return
        zone, wanted = PageTime.in_zone(zone_named(export.zone)), EventFilter(since=export.since, until=export.until)
        export.filename = filename(
            slug=workspace.slug, wanted=wanted, events=export.rows, time=zone, suffix=export.format
        )
        export.sha256 = digest.hexdigest()
        export.state, export.finished_at = State.DONE, clock.now()
        export.expires_at = export.finished_at + timedelta(days=settings.EXPORT_DAYS)
        export.save(update_fields=["filename", "sha256", "state", "finished_at", "expires_at", "file_bytes"])
        with acting(export.workspace_id, person.audit_actor):
            meta = {**told_of(export), "rows": export.rows}
            record("audit_trail.exported", target=[trail_target(workspace), export], meta=meta)
    tell_finished(workspace, export, person)


def _assemble(workspace: Workspace, export: Export) -> None:
    """Turn the gathered rows into a Parquet file, in the caller's transaction: a crash leaves the rows as they were."""
    if not has_parquet():
        raise ExportStopped(f"This worker cannot write Parquet. Install the extra: {HOW_TO_INSTALL}.")
    metadata = {key: orjson.dumps(value).decode() for key, value in described(workspace, export).items()}
    with tempfile.TemporaryFile() as file:
        write_parquet(_gathered(export), file, metadata)
        export.file_bytes = file.tell()
        file.seek(0)
        for number, data in enumerate(iter(lambda: file.read(FILE_CHUNK_BYTES), b"")):
            ExportChunk.objects.create(
                workspace_id=export.workspace_id, export_id=export.id, is_draft=False, number=number, data=data
            )
    ExportChunk.objects.filter(workspace_id=export.workspace_id, export_id=export.id, is_draft=True).delete()


def _gathered(export: Export) -> Iterator[list[list[str]]]:
    number = 0
    while (data := chunk_data(export, number, is_draft=True)) is not None:
        if rows := orjson.loads(gzip.decompress(data)):
            yield rows
        number += 1
