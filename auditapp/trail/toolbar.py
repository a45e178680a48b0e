"""The toolbar above the list: what its dropdowns offer, what is ticked in them, and the chips below."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from auditapp.catalogue import registry
from auditapp.record.event_filter import ANY_END, Choice
from auditapp.record.event_row import EventRow
from auditapp.record.event_types import OTHER_AREA, KnownType, known_types
from auditapp.record.facets import Facets
from auditapp.record.query_language import QueryProblem
from auditapp.record.viewer import Viewer
from auditapp.trail.address import VIEW, Address
from auditapp.trail.chips import ACTOR_KINDS, OUTCOMES, RISKS, Chip, chips_of
from auditapp.trail.dressing import OTHER_ICON, Html
from auditapp.trail.facet_lists import (
    ActorGroup,
    AreaGroup,
    Option,
    Ticks,
    actor_groups,
    area_groups,
    chosen_count,
    joint_ticks,
    support_group,
)
from auditapp.trail.facet_rows import actor_options, event_options
from auditapp.trail.filters import TrailQuery
from auditapp.trail.moments import PageTime
from auditapp.trail.query_box import BESIDE_FILTERS, box_text, read_box
from auditapp.trail.ranges import Preset, presets, range_name
from auditapp.trail.supporters import SUPPORT, supporters_seen
from auditapp.trail.unknown_types import unknown_types

RESOURCES_OFFERED: Final = 12
BOX_KEYS: Final = {"target", "token", "request", "session", "reason", "q", VIEW}


@dataclass(frozen=True, slots=True)
class Toolbar:
    """All that the toolbar's templates show; the numbers on its buttons are how many values are chosen."""

    query: TrailQuery
    zone_name: str
    home_zone_name: str
    groups: list[AreaGroup]
    actors: list[ActorGroup]
    resources: list[Option]
    outcomes: list[Option]
    types: Ticks
    areas: Ticks
    actor_ticks: Ticks
    chips: list[Chip]
    presets: list[Preset]
    range_name: str
    can_see_addresses: bool
    text: str
    problems: tuple[QueryProblem, ...]
    risks: list[Option]
    actor_kinds: list[Option]

    def one(self, key: str) -> str:
        """The value of a key that a field shows."""
        return next(iter(self.query.address.values(key)), "")

    @property
    def words_error(self) -> str:
        """What is wrong with the words, where it is not said at a place of the box: it cannot show what holds no word."""
        message = self.query.errors.get("q", "")
        return "" if any(problem.message == message for problem in self.problems) else message

    @property
    def beside_filters(self) -> list[tuple[str, str]]:
        """The zone, the view and whether retries are folded as the address says them, for the query box to keep."""
        return [pair for pair in self.query.address.pairs if pair[0] in BESIDE_FILTERS]

    @property
    def carried(self) -> list[tuple[str, str]]:
        """What the dropdowns cannot say, for the form of the dropdowns to keep."""
        return [pair for pair in self.query.address.pairs if pair[0] in BOX_KEYS]

    @property
    def range_fields(self) -> list[tuple[str, str, str, str, str]]:
        """Key, label, type of input, value and message of both ends."""
        labels = (("from", "From"), ("to", "To, with all of it"))
        values = [(key, label, self.one(key), self.query.errors.get(key, "")) for key, label in labels]
        return [(key, label, "datetime-local" if "T" in v else "date", v, error) for key, label, v, error in values]

    @property
    def range_words(self) -> str:
        return next((chip.text for chip in self.chips if chip.keys == ("from", "to")), "")

    @property
    def without_more(self) -> Address:
        return self.query.address.without("risk", "outcome", "actor_kind", "ip", "reads")

    @property
    def with_reads(self) -> Address:
        return self.query.address.having("reads", "1")

    @property
    def without_events(self) -> Address:
        return self.query.address.without("event", "area")

    @property
    def without_actors(self) -> Address:
        return self.query.address.without("actor", "support")

    @property
    def addresses(self) -> list[str]:
        return self.query.address.values("ip") or [""]

    @property
    def event_options(self) -> Html:
        return event_options(self.groups, is_open=bool(self.event_find))

    @property
    def actor_options(self) -> Html:
        return actor_options(self.actors)

    @property
    def event_find(self) -> str:
        return self.one("event_q")

    @property
    def actor_find(self) -> str:
        return self.one("actor_q")

    @property
    def event_count(self) -> int:
        return chosen_count([self.query.wanted.types, self.query.wanted.areas])

    @property
    def actor_count(self) -> int:
        return chosen_count([self.query.wanted.actors, self.query.wanted.behind])

    @property
    def resource_count(self) -> int:
        return chosen_count([self.query.wanted.resources])

    @property
    def more_count(self) -> int:
        wanted = self.query.wanted
        return chosen_count([wanted.risks, wanted.outcomes, wanted.actor_kinds, wanted.ips]) + wanted.with_reads

    @property
    def type_total(self) -> int:
        return sum(len(group.types) for group in self.groups)


def toolbar_of(
    viewer: Viewer, query: TrailQuery, time: PageTime, found: Facets, rows: Sequence[EventRow], *, home: PageTime
) -> Toolbar:
    """The toolbar for a query and what it found.

    Takes:   rows, of the page, whose resources are offered; home, the time of the workspace's own zone
    """
    wanted = query.wanted
    chosen_types = (*wanted.types.include, *wanted.types.exclude)
    kinds = _in_order(_with_beginnings(known_types(viewer.workspace_id, [*found.types, *chosen_types])))
    types, areas = joint_ticks(wanted.types, wanted.areas)
    actor_ticks = Ticks.of(wanted.actors)
    text = box_text(query.address, found.actors) if query.typed is None else query.typed
    event_find, actor_find = (next(iter(query.address.values(key)), "") for key in ("event_q", "actor_q"))
    is_offered = bool(wanted.behind) or any(key.startswith(SUPPORT) for key in found.types)
    supporters = supporters_seen(viewer, wanted) if is_offered else []
    return Toolbar(
        query,
        time.zone_name,
        home.zone_name,
        area_groups(found.types, kinds, types, areas, find=event_find),
        [
            *actor_groups(found.actors, actor_ticks, find=actor_find),
            *(support_group(supporters, wanted.behind, find=actor_find) if is_offered else []),
        ],
        list(_resources(rows, Ticks.of(wanted.resources))),
        _signed(wanted.outcomes, OUTCOMES),
        types,
        areas,
        actor_ticks,
        chips_of(
            query,
            time,
            type_names={key: kind.name for key, kind in kinds.items()},
            actor_names={actor.id: actor.name for actor in (*supporters, *found.actors)},
            unknown_types=unknown_types(viewer, wanted.types, found.types),
        ),
        presets(query, time),
        range_name(query, time),
        viewer.sees_personal,
        text,
        query.problems or _problems(text, query),
        _signed(wanted.risks, RISKS),
        _signed(wanted.actor_kinds, ACTOR_KINDS),
    )


def _problems(text: str, query: TrailQuery) -> tuple[QueryProblem, ...]:
    """What is wrong with an address, at its places in the line that stands for it."""
    return read_box(text, query.address.without_filters()).problems if query.errors else ()


def _signed(choice: Choice, names: Mapping[str, str]) -> list[Option]:
    return [Ticks.of(choice).signed(value, name) for value, name in names.items()]


def _with_beginnings(kinds: dict[str, KnownType]) -> dict[str, KnownType]:
    """`source.*` stands first among the types that it means, as a tick of its own."""
    return {key: _beginning(kind) if key.endswith(ANY_END) else kind for key, kind in kinds.items()}


def _beginning(kind: KnownType) -> KnownType:
    start = kind.key.removesuffix(ANY_END)
    area = next((one.area for one in registry.EVENT_TYPES.values() if one.key.startswith(start)), OTHER_AREA)
    return replace(kind, name=f"All of {kind.key}", area=area)


def _in_order(kinds: dict[str, KnownType]) -> dict[str, KnownType]:
    """Types in the catalogue's order, then the others by name."""
    place = {key: number for number, key in enumerate(registry.EVENT_TYPES)}

    def order(key: str) -> tuple[bool, int, str]:
        return not key.endswith(ANY_END), place.get(key, len(place)), kinds[key].name.casefold()

    return {key: kinds[key] for key in sorted(kinds, key=order)}


def _resources(rows: Iterable[EventRow], ticks: Ticks) -> Iterator[Option]:
    """The chosen resources, and those of the page, the most frequent first."""
    seen: dict[str, Option] = {}
    counts: dict[str, int] = {}
    for row in rows:
        if (target := row.resource) is None or not target.id:
            continue
        value = f"{target.type}:{target.id}"
        counts[value] = counts.get(value, 0) + 1
        area = registry.area(row.event.area)
        name, kind = target.name or target.id, target.type.replace("_", " ").capitalize()
        seen.setdefault(value, ticks.signed(value, name, note=kind, kind=area.icon if area else OTHER_ICON))
    for value in (*ticks.choice.include, *ticks.choice.exclude):
        if value not in seen:
            kind, _, resource_id = value.partition(":")
            yield ticks.signed(value, resource_id or f"Any {kind}", note=kind.replace("_", " ").capitalize())
    for value in sorted(seen, key=lambda one: -counts[one])[:RESOURCES_OFFERED]:
        yield seen[value]
