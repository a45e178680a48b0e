"""Workspaces themselves: made by an operator, named and renamed by who manages them."""

import re
from zoneinfo import available_timezones

from django.db import IntegrityError, transaction

from auditapp.access.models import Grant, Member, Role, Scope, User, Workspace
from auditapp.access.permissions import Permission, acting_access
from auditapp.lib import clock
from auditapp.lib.errors import Invalid
from auditapp.lib.ids import new_id
from auditapp.record.acting import acting
from auditapp.record.drafts import SYSTEM, changed
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace

# The first part of a path that is not a workspace.
RESERVED_SLUGS = frozenset({"api", "v1", "static", "accounts", "healthz", "readyz", "metrics"})
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?", re.ASCII)


@transaction.atomic
def create_workspace(*, slug: str, name: str, owner: User, time_zone: str = "UTC") -> Workspace:
    """Make a workspace and its first owner. Runs as audit_worker, outside of any workspace.

    Raises:  Invalid
    Writes:  Workspace, Member, Grant; workspace.created
    """
    _check(slug, name, time_zone)
    workspace = Workspace(slug=slug, name=name.strip(), time_zone=time_zone, created_at=clock.now())
    _save(workspace)
    # Found by what it may do: roles are rows, and no key of one means anything here.
    role = Role.objects.filter(permissions__contains=[Permission.ACCESS_MANAGE], scopes__contains=[Scope.WORKSPACE])
    with in_workspace(workspace.id), acting(workspace.id, SYSTEM):
        Member.objects.create(workspace_id=workspace.id, user=owner, joined_at=clock.now())
        Grant.objects.create(
            workspace_id=workspace.id,
            id=new_id("grt"),
            subject_kind="member",
            subject_id=owner.id,
            role=role.order_by("position")[0],
            scope=Scope.WORKSPACE,
            created_at=clock.now(),
        )
        record("workspace.created", target=workspace)
    return workspace


@transaction.atomic
def change_workspace_settings(*, name: str, slug: str, time_zone: str) -> Workspace:
    """Change how the workspace is called, where it lies and which time zone its pages show.

    Raises:  Denied, Invalid
    Writes:  Workspace; workspace.settings_modified, unless nothing differs
    """
    access = acting_access()
    access.require(Permission.WORKSPACE_MANAGE)
    workspace = Workspace.objects.select_for_update().get(id=access.workspace_id)
    _check(slug, name, time_zone)
    before = _settings(workspace)
    workspace.name, workspace.slug, workspace.time_zone = name.strip(), slug, time_zone
    if changes := changed(before, _settings(workspace)):
        _save(workspace)
        record("workspace.settings_modified", target=workspace, changes=changes)
    return workspace


def _settings(workspace: Workspace) -> dict[str, str]:
    return {"name": workspace.name, "slug": workspace.slug, "time_zone": workspace.time_zone}


def _check(slug: str, name: str, time_zone: str) -> None:
    if not name.strip():
        raise Invalid("Give the workspace a name.", field="name", code="required")
    if not _SLUG.fullmatch(slug):
        raise Invalid("Use up to 50 small letters, digits and hyphens.", field="slug", code="bad_slug")
    if slug in RESERVED_SLUGS:
        raise Invalid("This address is taken by the application itself.", field="slug", code="reserved")
    if time_zone not in available_timezones():
        raise Invalid("There is no such time zone.", field="time_zone", code="bad_time_zone")


def _save(workspace: Workspace) -> None:
    try:
        # Row-level security hides other workspaces: only the constraint knows every slug.
        with transaction.atomic():
            workspace.save()
    except IntegrityError:
        raise Invalid("Another workspace has this address.", field="slug", code="taken") from None
