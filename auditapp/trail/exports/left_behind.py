"""What becomes of the exports of somebody who leaves the workspace."""

from collections.abc import Iterator

from auditapp.access.left_behind import counted
from auditapp.trail.exports.models import Export
from auditapp.trail.exports.queries import LIVE


def exports_left(workspace_id: int, user_id: str) -> Iterator[str]:
    """One that is being written stops, since who asked for it may not export any more."""
    live = Export.objects.filter(workspace_id=workspace_id, requested_by=user_id, state__in=LIVE).count()
    if live:
        yield f"{counted(live, 'export')} that {'is' if live == 1 else 'are'} being written stop{'s' if live == 1 else ''}."
