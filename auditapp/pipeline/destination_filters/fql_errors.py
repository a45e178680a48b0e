"""What can be wrong with a condition: when it is saved, and when it meets an event."""

from auditapp.lib.errors import AppError, Invalid


class FqlInvalid(Invalid):
    """This condition is not FQL. Correct it and try again."""

    def __init__(self, message: str, *, text: str, position: int) -> None:
        self.position = position
        before = text[:position]
        self.line = before.count("\n") + 1
        self.column = position - (before.rfind("\n") + 1) + 1
        place = f"Line {self.line}, column {self.column}" if "\n" in text else f"Column {self.column}"
        super().__init__(f"{place}: {message}", field="if", code="invalid_fql")


class FqlFailed(AppError):
    """The condition does not fit the values of this event, so that nobody knows whether it holds."""
