"""What is done to transformations. Each is one transaction with its event in it; the key of a hash is sealed before it is stored."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from auditapp.access.permissions import acting_access
from auditapp.catalogue.declaring import WITHHELD
from auditapp.lib import clock
from auditapp.lib.canonical_json import canonical_bytes
from auditapp.lib.errors import Conflict, Invalid
from auditapp.lib.ids import new_id, random_base62
from auditapp.lib.secret_box import seal
from auditapp.pipeline.delivery.stages import raise_versions
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.queries import destinations_of
from auditapp.pipeline.transformations.definition import transformation_of
from auditapp.pipeline.transformations.kinds import KINDS, event_of, kinds_of
from auditapp.pipeline.transformations.models import SavedTransformation
from auditapp.pipeline.transformations.queries import transformation_for
from auditapp.pipeline.transformations.telling import told
from auditapp.record.drafts import Change, changed
from auditapp.record.services import record
from auditapp.sources.locking import source_to_change
from auditapp.sources.models import Source

MAX_TRANSFORMATIONS = 100


class AlreadySo(Conflict):
    """The transformation is in this state already. Somebody may have been faster; reload the page."""


class AlreadyChanged(Invalid):
    """Another transformation of this source does this to these events already. Change that one, or delete it first."""

    def __init__(self, other: SavedTransformation, kind: str) -> None:
        name = KINDS[kind].name
        super().__init__(
            f"“{other.name}” does this to the same events already ({name}). One source has one of each kind for an event: "
            "change that one, or delete it first.",
            field="condition",
            code="already_changed",
        )


@transaction.atomic
def create_transformation(
    *,
    source_id: str,
    name: str,
    definition: Mapping[str, Any],
    hash_key: str = "",
    is_enabled: bool = True,
    destination_id: str = "",
) -> SavedTransformation:
    """Make a transformation of a source; events that come in from now on go through it.

    Takes:   destination_id, of one of its destinations, to change alone what is sent there
    Raises:  NotFound, Denied, Invalid with a pointer to each problem of the definition, AlreadyChanged
    Writes:  SavedTransformation, Destination, Delivery; transformation.created
    """
    source = source_to_change(source_id)
    one = SavedTransformation(
        workspace_id=source.workspace_id,
        id=new_id("trf"),
        source_id=source.id,
        destination_id=_destination_id(source, destination_id),
        is_enabled=is_enabled,
        created_at=clock.now(),
    )
    save_new(one, name, definition, hash_key)
    record("transformation.created", target=[one, source], changes=told_as_new(one))
    return one


@transaction.atomic
def change_transformation(
    *, transformation_id: str, name: str, definition: Mapping[str, Any], hash_key: str | None = None
) -> SavedTransformation:
    """Change what a transformation does, and to which events.

    Takes:   hash_key, None to keep the one there is, "" to take it away
    Raises:  NotFound, Denied, Invalid, AlreadyChanged
    Writes:  SavedTransformation, Destination, Delivery; transformation.updated, unless nothing differs
    """
    one, source = _to_change(transformation_id)
    before, had_key = _told(one), one.hash_key is not None
    _define(one, name, definition, hash_key)
    changes = changed(before, _told(one))
    if hash_key or had_key is not (one.hash_key is not None):
        changes.append(
            Change("hash_key", WITHHELD if had_key else None, WITHHELD if one.hash_key is not None else None)
        )
    if changes:
        one.save()
        _raise_version(one)
        record("transformation.updated", target=[one, source], changes=changes)
    return one


@transaction.atomic
def enable_transformation(*, transformation_id: str) -> SavedTransformation:
    """Let a transformation change events again.

    Raises:  NotFound, Denied, AlreadySo
    Writes:  SavedTransformation, Destination, Delivery; transformation.enabled
    """
    return _switch(transformation_id, on=True)


@transaction.atomic
def disable_transformation(*, transformation_id: str) -> SavedTransformation:
    """Let events pass by a transformation.

    Raises:  NotFound, Denied, AlreadySo
    Writes:  SavedTransformation, Destination, Delivery; transformation.disabled
    """
    return _switch(transformation_id, on=False)


@transaction.atomic
def delete_transformation(*, transformation_id: str) -> None:
    """Delete a transformation. Events that went through it stay as it left them.

    Raises:  NotFound, Denied
    Writes:  SavedTransformation, Destination, Delivery; transformation.deleted
    """
    one, source = _to_change(transformation_id)
    _delete(one, source)
    _raise_version(one)


def delete_transformations_of(destination: Destination) -> None:
    """Delete the transformations of a destination that is being deleted, in that transaction.

    Writes:  SavedTransformation; transformation.deleted for each
    """
    where = {"workspace_id": destination.workspace_id, "destination_id": destination.id}
    source = Source.objects.get(workspace_id=destination.workspace_id, id=destination.source_id)
    for one in SavedTransformation.objects.select_for_update().filter(**where).order_by("id"):
        _delete(one, source)


def delete_transformations_of_source(source: Source) -> None:
    """Delete the transformations of a source that is being deleted, in that transaction.

    Writes:  SavedTransformation; transformation.deleted for each
    """
    where = {"workspace_id": source.workspace_id, "source_id": source.id}
    for one in SavedTransformation.objects.select_for_update().filter(**where).order_by("id"):
        _delete(one, source)


def save_new(one: SavedTransformation, name: str, definition: Mapping[str, Any], hash_key: str) -> None:
    """Say what a new transformation does, and save it.

    Raises:  Invalid, AlreadyChanged
    """
    _define(one, name, definition, hash_key)
    rows = SavedTransformation.objects.filter(workspace_id=one.workspace_id, source_id=one.source_id)
    if rows.count() >= MAX_TRANSFORMATIONS:
        raise Invalid(f"A source has at most {MAX_TRANSFORMATIONS} transformations.", code="too_many")
    one.save(force_insert=True)
    _raise_version(one)


def told_as_new(one: SavedTransformation) -> list[Change]:
    """What an event tells of a transformation that was made or brought back."""
    changes = changed({}, whole_of_transformation(one))
    return changes if one.hash_key is None else [*changes, Change("hash_key", new=WITHHELD)]


def whole_of_transformation(one: SavedTransformation) -> dict[str, Any]:
    """All that events tell of a transformation, which is what one that was deleted comes back with."""
    said: dict[str, Any] = {**_told(one), "enabled": one.is_enabled}
    if one.destination_id:
        said["destination"] = one.destination_id
    return said if one.hash_key is None else {**said, "keyed": True}


def _delete(one: SavedTransformation, source: Source) -> None:
    record("transformation.deleted", target=[one, source], changes=changed(whole_of_transformation(one), {}))
    one.delete()


def _switch(transformation_id: str, *, on: bool) -> SavedTransformation:
    one, source = _to_change(transformation_id)
    if one.is_enabled is on:
        raise AlreadySo
    one.is_enabled = on
    one.save(update_fields=["is_enabled"])
    _raise_version(one)
    name = f"transformation.{'enabled' if on else 'disabled'}"
    record(name, target=[one, source], changes=[Change("enabled", not on, on)])
    return one


def _destination_id(source: Source, destination_id: str) -> str:
    if destination_id and not destinations_of(source).filter(id=destination_id).exists():
        raise Invalid("This source has no such destination.", field="destination", code="unknown_destination")
    return destination_id


def _raise_version(one: SavedTransformation) -> None:
    """What is sent from now on is made anew, where it is sent to one destination."""
    raise_versions(one.workspace_id, [one.destination_id] if one.destination_id else [])


def _to_change(transformation_id: str) -> tuple[SavedTransformation, Source]:
    """The transformation and its source, locked: the source's lock is what two changes of one source wait for."""
    found = transformation_for(acting_access(), transformation_id)
    source = source_to_change(found.source_id)
    rows = SavedTransformation.objects.select_for_update()
    return rows.get(workspace_id=found.workspace_id, id=found.id), source


def _define(one: SavedTransformation, name: str, definition: Mapping[str, Any], hash_key: str | None) -> None:
    one.name = name.strip()
    if not one.name:
        raise Invalid("Give the transformation a name.", field="name", code="required")
    if len(one.name) > 100:
        raise Invalid("A name has at most 100 characters.", field="name", code="too_long")
    transformation_of(one.id, definition, hash_key=b"")
    one.definition = _stored(definition)
    _require_storable([one.name, one.definition])
    one.kinds, one.event = kinds_of(definition), event_of(definition["if"])
    if hash_key is not None:
        one.hash_key = seal(hash_key) if hash_key else None
    if "hash" not in one.kinds:
        one.hash_key = None
    one.revision, one.updated_at = random_base62(12), clock.now()
    _refuse_second(one)


def _stored(definition: Mapping[str, Any]) -> dict[str, Any]:
    """What a definition says and nothing beside it: the key of a hash may have come along."""
    fields = ["if", *(kind.field for kind in KINDS.values())]
    kept = {field: definition[field] for field in fields if definition.get(field)}
    if hashing := kept.get("hashPropertiesConfiguration"):
        parts = ("algorithm", "encoding", "paths")
        kept["hashPropertiesConfiguration"] = {part: hashing[part] for part in parts if hashing.get(part)}
    return kept


def _refuse_second(one: SavedTransformation) -> None:
    """One of each kind for an event of a source and destination: two would run in an order that nobody chose, or in circles."""
    others = SavedTransformation.objects.filter(
        workspace_id=one.workspace_id,
        source_id=one.source_id,
        destination_id=one.destination_id,
        event=one.event,
        kinds__overlap=one.kinds,
    ).exclude(id=one.id)
    if other := others.first():
        raise AlreadyChanged(other, next(kind for kind in one.kinds if kind in other.kinds))


def _require_storable(value: Any) -> None:
    """PostgreSQL's JSON holds no NUL, and JSON no half of a surrogate pair.

    Raises:  Invalid
    """
    if b"\\u0000" in canonical_bytes(value):
        raise Invalid("A NUL character cannot be stored.", code="bad_character")


def _told(one: SavedTransformation) -> dict[str, Any]:
    """What events tell of a transformation: never the key of its hash."""
    return {"name": one.name, **told(one.definition)} if one.definition else {}
