"""Attempts at one task, as events tell of them in meta: `task`, `attempt`, `of` and `final`; and which of them belong together.

Attempts of one task, about one resource, are a run while their numbers rise. It is decided when an event is written and never again,
so that what a page folds is the same on every page. How a run is shown is a matter of `trail`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import orjson
from django.db import connection

from auditapp.record.drafts import EventDraft

MAX_ATTEMPTS: Final = 1_000
MAX_TASK: Final = 200
# So that one row of a page never unfolds into more: a longer run is told of in several rows.
RUN_SIZE: Final = 50

# A number that is not above the last one begins a new run: whoever calls every night's work by one name gets a row for each night.
INSERT = """
INSERT INTO event_attempt (workspace_id, event_id, occurred_at, task, run, number)
SELECT %(workspace_id)s, %(event_id)s::uuid, %(occurred_at)s::timestamptz, %(task)s::bytea, coalesce((
    SELECT last.run + CASE WHEN last.number < %(number)s AND (last.number - 1) / %(size)s = (%(number)s - 1) / %(size)s THEN 0 ELSE 1 END
    FROM event_attempt AS last WHERE last.workspace_id = %(workspace_id)s AND last.task = %(task)s::bytea
    ORDER BY last.run DESC, last.number DESC LIMIT 1
), 1), %(number)s
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Which try of a task an event tells of, and of how many; `is_final` where it failed and there will be no other."""

    task: str
    number: int
    of: int
    is_final: bool


def attempt_of(event: EventDraft) -> Attempt | None:
    """The attempt that an event tells of, as far as its reader may see that; None for every other event."""
    task, number, of = (event.meta.get(key) for key in ("task", "attempt", "of"))
    if not isinstance(task, str) or not 0 < len(task) <= MAX_TASK:
        return None
    # JSON's true is an int to Python.
    if type(number) is not int or type(of) is not int or not 1 <= number <= of <= MAX_ATTEMPTS:
        return None
    return Attempt(task, number, of, event.outcome == "failure" and (number == of or event.meta.get("final") is True))


def keep_attempts(drafts: Sequence[EventDraft]) -> None:
    """Say of those of these events that are attempts which run they belong to, in the transaction that writes them.

    Writes:  EventAttempt
    """
    found = [(draft, attempt) for draft in drafts if (attempt := attempt_of(draft))]
    if not found:
        return
    # A sender may list them in any order.
    found.sort(key=lambda one: (one[0].occurred_at, one[1].number))
    with connection.cursor() as cursor:
        for draft, attempt in found:
            values: dict[str, Any] = {
                "workspace_id": draft.workspace_id,
                "event_id": draft.id,
                "occurred_at": draft.occurred_at,
                "task": _digest(draft, attempt),
                "number": attempt.number,
                "size": RUN_SIZE,
            }
            cursor.execute(INSERT, values)


def _digest(draft: EventDraft, attempt: Attempt) -> bytes:
    """The task as an index knows it: of one length, and without what a sender wrote."""
    resource = draft.targets[0] if draft.targets else None
    said = [resource.type, resource.id] if resource else []
    return sha256(orjson.dumps([attempt.task, *said])).digest()[:16]
