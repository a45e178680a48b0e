"""Which destinations somebody may see: those of the sources that they may see."""

from django.db.models import QuerySet
from django.db.models.functions import Lower

from auditapp.access.permissions import Access, Permission
from auditapp.lib.errors import NotFound
from auditapp.pipeline.destinations.models import Destination
from auditapp.sources.models import Source


def visible_destinations(access: Access) -> QuerySet[Destination]:
    """The destinations that this person may see, by name."""
    found = Destination.objects.filter(workspace_id=access.workspace_id).order_by(Lower("name"), "id")
    return access.reach(Permission.SOURCE_READ).among(found, "source_id")


def destination_for(access: Access, destination_id: str) -> Destination:
    """One destination that this person may see.

    Raises:  NotFound, also where there is one that they may not see
    """
    found = visible_destinations(access).filter(id=destination_id).first()
    if found is None:
        raise NotFound
    return found


def destinations_of(source: Source) -> QuerySet[Destination]:
    """The destinations of a source, by name."""
    found = Destination.objects.filter(workspace_id=source.workspace_id, source_id=source.id)
    return found.order_by(Lower("name"), "id")
