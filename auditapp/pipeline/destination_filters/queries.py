"""The filters of a destination. Who sees the destination sees them."""

from django.db.models import QuerySet

from auditapp.lib.errors import NotFound
from auditapp.pipeline.destination_filters.models import DestinationFilter
from auditapp.pipeline.destinations.models import Destination


def filters_of(destination: Destination) -> QuerySet[DestinationFilter]:
    """The filters of a destination, in their order on the page."""
    found = DestinationFilter.objects.filter(workspace_id=destination.workspace_id, destination_id=destination.id)
    return found.order_by("position", "id")


def filter_of(destination: Destination, filter_id: str) -> DestinationFilter:
    """One filter of a destination.

    Raises:  NotFound
    """
    found = filters_of(destination).filter(id=filter_id).first()
    if found is None:
        raise NotFound
    return found
