"""The one tree of errors: packages subclass these, services raise them.

Only `web/` turns one into a status; nothing here knows HTTP.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import dataclass


class AppError(Exception):
    """Something went wrong on our side. Try again in a moment."""

    def __init__(self, message: str | None = None) -> None:
        self.message = message or _docstring_message(type(self))
        super().__init__(self.message)


class NotFound(AppError):
    """There is nothing here, or it is not yours to see."""


class NotAllowed(AppError):
    """You do not have permission to do this. Ask an owner of the workspace."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong at one place of the input."""

    pointer: str  # RFC 6901; "" is the whole input
    message: str


class Invalid(AppError):
    """This input cannot be accepted. Correct it and send it again."""

    def __init__(
        self,
        message: str | None = None,
        *,
        pointer: str = "",
        field: str | None = None,
        code: str = "invalid",
        problems: Iterable[Problem] = (),
    ) -> None:
        listed = tuple(problems)
        if listed and message is None:
            message = listed[0].message
        super().__init__(message)
        self.problems = listed or (Problem(pointer, self.message),)
        self.pointer = pointer or self.problems[0].pointer
        self.field = field
        self.code = code


class Conflict(AppError):
    """Somebody changed this meanwhile. Reload the page and try again."""


class Busy(AppError):
    """Too much is going on right now. Wait a moment and try again."""


class Outside(AppError):
    """Another system did not answer as expected."""

    def __init__(self, message: str | None = None, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent  # True: trying again cannot help


def _docstring_message(error: type[AppError]) -> str:
    # getdoc, not __doc__: a subclass without a docstring speaks with its parent's.
    first_paragraph = (inspect.getdoc(error) or error.__name__).split("\n\n")[0]
    return " ".join(first_paragraph.split())
