"""What owners do to spaces here: name, label, make known before the first event, mark as deleted. Each is one transaction with its event.

What the space is in its own system stays as it is there.
"""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from auditapp.access.known_labels import still_known
from auditapp.access.labelling import Labelled, relabelled
from auditapp.access.permissions import Permission, acting_access
from auditapp.lib import clock
from auditapp.lib.errors import Conflict, Invalid
from auditapp.lib.ids import new_id
from auditapp.record.drafts import changed
from auditapp.record.scopes import is_space_id
from auditapp.record.services import record
from auditapp.spaces.learning import MOST
from auditapp.spaces.models import Space
from auditapp.spaces.queries import space_for


class SpaceKnown(Conflict):
    """A space with this id is known already. It may be one that was deleted: look for it at the end of the list."""


class TooManySpaces(Conflict):
    """A workspace knows at most 1,000 spaces."""


class SpaceDeleted(Conflict):
    """This space was deleted. Undo that first, or let its own system record that it was created again."""


class StillThere(Conflict):
    """This space is there: it was brought back already."""


@transaction.atomic
def create_space(*, name: str, space_id: str = "", labels: Sequence[str] = ()) -> Space:
    """Make a space known before the first event about it.

    Takes:   space_id, as its own system calls it; without one it gets an id here
    Raises:  Denied, Invalid, SpaceKnown, TooManySpaces, UnknownLabel, GivesTooMuch
    Writes:  Space; space.created
    """
    access = acting_access()
    access.require_everywhere(Permission.SPACE_WRITE)
    if space_id and not is_space_id(space_id):
        message = "An id is letters, digits and any of . _ ~ @ + = - after the first, and not one of a source or another resource of ours."
        raise Invalid(message, field="space_id", code="bad_id")
    now = clock.now()
    space = Space(
        workspace_id=access.workspace_id,
        id=space_id or new_id("spa"),
        name=_checked_name(name),
        labels=relabelled(Labelled("space"), (), labels),
        named_at=now,
        state_at=now,
        created_at=now,
    )
    here = Space.objects.filter(workspace_id=access.workspace_id)
    if here.count() >= MOST:
        raise TooManySpaces
    # An event may make it known at the same moment.
    Space.objects.bulk_create([space], ignore_conflicts=True)
    if here.filter(id=space.id, created_at=now, name=space.name, named_at=now).first() is None:
        raise SpaceKnown
    record("space.created", target=space, changes=changed({}, whole_of_space(space)))
    return space


@transaction.atomic
def change_space(*, space_id: str, name: str, labels: Sequence[str]) -> Space:
    """Change a space's name and labels, which roles over labels follow. A newer event with another name names it anew.

    Raises:  NotFound, Denied, SpaceDeleted, Invalid, UnknownLabel, GivesTooMuch, OwnReach
    Writes:  Space; space.modified, unless nothing differs
    """
    space = _space_to_change(space_id)
    before = whole_of_space(space)
    space.labels = relabelled(Labelled("space", space_id), space.labels, labels)
    if (name := _checked_name(name)) != space.name:
        space.name, space.named_at = name, clock.now()
    if changes := changed(before, whole_of_space(space)):
        space.save(update_fields=["name", "named_at", "labels"])
        record("space.modified", target=space, changes=changes)
    return space


@transaction.atomic
def delete_space(*, space_id: str) -> None:
    """Mark a space as deleted. Its labels, its history and the roles over it stay.

    Raises:  NotFound, Denied, SpaceDeleted
    Writes:  Space; space.deleted
    """
    space = _space_to_change(space_id)
    whole = whole_of_space(space)
    space.deleted_at = space.state_at = clock.now()
    space.save(update_fields=["deleted_at", "state_at"])
    record("space.deleted", target=space, changes=changed(whole, {}))


@transaction.atomic
def restore_space(*, space_id: str, name: str, labels: Sequence[str] = ()) -> Space:
    """Bring back a space that was deleted.

    Takes:   labels, of which those that were deleted since are left out
    Raises:  NotFound, Denied, StillThere, Invalid, GivesTooMuch
    Writes:  Space; space.restored
    """
    access = acting_access()
    access.require_everywhere(Permission.SPACE_WRITE)
    space = space_for(access, space_id)
    space = Space.objects.select_for_update().get(workspace_id=space.workspace_id, id=space.id)
    if space.deleted_at is None:
        raise StillThere
    space.deleted_at, space.state_at = None, clock.now()
    space.name, space.named_at = _checked_name(name), space.state_at
    space.labels = relabelled(Labelled("space", space_id), space.labels, still_known(access.workspace_id, labels))
    space.save(update_fields=["deleted_at", "state_at", "name", "named_at", "labels"])
    record("space.restored", target=space, changes=changed({}, whole_of_space(space)))
    return space


def whole_of_space(space: Space) -> dict[str, Any]:
    """What events tell of a space, and what one that was deleted comes back with."""
    return {"name": space.name, "labels": space.labels}


def _space_to_change(space_id: str) -> Space:
    access = acting_access()
    found = space_for(access, space_id)
    access.require(Permission.SPACE_WRITE, found)
    space = Space.objects.select_for_update().get(workspace_id=access.workspace_id, id=found.id)
    if space.deleted_at is not None:
        raise SpaceDeleted
    return space


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name:
        raise Invalid("Give the space a name.", field="name", code="required")
    if len(name) > 200:
        raise Invalid("A name has at most 200 characters.", field="name", code="too_long")
    return name
