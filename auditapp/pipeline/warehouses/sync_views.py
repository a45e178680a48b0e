"""Pages about syncs: their history, one by hand, what is left out, and trying the settings."""

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from auditapp.access.decorators import workspace_page
from auditapp.access.requests import WorkspaceRequest
from auditapp.lib.clock import parse_utc, utc_text
from auditapp.lib.errors import Invalid
from auditapp.pipeline.warehouses.checking import Finding
from auditapp.pipeline.warehouses.forms import WarehouseForm
from auditapp.pipeline.warehouses.models import WarehouseFeed
from auditapp.pipeline.warehouses.queries import SYNCS_SHOWN, collections_of, fed_source, sync_rows, warehouse_for
from auditapp.pipeline.warehouses.sync_services import check_settings, check_warehouse, leave_out, sync_now
from auditapp.pipeline.warehouses.views import about_warehouse
from auditapp.sources.queries import visible_sources
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page

FRAGMENTS = {"finding": "warehouses/_finding.html"}


@require_safe
@workspace_page("warehouse.read")
def sync_list(request: WorkspaceRequest, warehouse_id: str) -> HttpResponse:
    warehouse = warehouse_for(request.member_permissions, warehouse_id)
    before = _moment(request.GET.get("before", ""))
    rows = sync_rows(warehouse, before=before, limit=SYNCS_SHOWN + 1)
    shown = rows[:SYNCS_SHOWN]
    context = about_warehouse(request, warehouse) | {
        "rows": shown,
        "is_first_page": before is None,
        "older": utc_text(shown[-1].sync.started_at) if len(rows) > SYNCS_SHOWN else "",
    }
    return render_page(request, "warehouses/sync_list.html", context)


@require_POST
@workspace_page("warehouse.read")
def warehouse_sync(request: WorkspaceRequest, warehouse_id: str) -> HttpResponse:
    started = sync_now(warehouse_id=warehouse_id)
    messages.success(request, "The sync has started." if started else "The next attempt is made now.")
    return redirect("warehouses:sync_list", request.workspace.slug, warehouse_id)


@workspace_page("warehouse.read")
def selective_sync(request: WorkspaceRequest, warehouse_id: str, source_id: str) -> HttpResponse:
    access = request.member_permissions
    warehouse = warehouse_for(access, warehouse_id)
    source = fed_source(access, warehouse, source_id)
    feed = WarehouseFeed.objects.filter(
        workspace_id=warehouse.workspace_id, warehouse_id=warehouse_id, source_id=source_id
    ).first()
    collections = collections_of(source, feed.left_out if feed else [])
    if request.method == "POST":
        # What the page did not show is new since, and is synced.
        shown, kept = request.POST.getlist("shown"), set(request.POST.getlist("kept"))
        leave_out(warehouse_id=warehouse_id, source_id=source_id, left_out=[key for key in shown if key not in kept])
        messages.success(request, "Saved. It holds from the next sync on.")
        return redirect("warehouses:warehouse", request.workspace.slug, warehouse_id)
    context = about_warehouse(request, warehouse) | {"source": source, "collections": collections}
    return render_page(request, "warehouses/selective_sync.html", context)


@require_POST
@workspace_page("warehouse.write")
def settings_test(request: WorkspaceRequest) -> HttpResponse:
    """Try what was entered for a new warehouse."""
    form = WarehouseForm(request.POST, sources=visible_sources(request.member_permissions))
    finding, status = _tried(
        form, lambda: check_settings(connection=form.connection(), password=form.entered_password())
    )
    context = {"form": form, "finding": finding}
    return render_page(request, "warehouses/warehouse_create.html", context, fragments=FRAGMENTS, status=status)


@require_POST
@workspace_page("warehouse.read")
def warehouse_test(request: WorkspaceRequest, warehouse_id: str) -> HttpResponse:
    """Try the settings of a warehouse as the form has them."""
    warehouse = warehouse_for(request.member_permissions, warehouse_id)
    form = WarehouseForm(request.POST, sources=visible_sources(request.member_permissions), keeps_password=True)
    finding, status = _tried(
        form,
        lambda: check_warehouse(
            warehouse_id=warehouse_id, connection=form.connection(), password=form.entered_password()
        ),
    )
    warehouse.refresh_from_db()
    context = about_warehouse(request, warehouse) | {"form": form, "finding": finding}
    return render_page(request, "warehouses/warehouse_settings.html", context, fragments=FRAGMENTS, status=status)


def _tried(form: WarehouseForm, check: Callable[[], Finding]) -> tuple[Finding | None, int]:
    """What was found, where the form could be tried; its name and sources do not matter for that."""
    if form.is_valid() or form.has_connection():
        try:
            return check(), 200
        except Invalid as error:
            add_refusal(form, error)
    return None, 422


def _moment(text: str) -> datetime | None:
    try:
        return parse_utc(text) if text else None
    except Invalid:
        return None
