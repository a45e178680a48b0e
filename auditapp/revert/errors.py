"""What can be wrong with a revert."""

from collections.abc import Iterable
from typing import Final

from auditapp.lib.errors import Invalid

MOST_NAMED: Final = 5
MOST_SHOWN: Final = 100


class NothingChosen(Invalid):
    """Choose at least one field to set back."""

    def __init__(self) -> None:
        super().__init__(field="fields", code="nothing_chosen")


class UnknownField(Invalid):
    """There is no such field in this preview."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        some = ", ".join(list(known)[:MOST_NAMED])
        message = f"There is no field {name[:MOST_SHOWN]} in this preview. Take the keys of its fields: {some}."
        super().__init__(message, field="fields", code="unknown_field")


class NotUndoable(Invalid):
    """This cannot be undone from here."""
