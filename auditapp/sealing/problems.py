"""What verification can find, as data: which event or place of the log, which field, and in what way it is wrong."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

# A log that was rewritten has as many problems as events; the first ones tell enough.
MAX_PROBLEMS: Final = 1_000


class Kind(StrEnum):
    """The ways in which a log can be wrong."""

    MISSING_EVENT = "missing_event"
    UNSEALED_EVENT = "unsealed_event"  # neither in the log nor waiting for it
    MISSING_LEAF = "missing_leaf"
    LEAF = "leaf"
    ENVELOPE = "envelope"
    COLUMN = "column"
    VALUE = "value"
    MISSING_VALUE = "missing_value"
    TREE = "tree"
    NODE = "node"
    HEAD = "head"
    CHECKPOINT = "checkpoint"
    UNDECIDED = "undecided"  # nothing is wrong, and nothing is proved either


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it was sealed. `event` is the event's key, `field` the column or value that was touched."""

    kind: Kind
    message: str
    index: int | None = None
    event: str | None = None
    field: str | None = None

    def as_value(self) -> dict[str, Any]:
        """The problem as JSON."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def __str__(self) -> str:
        place = "" if self.index is None else f"index {self.index}"
        named = " ".join(part for part in (place, self.event, self.field) if part)
        return f"{named}: {self.message}" if named else self.message


class Problems:
    """The first 1,000 problems and the number of all."""

    def __init__(self) -> None:
        self.found: list[Problem] = []
        self.count = 0

    def add(self, *problems: Problem) -> None:
        """Take down what was found."""
        self.count += len(problems)
        self.found += problems[: MAX_PROBLEMS - len(self.found)]
