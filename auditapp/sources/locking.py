"""The one way to a source that is about to change."""

from auditapp.access.permissions import Permission, acting_access
from auditapp.sources.models import Source
from auditapp.sources.queries import source_for


def source_to_change(source_id: str) -> Source:
    """The source, locked, where whoever acts may change it.

    Raises:  NotFound, Denied
    """
    access = acting_access()
    source = source_for(access, source_id)
    access.require(Permission.SOURCE_WRITE, source)
    return Source.objects.select_for_update().get(workspace_id=access.workspace_id, id=source_id)
