"""What an event says about a task: that an attempt failed, that the last one did, or that it recovered. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final

from auditapp.record import attempts as records
from auditapp.record.drafts import EventDraft
from auditapp.record.envelope import FIRST_UNITS

# How long what is held waits for news of its task.
LONGEST_HELD: Final = timedelta(hours=24)
MOST_KEPT: Final = 300
# A success in which a task has only begun.
BEGINS: Final = ("started", "resumed", "retried")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a task. `task` is its key: what its system calls it, of one resource; others may use the same word."""

    task: str
    number: int
    is_failure: bool
    is_final: bool


def tells_of_task(units: Sequence[bytes | None]) -> bool:
    """Whether an event that is not opened yet may tell of an attempt."""
    return any(unit and b'"task"' in unit for unit in units[: len(FIRST_UNITS)])


def attempt_of(event: EventDraft) -> Attempt | None:
    """What an event tells of an attempt, or that its task is done; None where it tells neither. Which events do is what the trail folds by."""
    told = records.attempt_of(event)
    if told is None:
        return None
    first = event.targets[0] if event.targets else None
    key = _key(f"{first.type}:{first.id}:{told.task}" if first else told.task)
    if event.outcome == "failure":
        return Attempt(key, told.number, is_failure=True, is_final=told.is_final)
    return None if event.type.endswith(BEGINS) else Attempt(key, told.number, is_failure=False, is_final=True)


def _key(whole: str) -> str:
    """What names the task in an index, which takes no text of any length."""
    return whole if len(whole) <= MOST_KEPT else sha256(whole.encode()).hexdigest()
