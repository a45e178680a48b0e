"""The filters of a destination that are on, compiled and kept by revision in each process."""

from typing import Final

from auditapp.lib.errors import AppError
from auditapp.pipeline.destination_filters.action_input import actions_of
from auditapp.pipeline.destination_filters.actions import Action, ActionType, Event, Filter, FilterChain
from auditapp.pipeline.destination_filters.fql import Condition, compile_fql
from auditapp.pipeline.destination_filters.fql_errors import FqlFailed
from auditapp.pipeline.destination_filters.models import DestinationFilter

REMEMBERED: Final = 2_000
_compiled: dict[tuple[int, str, str], Filter] = {}


def filter_chain(workspace_id: int, destination_id: str) -> FilterChain:
    """What an event goes through on its way to a destination, for one query."""
    rows = DestinationFilter.objects.filter(
        workspace_id=workspace_id, destination_id=destination_id, is_enabled=True
    ).order_by("position", "id")
    return FilterChain([_remembered(one) for one in rows])


def compiled(one: DestinationFilter) -> Filter:
    """A stored filter, ready. One that cannot be made stops the events: fail closed."""
    try:
        return Filter(one.id, compile_fql(one.condition), actions_of(one.actions))
    except AppError as fault:
        message = fault.message

        def fail(event: Event) -> bool:
            raise FqlFailed(message)

        return Filter(one.id, Condition(one.condition, fail), (Action(ActionType.DROP),))


def _remembered(one: DestinationFilter) -> Filter:
    key = (one.workspace_id, one.id, one.revision)
    if key not in _compiled:
        if len(_compiled) > REMEMBERED:
            _compiled.clear()
        _compiled[key] = compiled(one)
    return _compiled[key]
