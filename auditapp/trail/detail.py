"""One event with all that is known about it, for one viewer: facts, changes, neighbours, history, seal.

The order of things on the page is a matter of the templates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from auditapp.lib.ids import event_key
from auditapp.record.drafts import Target
from auditapp.record.event_query import EventPage, EventQuery, visible_events
from auditapp.record.event_row import EventRow
from auditapp.record.viewer import Viewer
from auditapp.sealing.queries import EventCheck, Proof, check_event, proof_for
from auditapp.trail.address import Address
from auditapp.trail.diff import DiffLine, diff_lines, value_text, withheld
from auditapp.trail.dressing import plain_text
from auditapp.trail.event_json import event_as_json, readable_json
from auditapp.trail.filters import TrailQuery
from auditapp.trail.rows import node_of
from auditapp.trail.seal_state import SealState, seal_state

HISTORY_SHOWN: Final = 6
RELATED_SHOWN: Final = 10
# Said in words beside the actor already, or of no use to a reader.
SHOWN_CONTEXT: Final = {"ip", "user_agent", "request_id", "session_id", "token_id"}


@dataclass(frozen=True, slots=True)
class Linked:
    """Another event in a list beside this one."""

    row: EventRow
    node: str
    address: Address
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """A value with its name; `note` in its place where it may not be shown."""

    name: str
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class TargetFact:
    """One target in words; `address` is the trail of it."""

    kind: str
    id: str
    name: str
    address: Address


@dataclass(frozen=True, slots=True)
class EventDetail:
    """All that the drawer and the page show."""

    row: EventRow
    title: str
    node: str
    lines: list[DiffLine]
    targets: list[TargetFact]
    context: list[Fact]
    meta: list[Fact]
    same_request: list[Linked]
    same_session: list[Linked]
    history: list[Linked]
    history_address: Address | None
    filter_by: dict[str, Address]
    proof: Proof | None
    seal: SealState
    check: EventCheck | None
    raw: str

    erased_by: list[tuple[str, Address]]
    is_address_hidden: bool

    @property
    def leaf_hash(self) -> str:
        return self.row.leaf_hash.hex()

    @property
    def root(self) -> str:
        return self.proof.root.hex() if self.proof else ""

    @property
    def path(self) -> list[str]:
        """The hashes from the leaf to the root, in hexadecimal."""
        return [hash_.hex() for hash_ in self.proof.path] if self.proof else []

    @property
    def history_title(self) -> str:
        return f"History of this {_kind_word(self.row.resource)}"


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The events before and after this one in the current list."""

    newer: Address | None
    older: Address | None


def event_detail(
    viewer: Viewer, event_id: UUID, *, trail: Address, home: Address, with_check: bool = False
) -> EventDetail | None:
    """One event for one viewer; None where there is none, or none that this viewer may see.

    Takes:   trail, the list that linked events open in; home, the trail without filters; with_check, whether the event is
             checked against its seal now
    """
    events = visible_events(viewer)
    row = events.get(event_id)
    if row is None:
        return None
    proof = proof_for(viewer.workspace_id, event_id)
    resource, history = _history(events, row)
    same_request = events.related(row, by="request_id", size=RELATED_SHOWN)
    shown = {other.id for other in same_request}
    same_session = [one for one in events.related(row, by="session_id", size=RELATED_SHOWN) if one.id not in shown]
    value = event_as_json(row, leaf_index=proof.index if proof else None)
    return EventDetail(
        row,
        plain_text(row),
        node_of(row),
        diff_lines(row.event.changes, is_erased=bool(row.erased_by)),
        [
            TargetFact(
                _kind_word(target).capitalize(),
                target.id,
                target.name or target.id,
                home.having("resource", f"{target.type}:{target.id}"),
            )
            for target in row.event.targets
        ],
        _facts({key: item for key, item in row.event.context.items() if key not in SHOWN_CONTEXT}),
        _facts(row.event.meta),
        _linked(same_request, trail, row),
        _linked(same_session, trail, row),
        _linked(history.rows, trail, row),
        home.having("resource", resource).having("reads", "1") if resource and history.older else None,
        _filters(row, home),
        proof,
        seal_state(viewer.workspace_id),
        check_event(viewer.workspace_id, event_id) if with_check else None,
        readable_json(value),
        [(event_key(other), home.opening(event_key(other))) for other in row.erased_by],
        not viewer.sees_personal and row.event.actor.id not in viewer.own_actor_ids,
    )


def neighbours(viewer: Viewer, query: TrailQuery, row: EventRow) -> Neighbours:
    """The next event on either side within what the list shows."""
    events = visible_events(viewer)

    def first(page: EventPage) -> Address | None:
        return query.address.opening(page.rows[-1].key) if page.rows else None

    return Neighbours(
        first(events.page(query.wanted, newer=row.page_key, size=1)),
        first(events.page(query.wanted, older=row.page_key, size=1)),
    )


def _history(events: EventQuery, row: EventRow) -> tuple[str, EventPage]:
    resource = row.resource
    if resource is None or not resource.id:
        return "", EventPage([], None, None)
    return f"{resource.type}:{resource.id}", events.history_of(resource.type, resource.id, size=HISTORY_SHOWN)


def _linked(rows: Sequence[EventRow], trail: Address, current: EventRow) -> list[Linked]:
    return [Linked(row, node_of(row), trail.opening(row.key), row.id == current.id) for row in rows]


def _kind_word(target: Target | None) -> str:
    return target.type.replace("_", " ") if target and target.type else "resource"


def _filters(row: EventRow, home: Address) -> dict[str, Address]:
    """The trail narrowed to a value of this event."""
    event = row.event
    found = {"actor": home.having("actor", event.actor.id), "event": home.having("event", event.type)}
    if event.actor.real:
        found["real"] = home.having("actor", event.actor.real.id)
    if ip := event.context.get("ip"):
        found["ip"] = home.having("ip", str(ip))
    if token := event.context.get("token_id"):
        found["token"] = home.having("actor", str(token))
    return found


def _facts(values: Any) -> list[Fact]:
    return [
        Fact(
            key.replace("_", " ").capitalize(), value if isinstance(value, str) else value_text(value), withheld(value)
        )
        for key, value in values.items()
    ]
