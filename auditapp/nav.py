"""What the sidebar and the tabs show, by permission. A page that is not listed here can still be reached by its address."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from auditapp.access.permissions import Access, Permission, viewer_for
from auditapp.alerts.bell import unread_count
from auditapp.web.errors import theme_of


@dataclass(frozen=True, slots=True)
class Entry:
    """A link to a page of the workspace for who has the permission; current on every page of its URL names."""

    name: str
    url_name: str
    permission: Permission
    icon: str = ""
    current_on: tuple[str, ...] = ()  # beginnings of URL names; without them the page itself

    def is_current(self, view_name: str) -> bool:
        return view_name.startswith(self.current_on or (self.url_name,))


CONNECTIONS = (
    Entry("Sources", "sources:source_list", Permission.SOURCE_READ, "source", ("sources:",)),
    Entry("Destinations", "destinations:destination_list", Permission.SOURCE_READ, "destination", ("destinations:",)),
    Entry("Warehouses", "warehouses:warehouse_list", Permission.WAREHOUSE_READ, "warehouse", ("warehouses:",)),
)
FUNCTIONS = Entry("Functions", "functions:function_list", Permission.FUNCTION_READ, "function", ("functions:",))
PROTOCOLS = (
    Entry("Tracking Plans", "plans:plan_list", Permission.TRACKING_PLAN_READ, "tracking-plan", ("plans:",)),
    Entry(
        "Transformations",
        "transformations:transformation_list",
        Permission.SOURCE_READ,
        "shuffle",
        ("transformations:",),
    ),
)
UNIFY = Entry("Spaces", "spaces:space_list", Permission.SPACE_READ, "space", ("spaces:",))
ACCESS_PAGES = (
    *("access:overview", "access:invit", "access:member", "access:group", "access:token"),
    *("access:ownership_transfer", "access:label", "access:support", "access:role"),
)
SETTINGS_TABS = (
    Entry(
        "Workspace Settings",
        "access:workspace_settings",
        Permission.WORKSPACE_MANAGE,
        current_on=("access:workspace_settings", "access:workspace_sso", "forwarding:"),
    ),
    Entry("Access Management", "access:overview", Permission.ACCESS_READ, current_on=ACCESS_PAGES),
    Entry("Admin", "trail:event_list", Permission.AUDIT_READ, current_on=("trail:", "alerts:", "revert:")),
)

WORKSPACE_TABS = (
    Entry("General", "access:workspace_settings", Permission.WORKSPACE_MANAGE),
    Entry("Single sign-on", "access:workspace_sso", Permission.ACCESS_MANAGE),
    Entry("Audit Forwarding", "forwarding:forwarding", Permission.WORKSPACE_MANAGE),
)
ADMIN_TABS = (
    Entry("Audit Trail", "trail:event_list", Permission.AUDIT_READ, current_on=("trail:event_list", "revert:")),
    Entry("Exports", "trail:export_list", Permission.AUDIT_EXPORT),
    Entry("Alerts", "alerts:rule_list", Permission.AUDIT_READ, current_on=("alerts:",)),
)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """The context processor of base.html; it asks no database, since error pages come through here too."""
    context: dict[str, Any] = {"theme": theme_of(request)}
    access: Access | None = getattr(request, "member_permissions", None)
    if access is None:
        return context
    slug = request.workspace.slug  # type: ignore[attr-defined]
    view_name = request.resolver_match.view_name if request.resolver_match else ""
    tabs = _links(SETTINGS_TABS, access, slug, view_name)
    groups = [
        {"heading": "Connections", "links": _links((*CONNECTIONS, FUNCTIONS), access, slug, view_name)},
        {"heading": "Protocols", "links": _links(PROTOCOLS, access, slug, view_name)},
        {"heading": "Unify", "links": _links((UNIFY,), access, slug, view_name)},
    ]
    if tabs:
        is_current = any(tab["is_current"] for tab in tabs)
        settings = {"name": "Settings", "url": tabs[0]["url"], "icon": "settings", "is_current": is_current}
        groups.append({"heading": "", "links": [settings]})
    return context | {
        "support": getattr(request, "support", None),
        "workspace": request.workspace,  # type: ignore[attr-defined]
        "workspaces": request.workspaces,  # type: ignore[attr-defined]
        "sidebar": [group for group in groups if group["links"]],
        "settings_tabs": tabs,
        "second_factor_due": getattr(request, "second_factor_due", None),
        "admin_tabs": _links(ADMIN_TABS, access, slug, view_name),
        "bell_url": reverse("alerts:bell", args=[slug]) if access.can(Permission.AUDIT_READ) else "",
        "bell_count": SimpleLazyObject(
            lambda: unread_count(viewer_for(access), access.subject_id, manages=access.can(Permission.ACCESS_MANAGE))
        ),  # asked by whole pages alone
        "workspace_tabs": _links(WORKSPACE_TABS, access, slug, view_name),
    }


def _links(entries: tuple[Entry, ...], access: Access, slug: str, view_name: str) -> list[dict[str, Any]]:
    return [
        {
            "name": entry.name,
            "url": reverse(entry.url_name, args=[slug]),
            "icon": entry.icon,
            "is_current": entry.is_current(view_name),
        }
        for entry in entries
        if access.can(entry.permission)
    ]
