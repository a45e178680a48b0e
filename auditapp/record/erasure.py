"""Erases values of events for good, while every proof over them still verifies. The database lets only `audit_erase()` do it.

The erasure is an event itself: it says which values of which events are gone, on what ground, and never what they were.
"""

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from auditapp.lib.errors import Invalid, NotFound
from auditapp.lib.ids import event_key
from auditapp.lib.visible_text import search_words
from auditapp.record.drafts import Target
from auditapp.record.envelope import FIRST_UNITS
from auditapp.record.search_tokens import Token, lexeme, quoted
from auditapp.record.services import record

ERASABLE: Final = (*FIRST_UNITS, "changes")
# So many event ids fit well into the meta of the event that names them.
EVENTS_AN_ERASURE: Final = 500
TARGET_WORDS: Final = (Token.TARGET_WORD, Token.HIDDEN_TARGET_WORD)

ERASE = "SELECT audit_erase(%s, %s, %s)"
# An attempt without its meta is an event like any other.
FORGET_ATTEMPTS = """
DELETE FROM event_attempt WHERE workspace_id = NULLIF(current_setting('app.ws', true), '')::bigint AND event_id = ANY(%s)
"""
BY_PERSON = """
SELECT e.id FROM event AS e WHERE e.workspace_id = %(workspace_id)s AND e.actor_id = %(person)s
AND e.type <> 'personal_data.erased' ORDER BY e.id
"""
# Whatever names them as a target, by id or by address: search tokens both. audit_search goes by the index, which row-level
# security would keep from an ordinary statement.
NAMING_PERSON = """
SELECT e.id FROM audit_search(%(query)s::tsquery, '-infinity', 'infinity', NULL, NULL, true, 2147483647, '1 hour') AS found
JOIN event AS e ON e.workspace_id = %(workspace_id)s AND e.occurred_at = found.occurred_at AND e.id = found.id
WHERE e.type <> 'personal_data.erased' ORDER BY e.id
"""
# Of these, whose context holds words of somebody's own. Inside of a JSON text the quotes would have a backslash.
WITH_REASON = """
SELECT e.id FROM event AS e WHERE e.workspace_id = %(workspace_id)s AND e.id = ANY(%(ids)s)
AND position('"reason":'::bytea IN e.units[3]) > 0 ORDER BY e.id
"""


class NothingToErase(NotFound):
    """The trail holds no event by or about this person."""


def erase_values(*, event_ids: Sequence[UUID], units: Sequence[str], ground: str, subject: Target | None = None) -> int:
    """Erase these values of these events, their salts and their search words, in the caller's transaction.

    Takes:   subject, whose data it is; units, of actor, targets, context, meta, changes; ground, why, e.g. "GDPR art. 17, request 42"
    Gives:   how many events lost a value; the record of an earlier erasure never does
    Raises:  Invalid
    Writes:  Event (values to nothing), EventAttempt, personal_data.erased; needs the worker's role
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
                if "meta" in units:
                    cursor.execute(FORGET_ATTEMPTS, [some])
    return erased


def erase_person(*, workspace_id: int, person_id: str, ground: str, email: str = "") -> int:
    """Erase a person's name, e-mail, addresses and reasons from what they did, and their name wherever they are a target.

    Where they acted as somebody else, as support, that one's name goes with theirs: the two are one value.

    Others' reasons go too where they are about this person: the person is a target, or the reason has their id or address. With
    a reason goes the whole context of its event: the address and request that it came from.

    Takes:   email, by which the person was invited, or acted, before they had this id
    Gives:   how many events lost a value
    Raises:  NothingToErase, Invalid
    Writes:  as erase_values
    """
    parameters: dict[str, int | str] = {
        "workspace_id": workspace_id,
        "person": person_id,
        "query": _naming(workspace_id, person_id, email),
        "told": _told_of(workspace_id, person_id, email),
    }
    subject = Target("user", person_id)
    with transaction.atomic(), connection.cursor() as cursor:
        by_person = [row[0] for row in cursor.execute(BY_PERSON, parameters).fetchall()]
        # What they did as somebody else: both are one value.
        acted = quoted(lexeme(workspace_id, Token.BEHIND, person_id))
        by_person += [row[0] for row in cursor.execute(NAMING_PERSON, {**parameters, "query": acted}).fetchall()]
        naming = [row[0] for row in cursor.execute(NAMING_PERSON, parameters).fetchall()]
        told = [row[0] for row in cursor.execute(NAMING_PERSON, {**parameters, "query": parameters["told"]}).fetchall()]
        if not by_person and not naming and not told:
            raise NothingToErase
        # Somebody else's name stays on what they did to this person, and what this person worked on keeps its names.
        erase_values(event_ids=by_person, units=("actor", "context"), ground=ground, subject=subject)
        erase_values(event_ids=naming, units=("targets",), ground=ground, subject=subject)
        about = cursor.execute(WITH_REASON, {**parameters, "ids": [*naming, *told]}).fetchall()
        erase_values(event_ids=[row[0] for row in about], units=("context",), ground=ground, subject=subject)
    return len({*by_person, *naming, *told})


def _naming(workspace_id: int, person_id: str, email: str) -> str:
    """A tsquery of events that have this person as a target, by id or by address."""
    words = [(token_class, person_id.casefold()) for token_class in TARGET_WORDS]
    words += [(Token.EMAIL_WORD, word) for word in search_words(email)[:1]]
    return " | ".join(quoted(lexeme(workspace_id, token_class, word)) for token_class, word in words)


def _told_of(workspace_id: int, person_id: str, email: str) -> str:
    """A tsquery of events whose reason has this person's id or address."""
    words = [word for text in (person_id, email) for word in search_words(text)[:1]]
    return " | ".join(quoted(lexeme(workspace_id, Token.REASON_WORD, word)) for word in words)


def _slices(event_ids: Sequence[UUID]) -> Iterator[list[UUID]]:
    for start in range(0, len(event_ids), EVENTS_AN_ERASURE):
        yield list(event_ids[start : start + EVENTS_AN_ERASURE])
