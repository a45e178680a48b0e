"""Which warehouses somebody may see."""

from django.db.models import QuerySet
from django.db.models.functions import Lower

from auditapp.access.permissions import Access, Permission
from auditapp.lib.errors import NotFound
from auditapp.pipeline.warehouses.models import Warehouse


def visible_warehouses(access: Access) -> QuerySet[Warehouse]:
    """The warehouses that this person may see, by name."""
    warehouses = Warehouse.objects.filter(workspace_id=access.workspace_id).order_by(Lower("name"), "id")
    reach = access.reach(Permission.WAREHOUSE_READ)
    return warehouses if reach.everywhere else warehouses.filter(id__in=reach.ids)


def warehouse_for(access: Access, warehouse_id: str) -> Warehouse:
    """One warehouse that this person may see.

    Raises:  NotFound, also where there is one that they may not see
    """
    warehouse = visible_warehouses(access).filter(id=warehouse_id).first()
    if warehouse is None:
        raise NotFound
    return warehouse
