"""The door to the catalogue: every area and event type, by key, by name and by area.

What types are is in `types`, what they say in the files of the areas; types of one workspace are not here.
"""

from collections.abc import Iterable, Mapping
from itertools import chain
from types import MappingProxyType

from auditapp.catalogue import (
    alert_rules,
    audiences,
    consent,
    destinations,
    functions,
    journeys,
    profiles,
    reverts,
    roles,
    single_sign_on,
    source_schema,
    sources,
    tracking_plans,
    users,
    warehouses,
    workspace,
)
from auditapp.catalogue.areas import AREAS
from auditapp.catalogue.types import Area, EventType

__all__ = ["AREAS", "EVENT_TYPES", "CatalogueFault", "area", "by_name", "event_type", "types_of"]


class CatalogueFault(Exception):
    """Two declarations of the catalogue contradict each other."""


def by_key(types: Iterable[EventType]) -> Mapping[str, EventType]:
    """Index event types by key.

    Raises:  CatalogueFault, when a key is declared twice
    """
    found: dict[str, EventType] = {}
    for declared in types:
        if declared.key in found:
            raise CatalogueFault(f"The event type {declared.key!r} is declared twice.")
        found[declared.key] = declared
    return MappingProxyType(found)


def by_any_name(types: Iterable[EventType]) -> Mapping[str, EventType]:
    """Index event types by display name and alias, without regard to case.

    Raises:  CatalogueFault, when a name is declared twice
    """
    found: dict[str, EventType] = {}
    for declared in types:
        for name in (declared.name, *declared.aliases):
            if other := found.get(name.casefold()):
                raise CatalogueFault(f"The name {name!r} of {declared.key!r} is already taken by {other.key!r}.")
            found[name.casefold()] = declared
    return MappingProxyType(found)


def by_area(types: Iterable[EventType], areas: Iterable[Area]) -> Mapping[str, tuple[EventType, ...]]:
    """Group event types by area, in the order of the areas and of their declaration.

    Raises:  CatalogueFault, when a type names an area that does not exist
    """
    found: dict[str, list[EventType]] = {area.key: [] for area in areas}
    for declared in types:
        if declared.area not in found:
            raise CatalogueFault(f"The event type {declared.key!r} names an unknown area, {declared.area!r}.")
        found[declared.area].append(declared)
    return MappingProxyType({key: tuple(group) for key, group in found.items()})


_DECLARED: tuple[EventType, ...] = (
    *sources.TYPES,
    *source_schema.TYPES,
    *functions.TYPES,
    *warehouses.TYPES,
    *destinations.TYPES,
    *consent.TYPES,
    *tracking_plans.TYPES,
    *audiences.TYPES,
    *profiles.TYPES,
    *users.TYPES,
    *single_sign_on.TYPES,
    *roles.TYPES,
    *journeys.TYPES,
    *workspace.TYPES,
    *alert_rules.TYPES,
    *reverts.TYPES,
)

_TYPES_BY_NAME = by_any_name(_DECLARED)
_AREAS_BY_KEY: Mapping[str, Area] = {area.key: area for area in AREAS}
_TYPES_BY_AREA = by_area(_DECLARED, AREAS)

# In the order of the dropdown; within an area as its file declares them.
EVENT_TYPES: Mapping[str, EventType] = by_key(chain.from_iterable(_TYPES_BY_AREA.values()))


def event_type(key: str) -> EventType | None:
    """The declared type with this key."""
    return EVENT_TYPES.get(key)


def by_name(name: str) -> EventType | None:
    """The declared type with this display name or alias."""
    return _TYPES_BY_NAME.get(name.casefold())


def types_of(area_key: str) -> tuple[EventType, ...]:
    """The declared types of one area, none when there is no such area."""
    return _TYPES_BY_AREA.get(area_key, ())


def area(key: str) -> Area | None:
    """The product area with this key."""
    return _AREAS_BY_KEY.get(key)
