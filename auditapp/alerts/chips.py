"""The query of a rule on its form: read with its problems, shown as chips and as people write it."""

from dataclasses import replace

from auditapp.access.requests import WorkspaceRequest
from auditapp.alerts.services import RuleInput
from auditapp.record.event_filter import EventFilter
from auditapp.record.event_types import known_types
from auditapp.record.facets import ActorFacet, facets
from auditapp.trail.address import Address, read_address
from auditapp.trail.chips import Chip, chips_of
from auditapp.trail.filters import read_query
from auditapp.trail.moments import PageTime, zone_named
from auditapp.trail.query_box import Box, box_text, read_box

# A rule looks at what is to come.
RANGE = ("from", "to")


def box_for(request: WorkspaceRequest, line: str) -> Box:
    """What a line asks for, with names of actors looked up among those whom the person may see."""
    return read_box(line, Address(""), request.viewer)


def line_for(given: RuleInput, box: Box) -> RuleInput:
    """The input with its query in canonical form."""
    return replace(given, query=box_text(box.address))


def chips_for(request: WorkspaceRequest, line: str) -> tuple[list[Chip], list[str]]:
    """A line as chips, and what is wrong with it."""
    box = box_for(request, line)
    zone = zone_named(request.workspace.time_zone)
    query = read_query(box.address, zone=zone)
    types = {*query.wanted.types.include, *query.wanted.types.exclude}
    chips = chips_of(
        query,
        PageTime.in_zone(zone),
        type_names={key: kind.name for key, kind in known_types(request.workspace.id, types).items()},
        actor_names={one.id: one.name for one in _actors(request, box.address)},
    )
    return chips, [str(problem) for problem in box.problems]


def readable_line(request: WorkspaceRequest, line: str | None) -> str:
    """A line in canonical form as people write it, actors by their e-mail addresses.

    Takes:   line, None for the filters that the trail was left with, or the line in `query`, of this request
    """
    if line is not None:
        address = read_box(line, Address("")).address
    elif "query" in request.GET:
        return request.GET["query"]
    else:
        address = read_address("", request.GET, keep_finds=False).without(*RANGE)
    return box_text(address, _actors(request, address))


def _actors(request: WorkspaceRequest, address: Address) -> list[ActorFacet]:
    return facets(request.viewer, EventFilter()).actors if address.values("actor") else []
