"""One event with all that is known about it, for one viewer: facts, changes, neighbours, history, seal.

The order of things on the page is a matter of the templates.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from auditapp.access.permissions import Access
from auditapp.lib.ids import event_key
from auditapp.record.event_query import EventPage, EventQuery, visible_events
from auditapp.record.event_row import EventRow
from auditapp.record.masking import HIDDEN_TEXT, is_own
from auditapp.record.viewer import Viewer
from auditapp.sealing.queries import EventCheck, Proof, check_event, proof_for
from auditapp.trail.address import Address
from auditapp.trail.diff import DiffLine, diff_lines
from auditapp.trail.dressing import plain_text
from auditapp.trail.event_json import event_as_json, readable_json
from auditapp.trail.facts import Fact, facts_of
from auditapp.trail.filters import TrailQuery
from auditapp.trail.fold_rows import node_of_attempt, what_happened
from auditapp.trail.folding import span, task_of
from auditapp.trail.linked import LinkedEvents, deeds_of, kind_word, linked_events, token_of
from auditapp.trail.moments import PageTime
from auditapp.trail.parts import Action, Panel, actions_for, panels_for
from auditapp.trail.refine import Refinement, refinement
from auditapp.trail.rows import node_of
from auditapp.trail.seal_state import SealState, seal_state

# Said in words beside the actor already, or of no use to a reader.
SHOWN_CONTEXT: Final = {"ip", "user_agent", "request_id", "session_id", "token_id", "reason", "reverts", "restores"}


@dataclass(frozen=True, slots=True)
class TargetFact:
    """One target in words; `address` is the trail of it, `refine` the list with and without it, None where its id is hidden."""

    kind: str
    id: str
    name: str
    address: Address | None
    refine: Refinement | None


@dataclass(frozen=True, slots=True)
class TaskAttempt:
    """One attempt at the task of an event, in words; `address` opens it."""

    row: EventRow
    node: str
    icon: str
    words: str
    later: str
    address: Address
    is_current: bool


@dataclass(frozen=True, slots=True)
class TaskHistory:
    """How the task of an event stands, and its attempts, oldest first."""

    words: str
    attempts: list[TaskAttempt]


@dataclass(frozen=True, slots=True)
class EventDetail:
    """All that the drawer and the page show."""

    row: EventRow
    title: str
    node: str
    lines: list[DiffLine]
    targets: list[TargetFact]
    reason: list[Fact]
    context: list[Fact]
    meta: list[Fact]
    linked: LinkedEvents
    filter_by: dict[str, Address]
    refine: dict[str, Refinement | None]
    proof: Proof | None
    seal: SealState
    check: EventCheck | None
    raw: str
    erased_by: list[tuple[str, Address]]
    task: TaskHistory | None
    is_address_hidden: bool
    panels: list[Panel]
    actions: list[Action]

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
        return f"History of this {kind_word(self.row.resource)}"


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The events before and after this one in the current list."""

    newer: Address | None
    older: Address | None


def event_detail(
    viewer: Viewer,
    event_id: UUID,
    *,
    access: Access,
    time: PageTime,
    trail: Address,
    home: Address,
    with_check: bool = False,
) -> EventDetail | None:
    """One event for one viewer; None where there is none, or none that this viewer may see.

    Takes:   access, by which panels know what they may tell; trail, the list that linked events open in; home, the trail
             without filters; with_check, whether the event is checked against its seal now
    """
    events = visible_events(viewer)
    row = events.get(event_id)
    if row is None:
        return None
    proof = proof_for(viewer.workspace_id, event_id)
    is_hidden = not (viewer.sees_personal or is_own(row.event, viewer))
    value = event_as_json(row, leaf_index=proof.index if proof and viewer.sees_all else None)
    return EventDetail(
        row,
        plain_text(row),
        node_of(row),
        diff_lines(row.event.changes, is_erased=bool(row.erased_by)),
        list(_targets(row, trail, home)),
        _reason(row, is_hidden=is_hidden),
        facts_of({key: item for key, item in row.event.context.items() if key not in SHOWN_CONTEXT}),
        facts_of(row.event.meta),
        linked_events(events, row, trail=trail, home=home),
        _filters(row, home),
        _refinements(row, trail),
        proof,
        seal_state(viewer),
        check_event(viewer.workspace_id, event_id) if with_check else None,
        readable_json(value),
        [(event_key(other), home.opening(event_key(other))) for other in row.erased_by],
        _task(events, row, time, trail),
        is_hidden,
        panels_for(access, row, proof.index if proof else None),
        actions_for(access, row),
    )


def _reason(row: EventRow, *, is_hidden: bool) -> list[Fact]:
    """Why it was done. Whether a reason was given is hidden with it."""
    if is_hidden and not row.erased_by:
        return [Fact("Reason", "", "••• hidden from your role, if one was given")]
    return facts_of({key: item for key, item in row.event.context.items() if key == "reason"})


def neighbours(viewer: Viewer, query: TrailQuery, row: EventRow, *, to: Callable[[str], Address]) -> Neighbours:
    """The next event on either side within what the list shows.

    Takes:   to, where an event with this key is shown
    """
    events = visible_events(viewer)

    def first(page: EventPage) -> Address | None:
        return to(page.rows[-1].key) if page.rows else None

    return Neighbours(
        first(events.page(query.wanted, newer=row.page_key, size=1)),
        first(events.page(query.wanted, older=row.page_key, size=1)),
    )


def _task(events: EventQuery, row: EventRow, time: PageTime, trail: Address) -> TaskHistory | None:
    """The attempts at the task of an event; None where it tells of none, or of the only one."""
    fold = task_of(events, row)
    if fold is None:
        return None
    attempts = list(reversed(fold.known))
    before: list[EventRow | None] = [None, *attempts]
    return TaskHistory(
        fold.words(time),
        [
            TaskAttempt(
                one,
                *node_of_attempt(one),
                what_happened(one),
                _later(one, earlier),
                trail.opening(one.key),
                one.id == row.id,
            )
            for one, earlier in zip(attempts, before, strict=False)
        ],
    )


def _later(row: EventRow, before: EventRow | None) -> str:
    return f"{span(row.event.occurred_at - before.event.occurred_at)} later" if before else ""


def _targets(row: EventRow, trail: Address, home: Address) -> Iterator[TargetFact]:
    for number, target in enumerate(row.event.targets):
        kind, value = kind_word(target), f"{target.type}:{target.id}"
        if number == 0:
            address, refine = home.having("resource", value), refinement(trail, "resource", value, word=kind)
        else:
            # An event is indexed by its first target; the others are found by their ids as words.
            address, refine = home.having("q", f'"{target.id}"'), None
        yield TargetFact(
            kind.capitalize(),
            target.id,
            target.name or target.id,
            None if target.id == HIDDEN_TEXT else address,
            refine,
        )


def _filters(row: EventRow, home: Address) -> dict[str, Address]:
    """The trail of nothing but a value of this event."""
    event = row.event
    found = {"event": home.having("event", event.type)}
    people = {"actor": ("actor", event.actor), "real": ("support", event.actor.real)}
    found |= {name: home.having(key, one.id) for name, (key, one) in people.items() if one and one.id != HIDDEN_TEXT}
    if ip := event.context.get("ip"):
        found["ip"] = home.having("ip", str(ip))
    if token := token_of(row):
        found["token"] = deeds_of(token, home)
    return found


def _refinements(row: EventRow, trail: Address) -> dict[str, Refinement | None]:
    """The list as it is filtered now, narrowed to a value of this event or without it."""
    event = row.event
    found: dict[str, Refinement | None] = {
        "actor": refinement(trail, "actor", event.actor.id, word="actor"),
        "event": refinement(trail, "event", event.type, word="kind of event"),
        "area": refinement(trail, "area", event.area, word="area"),
        "outcome": refinement(trail, "outcome", event.outcome, word="outcome"),
    }
    if ip := event.context.get("ip"):
        found["ip"] = refinement(trail, "ip", str(ip), word="address")
    return found
