"""Other events that belong with one: its request, its session, its token, and the history of its resource.

How sure it is that a history is of the same thing is part of it: by id, by name alone, or of what the thing belongs to.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias

from auditapp.record.drafts import Target
from auditapp.record.event_filter import Choice, EventFilter, Word
from auditapp.record.event_query import Count, EventQuery
from auditapp.record.event_row import EventRow
from auditapp.trail.address import Address
from auditapp.trail.ranges import day_range
from auditapp.trail.rows import node_of

HISTORY_SHOWN: Final = 6
NAMESAKES_SHOWN: Final = 3
RELATED_SHOWN: Final = 10
TOKEN_SHOWN: Final = 5
TOKEN_COUNTED_UP_TO: Final = 1_000


@dataclass(frozen=True, slots=True)
class Linked:
    """Another event in a list beside this one."""

    row: EventRow
    node: str
    address: Address
    is_current: bool = False


Linker: TypeAlias = Callable[[Sequence[EventRow]], list[Linked]]


@dataclass(frozen=True, slots=True)
class LinkedList:
    """Events under a title; `all` is the trail of all of them, `all_words` its name, `count` how many events are told of."""

    title: str
    rows: list[Linked]
    all: Address
    all_words: str = "All of them"
    count: Count | None = None


@dataclass(frozen=True, slots=True)
class LinkedEvents:
    """What is linked to one event; `history` is the surest match first."""

    same_request: LinkedList
    same_session: LinkedList
    token: LinkedList | None
    history: list[LinkedList]


def linked_events(events: EventQuery, row: EventRow, *, trail: Address, home: Address) -> LinkedEvents:
    """What is linked to an event, as far as this viewer may see it.

    Takes:   trail, the list that linked events open in; home, the trail without filters
    """

    def linked(rows: Sequence[EventRow]) -> list[Linked]:
        return [Linked(one, node_of(one), trail.opening(one.key), one.id == row.id) for one in rows]

    same_request = events.related(row, by="request_id", size=RELATED_SHOWN)
    shown = {other.id for other in same_request}
    same_session = [one for one in events.related(row, by="session_id", size=RELATED_SHOWN) if one.id not in shown]
    token = token_of(row)
    return LinkedEvents(
        LinkedList("Same request", linked(same_request), _around(row, home, "request", "request_id")),
        LinkedList("Same session", linked(same_session), _around(row, home, "session", "session_id")),
        _of_token(events, token, linked, home) if token else None,
        [
            LinkedList(title, linked(rows), home.having("resource", resource).having("reads", "1"))
            for title, rows, resource in _history(events, row)
            if rows
        ],
    )


def token_of(row: EventRow) -> str | None:
    """The access token behind an event: its actor, or what a person's request carried."""
    actor = row.event.actor
    return actor.id if actor.kind == "token" else (str(row.event.context.get("token_id") or "") or None)


def deeds_of(token: str, home: Address) -> Address:
    """The trail of all that a token did, also of what it sent in somebody's name."""
    return home.having("token", token).having("reads", "1")


def kind_word(target: Target | None) -> str:
    """The kind of a resource as a word: `tracking plan`."""
    return target.type.replace("_", " ") if target and target.type else "resource"


def _around(row: EventRow, home: Address, key: str, said: str) -> Address:
    """The trail of the same request or session; the days around the event bound the search, which no index serves."""
    day = row.event.occurred_at.date()
    address = home.having(key, str(row.event.context.get(said, ""))).having("reads", "1")
    return day_range(address, day - timedelta(days=1), day + timedelta(days=1))


def _of_token(events: EventQuery, token: str, linked: Linker, home: Address) -> LinkedList:
    wanted = EventFilter(tokens=Choice((token,)), with_reads=True)
    page = events.page(wanted, size=TOKEN_SHOWN)
    rows, count = page.rows, Count(len(page.rows), page.searched_to is not None)
    if page.older is not None:
        count = events.count(wanted, up_to=TOKEN_COUNTED_UP_TO)
    if count.is_more:
        # No index has what it sent in somebody's name, so the time for it may be up; what it did as itself has one.
        as_itself = EventFilter(actors=Choice((token,)), with_reads=True)
        found = {row.id: row for row in (*rows, *events.page(as_itself, size=TOKEN_SHOWN).rows)}
        rows = sorted(found.values(), key=lambda row: row.page_key, reverse=True)[:TOKEN_SHOWN]
        own = events.count(as_itself, up_to=TOKEN_COUNTED_UP_TO)
        count = Count(max(count.events, own.events), is_more=True)
    title, words = "What did this token do, also in somebody's name?", "All it did"
    return LinkedList(title, linked(rows), deeds_of(token, home), words, count)


def _history(events: EventQuery, row: EventRow) -> list[tuple[str, list[EventRow], str]]:
    """Title, events and resource of each match: the same id, the same name where that has little to tell, what it is in."""
    resource = row.resource
    if resource is None or not resource.id:
        return []
    exact = events.history_of(resource.type, resource.id, size=HISTORY_SHOWN).rows
    found = [("Exact match, by its id", exact, f"{resource.type}:{resource.id}")]
    if len(exact) < HISTORY_SHOWN:
        found += [
            ("Likely match: same name, another id", rows, f"{resource.type}:{namesake}")
            for namesake, rows in _namesakes(events, resource).items()
        ]
    for parent in row.event.targets[1:2]:
        if parent.id and parent.type:
            rows = events.history_of(parent.type, parent.id, size=NAMESAKES_SHOWN).rows
            title = f"Of the {kind_word(parent)} it was done with, {parent.name or parent.id}"
            found.append((title, rows, f"{parent.type}:{parent.id}"))
    return found


def _namesakes(events: EventQuery, resource: Target) -> dict[str, list[EventRow]]:
    """Events of other resources of the same kind and name, by id: made again, or renamed by hand elsewhere."""
    if not resource.name:
        return {}
    words = (Word(resource.name, is_exact=True),)
    found: dict[str, list[EventRow]] = {}
    wanted = EventFilter(resources=Choice((resource.type,)), words=words, with_reads=True)
    for row in events.page(wanted, size=HISTORY_SHOWN * 2).rows:
        other = row.resource
        if other and other.id and other.id != resource.id and other.name == resource.name:
            found.setdefault(other.id, []).append(row)
    return {other_id: rows[:NAMESAKES_SHOWN] for other_id, rows in list(found.items())[:NAMESAKES_SHOWN]}
