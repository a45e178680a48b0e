"""What is done about exports: one that is sent at once is granted and recorded, a larger one is asked for, stopped, fetched.

How the file is written in the background is in writing.py.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction

from auditapp.access.models import Workspace
from auditapp.access.permissions import Permission, acting_access, viewer_for
from auditapp.lib import clock
from auditapp.lib.errors import Invalid
from auditapp.lib.ids import new_id
from auditapp.record.drafts import Target
from auditapp.record.event_filter import EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.services import record
from auditapp.record.viewer import Viewer
from auditapp.sealing.queries import latest_checkpoint
from auditapp.tasks.services import cancel_task, start_task
from auditapp.trail.exports.errors import ExportEnded, ExportTooLarge, TooManyExports
from auditapp.trail.exports.models import Export, State, TrailVisit
from auditapp.trail.exports.parquet import has_parquet
from auditapp.trail.exports.queries import EXPORT_KIND, FORMAT_NAMES, LIVE, PARQUET, export_for, file_for
from auditapp.trail.filters import TrailQuery
from auditapp.trail.moments import PageTime

MAX_STREAMED: Final = 100_000
MAX_LIVE: Final = 3
VISIT_TOLD_EVERY: Final = timedelta(hours=1)

NOTE_VISIT = """
INSERT INTO trail_visit (workspace_id, user_id, recorded_at) VALUES (%(ws)s, %(user)s, %(now)s)
ON CONFLICT (workspace_id, user_id) DO UPDATE SET recorded_at = excluded.recorded_at
WHERE trail_visit.recorded_at <= %(told_before)s RETURNING 1
"""


@dataclass(frozen=True, slots=True)
class StreamedExport:
    """An export that was granted: what it holds, up to the moment it began, and how many events that are."""

    wanted: EventFilter
    events: int
    began_at: datetime


def begin_export(
    *, workspace: Workspace, viewer: Viewer, wanted: EventFilter, format_name: str, filters: str
) -> StreamedExport:
    """Grant and record an export of what a filter finds now; nothing is ever cut off silently.

    Takes:   format_name and filters, in words, as the event says them
    Raises:  ExportTooLarge, beyond 100,000 events or where they cannot be counted in time
    Writes:  audit_trail.exported
    """
    now = clock.now()
    wanted = replace(wanted, until=_end(wanted, now))
    count = visible_events(viewer).count(wanted, up_to=MAX_STREAMED)
    if count.is_more or count.events > MAX_STREAMED:
        raise ExportTooLarge
    meta = {"rows": count.events, "format": format_name} | ({"filters": filters} if filters else {})
    record("audit_trail.exported", target=trail_target(workspace), meta=meta)
    return StreamedExport(wanted, count.events, now)


@transaction.atomic
def request_export(*, workspace: Workspace, query: TrailQuery, format_key: str) -> Export:
    """Have a file written in the background of what a query finds now.

    Raises:  Denied, Invalid, TooManyExports
    Writes:  Export, Task, TaskStep; audit_trail.export_requested
    """
    access = acting_access()
    access.require(Permission.AUDIT_EXPORT)
    if format_key not in FORMAT_NAMES or (format_key == PARQUET and not has_parquet()):
        raise Invalid("There is no such format here.", field="format", code="unknown_format")
    exports = Export.objects.filter(workspace_id=workspace.id, requested_by=access.subject_id)
    if exports.filter(state__in=LIVE).count() >= MAX_LIVE:
        raise TooManyExports
    now, viewer = clock.now(), viewer_for(access)
    until = _end(query.wanted, now)
    wanted = replace(query.wanted, until=until)
    count = visible_events(viewer).count(wanted, up_to=MAX_STREAMED)
    checkpoint = latest_checkpoint(workspace.id)
    export = Export.objects.create(
        workspace_id=workspace.id,
        id=new_id("exp"),
        requested_by=access.subject_id,
        sees_all=viewer.sees_all,
        sees_personal=viewer.sees_personal,
        scope_ids=list(viewer.scope_ids),
        own_actor_ids=list(viewer.own_actor_ids),
        format=format_key,
        query=query.address.without("open", "older", "newer").query,
        zone=query.zone.key,
        requested_at=now,
        since=wanted.since,
        until=until,
        expected=None if count.is_more else count.events,
        checkpoint=checkpoint.note if checkpoint else "",
    )
    record("audit_trail.export_requested", target=[trail_target(workspace), export], meta=told_of(export))
    start_writing(export)
    return export


@transaction.atomic
def cancel_export(*, workspace: Workspace, export_id: str) -> Export:
    """Stop an export; the worker that has it in hand adds nothing more.

    Raises:  ExportNotFound, ExportEnded
    Writes:  Export, Task; audit_trail.export_cancelled
    """
    found = export_for(acting_access(), export_id)
    cancel_task(kind=EXPORT_KIND, key=found.id)  # the task before its export, as the worker locks them
    export = Export.objects.select_for_update().get(workspace_id=workspace.id, id=found.id)
    if export.state not in LIVE:
        raise ExportEnded
    export.state, export.finished_at = State.CANCELLED, clock.now()
    export.save(update_fields=["state", "finished_at"])
    meta = {**told_of(export), "rows": export.rows}
    record("audit_trail.export_cancelled", target=[trail_target(workspace), export], meta=meta)
    return export


@transaction.atomic
def open_file(*, workspace: Workspace, export_id: str) -> Export:
    """Grant and record the download of a finished file.

    Raises:  Denied, ExportNotFound, ExportGone, ExportHeld
    Writes:  audit_trail.export_downloaded
    """
    export = file_for(acting_access(), export_id)
    meta = {**told_of(export), "rows": export.rows}
    record("audit_trail.export_downloaded", target=[trail_target(workspace), export], meta=meta)
    return export


def note_visit(*, workspace: Workspace, user_id: str, filters: str = "") -> None:
    """Record that somebody looked at the trail, once an hour: a row locked by each look would make them wait for each other.

    Writes:  TrailVisit; audit_trail.viewed
    """
    now = clock.now()
    last = TrailVisit.objects.filter(workspace_id=workspace.id, user_id=user_id).values_list("recorded_at", flat=True)
    told_before = now - VISIT_TOLD_EVERY
    if any(moment > told_before for moment in last):
        return
    with connection.cursor() as cursor:
        # Of two looks at once the later one waits here for the other and finds that it was told.
        cursor.execute(NOTE_VISIT, {"ws": workspace.id, "user": user_id, "now": now, "told_before": told_before})
        if cursor.fetchone() is None:
            return
    record("audit_trail.viewed", target=trail_target(workspace), meta={"filters": filters} if filters else {})


def start_writing(export: Export) -> None:
    """Have a worker write the export, once the transaction commits."""
    start_task(kind=EXPORT_KIND, key=export.id, subject=export, steps=["write", "finish"])


def told_of(export: Export) -> dict[str, object]:
    """What events tell of an export."""
    told: dict[str, object] = {"format": FORMAT_NAMES[export.format]}
    return told | {"filters": export.query} if export.query else told


def trail_target(workspace: Workspace) -> Target:
    return Target("audit_trail", f"ws_{workspace.id}", workspace.name)


def filename(*, slug: str, wanted: EventFilter, events: int, time: PageTime, suffix: str) -> str:
    """Workspace, range, zone and number of events, so that the file still says what it holds once it is elsewhere."""
    first = time.local(wanted.since).date().isoformat() if wanted.since else "begin"
    last = time.local(wanted.until - timedelta(microseconds=1)).date() if wanted.until else time.today
    zone = time.zone.key.replace("/", "-")
    return f"audit-trail_{slug}_{first}_{last.isoformat()}_{zone}_{events}-events.{suffix}"


def _end(wanted: EventFilter, now: datetime) -> datetime:
    return min(wanted.until, now) if wanted.until else now
