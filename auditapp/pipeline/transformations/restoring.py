"""Brings a deleted transformation back, as its deletion told of it. The key of its hash was never told: without it, it stays off."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from auditapp.lib import clock
from auditapp.lib.errors import Conflict, NotFound
from auditapp.pipeline.destinations.queries import destinations_of
from auditapp.pipeline.transformations.models import SavedTransformation
from auditapp.pipeline.transformations.services import save_new, told_as_new
from auditapp.pipeline.transformations.telling import definition_of
from auditapp.record.services import record
from auditapp.sources.locking import source_to_change


class StillThere(Conflict):
    """This transformation is there: it was brought back already."""


class PlaceGone(Conflict):
    """The source or destination that this transformation belonged to is not there any more. Undo its deletion first."""


@transaction.atomic
def restore_transformation(
    *,
    transformation_id: str,
    source_id: str,
    name: str,
    said: Mapping[str, Any],
    destination_id: str = "",
    hash_key: str = "",
    is_keyed: bool = False,
    is_enabled: bool = True,
) -> SavedTransformation:
    """Make a transformation again under the id that it had; events that come in from now on go through it.

    Takes:   said, what it does as events tell it; is_keyed, whether its hash had a key: without it, it is there and off
    Raises:  Denied, Invalid, AlreadyChanged, StillThere, PlaceGone
    Writes:  SavedTransformation, Destination, Delivery; transformation.restored
    """
    try:
        source = source_to_change(source_id)
    except NotFound:
        raise PlaceGone from None
    if destination_id and not destinations_of(source).filter(id=destination_id).exists():
        raise PlaceGone
    if SavedTransformation.objects.filter(workspace_id=source.workspace_id, id=transformation_id).exists():
        raise StillThere
    one = SavedTransformation(
        workspace_id=source.workspace_id,
        id=transformation_id,
        source_id=source.id,
        destination_id=destination_id,
        is_enabled=is_enabled and (bool(hash_key) or not is_keyed),
        created_at=clock.now(),
    )
    save_new(one, name, definition_of(said), hash_key)
    record("transformation.restored", target=[one, source], changes=told_as_new(one))
    return one
