"""Brings a deleted filter back, as its deletion told of it."""

from collections.abc import Sequence

from django.db import transaction

from auditapp.lib import clock
from auditapp.lib.errors import Conflict, NotFound
from auditapp.pipeline.delivery.stages import raise_version
from auditapp.pipeline.destination_filters.models import DestinationFilter
from auditapp.pipeline.destination_filters.queries import filters_of
from auditapp.pipeline.destination_filters.services import (
    MAX_FILTERS,
    TooMany,
    define,
    destination_to_filter,
    next_position,
    whole_of_filter,
)
from auditapp.pipeline.destination_filters.words import from_words
from auditapp.record.drafts import changed
from auditapp.record.services import record


class StillThere(Conflict):
    """This filter is there: it was brought back already."""


class DestinationGone(Conflict):
    """The destination that this filter belonged to is not there any more. Undo its deletion first."""


@transaction.atomic
def restore_filter(
    *,
    filter_id: str,
    destination_id: str,
    title: str,
    condition: str,
    actions: Sequence[str],
    description: str = "",
    is_enabled: bool = True,
    position: int = 0,
) -> DestinationFilter:
    """Make a filter again under the id that it had; what is sent from now on goes through it.

    Takes:   actions, in words; position, 0 for behind the others
    Raises:  Denied, Invalid, TooMany, StillThere, DestinationGone
    Writes:  DestinationFilter, Destination, Delivery; destination_filter.restored
    """
    try:
        destination = destination_to_filter(destination_id)
    except NotFound:
        raise DestinationGone from None
    there = filters_of(destination)
    if DestinationFilter.objects.filter(workspace_id=destination.workspace_id, id=filter_id).exists():
        raise StillThere
    if there.count() >= MAX_FILTERS:
        raise TooMany
    one = DestinationFilter(
        workspace_id=destination.workspace_id,
        id=filter_id,
        source_id=destination.source_id,
        destination_id=destination.id,
        is_enabled=is_enabled,
        position=position or next_position(destination),
        created_at=clock.now(),
    )
    define(one, title, condition, from_words(actions), description)
    one.save(force_insert=True)
    raise_version(destination)
    record("destination_filter.restored", target=[one, destination], changes=changed({}, whole_of_filter(one)))
    return one
