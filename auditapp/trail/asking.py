"""What a request asks of the trail: by its parameters, by the query box, by a day to go to, or by opening it with nothing."""

from dataclasses import dataclass, replace
from typing import Final
from zoneinfo import ZoneInfo

from auditapp.access.requests import WorkspaceRequest
from auditapp.lib.errors import Invalid
from auditapp.trail.address import ALL, MATCH, VIEW, Address
from auditapp.trail.filters import TrailQuery, jump_key, read_query
from auditapp.trail.query_box import BESIDE_FILTERS, read_box, with_unsent
from auditapp.trail.saved_views.queries import address_of, default_view

QUERY, JUMP = "query", "jump"
QUERY_BEFORE: Final = "query_before"  # sent by trail.js with the dropdowns, where the box holds what was not sent yet
# Where everything is asked for by somebody whose trail opens with a view.
EVERYTHING: Final = f"{VIEW}={ALL}"


@dataclass(frozen=True, slots=True)
class Asked:
    """The query, and whether it was not asked by its own address: then that is where to go."""

    query: TrailQuery
    is_elsewhere: bool


def what_is_asked(
    request: WorkspaceRequest, address: Address, *, zone: ZoneInfo, is_page: bool, has_links: bool
) -> Asked:
    """The query of a request.

    Takes:   address, that the parameters of filters mean; is_page, whether a whole page is asked for, which may open with a default view;
             has_links, whether the answer leads to addresses of the trail
    """
    opens_with = default_view(request.member_permissions) if has_links else None
    address = replace(address, bare=EVERYTHING if opens_with else "")
    parameters = request.GET
    if is_page and opens_with and not parameters:
        return Asked(read_query(address_of(opens_with, address), zone=zone), True)
    if (typed := parameters.get(QUERY)) is not None:
        if (before := parameters.get(QUERY_BEFORE)) is not None:
            typed = with_unsent(address, typed, before, request.viewer)
        return _typed(request, typed, address, zone)
    if day := parameters.get(JUMP, "").strip():
        return _at_day(day, address, zone)
    return Asked(read_query(address, zone=zone), _is_of_form(request))


def typed_address(path: str, query: TrailQuery) -> str:
    """Where the query stands in the browser: as it was typed, where it is not sound, so that a reload says so again."""
    if query.typed is None or not query.problems:
        return str(query.address)
    return str(
        Address(path, ((QUERY, query.typed), *(pair for pair in query.address.pairs if pair[0] in BESIDE_FILTERS)))
    )


def _typed(request: WorkspaceRequest, text: str, address: Address, zone: ZoneInfo) -> Asked:
    box = read_box(text, address, request.viewer)
    query = read_query(box.address, zone=zone)
    return Asked(replace(query, typed=text if box.problems else None, problems=box.problems), not box.problems)


def _at_day(day: str, address: Address, zone: ZoneInfo) -> Asked:
    query = read_query(address, zone=zone)
    try:
        key = jump_key(day, zone=query.zone)
    except Invalid as refused:
        return Asked(replace(query, errors=query.errors | {JUMP: refused.message}), False)
    return Asked(read_query(address.having("older", str(key)), zone=zone), True)


def _is_of_form(request: WorkspaceRequest) -> bool:
    """Whether a form without scripts made this address, with its empty fields and switches."""
    return any(key in MATCH.values() or not value for key, value in request.GET.items())
