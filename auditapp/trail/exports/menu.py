"""What the trail offers to export: files sent at once, and those written in the background."""

from dataclasses import dataclass

from django.urls import reverse

from auditapp.access.models import Workspace
from auditapp.access.permissions import Access, Permission
from auditapp.trail.address import VIEW, Address
from auditapp.trail.exports.formats import FORMATS
from auditapp.trail.exports.parquet import HOW_TO_INSTALL, has_parquet
from auditapp.trail.exports.queries import FORMAT_NAMES, PARQUET


@dataclass(frozen=True, slots=True)
class ExportMenu:
    """Name and address of each file, the formats of the background and where they are asked for, and the page of exports.

    `missing` says how to install what this installation cannot write; empty where it lacks nothing.
    """

    files: list[tuple[str, str]]
    formats: list[tuple[str, str]]
    request_address: str
    page: str
    missing: str


def export_menu(workspace: Workspace, access: Access, address: Address) -> ExportMenu | None:
    """The menu for one state of the trail; None for who may not export."""
    if not access.can(Permission.AUDIT_EXPORT):
        return None
    filters = address.without("open", "older", "newer", VIEW)
    files = [
        (form.name, str(filters.at(reverse("trail:event_export", args=[workspace.slug, suffix]))))
        for suffix, form in FORMATS.items()
    ]
    asked_at = str(filters.at(reverse("trail:export_request", args=[workspace.slug])))
    page = reverse("trail:export_list", args=[workspace.slug])
    return ExportMenu(files, background_formats(), asked_at, page, missing_parquet())


def background_formats() -> list[tuple[str, str]]:
    """Key and name of each format that this installation can write."""
    return [(key, name) for key, name in FORMAT_NAMES.items() if key != PARQUET or has_parquet()]


def missing_parquet() -> str:
    """How to install the extra that writes Parquet, where this installation lacks it."""
    return "" if has_parquet() else HOW_TO_INSTALL
