"""What can be wrong with a revert."""

from typing import TYPE_CHECKING

from auditapp.lib.errors import Conflict, Invalid

if TYPE_CHECKING:
    from auditapp.revert.preview import Preview


class StalePreview(Conflict):
    """Something changed since this preview was made. Look at the fresh one, and decide again."""

    def __init__(self, fresh: "Preview") -> None:
        super().__init__()
        self.fresh = fresh


class NothingChosen(Invalid):
    """Choose at least one field to set back."""

    def __init__(self) -> None:
        super().__init__(field="fields", code="nothing_chosen")


class NotUndoable(Invalid):
    """This cannot be undone from here."""
