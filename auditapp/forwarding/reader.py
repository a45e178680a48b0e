"""The reader of the sealed log that forwards: it takes what comes next, and puts it through the door of the source.

The calls and the reader's new position are one transaction: nothing is forwarded twice, nothing is left out. What lies before the
end of a backfill goes the same way, but as a task: backfill.py.
"""

import logging
import threading
from collections.abc import Iterator
from time import monotonic
from typing import Final

from django.db import InterfaceError, OperationalError, connection

from auditapp.access.models import Workspace
from auditapp.forwarding.models import Forwarding
from auditapp.forwarding.queries import position_of, wanted_by
from auditapp.forwarding.track_call import track_call
from auditapp.lib import clock
from auditapp.pipeline.intake import take_in
from auditapp.record.event_filter import EventFilter
from auditapp.record.event_matches import matches
from auditapp.record.event_row import EventRow, open_row
from auditapp.record.event_types import known_types
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.readers import Forward, move_reader, read_forward, reader_position
from auditapp.sources.models import Source

logger = logging.getLogger(__name__)

BATCH: Final = 500
POLL_S: Final = 0.25
MAX_PAUSE_S: Final = 10.0
RETRY_S: Final = 30.0

WAITING = """
SELECT f.workspace_id FROM forwarding AS f
JOIN tree_head AS h ON h.workspace_id = f.workspace_id
LEFT JOIN reader AS r ON r.workspace_id = f.workspace_id AND r.name = 'forwarding-' || f.generation
WHERE f.is_on AND greatest(coalesce(r.position, 0), f.start_index) < h.size
AND greatest(coalesce(r.position, 0), f.start_index) >= f.backfill_end ORDER BY f.workspace_id
"""


def run_forwarder(stop: threading.Event) -> None:
    """Forward until `stop` is set. Any number of these may run: a workspace that one has in hand, the others pass over."""
    pause_s = POLL_S
    not_before: dict[int, float] = {}
    try:
        while not stop.is_set():
            try:
                moved = sum(forward_next(workspace_id, not_before) for workspace_id in waiting_workspaces())
            except (OperationalError, InterfaceError) as error:
                if pause_s == POLL_S:
                    logger.warning("The forwarder waits for the database: %s", str(error).strip())
                pause_s = min(pause_s * 2, MAX_PAUSE_S)
                connection.close()
                stop.wait(pause_s)
                continue
            pause_s = POLL_S
            if not moved:
                stop.wait(POLL_S)
    finally:
        connection.close()


def waiting_workspaces() -> list[int]:
    """The workspaces that have something new to forward, and nothing of the past before it; asked outside of any, as the worker."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return [row[0] for row in cursor.fetchall()]


def forward_batch(workspace_id: int, *, limit: int = BATCH) -> int:
    """Forward the next events of a workspace; nothing while a part of the past comes before them.

    Gives:   how many places of the log the reader went on
    Writes:  Reader, SourceEvent and what take_in writes; one transaction
    """
    with in_workspace(workspace_id):
        forwarding = (
            Forwarding.objects.select_for_update(skip_locked=True).filter(workspace_id=workspace_id, is_on=True).first()
        )
        source = source_of(forwarding)
        if forwarding is None or source is None or position_of(forwarding) < forwarding.backfill_end:
            return 0
        return forward_some(forwarding, source, limit=limit)


def forward_some(forwarding: Forwarding, source: Source, *, limit: int) -> int:
    """Forward the next events in the caller's transaction, which has the forwarding locked; gives how many places it went on.

    Writes:  Reader, SourceEvent and what take_in writes
    """
    workspace_id, name = forwarding.workspace_id, forwarding.reader_name
    position = reader_position(workspace_id, name)
    if position < forwarding.start_index:
        move_reader(workspace_id, name, start=position, end=forwarding.start_index)
    ahead = read_forward(workspace_id, name, limit)
    calls = list(_calls(forwarding, source, ahead))
    if calls:
        take_in(source, calls)
    if ahead.events:
        move_reader(workspace_id, name, start=ahead.start, end=ahead.end)
    return len(ahead.events)


def forward_next(workspace_id: int, not_before: dict[int, float]) -> int:
    """Forward a batch, unless it is too early for this workspace; gives how many places its reader went on.

    What goes wrong in one workspace is told and tried again later: it must not hold up the others.

    Takes:   not_before, by workspace the monotonic time of its next turn; changed here
    """
    if monotonic() < not_before.get(workspace_id, 0):
        return 0
    try:
        moved = forward_batch(workspace_id)
    except (OperationalError, InterfaceError):
        raise  # the database is away for all of them
    except Exception:
        logger.exception(
            "Forwarding of workspace %s failed; its position stays, next try in %s s.", workspace_id, RETRY_S
        )
        not_before[workspace_id] = monotonic() + RETRY_S
        return 0
    not_before.pop(workspace_id, None)
    return moved


def source_of(forwarding: Forwarding | None) -> Source | None:
    """Where to; None while the source is off or gone: the position waits."""
    if forwarding is None:
        return None
    sources = Source.objects.filter(workspace_id=forwarding.workspace_id, id=forwarding.source_id, is_enabled=True)
    return sources.first()


def _calls(forwarding: Forwarding, source: Source, ahead: Forward) -> Iterator[dict[str, object]]:
    workspace = Workspace.objects.get(id=forwarding.workspace_id)
    viewer = Viewer(workspace.id, sees_all=True, sees_personal=True)
    wanted = wanted_by(forwarding.query)
    now = clock.now()
    for row in _rows(viewer, ahead):
        if is_wanted(row, wanted, viewer) and not is_own_echo(row, source):
            yield track_call(
                row.event,
                row.type,
                workspace_slug=workspace.slug,
                forwarded_at=now,
                has_one_name=forwarding.has_one_name,
            )


def _rows(viewer: Viewer, ahead: Forward) -> Iterator[EventRow]:
    """The events of the log that are still there; one that somebody took away is found by `verify`, not sent as nothing."""
    stored = [(one.stored, one.stored.parsed()) for one in ahead.events if one.stored]
    kinds = known_types(viewer.workspace_id, {envelope["type"] for _, envelope in stored})
    for event, envelope in stored:
        yield open_row(event, envelope, kinds[envelope["type"]], viewer)


def is_wanted(row: EventRow, wanted: EventFilter, viewer: Viewer) -> bool:
    """Whether the query of a forwarding asks for this event."""
    return matches(wanted, row.event, viewer, risk=row.type.risk)


def is_own_echo(row: EventRow, source: Source) -> bool:
    """Whether the audit source itself caused this, such as a new name seen in it: forwarded, it would cause the next one."""
    return row.event.actor.kind == "system" and row.event.scope_id == source.id
