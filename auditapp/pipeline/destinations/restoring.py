"""Brings a deleted destination back, as its deletion told of it. Its secrets were never told: it is off until it was tested."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from auditapp.lib import clock
from auditapp.lib.errors import Conflict, NotFound
from auditapp.lib.webhook_signature import new_secret
from auditapp.pipeline.delivery.positions import open_delivery
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.queries import destinations_of
from auditapp.pipeline.destinations.registry import destination_kind
from auditapp.pipeline.destinations.services import MAX_OF_SOURCE, free_name, save_destination, whole_of_destination
from auditapp.pipeline.destinations.setup import Secrets, SigningSecret, checked_form, checked_settings
from auditapp.record.drafts import changed
from auditapp.record.services import record
from auditapp.sources.locking import source_to_change


class StillThere(Conflict):
    """This destination is there: it was brought back already."""


class SourceGone(Conflict):
    """The source that this destination belonged to is not there any more. Undo its deletion first."""


@transaction.atomic
def restore_destination(
    *, destination_id: str, source_id: str, kind: str, name: str, settings: Mapping[str, Any], form: str = "segment"
) -> Destination:
    """Make a destination again under the id that it had. It is off, and begins at the end of the inbox.

    Takes:   settings, of which those that its kind does not know any more are left out
    Raises:  Denied, Invalid, NameTaken, StillThere, SourceGone
    Writes:  Destination, Delivery; destination.restored
    """
    try:
        source = source_to_change(source_id)
    except NotFound:
        raise SourceGone from None
    if Destination.objects.filter(workspace_id=source.workspace_id, id=destination_id).exists():
        raise StillThere
    if destinations_of(source).count() >= MAX_OF_SOURCE:
        raise Conflict(f"A source has at most {MAX_OF_SOURCE} destinations.")
    of_kind = destination_kind(kind)
    known = {one.name for one in of_kind.fields if not one.is_secret}
    given = {path: value for path, value in settings.items() if path in known}
    values, _ = checked_settings(of_kind, given, with_secrets=False)
    signing = (SigningSecret(new_secret()),) if of_kind.signs else ()
    destination = Destination(
        workspace_id=source.workspace_id,
        id=destination_id,
        source_id=source.id,
        kind=kind,
        name=free_name(source.workspace_id, name),
        form=checked_form(of_kind, form),
        settings=values,
        secrets=Secrets({}, signing).sealed(),
        created_at=clock.now(),
    )
    save_destination(destination, force_insert=True)
    open_delivery(destination)
    changes = changed({}, whole_of_destination(destination))
    record("destination.restored", target=[destination, source], meta={"kind": of_kind.name}, changes=changes)
    return destination
