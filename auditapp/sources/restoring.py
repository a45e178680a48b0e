"""Brings a deleted source back under its id and address, with a new write key; what it had taken in by then stays where it is."""

from collections.abc import Sequence

from django.db import transaction

from auditapp.access.known_labels import still_known
from auditapp.access.labelling import Labelled, relabelled
from auditapp.access.permissions import Permission, acting_access
from auditapp.lib import clock
from auditapp.lib.errors import Conflict, Invalid
from auditapp.record.drafts import changed
from auditapp.record.services import record
from auditapp.sources.models import SeenEvent, Source, SourceEvent, SourceHead
from auditapp.sources.schema import EventName
from auditapp.sources.services import KIND_NAMES, free_name, free_slug, save_source, whole_of_source
from auditapp.sources.write_keys import make_write_key


class StillThere(Conflict):
    """This source is there: it was brought back already."""


@transaction.atomic
def restore_source(
    *,
    source_id: str,
    name: str,
    kind: str,
    slug: str = "",
    labels: Sequence[str] = (),
    is_enabled: bool = True,
    blocked: Sequence[EventName] = (),
) -> Source:
    """Make a source again under the id that it had. Its old write keys stay dead: what was deleted may have leaked.

    Takes:   slug, which it gets where it is free; labels, of which those that were deleted since are left out; blocked, events that
             it stopped, which it stops again
    Raises:  Denied, Invalid, NameTaken, StillThere, GivesTooMuch
    Writes:  Source, SourceHead, WriteKey, SeenEvent; source.restored
    """
    access = acting_access()
    access.require_everywhere(Permission.SOURCE_CREATE)
    if Source.objects.filter(workspace_id=access.workspace_id, id=source_id).exists():
        raise StillThere
    if kind not in KIND_NAMES:
        raise Invalid("There is no such kind of source.", field="kind", code="unknown_kind")
    source = Source(
        workspace_id=access.workspace_id,
        id=source_id,
        slug="",
        name=free_name(access.workspace_id, name),
        kind=kind,
        labels=relabelled(Labelled("source", source_id), (), still_known(access.workspace_id, labels)),
        is_enabled=is_enabled,
        created_at=clock.now(),
    )
    is_taken = Source.objects.filter(workspace_id=access.workspace_id, slug=slug).exists()
    source.slug = slug if slug and not is_taken else free_slug(source)
    save_source(source, force_insert=True)
    # Its inbox keeps its numbers: what is there from before must not be met by a second event of the same number.
    inbox = SourceEvent.objects.filter(workspace_id=access.workspace_id, source_id=source_id)
    last = inbox.order_by("-index").values_list("index", flat=True).first()
    next_index = 0 if last is None else last + 1
    SourceHead.objects.create(workspace_id=access.workspace_id, source_id=source_id, next_index=next_index)
    make_write_key(source)
    now, here = clock.now(), {"workspace_id": access.workspace_id, "source_id": source_id}
    SeenEvent.objects.bulk_create(
        SeenEvent(**here, type=one.type, name=one.name, is_allowed=False, first_seen_at=now) for one in blocked
    )
    changes = changed({}, whole_of_source(source))
    record("source.restored", target=source, meta={"kind": KIND_NAMES[kind]}, changes=changes)
    return source
