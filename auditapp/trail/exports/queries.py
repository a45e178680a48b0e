"""Reads of exports: who may see and download which, how they stand, and the bytes of their files."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import QueryDict

from auditapp.access.models import User, Workspace
from auditapp.access.permissions import Access, Permission, access_of_person, viewer_for
from auditapp.lib import clock
from auditapp.lib.clock import utc_text
from auditapp.lib.keyset import parse_page_key
from auditapp.record.export_page import SeenEvent
from auditapp.record.masking import HIDDEN_TEXT, asks_personal
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.queries import seal_marks
from auditapp.tasks.models import Task
from auditapp.tasks.queries import live_tasks
from auditapp.trail.address import read_address
from auditapp.trail.exports.errors import ExportGone, ExportHeld, ExportNotFound
from auditapp.trail.exports.formats import FORMATS
from auditapp.trail.exports.models import Export, ExportChunk, State
from auditapp.trail.exports.parquet import CONTENT_TYPE
from auditapp.trail.filters import TrailQuery, read_query
from auditapp.trail.moments import PageTime, zone_named

SHOWN: Final = 50
MINUTES_FROM_S: Final = 120
LIVE: Final = (State.QUEUED, State.RUNNING)
EXPORT_KIND: Final = "audit_trail.export"
PARQUET: Final = "parquet"
FORMAT_NAMES: Final = {**{key: one.name for key, one in FORMATS.items()}, PARQUET: "Parquet"}
# Stands for a position where all events are in the file, which is not finished yet.
ALL_READ: Final = "all"
UNPACK: Final = zlib.MAX_WBITS | 16


@dataclass(frozen=True, slots=True)
class ExportShown:
    """One export as the page tells of it, for somebody who may see it."""

    export: Export
    format: str
    requester: str
    window: str
    filters: str
    progress: str
    attempt: str
    waits_to_retry: bool
    is_live: bool
    can_download: bool
    held: str  # why a finished file is not given out now; "" where it is

    @property
    def percent(self) -> int | None:
        """How much is written; None where the number of events is not known."""
        return min(99, 100 * self.export.rows // self.export.expected) if self.export.expected else None


def exports_shown(access: Access) -> list[ExportShown]:
    """The newest exports that somebody may see: their own; of everybody for who manages the workspace."""
    found = list(_visible(access).order_by("-requested_at", "id")[:SHOWN])
    people = User.objects.filter(id__in={export.requested_by for export in found})
    names = {user.id: str(user) for user in people}
    tasks = live_tasks(access.workspace_id, EXPORT_KIND, [export.id for export in found if export.state in LIVE])
    viewer, now = viewer_for(access), clock.now()
    return [
        _shown(export, names, viewer, access, tasks.get(export.id)) for export in found if export.requested_at <= now
    ]


def export_for(access: Access, export_id: str) -> Export:
    """The export with this id.

    Raises:  ExportNotFound, where there is none or it is somebody else's
    """
    export = _visible(access).filter(id=export_id).first()
    if export is None:
        raise ExportNotFound
    return export


def file_for(access: Access, export_id: str) -> Export:
    """The export with this id, where its file may be downloaded now.

    Raises:  Denied, ExportNotFound, ExportGone, ExportHeld
    """
    access.require(Permission.AUDIT_EXPORT)
    export = export_for(access, export_id)
    if not _is_there(export):
        raise ExportGone
    if not covers(viewer_for(access), viewer_of(export)):
        raise ExportHeld
    return export


def refuse_narrowed(user_id: str, shown: Viewer) -> None:
    """Go on sending only while somebody may export and sees at least what the file shows: asked anew for each part of it.

    Raises:  ExportHeld
    """
    access = access_of_person(shown.workspace_id, user_id)
    if not (access.can(Permission.AUDIT_EXPORT) and covers(viewer_for(access), shown)):
        raise ExportHeld


def sent_to(user_id: str, export: Export) -> Iterator[bytes]:
    """The file for this person, which breaks off where their role is narrowed meanwhile.

    Raises:  ExportGone, ExportHeld
    """
    shown = viewer_of(export)
    for chunk in file_chunks(export):
        with in_workspace(export.workspace_id):
            refuse_narrowed(user_id, shown)
        yield chunk


def file_chunks(export: Export) -> Iterator[bytes]:
    """The file, chunk by chunk in transactions of their own; a file that is deleted meanwhile breaks off."""
    number, packed = 0, export.format != PARQUET
    left = export.file_bytes
    while left > 0:
        with in_workspace(export.workspace_id):
            data = chunk_data(export, number)
        if data is None:
            raise ExportGone
        plain = zlib.decompress(data, UNPACK) if packed else data
        left -= len(plain)
        number += 1
        yield plain


def chunk_data(export: Export, number: int, *, is_draft: bool = False) -> bytes | None:
    """The stored bytes of one chunk; the caller is in the workspace."""
    chunks = ExportChunk.objects.filter(workspace_id=export.workspace_id, export_id=export.id, is_draft=is_draft)
    data = chunks.filter(number=number).values_list("data", flat=True).first()
    return None if data is None else bytes(data)


def content_type_of(export: Export) -> str:
    return CONTENT_TYPE if export.format == PARQUET else FORMATS[export.format].content_type


def viewer_of(export: Export) -> Viewer:
    """What the file shows: what the person saw who asked for it."""
    return Viewer(
        export.workspace_id,
        sees_all=export.sees_all,
        sees_personal=export.sees_personal,
        scope_ids=tuple(export.scope_ids),
        own_actor_ids=tuple(export.own_actor_ids),
    )


def covers(now: Viewer, then: Viewer) -> bool:
    """Whether somebody sees at least what a viewer saw."""
    sees_events = now.sees_all or (
        not then.sees_all
        and set(now.scope_ids) >= set(then.scope_ids)
        and set(now.own_actor_ids) >= set(then.own_actor_ids)
    )
    sees_personal = now.sees_personal or (not then.sees_personal and set(now.own_actor_ids) >= set(then.own_actor_ids))
    return sees_events and sees_personal


def places_told(viewer: Viewer, events: Sequence[SeenEvent]) -> dict[UUID, int]:
    """The place in the log of each sealed event, as a file tells it: not to who sees a part, whom it would tell how many others there are."""
    return seal_marks(viewer.workspace_id, [event.key.event_id for event in events]) if viewer.sees_all else {}


def query_of(export: Export) -> TrailQuery:
    """The question that was asked, in the zone that it was asked in."""
    return read_query(read_address("", QueryDict(export.query)), zone=ZoneInfo(export.zone))


def manifest(workspace: Workspace, export: Export) -> dict[str, Any]:
    """What the file holds, for who reads it far from here: window, filter, zone, count, digest, and the log at that time."""
    return {
        **described(workspace, export),
        "file": export.filename,
        "bytes": export.file_bytes,
        "sha256": export.sha256,
        "finishedAt": utc_text(export.finished_at) if export.finished_at else None,
    }


def described(workspace: Workspace, export: Export) -> dict[str, Any]:
    """The part of the manifest that is known before the file is whole."""
    return {
        "workspace": {"id": f"ws_{workspace.id}", "slug": workspace.slug, "name": workspace.name},
        "format": FORMAT_NAMES[export.format],
        "window": {
            "from": utc_text(export.since) if export.since else None,
            "until": utc_text(export.until),
            "receivedUntil": utc_text(export.requested_at),
        },
        "filters": export.query,
        "timeZone": export.zone,
        "events": export.rows,
        "showsPersonalData": export.sees_personal,
        "requestedBy": export.requested_by,
        "requestedAt": utc_text(export.requested_at),
        "checkpoint": export.checkpoint,
    }


def _visible(access: Access) -> "QuerySet[Export]":
    exports = Export.objects.filter(workspace_id=access.workspace_id)
    if access.can(Permission.WORKSPACE_MANAGE):
        return exports
    return exports.filter(requested_by=access.subject_id)


def _is_there(export: Export) -> bool:
    return export.state == State.DONE and export.expires_at is not None and export.expires_at > clock.now()


def _shown(export: Export, names: dict[str, str], viewer: Viewer, access: Access, task: Task | None) -> ExportShown:
    time, held = PageTime.in_zone(zone_named(export.zone)), _why_held(export, viewer, access)
    since = f"From {time.exact(export.since)}" if export.since else "From the beginning"
    return ExportShown(
        export,
        FORMAT_NAMES.get(export.format, export.format),
        names.get(export.requested_by, "A former member"),
        f"{since} to {time.exact(export.until)}",
        HIDDEN_TEXT if _asks_more_than_seen(export, viewer, access) else export.query,
        _progress(export, time),
        _attempt(task) if task else "",
        task is not None and task.waits_to_retry,
        export.state in LIVE,
        _is_there(export) and not held,
        held,
    )


def _why_held(export: Export, viewer: Viewer, access: Access) -> str:
    """Why this person is not given a finished file, and what they can do; "" where nothing holds it."""
    if not _is_there(export):
        return ""
    if not access.can(Permission.AUDIT_EXPORT):
        return (
            f"Your role does not include “{Permission.AUDIT_EXPORT.meaning}”. An owner of the workspace can widen it."
        )
    then = viewer_of(export)
    if covers(viewer, then):
        return ""
    more = "personal data" if covers(replace(viewer, sees_personal=True), then) else "events"
    return f"It shows {more} that your role does not let you see now. Ask for a new export: it shows what you see."


def _asks_more_than_seen(export: Export, viewer: Viewer, access: Access) -> bool:
    """Whether its filters say an address, to who may not see those of others: managers see the exports of everybody."""
    hides = not viewer.sees_personal and export.requested_by != access.subject_id
    return hides and asks_personal(query_of(export).wanted)


def _progress(export: Export, time: PageTime) -> str:
    if export.state == State.QUEUED:
        return "Waits for a worker."
    if export.position == ALL_READ:
        return f"All {export.rows:,} events are read, the file is being finished."
    written = f"{export.rows:,} of {export.expected:,} events" if export.expected else f"{export.rows:,} events"
    if not export.position:
        return f"{written}."
    return f"{written}, back to {time.short(parse_page_key(export.position).occurred_at)}."


def _attempt(task: Task) -> str:
    """Which attempt this is, once one has failed."""
    if not task.waits_to_retry:
        return f"Attempt {task.attempt} of {task.of}." if task.attempt > 1 else ""
    seconds = ceil((task.next_at - clock.now()).total_seconds())
    pause = "at once" if seconds <= 0 else f"in {seconds} s" if seconds < MINUTES_FROM_S else f"in {seconds // 60} min"
    return f"Attempt {task.attempt} of {task.of} failed: {task.error} The next one begins {pause}."
