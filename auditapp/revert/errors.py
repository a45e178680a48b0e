"""What can be wrong with a revert."""

from auditapp.lib.errors import Invalid


class NothingChosen(Invalid):
    """Choose at least one field to set back."""

    def __init__(self) -> None:
        super().__init__(field="fields", code="nothing_chosen")


class NotUndoable(Invalid):
    """This cannot be undone from here."""
