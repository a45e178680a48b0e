"""Pages of warehouses. Which of them somebody sees and changes is asked of queries and services."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from auditapp.access.decorators import workspace_page
from auditapp.access.permissions import Permission
from auditapp.access.requests import WorkspaceRequest
from auditapp.lib import clock
from auditapp.lib.errors import Invalid
from auditapp.pipeline.warehouses.connecting import DEFAULT_SSL_MODE, SSL_MODES
from auditapp.pipeline.warehouses.forms import WarehouseForm
from auditapp.pipeline.warehouses.models import Warehouse
from auditapp.pipeline.warehouses.queries import (
    connection_of,
    feed_rows,
    next_sync,
    standings,
    visible_warehouses,
    warehouse_for,
)
from auditapp.pipeline.warehouses.schedules import DEFAULT, SCHEDULES
from auditapp.pipeline.warehouses.services import (
    KIND_NAMES,
    change_warehouse,
    create_warehouse,
    delete_warehouse,
    disable_warehouse,
    enable_warehouse,
    sources_that_stop,
)
from auditapp.sources.queries import visible_sources
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page


@require_safe
@workspace_page("warehouse.read")
def warehouse_list(request: WorkspaceRequest) -> HttpResponse:
    access = request.member_permissions
    found = list(visible_warehouses(access))
    standing = standings(found)
    context = {
        "warehouses": [(one, KIND_NAMES.get(one.kind, one.kind), standing[one.id], next_sync(one)) for one in found],
        "can_create": access.reach(Permission.WAREHOUSE_WRITE).everywhere,
    }
    return render_page(request, "warehouses/warehouse_list.html", context)


@workspace_page("warehouse.write")
def warehouse_create(request: WorkspaceRequest) -> HttpResponse:
    new = {"port": 5432, "sslmode": DEFAULT_SSL_MODE, "schedule": DEFAULT}
    form = WarehouseForm(request.POST or None, sources=visible_sources(request.member_permissions), initial=new)
    if request.method == "POST" and form.is_valid():
        try:
            warehouse = create_warehouse(**form.asked())
        except Invalid as error:
            add_refusal(form, error)
        else:
            return redirect("warehouses:warehouse", request.workspace.slug, warehouse.id)
    return render_page(request, "warehouses/warehouse_create.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@workspace_page("warehouse.read")
def warehouse_overview(request: WorkspaceRequest, warehouse_id: str) -> HttpResponse:
    warehouse = warehouse_for(request.member_permissions, warehouse_id)
    context = about_warehouse(request, warehouse) | {
        "standing": standings([warehouse])[warehouse.id],
        "feeds": feed_rows(request.member_permissions, warehouse),
        "next_sync": next_sync(warehouse),
        "connection": connection_of(warehouse),
        "encryption": SSL_MODES[connection_of(warehouse).sslmode],
        "schedule": SCHEDULES[warehouse.schedule],
        "now": clock.now(),
    }
    fragments = {"standing": "warehouses/_standing.html"}
    return render_page(request, "warehouses/warehouse.html", context, fragments=fragments)


@workspace_page("warehouse.read")
def warehouse_settings(request: WorkspaceRequest, warehouse_id: str) -> HttpResponse:
    warehouse = warehouse_for(request.member_permissions, warehouse_id)
    sources = visible_sources(request.member_permissions)
    if request.method == "POST":
        form = WarehouseForm(request.POST, sources=sources, keeps_password=True)
        if form.is_valid():
            try:
                change_warehouse(warehouse_id=warehouse_id, **form.asked())
            except Invalid as error:
                add_refusal(form, error)
            else:
                messages.success(request, "Saved.")
                return redirect("warehouses:warehouse_settings", request.workspace.slug, warehouse_id)
    else:
        given = {
            "name": warehouse.name,
            "source_ids": warehouse.source_ids,
            "schedule": warehouse.schedule,
            **connection_of(warehouse)._asdict(),
        }
        form = WarehouseForm(initial=given, sources=sources, keeps_password=True)
    context = about_warehouse(request, warehouse) | {"form": form}
    return render_page(request, "warehouses/warehouse_settings.html", context, status=422 if form.errors else 200)


def _action(service: Callable[..., object], done: str) -> Callable[..., HttpResponseBase]:
    """A POST that does one thing to one warehouse and goes back to its page."""

    @require_POST
    @workspace_page("warehouse.read")
    def act(request: WorkspaceRequest, warehouse_id: str) -> HttpResponse:
        service(warehouse_id=warehouse_id)
        messages.success(request, done)
        return redirect("warehouses:warehouse", request.workspace.slug, warehouse_id)

    return act


warehouse_enable = _action(enable_warehouse, "The warehouse is on.")
warehouse_disable = _action(disable_warehouse, "The warehouse is off.")


@require_POST
@workspace_page("warehouse.read")
def warehouse_delete(request: WorkspaceRequest, warehouse_id: str) -> HttpResponse:
    delete_warehouse(warehouse_id=warehouse_id)
    messages.success(request, "The warehouse was deleted.")
    return redirect("warehouses:warehouse_list", request.workspace.slug)


def about_warehouse(request: WorkspaceRequest, warehouse: Warehouse) -> dict[str, object]:
    """What every page of a warehouse shows."""
    feeding = visible_sources(request.member_permissions).filter(id__in=warehouse.source_ids)
    return {
        "warehouse": warehouse,
        "kind": KIND_NAMES.get(warehouse.kind, warehouse.kind),
        "feeding": list(feeding),
        "turn_off": _turn_off(sources_that_stop(warehouse)),
        "can_write": request.member_permissions.can(Permission.WAREHOUSE_WRITE, warehouse.id),
    }


def _turn_off(stops: int) -> str:
    """The words of the switch, with what it stops."""
    if not stops:
        return "Turn off"
    return f"Turn off, {stops} source{'' if stops == 1 else 's'} stop{'s' if stops == 1 else ''} syncing"
