"""Erases values of events for good, while every proof over them still verifies. The database lets only `audit_erase()` do it.

The erasure is an event itself: it says which values of which events are gone, on what ground, and never what they were.
"""

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from auditapp.lib.errors import Invalid, NotFound
from auditapp.lib.ids import event_key
from auditapp.record.drafts import Target
from auditapp.record.envelope import FIRST_UNITS
from auditapp.record.services import record

ERASABLE: Final = (*FIRST_UNITS, "changes")
# So many event ids fit well into the meta of the event that names them.
EVENTS_AN_ERASURE: Final = 500

ERASE = "SELECT audit_erase(%s, %s, %s)"
# By the index on the actor; the events about a person as a resource are found by the other.
OF_PERSON = """
SELECT e.id FROM event AS e WHERE e.workspace_id = %(workspace_id)s AND e.actor_id = %(person)s
AND e.type <> 'personal_data.erased'
UNION
SELECT e.id FROM event AS e
WHERE e.workspace_id = %(workspace_id)s AND e.resource_type IN ('user', 'member') AND e.resource_id = %(person)s
AND e.type <> 'personal_data.erased'
ORDER BY id
"""


class NothingToErase(NotFound):
    """The trail holds no event by or about this person."""


def erase_values(*, event_ids: Sequence[UUID], units: Sequence[str], ground: str, subject: Target | None = None) -> int:
    """Erase these values of these events, their salts and their search words, in the caller's transaction.

    Takes:   subject, whose data it is; units, of actor, targets, context, meta, changes; ground, why, e.g. "GDPR art. 17, request 42"
    Gives:   how many events lost a value; the record of an earlier erasure never does
    Raises:  Invalid
    Writes:  Event (values to nothing), personal_data.erased; needs the worker's role
    """
    if unknown := set(units) - set(ERASABLE):
        raise Invalid(
            f"There is no value {', '.join(sorted(unknown))}. Take some of {', '.join(ERASABLE)}.", field="units"
        )
    if not ground.strip():
        raise Invalid("Say on what ground values are erased.", field="ground")
    erased = 0
    with transaction.atomic():
        for some in _slices(event_ids):
            meta = {
                "events": len(some),
                "requested_by": ground,
                "units": sorted(units),
                "event_ids": [event_key(event_id) for event_id in some],
            }
            erasure = record("personal_data.erased", target=subject or Target("event", event_key(some[0])), meta=meta)
            with connection.cursor() as cursor:
                erased += cursor.execute(ERASE, [some, list(units), erasure.id]).fetchone()[0]
    return erased


def erase_person(*, workspace_id: int, person_id: str, ground: str) -> int:
    """Erase name, e-mail, addresses and named targets from every event by or about a person.

    Gives:   how many events lost a value
    Raises:  NothingToErase, Invalid
    Writes:  as erase_values
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(OF_PERSON, {"workspace_id": workspace_id, "person": person_id})
        event_ids = [row[0] for row in cursor.fetchall()]
        if not event_ids:
            raise NothingToErase
        subject = Target("user", person_id)
        return erase_values(event_ids=event_ids, units=("actor", "targets", "context"), ground=ground, subject=subject)


def _slices(event_ids: Sequence[UUID]) -> Iterator[list[UUID]]:
    for start in range(0, len(event_ids), EVENTS_AN_ERASURE):
        yield list(event_ids[start : start + EVENTS_AN_ERASURE])
