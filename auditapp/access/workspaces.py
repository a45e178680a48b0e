"""Workspaces themselves: made by an operator, named and renamed by who manages them."""

import re
from typing import Any, Final, NamedTuple
from zoneinfo import available_timezones

from django.db import IntegrityError, transaction

from auditapp.access.known_labels import make_first_labels
from auditapp.access.members import link_for_owner
from auditapp.access.models import FactorRule, Grant, Member, ReasonRule, Scope, User, Workspace
from auditapp.access.permissions import Permission, acting_access
from auditapp.access.queries import owner_role
from auditapp.access.second_factor_rule import has_second_factor, needed_from
from auditapp.lib import clock
from auditapp.lib.errors import Invalid
from auditapp.lib.ids import new_id
from auditapp.record.acting import acting, current_acting
from auditapp.record.drafts import SYSTEM, changed
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace

# The first part of a path that is not a workspace.
RESERVED_SLUGS = frozenset({"api", "v1", "static", "accounts", "healthz", "readyz", "metrics"})
# For how long a session may rest, in minutes.
IDLE: Final = {
    "0": "Never: each session ends 7 days after sign-in",
    "15": "15 minutes",
    "60": "1 hour",
    "480": "8 hours",
}
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?", re.ASCII)


class BegunWorkspace(NamedTuple):
    """A workspace that waits for its owner, and the link for them; `is_new` is False where an older link has ended with it."""

    workspace: Workspace
    link: str
    is_new: bool


@transaction.atomic
def create_workspace(*, slug: str, name: str, owner: User, time_zone: str = "UTC") -> Workspace:
    """Make a workspace and its first owner. Runs as audit_worker, outside of any workspace.

    Raises:  Invalid
    Writes:  Workspace, Label, Member, Grant; workspace.created
    """
    workspace = _created(slug, name, time_zone)
    with in_workspace(workspace.id):
        Member.objects.create(workspace_id=workspace.id, user=owner, joined_at=clock.now())
        Grant.objects.create(
            workspace_id=workspace.id,
            id=new_id("grt"),
            subject_kind="member",
            subject_id=owner.id,
            role=owner_role(),
            scope=Scope.WORKSPACE,
            created_at=clock.now(),
        )
    return workspace


@transaction.atomic
def begin_workspace(*, slug: str, name: str, owner_email: str, time_zone: str = "UTC") -> BegunWorkspace:
    """Make a workspace for an owner who comes by a link, which is given back; runs as audit_worker, outside of any workspace.

    Where the workspace exists and nobody has joined it, its owner gets a new link and the old one stops working.

    Raises:  Invalid
    Writes:  Workspace, Label, Invitation; workspace.created, user.invited
    """
    found = Workspace.objects.filter(slug=slug, members=None).first()
    workspace = found or _created(slug, name, time_zone)
    with in_workspace(workspace.id), acting(workspace.id, SYSTEM):
        return BegunWorkspace(workspace, link_for_owner(email=owner_email), is_new=found is None)


@transaction.atomic
def change_workspace_settings(
    *,
    name: str,
    slug: str,
    time_zone: str,
    reason_rule: str = "",
    second_factor_rule: str = "",
    idle_minutes: str | int = "",
) -> Workspace:
    """Change how the workspace is called, where it lies, which time zone its pages show, whether it asks for reasons and second
    factors, and for how long sessions rest.

    Takes:   reason_rule, of ReasonRule, second_factor_rule, of FactorRule, and idle_minutes, of IDLE; empty leaves each as it is
    Raises:  Denied, Invalid
    Writes:  Workspace; workspace.settings_modified, unless nothing differs
    """
    access = acting_access()
    access.require(Permission.WORKSPACE_MANAGE)
    workspace = Workspace.objects.select_for_update().get(id=access.workspace_id)
    _check(slug, name, time_zone)
    if reason_rule and reason_rule not in ReasonRule.values:
        raise Invalid(f"Take one of {', '.join(ReasonRule.values)}.", field="reason_rule", code="bad_choice")
    before = told_of_workspace(workspace)
    _set_factor_rule(workspace, second_factor_rule, access.subject_id)
    workspace.idle_minutes = _checked_idle(idle_minutes, workspace.idle_minutes)
    workspace.name, workspace.slug, workspace.time_zone = name.strip(), slug, time_zone
    workspace.reason_rule = reason_rule or workspace.reason_rule
    if changes := changed(before, told_of_workspace(workspace)):
        _save(workspace)
        record("workspace.settings_modified", target=workspace, changes=changes)
    return workspace


def _created(slug: str, name: str, time_zone: str) -> Workspace:
    _check(slug, name, time_zone)
    workspace = Workspace(slug=slug, name=name.strip(), time_zone=time_zone, created_at=clock.now())
    _save(workspace)
    with in_workspace(workspace.id), acting(workspace.id, SYSTEM):
        make_first_labels(workspace.id)
        record("workspace.created", target=workspace)
    return workspace


def told_of_workspace(workspace: Workspace) -> dict[str, Any]:
    """What events tell of a workspace: its settings, by the names that change_workspace_settings takes."""
    return {
        "name": workspace.name,
        "slug": workspace.slug,
        "time_zone": workspace.time_zone,
        "reason_rule": str(workspace.reason_rule),
        "second_factor_rule": str(workspace.second_factor_rule),
        "idle_minutes": workspace.idle_minutes,
    }


def _set_factor_rule(workspace: Workspace, rule: str, by: str) -> None:
    if rule in {"", workspace.second_factor_rule}:
        return
    if rule not in FactorRule.values:
        message = f"Take one of {', '.join(FactorRule.values)}."
        raise Invalid(message, field="second_factor_rule", code="bad_choice")
    if rule != FactorRule.NEVER and current_acting().actor.kind == "user" and not has_second_factor(by):
        raise Invalid("Set up your own second factor first.", field="second_factor_rule", code="own_first")
    workspace.second_factor_rule, workspace.second_factor_from = rule, needed_from(rule)


def _checked_idle(asked: str | int, now: int) -> int:
    if asked == "":
        return now
    if str(asked) not in IDLE:
        raise Invalid(f"Take one of {', '.join(IDLE)} minutes.", field="idle_minutes", code="bad_choice")
    return int(asked)


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
