"""Which spaces are known, and which of them somebody may see."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from django.db.models import F, QuerySet
from django.db.models.functions import Lower

from auditapp.access.permissions import Access, Permission
from auditapp.lib.errors import NotFound
from auditapp.record.event_filter import Choice, EventFilter
from auditapp.record.event_query import EventPage, visible_events
from auditapp.record.viewer import Viewer
from auditapp.spaces.models import Space


def visible_spaces(access: Access) -> QuerySet[Space]:
    """The spaces that this person may see, by name; those that were deleted come last."""
    return access.reach(Permission.SPACE_READ).among(_by_name(access.workspace_id), "id")


def space_for(access: Access, space_id: str) -> Space:
    """One space that this person may see, also one that was deleted.

    Raises:  NotFound, also where there is one that they may not see
    """
    found = visible_spaces(access).filter(id=space_id).first() if "\x00" not in space_id else None
    if found is None:
        raise NotFound
    return found


def history_of_space(viewer: Viewer, space: Space, *, size: int) -> EventPage:
    """The newest events that belong to the space, for who sees its history; else those of them that are the viewer's own."""
    if viewer.sees_all or space.id in viewer.scope_ids:
        within = replace(viewer, sees_all=False, scope_ids=(space.id,), own_actor_ids=())
        return visible_events(within).page(EventFilter(), size=size)
    return visible_events(viewer).page(EventFilter(target_ids=Choice((space.id,))), size=size)


def space_names(workspace_id: int) -> dict[str, str]:
    """Every space, name by id. One that was deleted is among them: its history is still to be seen."""
    return {space.id: f"{space} (deleted)" if space.deleted_at else str(space) for space in _by_name(workspace_id)}


def deleted_spaces(workspace_id: int) -> set[str]:
    """The ids of those that were deleted."""
    found = Space.objects.filter(workspace_id=workspace_id, deleted_at__isnull=False)
    return set(found.values_list("id", flat=True))


def space_ids_with_labels(workspace_id: int, labels: Collection[str]) -> list[str]:
    """The spaces that carry every one of these labels."""
    found = Space.objects.filter(workspace_id=workspace_id, labels__contains=list(labels))
    return list(found.values_list("id", flat=True))


def labels_of_spaces(workspace_id: int) -> dict[str, list[str]]:
    """What each space of the workspace carries, by id, where it carries any."""
    found = Space.objects.filter(workspace_id=workspace_id).exclude(labels=[])
    return dict(found.values_list("id", "labels"))


def known_spaces(workspace_id: int, ids: Iterable[str]) -> set[str]:
    """Those of these ids that are spaces of the workspace."""
    wanted = set(ids)
    if not wanted:
        return set()
    return set(Space.objects.filter(workspace_id=workspace_id, id__in=wanted).values_list("id", flat=True))


def _by_name(workspace_id: int) -> QuerySet[Space]:
    found = Space.objects.filter(workspace_id=workspace_id)
    return found.order_by(F("deleted_at").asc(nulls_first=True), Lower("name"), "id")
