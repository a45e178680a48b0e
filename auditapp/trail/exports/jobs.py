"""Background work on exports beside their writing: tell who asked that one has ended, delete the files that have expired."""

from auditapp.access.models import User, Workspace
from auditapp.lib import clock
from auditapp.record.workspace_scope import in_workspace
from auditapp.trail.exports.mail import tell_finished
from auditapp.trail.exports.models import Export, ExportChunk, State
from auditapp.trail.exports.writing import delete_file


def tell_ended(workspace_id: int, export_id: str) -> None:
    """Mail to who asked for an export how it ended."""
    with in_workspace(workspace_id):
        export = Export.objects.get(workspace_id=workspace_id, id=export_id)
        workspace, person = Workspace.objects.get(id=workspace_id), User.objects.get(id=export.requested_by)
    tell_finished(workspace, export, person)


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
