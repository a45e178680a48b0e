"""How much of the pipeline hangs on a source, counted for who is about to delete it."""

from auditapp.pipeline.destination_filters.models import DestinationFilter
from auditapp.pipeline.destinations.queries import destinations_of
from auditapp.pipeline.functions.models import FunctionUse
from auditapp.pipeline.plans.queries import plan_of
from auditapp.pipeline.transformations.models import SavedTransformation
from auditapp.pipeline.warehouses.models import Warehouse
from auditapp.sources.models import Source


def goes_with_source(source: Source) -> list[str]:
    """What is deleted with a source, or taken out of it: "2 destinations", "its place in a tracking plan"."""
    where = {"workspace_id": source.workspace_id, "source_id": source.id}
    destinations = destinations_of(source).order_by()
    filters = DestinationFilter.objects.filter(
        workspace_id=source.workspace_id, destination_id__in=destinations.values("id")
    )
    fed = Warehouse.objects.filter(workspace_id=source.workspace_id, source_ids__contains=[source.id])
    counted = (
        (destinations.count(), "destination", "destinations"),
        (filters.count(), "filter", "filters"),
        (SavedTransformation.objects.filter(**where).count(), "transformation", "transformations"),
        (FunctionUse.objects.filter(**where).count(), "function that was put here", "functions that were put here"),
        (fed.count(), "link to a warehouse", "links to warehouses"),
    )
    told = [f"{number:,} {one if number == 1 else many}" for number, one, many in counted if number]
    return [*told, "its link to a tracking plan"] if plan_of(source) else told
