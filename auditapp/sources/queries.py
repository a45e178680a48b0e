"""Which sources there are, and which of them somebody may see."""

from collections.abc import Collection

from django.db.models import QuerySet
from django.db.models.functions import Lower

from auditapp.access.permissions import Access, Permission
from auditapp.lib.errors import NotFound
from auditapp.sources.models import Source, TrailSource


def visible_sources(access: Access) -> QuerySet[Source]:
    """The sources that this person may see, by name."""
    sources = Source.objects.filter(workspace_id=access.workspace_id).order_by(Lower("name"), "id")
    return access.reach(Permission.SOURCE_READ).among(sources, "id")


def source_for(access: Access, source_id: str) -> Source:
    """One source that this person may see.

    Raises:  NotFound, also where there is one that they may not see
    """
    source = visible_sources(access).filter(id=source_id).first()
    if source is None:
        raise NotFound
    return source


def source_names(workspace_id: int) -> dict[str, str]:
    """Every source of the workspace, name by id, in the order of names."""
    sources = Source.objects.filter(workspace_id=workspace_id).order_by(Lower("name"), "id")
    return dict(sources.values_list("id", "name"))


def source_ids_with_labels(workspace_id: int, labels: Collection[str]) -> list[str]:
    """The sources that carry every one of these labels."""
    sources = Source.objects.filter(workspace_id=workspace_id, labels__contains=list(labels))
    return list(sources.values_list("id", flat=True))


def sources_with_trail(workspace_id: int) -> list[str]:
    """The sources that events of the trail were ever forwarded to."""
    return list(TrailSource.objects.filter(workspace_id=workspace_id).values_list("source_id", flat=True))


def note_trail(source: Source) -> None:
    """Keep that events of the trail go to this source, for good: what came in stays readable there."""
    TrailSource.objects.bulk_create(
        [TrailSource(workspace_id=source.workspace_id, source_id=source.id)], ignore_conflicts=True
    )


def labels_of_sources(workspace_id: int) -> dict[str, list[str]]:
    """What each source of the workspace carries, by id, where it carries any."""
    sources = Source.objects.filter(workspace_id=workspace_id).exclude(labels=[])
    return dict(sources.values_list("id", "labels"))
