"""Background work on exports: write one, go on with those that a worker left behind, delete the files that have expired."""

import logging
from datetime import timedelta
from typing import Final

from auditapp.lib import clock
from auditapp.record.workspace_scope import in_workspace
from auditapp.trail.exports.models import Export, ExportChunk, State
from auditapp.trail.exports.queries import LIVE
from auditapp.trail.exports.services import start_writing
from auditapp.trail.exports.writing import delete_file, write_turn

logger = logging.getLogger(__name__)
# A live worker commits a chunk every second or so.
LEFT_AFTER: Final = timedelta(minutes=2)


def write_export(workspace_id: int, export_id: str) -> None:
    """One turn of writing; after an error it is taken up again by `resume_exports`, a bounded number of times."""
    try:
        write_turn(workspace_id=workspace_id, export_id=export_id)
    except Exception:
        logger.exception("export %s of workspace %s was interrupted", export_id, workspace_id)


def resume_exports() -> int:
    """Have a worker take up what none has touched for two minutes; gives how many."""
    left = Export.objects.filter(state__in=LIVE, touched_at__lt=clock.now() - LEFT_AFTER)
    for export in (found := list(left)):
        with in_workspace(export.workspace_id):
            start_writing(export)
    return len(found)


def expire_exports() -> int:
    """Delete the files of exports whose time is over, and what stopped ones have left; gives how many expired."""
    ended = Export.objects.filter(state=State.DONE, expires_at__lte=clock.now())
    for export in (found := list(ended)):
        with in_workspace(export.workspace_id):
            delete_file(export)
            Export.objects.filter(workspace_id=export.workspace_id, id=export.id).update(state=State.EXPIRED)
    with_chunks = ExportChunk.objects.values_list("export_id", flat=True)
    for export in Export.objects.filter(state__in=(State.CANCELLED, State.FAILED), id__in=with_chunks):
        with in_workspace(export.workspace_id):
            delete_file(export)
    return len(found)
