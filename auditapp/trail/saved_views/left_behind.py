"""What becomes of the views of somebody who leaves the workspace."""

from collections.abc import Iterator

from auditapp.access.left_behind import counted
from auditapp.trail.saved_views.models import SavedView


def views_left(workspace_id: int, user_id: str) -> Iterator[str]:
    """Shared views stay for the others; who comes back has their own again."""
    views = SavedView.objects.filter(workspace_id=workspace_id, owner_id=user_id)
    if shared := views.filter(is_shared=True).count():
        yield f"{counted(shared, 'saved view')} that {'is' if shared == 1 else 'are'} shared {'stays' if shared == 1 else 'stay'} for everyone."
    if private := views.filter(is_shared=False).count():
        yield f"{counted(private, 'private view')} {'is' if private == 1 else 'are'} seen by nobody, until whoever saved {'it' if private == 1 else 'them'} comes back."
