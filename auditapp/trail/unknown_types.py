"""Chosen event types that mean nothing so far: no catalogue knows them, nobody declared them, and no event has them."""

from collections.abc import Collection
from difflib import get_close_matches
from typing import Final

from auditapp.record.event_filter import ANY_END, Choice, EventFilter
from auditapp.record.event_query import Count, visible_events
from auditapp.record.event_types import CATALOGUE, declared_types
from auditapp.record.viewer import Viewer

ASKED_ABOUT: Final = 5
ALIKE: Final = 0.7  # of 1: a letter left out or two changed places, not another word


def unknown_types(viewer: Viewer, chosen: Choice, occurring: Collection[str]) -> dict[str, str]:
    """The first few chosen types that nothing is known of, each with the known type most like it, or nothing.

    Takes:   occurring, types that the viewer is known to see events of
    """
    missing = [key for key in (*chosen.include, *chosen.exclude) if not _is_one_of(key, {*CATALOGUE, *occurring})]
    if not missing:
        return {}
    known = {*CATALOGUE, *occurring, *(kind.key for kind in declared_types(viewer.workspace_id))}
    events = visible_events(viewer)
    return {
        key: _most_like(key, known)
        for key in missing[:ASKED_ABOUT]
        if not _is_one_of(key, known)
        and events.count(EventFilter(types=Choice((key,)), with_reads=True), up_to=1) == Count(0)
    }


def _is_one_of(key: str, known: Collection[str]) -> bool:
    """Whether a type, or the beginning of one, is among these."""
    if not key.endswith(ANY_END):
        return key in known
    return any(one.startswith(key.removesuffix(ANY_END)) for one in known)


def _most_like(key: str, known: Collection[str]) -> str:
    offered = {f"{one.rpartition('.')[0]}.{ANY_END}" for one in known} if key.endswith(ANY_END) else known
    return next(iter(get_close_matches(key, sorted(offered), 1, ALIKE)), "")
