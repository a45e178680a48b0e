"""What is done to the filters of destinations. Each is one transaction with its event in it."""

from typing import Any, Final

from django.db import transaction
from django.db.models import Max

from auditapp.access.permissions import acting_access
from auditapp.lib import clock
from auditapp.lib.canonical_json import canonical_bytes
from auditapp.lib.errors import Conflict, Invalid, NotFound
from auditapp.lib.ids import new_id, random_base62
from auditapp.pipeline.delivery.stages import raise_version
from auditapp.pipeline.destination_filters.action_input import actions_of
from auditapp.pipeline.destination_filters.fql import compile_fql
from auditapp.pipeline.destination_filters.models import DestinationFilter
from auditapp.pipeline.destination_filters.queries import filters_of
from auditapp.pipeline.destination_filters.words import in_words
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.queries import destination_for
from auditapp.record.drafts import Change, changed
from auditapp.record.services import record
from auditapp.sources.locking import source_to_change

# As Segment's.
MAX_FILTERS: Final = 10
MAX_TITLE: Final = 64
MAX_DESCRIPTION: Final = 500


class AlreadySo(Conflict):
    """The filter is in this state already. Somebody may have been faster; reload the page."""


class TooMany(Conflict):
    """A destination has at most 10 filters. Change one, or delete one first."""


@transaction.atomic
def create_filter(
    *, destination_id: str, title: str, condition: str, actions: Any, description: str = "", is_enabled: bool = True
) -> DestinationFilter:
    """Make a filter of a destination; what is sent from now on goes through it.

    Raises:  NotFound, Denied, Invalid, TooMany
    Writes:  DestinationFilter, Destination, Delivery; destination_filter.created
    """
    destination = destination_to_filter(destination_id)
    there = filters_of(destination)
    if there.count() >= MAX_FILTERS:
        raise TooMany
    one = DestinationFilter(
        workspace_id=destination.workspace_id,
        id=new_id("flt"),
        source_id=destination.source_id,
        destination_id=destination.id,
        is_enabled=is_enabled,
        position=next_position(destination),
        created_at=clock.now(),
    )
    define(one, title, condition, actions, description)
    one.save(force_insert=True)
    raise_version(destination)
    record("destination_filter.created", target=[one, destination], changes=changed({}, _told(one)))
    return one


@transaction.atomic
def change_filter(
    *, destination_id: str, filter_id: str, title: str, condition: str, actions: Any, description: str = ""
) -> DestinationFilter:
    """Change what a filter does, and to which events.

    Raises:  NotFound, Denied, Invalid
    Writes:  DestinationFilter, Destination, Delivery; destination_filter.modified, unless nothing differs
    """
    one, destination = _to_change(destination_id, filter_id)
    before = _told(one)
    define(one, title, condition, actions, description)
    if changes := changed(before, _told(one)):
        one.save()
        raise_version(destination)
        record("destination_filter.modified", target=[one, destination], changes=changes)
    return one


@transaction.atomic
def enable_filter(*, destination_id: str, filter_id: str) -> DestinationFilter:
    """Let a filter work again.

    Raises:  NotFound, Denied, AlreadySo
    Writes:  DestinationFilter, Destination, Delivery; destination_filter.enabled
    """
    return _switch(destination_id, filter_id, on=True)


@transaction.atomic
def disable_filter(*, destination_id: str, filter_id: str) -> DestinationFilter:
    """Let events pass by a filter.

    Raises:  NotFound, Denied, AlreadySo
    Writes:  DestinationFilter, Destination, Delivery; destination_filter.disabled
    """
    return _switch(destination_id, filter_id, on=False)


@transaction.atomic
def delete_filter(*, destination_id: str, filter_id: str) -> None:
    """Delete a filter.

    Raises:  NotFound, Denied
    Writes:  DestinationFilter, Destination, Delivery; destination_filter.deleted
    """
    one, destination = _to_change(destination_id, filter_id)
    _delete(one, destination)
    raise_version(destination)


def delete_filters_of(destination: Destination) -> None:
    """Delete the filters of a destination that is being deleted, in that transaction.

    Writes:  DestinationFilter; destination_filter.deleted for each
    """
    for one in filters_of(destination).select_for_update():
        _delete(one, destination)


def destination_to_filter(destination_id: str) -> Destination:
    """The destination, locked after its source, where whoever acts may change it.

    Raises:  NotFound, Denied
    """
    found = destination_for(acting_access(), destination_id)
    source_to_change(found.source_id)
    return Destination.objects.select_for_update().get(workspace_id=found.workspace_id, id=found.id)


def next_position(destination: Destination) -> int:
    """The place behind the other filters."""
    return (filters_of(destination).aggregate(last=Max("position"))["last"] or 0) + 1


def define(one: DestinationFilter, title: str, condition: str, actions: Any, description: str) -> None:
    """Say what a filter does, and to which events.

    Raises:  Invalid
    """
    one.title, one.description, one.condition = title.strip(), description.strip(), condition.strip()
    if not one.title:
        raise Invalid("Give the filter a title.", field="title", code="required")
    for field, text, most in (("title", one.title, MAX_TITLE), ("description", one.description, MAX_DESCRIPTION)):
        if len(text) > most:
            raise Invalid(f"Write at most {most} characters.", field=field, code="too_long")
    compile_fql(one.condition)
    actions_of(actions)
    one.actions = actions
    # PostgreSQL's JSON holds no NUL, and JSON no half of a surrogate pair.
    if b"\\u0000" in canonical_bytes([one.title, one.description, one.condition, one.actions]):
        raise Invalid("A NUL character cannot be stored.", field="title", code="bad_character")
    one.revision, one.updated_at = random_base62(12), clock.now()


def whole_of_filter(one: DestinationFilter) -> dict[str, Any]:
    """All that events tell of a filter, which is what one that was deleted comes back with."""
    return {**_told(one), "enabled": one.is_enabled, "position": one.position}


def _delete(one: DestinationFilter, destination: Destination) -> None:
    record("destination_filter.deleted", target=[one, destination], changes=changed(whole_of_filter(one), {}))
    one.delete()


def _switch(destination_id: str, filter_id: str, *, on: bool) -> DestinationFilter:
    one, destination = _to_change(destination_id, filter_id)
    if one.is_enabled is on:
        raise AlreadySo
    one.is_enabled = on
    one.save(update_fields=["is_enabled"])
    raise_version(destination)
    name = f"destination_filter.{'enabled' if on else 'disabled'}"
    record(name, target=[one, destination], changes=[Change("enabled", not on, on)])
    return one


def _to_change(destination_id: str, filter_id: str) -> tuple[DestinationFilter, Destination]:
    destination = destination_to_filter(destination_id)
    one = filters_of(destination).select_for_update().filter(id=filter_id).first()
    if one is None:
        raise NotFound
    return one, destination


def _told(one: DestinationFilter) -> dict[str, Any]:
    if not one.actions:
        return {}
    said = {"title": one.title, "description": one.description, "condition": one.condition}
    return {key: value for key, value in said.items() if value} | {"actions": in_words(one.actions)}
