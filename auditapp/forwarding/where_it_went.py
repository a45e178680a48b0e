"""The panel of an event that says where it went: into which sources, and from there to each destination and warehouse."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from auditapp.access.permissions import Access, Permission
from auditapp.forwarding.passage import Passage, Standing, standing_of, taken_by
from auditapp.forwarding.queries import wanted_by
from auditapp.forwarding.reader import is_own_echo, is_wanted
from auditapp.pipeline.delivery.health import time_words
from auditapp.pipeline.delivery.queries import Fate, fates_of
from auditapp.pipeline.destination_filters.models import DestinationFilter
from auditapp.pipeline.destinations.queries import destinations_of
from auditapp.pipeline.functions.models import Function
from auditapp.pipeline.plans.models import ViolationSample
from auditapp.pipeline.transformations.models import SavedTransformation
from auditapp.pipeline.verdicts import Verdict
from auditapp.pipeline.warehouses.models import WarehouseFeed
from auditapp.pipeline.warehouses.queries import visible_warehouses
from auditapp.pipeline.warehouses.tables import collection_of
from auditapp.record.event_row import EventRow
from auditapp.record.viewer import Viewer
from auditapp.sources.inbox import ACCEPTED, InboxEvent, read_inbox
from auditapp.sources.models import Source
from auditapp.trail.parts import Panel

TEMPLATE: Final = "forwarding/_where_it_went.html"
SHAPES: Final = 5  # tries that are drawn one by one
VIOLATIONS: Final = 5
STOPPED: Final[Mapping[str, str]] = {
    Verdict.EVENT_SETTING: "somebody blocked events of this name on its schema",
    Verdict.UNPLANNED: "its tracking plan does not know the event",
    Verdict.SCHEMA_VIOLATION: "it breaks a rule of its tracking plan",
    Verdict.UNPLANNED_AND_SCHEMA_VIOLATION: "its tracking plan does not know the event, and a rule is broken",
    Verdict.COMMON_SCHEMA_VIOLATION: "it breaks the common rules of its tracking plan",
    Verdict.DROPPED_BY_TRANSFORMATION: "a transformation drops it",
    Verdict.TRANSFORMATION_FAILED: "a transformation could not be done to it",
    Verdict.DROPPED_BY_FUNCTION: "its function drops it",
}
KEPT_BACK: Final[Mapping[str, str]] = {
    Verdict.FILTERED_BY_INTEGRATIONS_OBJECT: "the event's own integrations leave it out",
    Verdict.INTERNAL: "it could not be made ready",
}


@dataclass(frozen=True, slots=True)
class Way:
    """The way to one destination. `by` is the filter, transformation or function that kept the event back."""

    fate: Fate
    by: str
    took: str

    @property
    def tries(self) -> list[bool]:
        """Whether each try arrived, the oldest first, the last few."""
        return [one.outcome == "delivered" for one in reversed(self.fate.attempts[:SHAPES])]

    @property
    def more_tries(self) -> int:
        return max(len(self.fate.attempts) - SHAPES, 0)

    @property
    def last_try(self) -> str:
        """The id of the newest try; "" without any."""
        return self.fate.attempts[0].id if self.fate.attempts else ""

    @property
    def why(self) -> str:
        """Why it did not arrive, as far as there is more to say than the state."""
        if self.fate.state == "kept_back":
            said = KEPT_BACK.get(self.fate.code, "")
            return ", ".join(filter(None, [f"by {self.by}" if self.by else "", said, self.fate.message]))
        return self.fate.message if self.fate.state in ("dead_letter", "retrying") else ""


@dataclass(frozen=True, slots=True)
class Load:
    """The way into a warehouse."""

    id: str
    name: str
    state: str  # loaded, waiting, left_out, off


@dataclass(frozen=True, slots=True)
class Arrival:
    """One source that the event is in, and what became of it from there on."""

    source: Source
    taken_at: datetime
    index: int
    stopped: str
    code: str
    violations: Sequence[ViolationSample]
    ways: Sequence[Way]
    loads: Sequence[Load]
    may_replay: bool


@dataclass(frozen=True, slots=True)
class WhereItWent:
    """What the template shows: every source that the event is in, today's first; where it is in none, why it is not in today's."""

    arrivals: Sequence[Arrival]
    source: Source | None = None
    passage: Passage | None = None
    why_not: str = ""


def where_it_went(access: Access, row: EventRow, leaf: int | None) -> Panel | None:
    """The panel, for who may see a source that the event is in, or else the one that audit events go to."""
    standing = standing_of(access)
    if standing is None:
        return None
    found = taken_by(standing, [row]).get(row.id, ())
    arrivals = [made for one in found if (made := _arrival(access, standing.sources[one.source_id], one.index))]
    source = standing.source
    if arrivals:
        return Panel(TEMPLATE, WhereItWent(arrivals))
    if source is None:
        return None
    passage = standing.missing(row, leaf)
    why_not = _why_not(access, standing, source, row) if passage is Passage.LEFT_OUT else ""
    return Panel(TEMPLATE, WhereItWent([], source, passage, why_not))


def _arrival(access: Access, source: Source, index: int) -> Arrival | None:
    """None where the inbox dropped it just now."""
    event = next(iter(read_inbox(source.workspace_id, source.id, index, limit=1)), None)
    if event is None:
        return None
    is_through = event.verdict == ACCEPTED
    return Arrival(
        source=source,
        taken_at=event.received_at,
        index=event.index,
        stopped="" if is_through else STOPPED.get(event.verdict, "it goes no further"),
        code="" if is_through else event.verdict,
        violations=_violations(source, event),
        ways=_ways(source, event) if is_through else [],
        loads=_loads(access, source, event) if is_through else [],
        may_replay=access.can(Permission.SOURCE_WRITE, source.id),
    )


def _why_not(access: Access, standing: Standing, source: Source, row: EventRow) -> str:
    """Why forwarding is past an event and did not take it, as far as that can be told now."""
    if is_own_echo(row, source):
        return "the source itself caused it, and forwarding it would cause the next one"
    if standing.forwarding.changed_at > row.event.received_at:
        return "forwarding was set up differently when it came by"
    everything = Viewer(access.workspace_id, sees_all=True, sees_personal=True)
    # With values hidden from this person, what the query says of the event may be something else.
    sees_all_of_it = access.can(Permission.AUDIT_READ_PERSONAL)
    if sees_all_of_it and not is_wanted(row, wanted_by(standing.forwarding.query), everything):
        return "the query of Audit Forwarding does not ask for it"
    return "Audit Forwarding did not take it"


def _violations(source: Source, event: InboxEvent) -> list[ViolationSample]:
    found = ViolationSample.objects.filter(
        workspace_id=source.workspace_id, source_id=source.id, index=event.index
    ).order_by("number")
    return list(found[:VIOLATIONS])


def _ways(source: Source, event: InboxEvent) -> list[Way]:
    fates = fates_of(list(destinations_of(source)), event.index)
    names = _names(source.workspace_id, {one.filter_id for one in fates if one.filter_id})
    return [Way(one, names.get(one.filter_id, ""), _took(one, event)) for one in fates]


def _took(fate: Fate, event: InboxEvent) -> str:
    arrived = [one.at for one in fate.attempts if one.outcome == "delivered"]
    return time_words(arrived[-1] - event.received_at) if fate.state == "delivered" and arrived else ""


def _names(workspace_id: int, ids: Iterable[str]) -> dict[str, str]:
    """What the stages with these ids are called, with what they are."""
    wanted = set(ids)
    kinds: tuple[tuple[str, str, Any, str], ...] = (
        ("flt_", "filter", DestinationFilter, "title"),
        ("trf_", "transformation", SavedTransformation, "name"),
        ("fun_", "function", Function, "name"),
    )
    names: dict[str, str] = {}
    for beginning, word, model, field in kinds:
        if own := [one for one in wanted if one.startswith(beginning)]:
            rows = model.objects.filter(workspace_id=workspace_id, id__in=own)
            names |= {id_: f"the {word} {name}" for id_, name in rows.values_list("id", field)}
    return names


def _loads(access: Access, source: Source, event: InboxEvent) -> list[Load]:
    warehouses = list(visible_warehouses(access).filter(source_ids__contains=[source.id]))
    of = {"workspace_id": source.workspace_id, "warehouse_id__in": [one.id for one in warehouses]}
    feeds = {one.warehouse_id: one for one in WarehouseFeed.objects.filter(**of, source_id=source.id)}
    loads = []
    for one in warehouses:
        feed = feeds.get(one.id)
        if feed and collection_of(event.type, event.name) in feed.left_out:
            state = "left_out"
        elif feed and feed.position > event.index:
            state = "loaded"
        else:
            state = "waiting" if one.is_enabled else "off"
        loads.append(Load(one.id, one.name, state))
    return loads
