"""The lists of the Events and Actors dropdowns: what occurs in what the viewer may see, and what is already chosen.

Counts come from record's facets; which values are chosen is read from the filter.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from auditapp.catalogue.areas import AREAS
from auditapp.lib.plain_letters import plain
from auditapp.lib.visible_text import search_words
from auditapp.record.event_filter import ANY_END, Choice
from auditapp.record.event_types import OTHER_AREA, OTHER_AREA_NAME, KnownType
from auditapp.record.facets import ActorFacet
from auditapp.trail.address import NOT
from auditapp.trail.dressing import OTHER_ICON

ACTOR_GROUPS: Final = (("Users", ("user",)), ("Access tokens", ("token",)), ("The system", ("system", "service")))


@dataclass(frozen=True, slots=True)
class Option:
    """One value to tick. `is_excluded` where it is left out although the list has no switch, or one that says wanted."""

    value: str
    name: str
    count: int
    is_ticked: bool = False
    is_excluded: bool = False
    note: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class AreaGroup:
    """A product area with the types that occur in it."""

    option: Option
    icon: str
    types: tuple[Option, ...]

    @property
    def is_some(self) -> bool:
        """Whether some of its types are ticked, but not the whole."""
        return not self.option.is_ticked and any(one.is_ticked for one in self.types)

    @property
    def is_open(self) -> bool:
        """Where only some of its types are chosen they must be seen."""
        return self.is_some or any(one.is_excluded for one in self.types)


@dataclass(frozen=True, slots=True)
class ActorGroup:
    """Actors under a heading; `key` is the parameter that a tick of them is."""

    name: str
    actors: tuple[Option, ...]
    key: str = "actor"


@dataclass(frozen=True, slots=True)
class Ticks:
    """How a choice shows as ticks: one switch says whether the ticked values are wanted or left out.

    With values of both kinds the switch says wanted, and those left out are carried along beside it.
    """

    choice: Choice
    is_none_of: bool

    @classmethod
    def of(cls, choice: Choice) -> "Ticks":
        return cls(choice, bool(choice.exclude and not choice.include))

    @property
    def ticked(self) -> tuple[str, ...]:
        return self.choice.exclude if self.is_none_of else self.choice.include

    @property
    def carried(self) -> tuple[str, ...]:
        return () if self.is_none_of else self.choice.exclude

    def option(
        self, value: str, name: str, count: int, *, implied: bool = False, note: str = "", kind: str = ""
    ) -> Option:
        return Option(value, name, count, implied or value in self.ticked, value in self.carried, note, kind)

    def signed(self, value: str, name: str, *, note: str = "", kind: str = "") -> Option:
        """For a list without a switch: a value that is left out is a tick of its own."""
        is_out = value in self.choice.exclude
        is_in = is_out or value in self.choice.include
        return Option(NOT + value if is_out else value, name, 0, is_in, is_out, note, kind)


def joint_ticks(types: Choice, areas: Choice) -> tuple[Ticks, Ticks]:
    """The ticks of types and areas, which share one switch."""
    is_none_of = bool(types.exclude or areas.exclude) and not (types.include or areas.include)
    return Ticks(types, is_none_of), Ticks(areas, is_none_of)


def area_groups(
    counts: Mapping[str, int], kinds: Mapping[str, KnownType], types: Ticks, areas: Ticks, *, find: str = ""
) -> list[AreaGroup]:
    """The eighteen areas in their order, and one for the rest where it has types.

    Takes:   kinds, of every type that occurs or is chosen; find, words that narrow the lists, except for what is chosen
    """
    rows = [(area.key, area.name, area.icon) for area in AREAS]
    rows += [(OTHER_AREA, OTHER_AREA_NAME, OTHER_ICON)]
    known = {key for key, _, _ in rows}
    of_area: dict[str, list[KnownType]] = {key: [] for key in known}
    for kind in kinds.values():
        of_area[kind.area if kind.area in known else OTHER_AREA].append(kind)
    groups = []
    for key, name, icon in rows:
        area = areas.option(key, name, sum(counts.get(kind.key, 0) for kind in of_area[key]))
        options = [
            types.option(kind.key, kind.name, counts.get(kind.key, 0), implied=area.is_ticked) for kind in of_area[key]
        ]
        found = options if _finds(find, name) else [one for one in options if _stays(one, find, one.value)]
        if found or area.is_ticked or area.is_excluded or (key != OTHER_AREA and _finds(find, name)):
            groups.append(AreaGroup(area, icon, tuple(found)))
    return groups


def actor_groups(actors: Sequence[ActorFacet], ticks: Ticks, *, find: str = "") -> list[ActorGroup]:
    """People, tokens and the system, the most active first; the chosen ones also where they did nothing in the range."""
    options = [
        ticks.option(one.id, one.name, one.events, note=one.email or _kind_note(one), kind=one.kind) for one in actors
    ]
    missing = dict.fromkeys([*ticks.ticked, *ticks.carried])
    for one in actors:
        missing.pop(one.id, None)
    options += [ticks.option(actor_id, actor_id, 0, kind=_kind_of(actor_id)) for actor_id in missing]
    groups = []
    for name, kinds in ACTOR_GROUPS:
        found = tuple(one for one in options if one.kind in kinds and _stays(one, find, f"{one.note} {one.value}"))
        if found:
            groups.append(ActorGroup(name, found))
    return groups


def support_group(people: Sequence[ActorFacet], choice: Choice, *, find: str = "") -> list[ActorGroup]:
    """Those who acted in another's name as support, and all of them; a tick that is left out says so by itself."""
    ticks = Ticks.of(choice)
    options = [ticks.signed(ANY_END, "Anybody as support", kind="user")]
    options += [
        replace(ticks.signed(one.id, one.name, note=one.email or "", kind="user"), count=one.events) for one in people
    ]
    known = {one.id for one in people} | {ANY_END}
    options += [ticks.signed(one, one, kind="user") for one in (*choice.include, *choice.exclude) if one not in known]
    found = tuple(one for one in options if _stays(one, find, f"{one.note} {one.value}"))
    return [ActorGroup("Acted as support", found, "support")] if found else []


def _stays(option: Option, find: str, also: str) -> bool:
    return option.is_ticked or option.is_excluded or _finds(find, f"{option.name} {also}")


def _finds(find: str, text: str) -> bool:
    """Whether every word that was typed begins a word of the text, marks on letters aside, as in trail.js."""
    if not find:
        return True
    words = search_words(plain(text))
    return all(any(word.startswith(typed) for word in words) for typed in search_words(plain(find)))


def _kind_note(actor: ActorFacet) -> str:
    return {"token": "Access token", "system": "Built in", "service": "Service"}.get(actor.kind, "")


def _kind_of(actor_id: str) -> str:
    return "token" if actor_id.startswith("tok_") else "system" if actor_id == "system" else "user"


def chosen_count(choices: Iterable[Choice]) -> int:
    """How many values are chosen, for the count on a dropdown's button."""
    return sum(len(choice.include) + len(choice.exclude) for choice in choices)
